package dev.backstep.emulator.platform;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.CpuModel;
import dev.backstep.emulator.injection.RealModeCodes;
import dev.backstep.emulator.injection.SvmEntry;
import dev.backstep.emulator.injection.VmEntry;
import dev.backstep.emulator.injection.VmxCapabilities;
import dev.backstep.emulator.injection.VmxEntry;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// By what a hypervisor enters the guest.
public sealed interface VmEntryPolicy {
  /// Nothing enters anything: bare metal.
  record None() implements VmEntryPolicy {}

  /// VMX. What the processor's VMX capability MSRs say follows from the CPU model, where a setting
  /// does not decide.
  ///
  /// @param realModeCodes what KVM does with error codes in real-address mode
  /// @param anyErrorCode IA32_VMX_BASIC\[56\]; null: as the processor has it
  /// @param zeroLength IA32_VMX_MISC\[30\]; null: as the processor has it
  record Vmx(
      RealModeCodes realModeCodes, @Nullable Boolean anyErrorCode, @Nullable Boolean zeroLength)
      implements VmEntryPolicy {}

  /// SVM.
  ///
  /// @param realModeCodes what KVM does with error codes in real-address mode
  record Svm(RealModeCodes realModeCodes) implements VmEntryPolicy {}

  /// The VM entries of a vCPU.
  ///
  /// @param model the processor that the hypervisor runs on; what flags take from the guest's CPUID
  ///   it still has
  /// @param next reads the guest's code
  default VmEntry newEntry(CpuModel model, SvmEntry.NextInstruction next) {
    return switch (this) {
      case None _ -> throw new AssertionError("nothing enters a guest on bare metal");
      case Vmx(RealModeCodes codes, Boolean anyErrorCode, Boolean zeroLength) ->
          new VmEntry(
              new VmxEntry(capabilities(model.features(), anyErrorCode, zeroLength)), codes);
      case Svm(RealModeCodes codes) -> new VmEntry(new SvmEntry(next), codes);
    };
  }

  /// What the VMX capability MSRs of `model` say.
  ///
  /// IA32_VMX_BASIC\[56\] came together with CET: Linux errata.rst, KVM_SET_VCPU_EVENTS ("pre-CET
  /// Intel CPUs"); the CPU `max` has CET and so has it. IA32_VMX_MISC\[30\] came with Skylake, as
  /// did XSAVEC: the MSR is 300481E5H on Haswell and 7004C1E7H on Skylake. FRED is nowhere
  /// enumerated, so bit 13 of the field stays reserved.
  private static VmxCapabilities capabilities(
      Set<CpuFeature> features, @Nullable Boolean anyErrorCode, @Nullable Boolean zeroLength) {
    boolean cet = features.contains(CpuFeature.CET_SS) || features.contains(CpuFeature.CET_IBT);
    boolean sinceSkylake = features.contains(CpuFeature.XSAVEC);
    return new VmxCapabilities(
        anyErrorCode == null ? cet : anyErrorCode,
        zeroLength == null ? sinceSkylake : zeroLength,
        false,
        cet,
        true);
  }
}
