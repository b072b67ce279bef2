package dev.backstep.emulator.vcpu;

/// Model-specific registers that instructions read directly (SYSCALL, SWAPGS, RDTSC…). The table of
/// all MSRs, with their checks, is `msr.MsrTable`. FS and GS bases live in their segment registers.
public final class SystemMsrs {
  public long star;
  public long lstar;
  public long cstar;
  public long syscallMask;
  public long kernelGsBase;
  public long sysenterCs;
  public long sysenterEsp;
  public long sysenterEip;

  /// TSC minus the virtual clock's tick count.
  public long tscOffset;

  public long tscAdjust;
  public long tscAux;

  /// IA32_PAT after reset. SDM Vol. 3 "Programming the PAT".
  public long pat = 0x0007040600070406L;

  public long miscEnable;

  /// MSR_PLATFORM_INFO, IA32_BIOS_SIGN_ID and IA32_ARCH_CAPABILITIES: a hypervisor's user can write
  /// them.
  public long platformInfo;

  public long microcodeRevision;
  public long archCapabilities;

  /// MSR_MISC_FEATURES_ENABLES: bit 0 makes CPUID fault outside CPL 0.
  public long miscFeatures;

  /// IA32_FEATURE_CONTROL.
  public long featureControl;

  /// AMD's VM_CR and VM_HSAVE_PA.
  public long vmCr;

  public long vmHostSave;

  /// AMD's SYSCFG, and the RdMem and WrMem bits of the fixed-range MTRRs.
  public long systemConfiguration;

  public final long[] fixedRangeDirections = new long[11];

  /// IA32_DEBUGCTL; of its bits only [ControlBits#DEBUGCTL_BTF] is ever set.
  public long debugControl;

  /// IA32_SPEC_CTRL, of no effect.
  public long speculationControl;

  /// IA32_XSS: the supervisor state components that XSAVES and XRSTORS handle.
  public long xss;

  /// IA32_PKRS: the rights of protection keys to supervisor pages. Changed through
  /// `Translations.setPkrs` only.
  public int pkrs;

  /// Banks of machine-check registers, as IA32_MCG_CAP says.
  public static final int MACHINE_CHECK_BANKS = 10;

  public long machineCheckStatus;
  public long machineCheckControl;

  /// IA32_MCi_CTL, IA32_MCi_ADDR and IA32_MCi_MISC of each bank; IA32_MCi_STATUS is always zero.
  public final long[] machineCheckBankControl = new long[MACHINE_CHECK_BANKS];

  public final long[] machineCheckBankAddress = new long[MACHINE_CHECK_BANKS];
  public final long[] machineCheckBankMisc = new long[MACHINE_CHECK_BANKS];
}
