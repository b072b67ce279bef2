package dev.backstep.cli.errata;

import static dev.backstep.cli.errata.ErrataPlatform.BARE_METAL_AMD;
import static dev.backstep.cli.errata.ErrataPlatform.BARE_METAL_INTEL;
import static dev.backstep.cli.errata.ErrataPlatform.KVM_AMD;
import static dev.backstep.cli.errata.ErrataPlatform.KVM_INTEL;

import java.util.List;
import java.util.Locale;

/// Row `nested`: the kernel's document says "TBD". No CPU model enumerates VMX or SVM, so a guest
/// that looks for them finds what it finds on a processor without.
final class NestedRow implements ErrataRow {
  private static final String SDM = "SDM Vol. 3 \"Discovering Support for VMX\"";
  private static final String SDM_CR4 = "SDM Vol. 3 \"Enabling and Entering VMX Operation\"";
  private static final String APM = "APM Vol. 2 \"Enabling SVM\"";
  private static final String KVM_CPUID = "Documentation/virt/kvm/x86/cpuid.rst";
  private static final String VMX_MSR = "arch/x86/kvm/vmx/vmx.c, vmx_get_msr";
  private static final String SVM_MSR = "arch/x86/kvm/svm/svm.c, svm_get_msr";
  private static final String UD = "0x6(0x0)";
  private static final String GP = "0xd(0x0)";
  private static final Recipe GUEST = Recipe.guest("errata-nested");

  private static final List<String> VMX =
      List.of(
          "vmxon",
          "vmxoff",
          "vmclear",
          "vmptrld",
          "vmptrst",
          "vmread",
          "vmwrite",
          "vmlaunch",
          "vmresume",
          "vmfunc",
          "invept",
          "invvpid");
  private static final List<String> SVM =
      List.of("vmrun", "vmload", "vmsave", "stgi", "clgi", "skinit", "invlpga");

  @Override
  public String name() {
    return "nested";
  }

  @Override
  public String title() {
    return "Nested virtualization features: TBD in the kernel's document";
  }

  @Override
  public List<Behaviour> behaviours() {
    BehaviourList rows = new BehaviourList(name());
    everywhere(rows, "cpuid-vmx", "CPUID.1:ECX[5] VMX", "0x0", SDM);
    everywhere(rows, "cpuid-svm", "CPUID.80000001H:ECX[2] SVM", "0x0", APM);
    VMX.forEach(key -> everywhere(rows, key, key.toUpperCase(Locale.ROOT), UD, SDM));
    SVM.forEach(key -> everywhere(rows, key, key.toUpperCase(Locale.ROOT), UD, APM));
    everywhere(rows, "cr4-vmxe", "Setting CR4.VMXE", GP, SDM_CR4);
    everywhere(rows, "efer-svme", "Setting EFER.SVME", GP, APM);
    everywhere(rows, "vmx-basic", "RDMSR of IA32_VMX_BASIC", GP, SDM);
    add(rows, "feature-control", "RDMSR of IA32_FEATURE_CONTROL")
        .expect(GP, "SDM Vol. 4 \"IA32_FEATURE_CONTROL\"", BARE_METAL_INTEL, BARE_METAL_AMD)
        .expect("none", VMX_MSR, KVM_INTEL)
        .expect(GP, SVM_MSR, KVM_AMD);
    ofSvm(rows, "vm-cr", "RDMSR of VM_CR");
    ofSvm(rows, "vm-hsave-pa", "RDMSR of VM_HSAVE_PA");
    add(rows, "signature", "Who CPUID.40000000H says is the hypervisor")
        .expect(Observation.NOTHING, SDM, BARE_METAL_INTEL)
        .expect(Observation.NOTHING, APM, BARE_METAL_AMD)
        .expect("KVMKVMKVM", KVM_CPUID, KVM_INTEL, KVM_AMD);
    add(rows, "paravirtual-features", "CPUID.40000001H:EAX: no paravirtual feature is there")
        .expect("0x0", KVM_CPUID, KVM_INTEL, KVM_AMD);
    return rows.done();
  }

  private static void ofSvm(BehaviourList rows, String key, String text) {
    add(rows, key, text)
        .expect(GP, APM, BARE_METAL_INTEL, BARE_METAL_AMD)
        .expect(GP, VMX_MSR, KVM_INTEL)
        .expect("none", SVM_MSR, KVM_AMD);
  }

  private static void everywhere(
      BehaviourList rows, String key, String text, String outcome, String source) {
    add(rows, key, text).expectEverywhere(outcome, source);
  }

  private static BehaviourList.Entry add(BehaviourList rows, String key, String text) {
    return rows.add("nested-" + key, text).recorded(GUEST).observed(Observation.printed(key));
  }
}
