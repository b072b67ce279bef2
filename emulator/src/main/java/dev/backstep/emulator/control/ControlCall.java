package dev.backstep.emulator.control;

import java.util.List;

/// A request to the hypervisor. Names and meanings are those of KVM's ioctls: Linux
/// Documentation/virt/kvm/api.rst.
///
/// vCPUs are named by their KVM IDs, which are their APIC IDs.
public sealed interface ControlCall {
  /// The target of a request that is for no vCPU in particular.
  int WHOLE_MACHINE = -1;

  /// KVM_SET_VCPU_EVENTS.
  record SetVcpuEvents(int vcpu, VcpuEvents events) implements ControlCall {}

  /// KVM_GET_VCPU_EVENTS; the answer is the event's reason.
  record GetVcpuEvents(int vcpu) implements ControlCall {}

  /// KVM_GET_SUPPORTED_CPUID of one leaf; the answer is the event's reason.
  record GetSupportedCpuid(int leaf, int subleaf) implements ControlCall {}

  /// KVM_SET_CPUID2: what the guest's CPUID answers from now on for the entries given, as a monitor
  /// does it that reads the table, edits it and writes it back.
  record SetCpuid(int vcpu, List<CpuidEntry> entries) implements ControlCall {
    public SetCpuid {
      entries = List.copyOf(entries);
    }
  }

  /// A line of KVM's table of CPUID leaves.
  record CpuidEntry(int leaf, int subleaf, int eax, int ebx, int ecx, int edx) {}

  /// KVM_ENABLE_CAP.
  ///
  /// @param capability its name without KVM_CAP_: X2APIC_API, DISABLE_QUIRKS2, …
  /// @param flags args\[0\]
  record EnableCapability(String capability, long flags) implements ControlCall {}

  /// KVM_SET_MSRS with one register.
  record SetMsr(int vcpu, int msr, long value) implements ControlCall {}

  /// KVM_SIGNAL_MSI.
  ///
  /// @param address as in the PCI capability; bits 63:40 are destination bits 31:8 where the
  ///   capability X2APIC_API allows it
  record SignalMsi(long address, int data) implements ControlCall {}

  /// KVM_CREATE_VCPU: a vCPU that waits for INIT and SIPI.
  record CreateVcpu(int id) implements ControlCall {}

  /// An argument of a request: `nr=13`.
  record Argument(String key, String value) {}

  /// Reads a request: its name and arguments, `create-vcpu,id=300`.
  ///
  /// @throws ControlSyntaxException one line that says what is wrong and what would be right
  static ControlCall parse(String text) {
    return ControlParser.parse(text);
  }

  /// The request that a name and arguments make.
  ///
  /// @throws ControlSyntaxException one line that says what is wrong and what would be right
  static ControlCall of(String name, List<Argument> arguments) {
    return ControlParser.call(name, arguments);
  }

  /// The names of all requests.
  static List<String> names() {
    return ControlParser.NAMES;
  }

  /// The keys that the arguments of a request can have.
  ///
  /// @throws ControlSyntaxException if there is no such request
  static List<String> keys(String name) {
    return ControlParser.keys(name);
  }

  /// The request as text: its name and arguments, what has its default left out.
  default String text() {
    return name() + "," + arguments();
  }

  /// The vCPU whose file descriptor the request goes to, or [#WHOLE_MACHINE].
  default int target() {
    return switch (this) {
      case SetVcpuEvents c -> c.vcpu();
      case GetVcpuEvents c -> c.vcpu();
      case SetCpuid c -> c.vcpu();
      case SetMsr c -> c.vcpu();
      case GetSupportedCpuid _, EnableCapability _, SignalMsi _, CreateVcpu _ -> WHOLE_MACHINE;
    };
  }

  /// The name of the call, as scenarios spell it: set-vcpu-events, …
  default String name() {
    return switch (this) {
      case SetVcpuEvents _ -> "set-vcpu-events";
      case GetVcpuEvents _ -> "get-vcpu-events";
      case GetSupportedCpuid _ -> "get-supported-cpuid";
      case SetCpuid _ -> "set-cpuid";
      case EnableCapability _ -> "enable-cap";
      case SetMsr _ -> "set-msr";
      case SignalMsi _ -> "signal-msi";
      case CreateVcpu _ -> "create-vcpu";
    };
  }

  /// The arguments as scenarios spell them: `key=value,key=value`.
  default String arguments() {
    return ControlText.arguments(this);
  }
}
