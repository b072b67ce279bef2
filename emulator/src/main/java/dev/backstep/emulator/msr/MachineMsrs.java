package dev.backstep.emulator.msr;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.CpuidTable;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.SystemMsrs;
import dev.backstep.emulator.vcpu.Vcpu;

/// Machine check, identification, debugging, and what guests probe for. SDM Vol. 3 "Machine-Check
/// Global Control MSRs", Vol. 4; APM Vol. 2 Appendix A.
final class MachineMsrs {
  private static final int FIRST_BANK = 0x400;
  private static final long MCG_CTL_PRESENT = 1 << 8;

  /// RIPV, EIPV, MCIP.
  private static final long MCG_STATUS_BITS = 7;

  /// What IA32_DEBUGCTL takes. LBR is not stored: there are no last branch records.
  private static final long DEBUGCTL_WRITABLE = ControlBits.DEBUGCTL_LBR | ControlBits.DEBUGCTL_BTF;

  private static final int LEGACY_COUNTERS = 4;

  private MachineMsrs() {}

  static void addTo(MsrList list, CpuidTable cpuid, MsrPolicy policy) {
    if (cpuid.has(CpuFeature.MCA)) {
      addMachineCheck(list, policy.bankDetails());
    }
    list.add(
        0x8B,
        "IA32_BIOS_SIGN_ID",
        c -> c.msr.microcodeRevision,
        Msr.IGNORED,
        (c, value) -> c.msr.microcodeRevision = value);
    list.add(
        0x1D9,
        "IA32_DEBUGCTL",
        c -> c.msr.debugControl,
        (c, value) -> writeDebugControl(c, value, policy.branchSteps()));
    if (cpuid.hasLegacyPerformanceCounters()) {
      addLegacyCounters(list);
    }
    if (!cpuid.hasLegacyPerformanceCounters() || policy.more() != MsrPolicy.MoreRegisters.NONE) {
      addIntels(list, policy);
    }
  }

  /// Intel's, which KVM gives every guest.
  private static void addIntels(MsrList list, MsrPolicy policy) {
    list.constant(0x17, "IA32_PLATFORM_ID", 0);
    list.add(
        0xCE,
        "MSR_PLATFORM_INFO",
        c -> readPlatformInfo(c, policy.features()),
        Msr.READ_ONLY,
        (c, value) -> c.msr.platformInfo = value);
    list.add(
        0x1A0,
        "IA32_MISC_ENABLE",
        c -> c.msr.miscEnable,
        (c, value) -> writeMiscEnable(c, value, policy.miscEnable()),
        (c, value) -> c.msr.miscEnable = value);
  }

  private static long readPlatformInfo(Vcpu c, FeatureRegisters features) {
    if (!features.isPlatformInfoReadable()) {
      throw Msr.fault(c);
    }
    return c.msr.platformInfo;
  }

  private static void writeDebugControl(Vcpu c, long value, MsrPolicy.BranchSteps branchSteps) {
    Msr.checkReserved(c, value, DEBUGCTL_WRITABLE);
    c.msr.debugControl =
        switch (branchSteps) {
          case WORK -> value & ControlBits.DEBUGCTL_BTF;
          case IGNORED -> 0;
        };
  }

  /// A processor with MONITOR lets it be turned off. SDM Vol. 4 "IA32_MISC_ENABLE".
  private static void writeMiscEnable(Vcpu c, long value, MsrPolicy.MiscEnable rule) {
    long before = c.msr.miscEnable;
    long monitor = c.cpuid.has(CpuFeature.MONITOR) ? MsrTable.MISC_ENABLE_MONITOR : 0;
    Msr.checkReserved(c, value ^ before, rule.writable() | monitor);
    c.msr.miscEnable = value & ~rule.ignored() | before & rule.ignored();
  }

  private static void addMachineCheck(MsrList list, MsrPolicy.BankDetails details) {
    list.constant(0x179, "IA32_MCG_CAP", MCG_CTL_PRESENT | SystemMsrs.MACHINE_CHECK_BANKS);
    list.add(
        0x17A,
        "IA32_MCG_STATUS",
        c -> c.msr.machineCheckStatus,
        (c, value) -> {
          Msr.checkReserved(c, value, MCG_STATUS_BITS);
          c.msr.machineCheckStatus = value;
        });
    list.add(
        0x17B,
        "IA32_MCG_CTL",
        c -> c.msr.machineCheckControl,
        (c, value) -> {
          checkAllOrNothing(c, value);
          c.msr.machineCheckControl = value;
        });
    for (int bank = 0; bank < SystemMsrs.MACHINE_CHECK_BANKS; bank++) {
      addBank(list, bank, details);
    }
  }

  private static void addBank(MsrList list, int bank, MsrPolicy.BankDetails details) {
    int first = FIRST_BANK + 4 * bank;
    String name = "IA32_MC" + bank;
    list.add(
        first,
        name + "_CTL",
        c -> c.msr.machineCheckBankControl[bank],
        (c, value) -> {
          checkAllOrNothing(c, value);
          c.msr.machineCheckBankControl[bank] = value;
        });
    // SDM Vol. 3 "IA32_MCi_STATUS MSRs": writing anything but zero is #GP. No error is ever
    // reported.
    list.add(first + 1, name + "_STATUS", c -> 0, MachineMsrs::clear);
    Msr.Writer check =
        switch (details) {
          case CLEARABLE -> MachineMsrs::clear;
          case STORED -> Msr.IGNORED;
        };
    list.add(
        first + 2,
        name + "_ADDR",
        c -> c.msr.machineCheckBankAddress[bank],
        (c, value) -> {
          check.write(c, value);
          c.msr.machineCheckBankAddress[bank] = value;
        });
    list.add(
        first + 3,
        name + "_MISC",
        c -> c.msr.machineCheckBankMisc[bank],
        (c, value) -> {
          check.write(c, value);
          c.msr.machineCheckBankMisc[bank] = value;
        });
  }

  private static void clear(Vcpu c, long value) {
    Msr.checkReserved(c, value, 0);
  }

  private static void checkAllOrNothing(Vcpu c, long value) {
    if (value != 0 && value != -1) {
      throw Msr.fault(c);
    }
  }

  private static void addLegacyCounters(MsrList list) {
    for (int k = 0; k < LEGACY_COUNTERS; k++) {
      // Counters that count nothing: what KVM shows without a virtual PMU.
      list.add(0xC001_0000 + k, "PERF_EVT_SEL" + k, c -> 0, Msr.IGNORED);
      list.add(0xC001_0004 + k, "PERF_CTR" + k, c -> 0, Msr.IGNORED);
    }
  }
}
