package dev.backstep.emulator.msr;

/// Where platforms differ in registers that all of them have, and which more they have.
///
/// @param platformInfo what MSR_PLATFORM_INFO reads as
/// @param microcodeRevision what IA32_BIOS_SIGN_ID reads as
/// @param miscEnable what WRMSR does to IA32_MISC_ENABLE
/// @param bankDetails what the address and miscellaneous registers of machine-check banks take
/// @param branchSteps what setting IA32_DEBUGCTL.BTF does
/// @param more which registers there are beyond the processor's
/// @param features what the hypervisor's user has decided
public record MsrPolicy(
    long platformInfo,
    long microcodeRevision,
    MiscEnable miscEnable,
    BankDetails bankDetails,
    BranchSteps branchSteps,
    MoreRegisters more,
    FeatureRegisters features) {

  /// The bits of IA32_MISC_ENABLE.
  ///
  /// @param writable bits that WRMSR may change; others give #GP
  /// @param ignored of these, bits that it leaves alone
  public record MiscEnable(long writable, long ignored) {}

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

  /// Registers that a hypervisor adds to the processor's.
  public enum MoreRegisters {
    NONE,

    /// Those of kvm_get_msr_common, whoever made the processor, and of vmx_get_msr.
    KVM_VMX,

    /// The same and those of svm_get_msr.
    KVM_SVM
  }

  /// Registers as on hardware.
  ///
  /// @param miscEnableWritable bits of IA32_MISC_ENABLE that WRMSR may change; others give #GP
  public MsrPolicy(long platformInfo, long microcodeRevision, long miscEnableWritable) {
    this(
        platformInfo,
        microcodeRevision,
        new MiscEnable(miscEnableWritable, 0),
        BankDetails.CLEARABLE,
        BranchSteps.WORK,
        MoreRegisters.NONE,
        FeatureRegisters.OF_HARDWARE);
  }
}
