package dev.backstep.emulator.interrupt;

import dev.backstep.emulator.device.StateSink;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.listen.MachineEvent.Op;
import java.util.Arrays;

/// The registers of a local APIC as the guest sees them, through the xAPIC page or x2APIC MSRs, and
/// the rules of both for what is reserved.
final class LapicRegisters {
  /// ESR bits: SDM Vol. 3 "Error Handling".
  static final int ERROR_SEND_ILLEGAL_VECTOR = 1 << 5;

  static final int ERROR_RECEIVED_ILLEGAL_VECTOR = 1 << 6;
  static final int ERROR_ILLEGAL_REGISTER = 1 << 7;

  /// Version 14H, six LVT entries (no CMCI), no suppression of EOI broadcasts.
  private static final int VERSION = 0x0005_0014;

  private static final int SVR_AFTER_RESET = 0xFF;
  private static final int SVR_ENABLED = 1 << 8;
  private static final int FLAT_MODEL = 0xF;
  private static final int MSR_BASE = 0x800;
  private static final int LVT_COUNT = 6;
  private static final int TIMER_MODE_2 = 1 << 18;

  private static final int LVT_EXTINT = DeliveryMode.EXTINT.ordinal() << 8;

  private static final int LVT_NMI = DeliveryMode.NMI.ordinal() << 8;

  private final Lapic lapic;
  private final LapicTimer timer;
  private final ApicRouter router;

  private final int[] lvt = new int[LVT_COUNT];
  private int xapicId;

  /// LDR bits 31:24 of xAPIC mode.
  private int xapicLogicalId;

  private int destinationModel;
  private int spurious;
  private int errors;

  /// Errors since ESR was last written.
  private int newErrors;

  private long icr;
  private long x2apicValue;

  LapicRegisters(Lapic lapic, LapicTimer timer, ApicRouter router) {
    this.lapic = lapic;
    this.timer = timer;
    this.router = router;
    resetXapicId();
    reset();
  }

  /// SDM Vol. 3 "Local APIC State After Power-Up or Reset". The ID is left alone.
  void reset() {
    Arrays.fill(lvt, LvtEntry.MASKED);
    xapicLogicalId = 0;
    destinationModel = FLAT_MODEL;
    spurious = SVR_AFTER_RESET;
    errors = 0;
    newErrors = 0;
    icr = 0;
  }

  void resetXapicId() {
    xapicId = lapic.x2apicId() & 0xFF;
  }

  void enterVirtualWireMode() {
    spurious = SVR_AFTER_RESET | SVR_ENABLED;
    openLint0();
    setLvt(LapicRegister.LVT_LINT1, LVT_NMI);
  }

  /// Linux arch/x86/kvm/lapic.c, kvm_lapic_reset: at RESET and INIT, the bootstrap processor's
  /// alone.
  void openLint0OfBootstrapProcessor() {
    if (lapic.cpuNumber() == 0 && lapic.model().opensLint0().getAsBoolean()) {
      openLint0();
    }
  }

  private void openLint0() {
    setLvt(LapicRegister.LVT_LINT0, LVT_EXTINT);
  }

  int xapicId() {
    return xapicId;
  }

  int logicalDestination() {
    int id = lapic.x2apicId();
    return lapic.mode() == ApicMode.X2APIC ? id >>> 4 << 16 | 1 << (id & 15) : xapicLogicalId << 24;
  }

  int destinationModel() {
    return destinationModel;
  }

  boolean isSoftwareEnabled() {
    return (spurious & SVR_ENABLED) != 0;
  }

  int spuriousVector() {
    return spurious & 0xFF;
  }

  LvtEntry lvt(LapicRegister register) {
    return new LvtEntry(lvt[register.ordinal() - LapicRegister.LVT_TIMER.ordinal()]);
  }

  private void setLvt(LapicRegister register, int value) {
    lvt[register.ordinal() - LapicRegister.LVT_TIMER.ordinal()] = value;
  }

  boolean isLint0ExtInt() {
    LvtEntry lint0 = lvt(LapicRegister.LVT_LINT0);
    return !lint0.isMasked() && lint0.deliveryMode() == DeliveryMode.EXTINT;
  }

  void setRemoteIrr(LapicRegister register) {
    setLvt(register, lvt(register).raw() | LvtEntry.REMOTE_IRR);
  }

  /// A level interrupt got its EOI: LINT0, if it was its, asks again while its pin is still high.
  void levelServiced(int vector) {
    LvtEntry lint0 = lvt(LapicRegister.LVT_LINT0);
    if (lint0.isRemoteIrr() && lint0.vector() == vector) {
      setLvt(LapicRegister.LVT_LINT0, lint0.raw() & ~LvtEntry.REMOTE_IRR);
      if (router.externalController().isRequesting()) {
        lapic.local(LapicRegister.LVT_LINT0);
      }
    }
  }

  /// Notes an error; the first of its kind since ESR was written interrupts.
  void reportError(int bit) {
    boolean isNew = (newErrors & bit) == 0;
    newErrors |= bit;
    if (isNew) {
      lapic.local(LapicRegister.LVT_ERROR);
    }
  }

  /// An access to the xAPIC page. SDM Vol. 3 "Local APIC Register Address Map": registers are read
  /// and written in 32 bits at multiples of 16; narrower reads within one are its bytes, as chips
  /// do it, and everything else reads zero.
  long readMmio(int offset, int bytes) {
    int within = offset & 0xF;
    if (within + Math.min(bytes, 4) > 4) {
      return 0;
    }
    int slot = offset >> 4;
    LapicRegister register = LapicRegister.atSlot(slot);
    if (register == null || register == LapicRegister.SELF_IPI) {
      reportError(ERROR_ILLEGAL_REGISTER);
      return 0;
    }
    int value = read(register, register.partAt(slot));
    emit(Op.READ, slot, Integer.toUnsignedLong(value));
    long shifted = Integer.toUnsignedLong(value) >>> 8 * within;
    return bytes >= 4 ? shifted : shifted & (1L << 8 * bytes) - 1;
  }

  /// A write that is not of 32 bits at a multiple of 16 is undefined, and ignored.
  void writeMmio(int offset, int bytes, long value) {
    if (bytes != 4 || (offset & 0xF) != 0) {
      return;
    }
    int slot = offset >> 4;
    LapicRegister register = LapicRegister.atSlot(slot);
    if (register == null || register == LapicRegister.SELF_IPI) {
      reportError(ERROR_ILLEGAL_REGISTER);
      return;
    }
    emit(Op.WRITE, slot, value & 0xFFFF_FFFFL);
    switch (register) {
      case ID -> {
        xapicId = (int) value >>> 24;
        router.identityChanged(lapic);
      }
      case LDR -> {
        xapicLogicalId = (int) value >>> 24;
        router.identityChanged(lapic);
      }
      case DFR -> {
        destinationModel = (int) value >>> 28;
        router.identityChanged(lapic);
      }
      case ICR_HIGH -> icr = icr & 0xFFFF_FFFFL | (value & register.validBits()) << 32;
      case ICR -> writeIcr(icr & -1L << 32 | value & register.validBits());
      default -> write(register, (int) value & register.validBits());
    }
  }

  boolean readX2apic(int msr) {
    int slot = msr - MSR_BASE;
    LapicRegister register = LapicRegister.atSlot(slot);
    if (register == null || !register.x2apicAccess().canRead()) {
      return false;
    }
    x2apicValue = readX2apic(register, register.partAt(slot));
    emit(Op.READ, slot, x2apicValue);
    return true;
  }

  private long readX2apic(LapicRegister register, int part) {
    if (register == LapicRegister.ICR) {
      return icr;
    }
    if (register == LapicRegister.ID) {
      return lapic.x2apicId();
    }
    return Integer.toUnsignedLong(read(register, part));
  }

  long x2apicValue() {
    return x2apicValue;
  }

  boolean writeX2apic(int msr, long value) {
    int slot = msr - MSR_BASE;
    LapicRegister register = LapicRegister.atSlot(slot);
    if (register == null
        || !register.x2apicAccess().canWrite()
        || hasReservedBits(register, value)) {
      return false;
    }
    emit(Op.WRITE, slot, value);
    switch (register) {
      case ICR -> writeIcr(value);
      case SELF_IPI -> router.sendIpi(lapic, Icr.self((int) value));
      default -> write(register, (int) value);
    }
    return true;
  }

  /// What raises #GP in x2APIC mode.
  private boolean hasReservedBits(LapicRegister register, long value) {
    if (register == LapicRegister.ICR) {
      return new Icr(value).hasX2apicReservedBits();
    }
    long valid = Integer.toUnsignedLong(register.validBits());
    if (register == LapicRegister.LVT_TIMER && !lapic.model().has(LapicFeature.TSC_DEADLINE)) {
      valid &= ~TIMER_MODE_2;
    }
    return (value & ~valid) != 0;
  }

  private int read(LapicRegister register, int part) {
    return switch (register) {
      case ID -> xapicId << 24;
      case VERSION -> VERSION;
      case TPR -> lapic.requests().taskPriority();
      case PPR -> lapic.processorPriority();
      case LDR -> logicalDestination();
      case DFR -> destinationModel << 28 | 0x0FFF_FFFF;
      case SVR -> spurious;
      case ISR -> lapic.requests().isr.register(part);
      case TMR -> lapic.requests().tmr.register(part);
      case IRR -> lapic.requests().irr.register(part);
      case ESR -> errors;
      case ICR -> (int) icr;
      case ICR_HIGH -> (int) (icr >>> 32);
      case LVT_TIMER, LVT_THERMAL, LVT_PERFORMANCE, LVT_LINT0, LVT_LINT1, LVT_ERROR ->
          lvt(register).raw();
      case INITIAL_COUNT -> timer.initialCount();
      case CURRENT_COUNT -> timer.currentCount();
      case DIVIDE_CONFIGURATION -> timer.divideConfiguration();
      // Arbitration priority and remote read belong to APICs on a bus of their own; the others are
      // write-only.
      case APR, RRD, EOI, SELF_IPI -> 0;
    };
  }

  /// Writes a register that means the same in both modes. Read-only ones ignore it.
  private void write(LapicRegister register, int value) {
    switch (register) {
      case TPR -> lapic.setTaskPriority(value);
      case EOI -> lapic.endOfInterrupt();
      case SVR -> writeSpurious(value);
      case ESR -> {
        errors = newErrors;
        newErrors = 0;
      }
      case LVT_TIMER, LVT_THERMAL, LVT_PERFORMANCE, LVT_LINT0, LVT_LINT1, LVT_ERROR ->
          writeLvt(register, value);
      case INITIAL_COUNT -> timer.setInitialCount(value);
      case DIVIDE_CONFIGURATION -> timer.setDivideConfiguration(value);
      case VERSION, APR, PPR, RRD, ISR, TMR, IRR, CURRENT_COUNT -> {
        // Read-only.
      }
      case ID, LDR, DFR, ICR, ICR_HIGH, SELF_IPI ->
          throw new AssertionError(register + " differs between the modes");
    }
  }

  private void writeIcr(long value) {
    Icr command = new Icr(value).withoutDeliveryStatus();
    icr = command.raw();
    router.sendIpi(lapic, command);
  }

  /// SDM Vol. 3 "Local APIC State After It Has Been Software Disabled": the mask bits of all LVT
  /// entries are set, and stay so.
  private void writeSpurious(int value) {
    timer.catchUp();
    boolean wasEnabled = isSoftwareEnabled();
    spurious = value;
    if (isSoftwareEnabled() != wasEnabled) {
      router.identityChanged(lapic);
    }
    if (isSoftwareEnabled()) {
      return;
    }
    for (int k = 0; k < LVT_COUNT; k++) {
      lvt[k] |= LvtEntry.MASKED;
    }
    timer.configure(lvt(LapicRegister.LVT_TIMER));
  }

  private void writeLvt(LapicRegister register, int value) {
    timer.catchUp();
    LvtEntry before = lvt(register);
    int after = value & ~LvtEntry.READ_ONLY | before.raw() & LvtEntry.READ_ONLY;
    if (!isSoftwareEnabled()) {
      after |= LvtEntry.MASKED;
    }
    if (register == LapicRegister.LVT_TIMER && !lapic.model().has(LapicFeature.TSC_DEADLINE)) {
      after &= ~TIMER_MODE_2;
    }
    setLvt(register, after);
    if (register == LapicRegister.LVT_TIMER) {
      timer.configure(lvt(register));
    }
    boolean opened = before.isMasked() && !lvt(register).isMasked();
    if (register == LapicRegister.LVT_LINT0 && opened) {
      lint0Opened();
    }
  }

  /// The pin may have been high all along: ExtINT and level interrupts see that, edges do not.
  private void lint0Opened() {
    LvtEntry lint0 = lvt(LapicRegister.LVT_LINT0);
    boolean followsLevel =
        lint0.deliveryMode() == DeliveryMode.EXTINT || lint0.isLevel() && !lint0.isRemoteIrr();
    if (followsLevel && router.externalController().isRequesting()) {
      lapic.local(LapicRegister.LVT_LINT0);
    }
  }

  private void emit(Op op, int slot, long value) {
    if (router.events().isOn()) {
      router
          .events()
          .emit(
              new MachineEvent.Apic(
                  lapic.cpu().at(),
                  op,
                  LapicRegister.nameOfSlot(slot),
                  value,
                  lapic.mode().eventName()));
    }
  }

  void save(StateSink sink) {
    for (int entry : lvt) {
      sink.putInt(entry);
    }
    sink.putInt(xapicId);
    sink.putInt(xapicLogicalId);
    sink.putInt(destinationModel);
    sink.putInt(spurious);
    sink.putInt(errors);
    sink.putInt(newErrors);
    sink.putLong(icr);
  }
}
