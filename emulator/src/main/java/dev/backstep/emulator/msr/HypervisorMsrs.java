package dev.backstep.emulator.msr;

import dev.backstep.emulator.vcpu.Vcpu;

/// Registers that KVM gives a guest whatever CPUID enumerates. Linux arch/x86/kvm/x86.c,
/// kvm_get_msr_common and kvm_set_msr_common; vmx/vmx.c, vmx_get_msr; svm/svm.c, svm_get_msr.
final class HypervisorMsrs {
  /// MSR_PLATFORM_INFO: CPUID can be made to fault outside CPL 0.
  private static final long CPUID_FAULT = 1L << 31;

  private static final long FEATURE_CONTROL_LOCK = 1;

  /// KVM_SUPPORTED_FEATURE_CONTROL: lock, VMX in and outside SMX, SGX, LMCE.
  private static final long FEATURE_CONTROL_OF_USER = 7 | 3 << 17 | 1 << 20;

  /// SVM_VM_CR_VALID_MASK, and of it what cannot be changed once SVMDIS is set.
  private static final long VM_CR_BITS = 0x1F;

  private static final long VM_CR_LOCK = 1 << 3;
  private static final long VM_CR_SVMDIS = 1 << 4;

  private static final long PAGE = -4096L;

  private HypervisorMsrs() {}

  static void addTo(MsrList list, MsrPolicy.MoreRegisters more) {
    switch (more) {
      case NONE -> {
        // The processor's own.
      }
      case KVM_VMX -> {
        addCommon(list);
        list.add(
            0x3A,
            "IA32_FEATURE_CONTROL",
            c -> c.msr.featureControl,
            HypervisorMsrs::writeFeatureControl,
            HypervisorMsrs::writeFeatureControlByUser);
      }
      case KVM_SVM -> {
        addCommon(list);
        list.add(0xC001_0114, "VM_CR", c -> c.msr.vmCr, HypervisorMsrs::writeVmCr);
        list.add(0xC001_0117, "VM_HSAVE_PA", c -> c.msr.vmHostSave, HypervisorMsrs::writeHostSave);
      }
    }
  }

  private static void addCommon(MsrList list) {
    list.constant(0xC001_0010, "SYSCFG", 0);
    list.add(
        0x140,
        "MSR_MISC_FEATURES_ENABLES",
        c -> c.msr.miscFeatures,
        HypervisorMsrs::writeMiscFeatures);
    // CPUID does not enumerate PDCM: there is no performance monitoring, and no capability of it.
    list.add(
        0x345,
        "IA32_PERF_CAPABILITIES",
        HypervisorMsrs::refuse,
        Msr.READ_ONLY,
        (c, value) -> Msr.checkReserved(c, value, 0));
  }

  private static long refuse(Vcpu c) {
    throw Msr.fault(c);
  }

  private static void writeMiscFeatures(Vcpu c, long value) {
    boolean canFault = (c.msr.platformInfo & CPUID_FAULT) != 0;
    Msr.checkReserved(c, value, canFault ? 1 : 0);
    c.msr.miscFeatures = value;
  }

  /// is_vmx_feature_control_msr_valid: without VMX there is the lock and nothing to lock.
  private static void writeFeatureControl(Vcpu c, long value) {
    boolean locked = (c.msr.featureControl & FEATURE_CONTROL_LOCK) != 0;
    Msr.checkReserved(c, value, FEATURE_CONTROL_LOCK);
    if (locked) {
      throw Msr.fault(c);
    }
    c.msr.featureControl = value;
  }

  private static void writeFeatureControlByUser(Vcpu c, long value) {
    Msr.checkReserved(c, value, FEATURE_CONTROL_OF_USER);
    c.msr.featureControl = value;
  }

  /// svm_set_vm_cr.
  private static void writeVmCr(Vcpu c, long value) {
    Msr.checkReserved(c, value, VM_CR_BITS);
    long kept = (c.msr.vmCr & VM_CR_SVMDIS) != 0 ? VM_CR_LOCK | VM_CR_SVMDIS : 0;
    c.msr.vmCr = c.msr.vmCr & kept | value & ~kept;
  }

  /// svm_set_msr, MSR_VM_HSAVE_PA: the address of a page.
  private static void writeHostSave(Vcpu c, long value) {
    long address = PAGE & (1L << c.cpuid.physicalAddressBits()) - 1;
    Msr.checkReserved(c, value, address);
    c.msr.vmHostSave = value;
  }
}
