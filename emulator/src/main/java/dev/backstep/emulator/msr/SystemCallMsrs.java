package dev.backstep.emulator.msr;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.CpuidTable;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// SYSENTER and SYSCALL registers, segment bases, EFER, protection keys. SDM Vol. 4 "IA-32
/// Architectural MSRs".
final class SystemCallMsrs {
  private static final long MASK_32 = 0xFFFF_FFFFL;

  private SystemCallMsrs() {}

  static void addTo(MsrList list, CpuidTable cpuid) {
    if (cpuid.has(CpuFeature.SEP)) {
      addSysenter(list);
    }
    long eferBits = eferBits(cpuid);
    list.add(0xC000_0080, "IA32_EFER", c -> c.efer, (c, value) -> writeEfer(c, value, eferBits));
    if (cpuid.has(CpuFeature.SYSCALL)) {
      addSyscall(list);
    }
    if (cpuid.has(CpuFeature.LM)) {
      addBases(list);
    }
    if (cpuid.has(CpuFeature.PKS)) {
      list.add(
          0x6E1,
          "IA32_PKRS",
          c -> Integer.toUnsignedLong(c.msr.pkrs),
          SystemCallMsrs::writeSupervisorKeys);
    }
    if (cpuid.has(CpuFeature.RDTSCP) || cpuid.has(CpuFeature.RDPID)) {
      list.add(0xC000_0103, "IA32_TSC_AUX", c -> c.msr.tscAux, SystemCallMsrs::writeTscAux);
    }
  }

  private static void addSysenter(MsrList list) {
    list.add(
        0x174, "IA32_SYSENTER_CS", c -> c.msr.sysenterCs, (c, value) -> c.msr.sysenterCs = value);
    list.add(
        0x175,
        "IA32_SYSENTER_ESP",
        c -> c.msr.sysenterEsp,
        (c, value) -> {
          Msr.checkCanonical(c, value);
          c.msr.sysenterEsp = value;
        });
    list.add(
        0x176,
        "IA32_SYSENTER_EIP",
        c -> c.msr.sysenterEip,
        (c, value) -> {
          Msr.checkCanonical(c, value);
          c.msr.sysenterEip = value;
        });
  }

  private static void addSyscall(MsrList list) {
    list.add(0xC000_0081, "IA32_STAR", c -> c.msr.star, (c, value) -> c.msr.star = value);
    list.add(
        0xC000_0082,
        "IA32_LSTAR",
        c -> c.msr.lstar,
        (c, value) -> {
          Msr.checkCanonical(c, value);
          c.msr.lstar = value;
        });
    list.add(
        0xC000_0083,
        "IA32_CSTAR",
        c -> c.msr.cstar,
        (c, value) -> {
          Msr.checkCanonical(c, value);
          c.msr.cstar = value;
        });
    list.add(
        0xC000_0084,
        "IA32_FMASK",
        c -> c.msr.syscallMask,
        (c, value) -> c.msr.syscallMask = value & MASK_32);
  }

  private static void addBases(MsrList list) {
    addSegmentBase(list, 0xC000_0100, "IA32_FS_BASE", SegmentRegister.FS);
    addSegmentBase(list, 0xC000_0101, "IA32_GS_BASE", SegmentRegister.GS);
    list.add(
        0xC000_0102,
        "IA32_KERNEL_GS_BASE",
        c -> c.msr.kernelGsBase,
        (c, value) -> {
          Msr.checkCanonical(c, value);
          c.msr.kernelGsBase = value;
        });
  }

  private static void addSegmentBase(MsrList list, int index, String name, int segment) {
    list.add(
        index,
        name,
        c -> c.segments[segment].base,
        (c, value) -> {
          Msr.checkCanonical(c, value);
          c.segments[segment].base = value;
          c.mmu.segmentChanged(segment);
        });
  }

  private static long eferBits(CpuidTable cpuid) {
    long bits = ControlBits.EFER_LMA;
    if (cpuid.has(CpuFeature.SYSCALL)) {
      bits |= ControlBits.EFER_SCE;
    }
    if (cpuid.has(CpuFeature.LM)) {
      bits |= ControlBits.EFER_LME;
    }
    if (cpuid.has(CpuFeature.NX)) {
      bits |= ControlBits.EFER_NXE;
    }
    return bits;
  }

  /// SDM Vol. 3 "Initializing IA-32e Mode": LME cannot change while paging is on; LMA is the
  /// processor's.
  private static void writeEfer(Vcpu c, long value, long allowed) {
    Msr.checkReserved(c, value, allowed | c.virtualization.eferBits());
    boolean changesLme = ((value ^ c.efer) & ControlBits.EFER_LME) != 0;
    if (changesLme && c.cr0(ControlBits.CR0_PG)) {
      throw Msr.fault(c);
    }
    boolean changesNxe = ((value ^ c.efer) & ControlBits.EFER_NXE) != 0;
    c.efer = value & ~ControlBits.EFER_LMA | c.efer & ControlBits.EFER_LMA;
    c.updateMode();
    if (changesNxe) {
      c.mmu.translations().flushAll("efer");
    }
  }

  private static void writeSupervisorKeys(Vcpu c, long value) {
    Msr.checkReserved(c, value, MASK_32);
    c.mmu.translations().setPkrs((int) value);
  }

  private static void writeTscAux(Vcpu c, long value) {
    Msr.checkReserved(c, value, MASK_32);
    c.msr.tscAux = value;
  }
}
