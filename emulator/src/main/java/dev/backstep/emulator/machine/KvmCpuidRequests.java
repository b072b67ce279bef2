package dev.backstep.emulator.machine;

import dev.backstep.emulator.control.ControlAnswer;
import dev.backstep.emulator.control.ControlCall.CpuidEntry;
import dev.backstep.emulator.control.Errno;
import dev.backstep.emulator.control.KvmParts;
import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.CpuidTable;
import dev.backstep.emulator.cpuid.CpuidValues;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;

/// KVM_GET_SUPPORTED_CPUID and KVM_SET_CPUID2. Linux Documentation/virt/kvm/api.rst;
/// arch/x86/kvm/cpuid.c, kvm_set_cpuid and kvm_check_cpuid.
final class KvmCpuidRequests implements KvmParts.CpuidEntries {
  /// KVM_MAX_CPUID_ENTRIES.
  private static final int MOST_ENTRIES = 256;

  private static final int ADDRESS_SIZES = 0x8000_0008;

  /// What the API never gives: MONITOR (KVM does nothing for it), the deadline timer (a capability
  /// of its own says so), and what follows a guest's settings.
  private static final int NOT_IN_LEAF_1 =
      CpuFeature.MONITOR.mask() | CpuFeature.TSC_DEADLINE_TIMER.mask() | CpuFeature.OSXSAVE.mask();

  private final BoardVcpus vcpus;
  private final CpuidTable cpuid;
  private final CpuidTable hardware;

  /// @param cpuid what guests are answered
  /// @param hardware what the processor of the CPU model has
  KvmCpuidRequests(BoardVcpus vcpus, CpuidTable cpuid, CpuidTable hardware) {
    this.vcpus = vcpus;
    this.cpuid = cpuid;
    this.hardware = hardware;
  }

  @Override
  public ControlAnswer supported(int leaf, int subleaf) {
    if (!hardware.hasLeaf(leaf)) {
      return ControlAnswer.done("no entry");
    }
    CpuidValues v = hardware.query(vcpus.get(0), leaf, subleaf);
    int ecx = v.ecx();
    if (leaf == 1) {
      ecx = ecx & ~NOT_IN_LEAF_1 | CpuFeature.X2APIC.mask();
    }
    if (leaf == 7 && subleaf == 0) {
      ecx &= ~CpuFeature.OSPKE.mask();
    }
    return ControlAnswer.done(
        "eax=0x%x ebx=0x%x ecx=0x%x edx=0x%x".formatted(v.eax(), v.ebx(), ecx, v.edx()));
  }

  @Override
  public ControlAnswer set(int vcpu, List<CpuidEntry> entries) {
    if (entries.size() > MOST_ENTRIES) {
      return ControlAnswer.refused(
          Errno.E2BIG, "%d entries; KVM takes %d".formatted(entries.size(), MOST_ENTRIES));
    }
    Vcpu c = vcpus.get(vcpu);
    if (c.hasRun && changesAnything(c, entries)) {
      return ControlAnswer.refused(
          Errno.EINVAL, "vCPU %d has run: its CPUID cannot be changed any more".formatted(vcpu));
    }
    for (CpuidEntry e : entries) {
      int linear = e.eax() >>> 8 & 0xFF;
      if (e.leaf() == ADDRESS_SIZES && linear != 48 && linear != 57 && linear != 0) {
        return ControlAnswer.refused(
            Errno.EINVAL, "linear addresses have 48 or 57 bits, not %d".formatted(linear));
      }
    }
    for (CpuidEntry e : entries) {
      cpuid.write(vcpu, e.leaf(), e.subleaf(), values(e));
    }
    return ControlAnswer.DONE;
  }

  private boolean changesAnything(Vcpu c, List<CpuidEntry> entries) {
    for (CpuidEntry e : entries) {
      if (!cpuid.query(c, e.leaf(), e.subleaf()).equals(values(e))) {
        return true;
      }
    }
    return false;
  }

  private static CpuidValues values(CpuidEntry e) {
    return new CpuidValues(e.eax(), e.ebx(), e.ecx(), e.edx());
  }
}
