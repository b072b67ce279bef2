package dev.backstep.emulator.isa;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.time.VirtualClock;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// Moves to and from control registers, LMSW, SMSW, CLTS; debug registers are in [DebugRegisters].
/// SDM Vol. 3 "Control Registers", Vol. 2 "MOV—Move to/from Control Registers".
public final class ControlRegisters {
  /// The bits of CR0 that exist; others in its low half are ignored, those above make #GP.
  private static final long CR0_BITS =
      ControlBits.CR0_PE
          | ControlBits.CR0_MP
          | ControlBits.CR0_EM
          | ControlBits.CR0_TS
          | ControlBits.CR0_NE
          | ControlBits.CR0_WP
          | ControlBits.CR0_AM
          | ControlBits.CR0_NW
          | ControlBits.CR0_CD
          | ControlBits.CR0_PG;

  /// LMSW reaches PE, MP, EM and TS.
  private static final long MACHINE_STATUS = 0xF;

  private static final long CR0_CACHING = ControlBits.CR0_CD | ControlBits.CR0_NW;

  /// Bits of CR4 whose change drops translations. SDM Vol. 3 "Operations that Invalidate TLBs and
  /// Paging-Structure Caches".
  private static final long CR4_TRANSLATION =
      ControlBits.CR4_PSE
          | ControlBits.CR4_PAE
          | ControlBits.CR4_PGE
          | ControlBits.CR4_PCIDE
          | ControlBits.CR4_SMEP
          | ControlBits.CR4_LA57;

  /// Bits of CR4 whose change loads the PDPTE registers under PAE paging.
  private static final long CR4_PDPTE =
      ControlBits.CR4_PSE | ControlBits.CR4_PAE | ControlBits.CR4_PGE | ControlBits.CR4_SMEP;

  private static final int CR3_PCID = 0xFFF;

  private static final String[] NAMES = {
    "CR0", "CR1", "CR2", "CR3", "CR4", "CR5", "CR6", "CR7", "CR8"
  };

  private ControlRegisters() {}

  public static void moveFromControl(Vcpu c, DecodedInstruction i) {
    Privilege.requireZero(c);
    int register = Operands.register(i.operand1);
    long value =
        switch (register) {
          case 0 -> c.cr0;
          case 2 -> c.cr2;
          case 3 -> c.cr3;
          case 4 -> c.cr4;
          case 8 -> c.apic.taskPriorityClass();
          default -> throw c.fault.undefinedOpcode();
        };
    emit(c, MachineEvent.Op.READ, register, value);
    c.gpr[Operands.register(i.operand0)] = width(c, value);
  }

  public static void moveToControl(Vcpu c, DecodedInstruction i) {
    Privilege.requireZero(c);
    long value = width(c, c.gpr[Operands.register(i.operand1)]);
    switch (Operands.register(i.operand0)) {
      case 0 -> {
        writeCr0(c, value);
        c.clock.charge(VirtualClock.MICROCODED_NS);
      }
      case 2 -> {
        emit(c, MachineEvent.Op.WRITE, 2, value);
        c.cr2 = value;
      }
      case 3 -> {
        writeCr3(c, value);
        c.clock.charge(VirtualClock.MICROCODED_NS);
      }
      case 4 -> {
        writeCr4(c, value);
        c.clock.charge(VirtualClock.MICROCODED_NS);
      }
      case 8 -> writeCr8(c, value);
      default -> throw c.fault.undefinedOpcode();
    }
  }

  public static void lmsw(Vcpu c, DecodedInstruction i) {
    Privilege.requireZero(c);
    long source =
        Operands.kind(i.operand0) == Operands.GPR
            ? c.gpr[Operands.register(i.operand0)]
            : c.mmu.load16(i.segment, i.effectiveAddress(c.gpr));
    // PE can be set but not cleared.
    long kept = c.cr0 & (~MACHINE_STATUS | ControlBits.CR0_PE);
    writeCr0(c, kept | source & MACHINE_STATUS);
  }

  public static void smsw(Vcpu c, DecodedInstruction i) {
    Privilege.requireNoUserPrevention(c);
    SelectorStores.store(c, i, c.cr0);
  }

  public static void clts(Vcpu c, DecodedInstruction i) {
    Privilege.requireZero(c);
    long next = c.cr0 & ~ControlBits.CR0_TS;
    emit(c, MachineEvent.Op.WRITE, 0, next);
    c.cr0 = next;
  }

  private static void writeCr0(Vcpu c, long value) {
    if (value >>> 32 != 0) {
      throw c.fault.generalProtection(0);
    }
    long next = value & CR0_BITS | ControlBits.CR0_ET;
    long changed = next ^ c.cr0;
    boolean paging = (next & ControlBits.CR0_PG) != 0;
    boolean illegal =
        paging && (next & ControlBits.CR0_PE) == 0
            || (next & CR0_CACHING) == ControlBits.CR0_NW
            || c.cr4(ControlBits.CR4_CET) && (next & ControlBits.CR0_WP) == 0
            || (changed & ControlBits.CR0_PG) != 0 && !canSwitchPaging(c, paging);
    if (illegal) {
      throw c.fault.generalProtection(0);
    }
    boolean longMode = paging && c.efer(ControlBits.EFER_LME);
    boolean pae = paging && !longMode && c.cr4(ControlBits.CR4_PAE);
    if (pae && (changed & (ControlBits.CR0_PG | CR0_CACHING)) != 0) {
      loadPdptes(c, c.cr3);
    }
    emit(c, MachineEvent.Op.WRITE, 0, next);
    c.cr0 = next;
    c.efer = longMode ? c.efer | ControlBits.EFER_LMA : c.efer & ~ControlBits.EFER_LMA;
    c.updateMode();
    if ((changed & ControlBits.CR0_PG) != 0) {
      c.mmu.translations().flushAll("cr0");
    }
  }

  /// SDM Vol. 3 "IA-32e Mode Operating Environment", "Initializing IA-32e Mode": consistency checks
  /// on turning paging on and off.
  private static boolean canSwitchPaging(Vcpu c, boolean on) {
    SegmentRegister cs = c.segments[SegmentRegister.CS];
    if (!on) {
      return c.mode != CpuMode.LONG64 && !c.cr4(ControlBits.CR4_PCIDE);
    }
    if (!c.efer(ControlBits.EFER_LME)) {
      return true;
    }
    boolean tss16 = c.tr.usable && (c.tr.type() & Descriptor.TYPE_32BIT) == 0;
    return c.cr4(ControlBits.CR4_PAE) && !cs.is(SegmentRegister.LONG) && !tss16;
  }

  private static void loadPdptes(Vcpu c, long cr3) {
    if (!c.mmu.translations().loadPdptes(cr3)) {
      throw c.fault.generalProtection(0);
    }
  }

  private static void writeCr3(Vcpu c, long value) {
    boolean pcids = c.cr4(ControlBits.CR4_PCIDE);
    long next = pcids ? value & ~ControlBits.CR3_KEEP : value;
    long masking = ControlBits.CR3_LAM_U48 | ControlBits.CR3_LAM_U57;
    long allowedHigh = c.cpuid.has(CpuFeature.LAM) ? masking : 0;
    if ((next & ~allowedHigh) >>> c.cpuid.physicalAddressBits() != 0) {
      throw c.fault.generalProtection(0);
    }
    boolean pae = c.cr0(ControlBits.CR0_PG) && c.cr4(ControlBits.CR4_PAE);
    if (pae && !c.isLongModeActive()) {
      loadPdptes(c, next);
    }
    emit(c, MachineEvent.Op.WRITE, 3, next);
    c.cr3 = next;
    if (next != value) {
      c.mmu.translations().addressSpaceChanged();
    } else {
      c.mmu.translations().flushContext(pcids ? (int) next & CR3_PCID : 0, "cr3");
    }
  }

  private static void writeCr4(Vcpu c, long value) {
    long changed = value ^ c.cr4;
    boolean illegal =
        (value & ~allowedCr4(c)) != 0
            || c.isLongModeActive()
                && ((value & ControlBits.CR4_PAE) == 0 || (changed & ControlBits.CR4_LA57) != 0)
            || (value & changed & ControlBits.CR4_PCIDE) != 0
                && (!c.isLongModeActive() || (c.cr3 & CR3_PCID) != 0)
            || (value & ControlBits.CR4_CET) != 0 && !c.cr0(ControlBits.CR0_WP);
    if (illegal) {
      throw c.fault.generalProtection(0);
    }
    boolean pae = c.cr0(ControlBits.CR0_PG) && (value & ControlBits.CR4_PAE) != 0;
    if (pae && !c.isLongModeActive() && (changed & CR4_PDPTE) != 0) {
      loadPdptes(c, c.cr3);
    }
    emit(c, MachineEvent.Op.WRITE, 4, value);
    c.cr4 = value;
    c.updateMode();
    if ((changed & CR4_TRANSLATION) != 0) {
      c.mmu.translations().flushAll("cr4");
    }
  }

  /// The bits of CR4 that this processor's features bring.
  private static long allowedCr4(Vcpu c) {
    long allowed = ControlBits.CR4_TSD * bit(c, CpuFeature.TSC) | ControlBits.CR4_PCE;
    allowed |= (ControlBits.CR4_VME | ControlBits.CR4_PVI) * bit(c, CpuFeature.VME);
    allowed |= ControlBits.CR4_DE * bit(c, CpuFeature.DE);
    allowed |= ControlBits.CR4_PSE * bit(c, CpuFeature.PSE);
    allowed |= ControlBits.CR4_PAE * bit(c, CpuFeature.PAE);
    allowed |= ControlBits.CR4_MCE * bit(c, CpuFeature.MCE);
    allowed |= ControlBits.CR4_PGE * bit(c, CpuFeature.PGE);
    allowed |= ControlBits.CR4_OSFXSR * bit(c, CpuFeature.FXSR);
    allowed |= ControlBits.CR4_OSXMMEXCPT * bit(c, CpuFeature.SSE);
    allowed |= ControlBits.CR4_UMIP * bit(c, CpuFeature.UMIP);
    allowed |= ControlBits.CR4_LA57 * bit(c, CpuFeature.LA57);
    allowed |= ControlBits.CR4_FSGSBASE * bit(c, CpuFeature.FSGSBASE);
    allowed |= ControlBits.CR4_PCIDE * bit(c, CpuFeature.PCID);
    allowed |= ControlBits.CR4_OSXSAVE * bit(c, CpuFeature.XSAVE);
    allowed |= ControlBits.CR4_SMEP * bit(c, CpuFeature.SMEP);
    allowed |= ControlBits.CR4_SMAP * bit(c, CpuFeature.SMAP);
    allowed |= ControlBits.CR4_PKE * bit(c, CpuFeature.PKU);
    allowed |= ControlBits.CR4_PKS * bit(c, CpuFeature.PKS);
    long cet = bit(c, CpuFeature.CET_SS) | bit(c, CpuFeature.CET_IBT);
    allowed |= ControlBits.CR4_CET * cet;
    allowed |= c.virtualization.cr4Bits();
    return allowed | ControlBits.CR4_LAM_SUP * bit(c, CpuFeature.LAM);
  }

  private static long bit(Vcpu c, CpuFeature feature) {
    return c.cpuid.has(feature) ? 1 : 0;
  }

  private static void writeCr8(Vcpu c, long value) {
    if (value >>> 4 != 0) {
      throw c.fault.generalProtection(0);
    }
    emit(c, MachineEvent.Op.WRITE, 8, value);
    c.apic.setTaskPriorityClass((int) value);
    c.requestAttention();
  }

  /// Operands are 64 bits wide in 64-bit mode and 32 elsewhere.
  static long width(Vcpu c, long value) {
    return c.mode == CpuMode.LONG64 ? value : value & 0xFFFFFFFFL;
  }

  /// Comes before the change: listeners compare with the old value.
  private static void emit(Vcpu c, MachineEvent.Op op, int register, long value) {
    emit(c, op, NAMES[register], value);
  }

  static void emit(Vcpu c, MachineEvent.Op op, String register, long value) {
    if (c.events.isOn()) {
      c.events.emit(new MachineEvent.ControlRegister(c.at(), op, register, value));
    }
  }

  public static void moveFromDebug(Vcpu c, DecodedInstruction i) {
    DebugRegisters.move(c, i, MachineEvent.Op.READ);
  }

  public static void moveToDebug(Vcpu c, DecodedInstruction i) {
    DebugRegisters.move(c, i, MachineEvent.Op.WRITE);
  }
}
