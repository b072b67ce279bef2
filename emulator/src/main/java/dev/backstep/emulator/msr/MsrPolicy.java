package dev.backstep.emulator.msr;

/// Where platforms differ in registers that all of them have.
///
/// @param platformInfo what MSR_PLATFORM_INFO reads as
/// @param microcodeRevision what IA32_BIOS_SIGN_ID reads as
/// @param miscEnableWritable bits of IA32_MISC_ENABLE that WRMSR may change; others give #GP
/// @param bankDetails what the address and miscellaneous registers of machine-check banks take
/// @param branchSteps what setting IA32_DEBUGCTL.BTF does
public record MsrPolicy(
    long platformInfo,
    long microcodeRevision,
    long miscEnableWritable,
    BankDetails bankDetails,
    BranchSteps branchSteps) {

  /// IA32_MCi_ADDR and IA32_MCi_MISC.
  public enum BankDetails {
    /// Only zero can be written. SDM Vol. 3 "IA32_MCi_ADDR MSRs".
    CLEARABLE,

    /// Whatever is written is kept, as KVM's set_msr_mce does.
    STORED
  }

  /// IA32_DEBUGCTL.BTF: single-stepping on branches.
  public enum BranchSteps {
    /// SDM Vol. 3 "Single-Stepping on Branches".
    WORK,

    /// The bit is dropped: KVM's vmx_set_msr and svm_set_msr.
    IGNORED
  }

  /// Registers as on hardware.
  public MsrPolicy(long platformInfo, long microcodeRevision, long miscEnableWritable) {
    this(
        platformInfo,
        microcodeRevision,
        miscEnableWritable,
        BankDetails.CLEARABLE,
        BranchSteps.WORK);
  }
}
