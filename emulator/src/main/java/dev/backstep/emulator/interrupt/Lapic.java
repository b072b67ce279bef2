package dev.backstep.emulator.interrupt;

import dev.backstep.emulator.device.StateSink;
import dev.backstep.emulator.device.Stateful;
import dev.backstep.emulator.time.EventQueue;
import dev.backstep.emulator.time.VirtualClock;

/// The local APIC of one vCPU: accepts interrupts, decides which may be delivered, sends IPIs.
///
/// Where software disables it (SVR bit 8), it takes no fixed interrupts but keeps those it has, and
/// still hears NMI, SMI, INIT and SIPI. Where IA32_APIC_BASE disables it, LINT0 is the vCPU's INTR
/// pin and nothing else exists. SDM Vol. 3 "Local APIC".
public final class Lapic implements LocalInterrupts, Stateful {
  private static final int LOWEST_LEGAL_VECTOR = 16;
  private final CpuSignals cpu;
  private final int place;
  private final ApicRouter router;
  private final LapicModel model;
  private final LapicTimer timer;
  private final LapicRegisters registers;
  private final InterruptRequests requests = new InterruptRequests();
  private ApicBase base;
  private ApicMode mode;

  /// An ExtINT message of an IOAPIC waits for its acknowledge cycle.
  private boolean extIntMessage;

  private InterruptSource acknowledgedSource = InterruptSource.NONE;
  private int acknowledgedFrom = InterruptSource.FROM_NOBODY;

  /// @param place how many local APICs there were before
  Lapic(
      CpuSignals cpu,
      int place,
      ApicRouter router,
      LapicModel model,
      VirtualClock clock,
      EventQueue queue) {
    this.cpu = cpu;
    this.place = place;
    this.router = router;
    this.model = model;
    base = ApicBase.afterReset(cpu.cpuNumber());
    mode = base.mode();
    timer = new LapicTimer(clock, queue, () -> local(LapicRegister.LVT_TIMER));
    registers = new LapicRegisters(this, timer, router);
  }

  public int cpuNumber() {
    return cpu.cpuNumber();
  }

  /// How many local APICs there were before this one.
  int place() {
    return place;
  }

  public ApicMode mode() {
    return mode;
  }

  /// The 32-bit ID, the vCPU's number. The xAPIC ID starts as its low byte.
  public int x2apicId() {
    return cpu.cpuNumber();
  }

  public int xapicId() {
    return registers.xapicId();
  }

  /// LDR as the current mode shows it.
  public int logicalDestination() {
    return registers.logicalDestination();
  }

  /// DFR bits 31:28: 1111b flat, 0000b cluster; of meaning in xAPIC mode.
  public int destinationModel() {
    return registers.destinationModel();
  }

  public boolean isSoftwareEnabled() {
    return mode != ApicMode.DISABLED && registers.isSoftwareEnabled();
  }

  /// PPR.
  public int processorPriority() {
    return requests.processorPriority();
  }

  LapicModel model() {
    return model;
  }

  CpuSignals cpu() {
    return cpu;
  }

  InterruptRequests requests() {
    return requests;
  }

  void setTaskPriority(int value) {
    requests.setTaskPriority(value);
    signal();
  }

  @Override
  public boolean hasDeliverable() {
    return mode != ApicMode.DISABLED && requests.isDeliverable() || hasExtInt();
  }

  private boolean hasExtInt() {
    return extIntMessage || acceptsExtInt() && router.externalController().isRequesting();
  }

  /// Whether LINT0 passes the PIC's INTR to the vCPU.
  private boolean acceptsExtInt() {
    return mode == ApicMode.DISABLED || registers.isLint0ExtInt();
  }

  @Override
  public int acknowledge() {
    if (hasExtInt()) {
      extIntMessage = false;
      int vector = router.externalController().acknowledge();
      acknowledgedSource = InterruptSource.EXTINT;
      acknowledgedFrom = router.externalController().acknowledgedIrq();
      return vector;
    }
    if (requests.irr.highest() == VectorBits.NONE) {
      return NO_VECTOR;
    }
    if (!requests.isDeliverable()) {
      // SDM Vol. 3 "Spurious Interrupt": masked by a TPR write after the vCPU had begun to
      // acknowledge.
      acknowledgedSource = InterruptSource.SPURIOUS;
      acknowledgedFrom = InterruptSource.FROM_NOBODY;
      return registers.spuriousVector();
    }
    int vector = requests.take();
    acknowledgedSource = requests.sourceOf(vector);
    acknowledgedFrom = requests.fromOf(vector);
    return vector;
  }

  @Override
  public String acknowledgedSource() {
    return acknowledgedSource.eventName();
  }

  @Override
  public int acknowledgedFrom() {
    return acknowledgedFrom;
  }

  /// Takes a message that was routed here.
  ///
  /// @return whether it was accepted
  boolean accept(InterruptMessage message, InterruptSource source, int from) {
    if (mode == ApicMode.DISABLED) {
      return false;
    }
    switch (message.deliveryMode()) {
      case FIXED, LOWEST_PRIORITY -> {
        return registers.isSoftwareEnabled()
            && request(message.vector(), message.triggerMode(), source, from);
      }
      case SMI -> cpu.raiseSmi();
      case NMI -> cpu.raiseNmi();
      case INIT -> cpu.raiseInit();
      case STARTUP -> cpu.raiseStartup(message.vector());
      case EXTINT -> {
        extIntMessage = true;
        cpu.interruptPending();
      }
      case REMOTE_READ -> {
        return false;
      }
    }
    return true;
  }

  private boolean request(int vector, TriggerMode trigger, InterruptSource source, int from) {
    if (vector < LOWEST_LEGAL_VECTOR) {
      registers.reportError(LapicRegisters.ERROR_RECEIVED_ILLEGAL_VECTOR);
      return false;
    }
    requests.request(vector, trigger, source, from);
    signal();
    return true;
  }

  private void signal() {
    if (hasDeliverable()) {
      cpu.interruptPending();
    }
  }

  /// Delivers the interrupt of an LVT entry, as its mask and delivery mode say.
  void local(LapicRegister register) {
    LvtEntry lvt = registers.lvt(register);
    if (mode == ApicMode.DISABLED || lvt.isMasked()) {
      return;
    }
    if (register == LapicRegister.LVT_TIMER || register == LapicRegister.LVT_ERROR) {
      request(lvt.vector(), TriggerMode.EDGE, register.source(), InterruptSource.FROM_NOBODY);
      return;
    }
    switch (lvt.deliveryMode()) {
      case FIXED -> {
        TriggerMode trigger = lvt.isLevel() ? TriggerMode.LEVEL : TriggerMode.EDGE;
        if (request(lvt.vector(), trigger, register.source(), InterruptSource.FROM_NOBODY)
            && lvt.isLevel()) {
          registers.setRemoteIrr(register);
        }
      }
      case SMI -> cpu.raiseSmi();
      case NMI -> cpu.raiseNmi();
      case INIT -> cpu.raiseInit();
      case EXTINT -> cpu.interruptPending();
      case LOWEST_PRIORITY, REMOTE_READ, STARTUP -> {
        // Reserved in the LVT.
      }
    }
  }

  void reportSendIllegalVector() {
    registers.reportError(LapicRegisters.ERROR_SEND_ILLEGAL_VECTOR);
  }

  /// The PIC's INTR rose: LINT0 of every local APIC is wired to it.
  void lint0Rose() {
    if (mode == ApicMode.DISABLED) {
      cpu.interruptPending();
      return;
    }
    local(LapicRegister.LVT_LINT0);
  }

  /// The NMI pin (LINT1) rose.
  void lint1Rose() {
    if (mode == ApicMode.DISABLED) {
      cpu.raiseNmi();
      return;
    }
    local(LapicRegister.LVT_LINT1);
  }

  /// SDM Vol. 3 "Signaling Interrupt Servicing Completion".
  void endOfInterrupt() {
    int vector = requests.end();
    if (vector == VectorBits.NONE) {
      return;
    }
    if (requests.tmr.get(vector)) {
      registers.levelServiced(vector);
      router.broadcastEoi(vector);
    }
    signal();
  }

  @Override
  public int taskPriorityClass() {
    return requests.taskPriority() >> 4;
  }

  @Override
  public void setTaskPriorityClass(int priorityClass) {
    setTaskPriority((priorityClass & 0xF) << 4);
  }

  @Override
  public long apicBase() {
    return base.raw();
  }

  @Override
  public boolean setApicBase(long value) {
    ApicBase next = new ApicBase(value);
    if (!base.canBecome(next, model)) {
      return false;
    }
    ApicMode before = mode;
    base = next;
    mode = next.mode();
    if (mode != before) {
      modeChanged(before);
    }
    return true;
  }

  private void modeChanged(ApicMode before) {
    if (before == ApicMode.DISABLED) {
      // CR8 stays: it is the vCPU's while there is no APIC.
      int keptPriority = requests.taskPriority();
      resetRegisters();
      registers.resetXapicId();
      setTaskPriority(keptPriority);
    } else if (mode == ApicMode.DISABLED) {
      timer.disarm();
    }
    router.identityChanged(this);
    signal();
  }

  @Override
  public long mmioPage() {
    return mode == ApicMode.XAPIC ? base.page() : -1;
  }

  @Override
  public long readMmio(int offset, int bytes) {
    return registers.readMmio(offset, bytes);
  }

  @Override
  public void writeMmio(int offset, int bytes, long value) {
    registers.writeMmio(offset, bytes, value);
  }

  @Override
  public boolean readX2apic(int msr) {
    return mode == ApicMode.X2APIC && registers.readX2apic(msr);
  }

  @Override
  public long x2apicValue() {
    return registers.x2apicValue();
  }

  @Override
  public boolean writeX2apic(int msr, long value) {
    return mode == ApicMode.X2APIC && registers.writeX2apic(msr, value);
  }

  @Override
  public boolean canSendForGuest() {
    return router.canSendForGuest();
  }

  @Override
  public boolean sendForGuest(long apicId, int icrLow) {
    return router.sendForGuest(this, apicId, new Icr(Integer.toUnsignedLong(icrLow)));
  }

  @Override
  public long tscDeadline() {
    return timer.tscDeadline();
  }

  @Override
  public void setTscDeadline(long tsc) {
    timer.setTscDeadline(tsc);
  }

  @Override
  public void tscOffsetChanged(long offset) {
    timer.tscOffsetChanged(offset);
  }

  @Override
  public void init() {
    resetRegisters();
    registers.openLint0OfBootstrapProcessor();
    router.identityChanged(this);
  }

  @Override
  public void reset() {
    base = ApicBase.afterReset(cpu.cpuNumber());
    mode = base.mode();
    resetRegisters();
    registers.openLint0OfBootstrapProcessor();
    registers.resetXapicId();
    router.identityChanged(this);
  }

  private void resetRegisters() {
    requests.reset();
    extIntMessage = false;
    timer.reset();
    registers.reset();
  }

  /// What firmware leaves on the bootstrap processor for an operating system without APIC support.
  /// MultiProcessor Specification 1.4 "Virtual Wire Mode": LINT0 = ExtINT, LINT1 = NMI.
  public void enterVirtualWireMode() {
    registers.enterVirtualWireMode();
    router.identityChanged(this);
  }

  @Override
  public void save(StateSink sink) {
    sink.putLong(base.raw());
    sink.putFlag(extIntMessage);
    requests.save(sink);
    registers.save(sink);
    timer.save(sink);
  }
}
