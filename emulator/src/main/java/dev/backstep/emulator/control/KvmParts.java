package dev.backstep.emulator.control;

import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The parts of a machine that carry out KVM's requests. A request whose part is not there is one
/// that this KVM does not know.
///
/// vCPUs are given by their KVM ids; those that do not exist are refused before a part is asked. A
/// part checks everything else as the ioctl does.
public final class KvmParts {
  /// KVM_SET_VCPU_EVENTS and KVM_GET_VCPU_EVENTS.
  public interface VcpuEventState {
    ControlAnswer set(int vcpu, VcpuEvents events);

    /// The answer's reason is what KVM_GET_VCPU_EVENTS gives.
    ControlAnswer get(int vcpu);
  }

  /// KVM_GET_SUPPORTED_CPUID and KVM_SET_CPUID2.
  public interface CpuidEntries {
    /// The answer's reason is the entry.
    ControlAnswer supported(int leaf, int subleaf);

    ControlAnswer set(int vcpu, List<ControlCall.CpuidEntry> entries);
  }

  /// KVM_SET_MSRS.
  public interface ModelSpecificRegisters {
    /// The answer's result is how many registers were written: 1, or 0 for a refused one.
    ControlAnswer set(int vcpu, int msr, long value);
  }

  /// KVM_SIGNAL_MSI.
  public interface MessageSignals {
    ControlAnswer signal(long address, int data);
  }

  /// KVM_CREATE_VCPU.
  public interface VcpuCreation {
    ControlAnswer create(int id);
  }

  /// KVM_ENABLE_CAP of one capability.
  public interface Capability {
    ControlAnswer enable(long flags);
  }

  private final NavigableMap<String, Capability> capabilities = new TreeMap<>();
  private @Nullable VcpuEventState vcpuEvents;
  private @Nullable CpuidEntries cpuid;
  private @Nullable ModelSpecificRegisters msrs;
  private @Nullable MessageSignals messages;
  private @Nullable VcpuCreation creation;

  public KvmParts vcpuEvents(VcpuEventState part) {
    vcpuEvents = part;
    return this;
  }

  public KvmParts cpuid(CpuidEntries part) {
    cpuid = part;
    return this;
  }

  public KvmParts msrs(ModelSpecificRegisters part) {
    msrs = part;
    return this;
  }

  public KvmParts messages(MessageSignals part) {
    messages = part;
    return this;
  }

  public KvmParts creation(VcpuCreation part) {
    creation = part;
    return this;
  }

  /// @param name without KVM_CAP_: X2APIC_API, DISABLE_QUIRKS2, …
  public KvmParts capability(String name, Capability part) {
    capabilities.put(name, part);
    return this;
  }

  /// Has the part that `call` is for carry it out.
  ControlAnswer perform(ControlCall call) {
    return switch (call) {
      case ControlCall.SetVcpuEvents c ->
          vcpuEvents == null ? unknown(c) : vcpuEvents.set(c.vcpu(), c.events());
      case ControlCall.GetVcpuEvents c ->
          vcpuEvents == null ? unknown(c) : vcpuEvents.get(c.vcpu());
      case ControlCall.GetSupportedCpuid c ->
          cpuid == null ? unknown(c) : cpuid.supported(c.leaf(), c.subleaf());
      case ControlCall.SetCpuid c -> cpuid == null ? unknown(c) : cpuid.set(c.vcpu(), c.entries());
      case ControlCall.EnableCapability c -> enable(c);
      case ControlCall.SetMsr c ->
          msrs == null ? unknown(c) : msrs.set(c.vcpu(), c.msr(), c.value());
      case ControlCall.SignalMsi c ->
          messages == null ? unknown(c) : messages.signal(c.address(), c.data());
      case ControlCall.CreateVcpu c -> creation == null ? unknown(c) : creation.create(c.id());
    };
  }

  /// Linux arch/x86/kvm/x86.c, kvm_vm_ioctl_enable_cap: -EINVAL for what it does not know.
  private ControlAnswer enable(ControlCall.EnableCapability call) {
    Capability capability = capabilities.get(call.capability());
    if (capability == null) {
      return ControlAnswer.refused(
          Errno.EINVAL,
          "there is no capability KVM_CAP_%s here; there are %s"
              .formatted(call.capability(), String.join(", ", capabilities.navigableKeySet())));
    }
    return capability.enable(call.flags());
  }

  private static ControlAnswer unknown(ControlCall call) {
    return ControlAnswer.refused(Errno.ENOTTY, "this KVM does not know " + call.name());
  }
}
