package dev.backstep.emulator.injection;

import dev.backstep.emulator.control.ControlAnswer;
import dev.backstep.emulator.control.KvmControl;
import dev.backstep.emulator.control.VcpuEvents;
import dev.backstep.emulator.control.VcpuEvents.NonMaskable;
import dev.backstep.emulator.control.VcpuEvents.PendingException;
import dev.backstep.emulator.control.VcpuEvents.PendingInterrupt;
import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;

/// A vCPU under KVM whose user sets its events, on hardware of a generation.
final class InjectionBench implements KvmControl.Vcpus {
  /// Hardware.
  enum Generation {
    /// Haswell: strict, and no software events without a length.
    HASWELL,
    /// Skylake: strict.
    SKYLAKE,
    /// Sapphire Rapids: IA32_VMX_BASIC\[56\].
    SAPPHIRE_RAPIDS,
    SVM
  }

  final SystemBench b;
  final Vcpu c;
  RealModeCodes realModeCodes = RealModeCodes.DROPPED;
  boolean payloads;
  boolean tripleFaults;
  private final VcpuEventRequests requests;

  InjectionBench(SystemBench bench, Generation generation) {
    b = bench;
    c = bench.c;
    EventPort events = new EventPort();
    events.connect(bench.log);
    requests =
        new VcpuEventRequests(
            number -> c,
            () -> new VmEntry(policy(bench, generation), realModeCodes),
            this,
            new VcpuEventRequests.Capabilities(() -> payloads, () -> tripleFaults),
            events);
  }

  private static EntryPolicy policy(SystemBench bench, Generation generation) {
    return switch (generation) {
      case HASWELL -> new VmxEntry(new VmxCapabilities(false, false, false, false, true));
      case SKYLAKE -> new VmxEntry(new VmxCapabilities(false, true, false, false, true));
      case SAPPHIRE_RAPIDS -> new VmxEntry(new VmxCapabilities(true, true, false, true, true));
      case SVM -> new SvmEntry(bench::lengthOfNext);
    };
  }

  ControlAnswer set(VcpuEvents events) {
    return requests.set(0, events);
  }

  String get() {
    return requests.get(0).reason();
  }

  InjectionBench exception(int vector) {
    set(VcpuEvents.of(new PendingException(true, false, vector, false, 0, false, 0)));
    return this;
  }

  InjectionBench exception(int vector, int code) {
    set(VcpuEvents.of(new PendingException(true, false, vector, true, code, false, 0)));
    return this;
  }

  /// A pending exception, by the capability for payloads.
  InjectionBench pending(PendingException exception) {
    payloads = true;
    set(
        new VcpuEvents(
            exception,
            PendingInterrupt.NONE,
            NonMaskable.NONE,
            0,
            false,
            VcpuEvents.VALID_PAYLOAD));
    return this;
  }

  InjectionBench interrupt(int vector, boolean soft) {
    set(
        new VcpuEvents(
            PendingException.NONE,
            new PendingInterrupt(true, vector, soft, 0),
            NonMaskable.NONE,
            0,
            false,
            0));
    return this;
  }

  InjectionBench nmi(NonMaskable nmi, int flags) {
    set(new VcpuEvents(PendingException.NONE, PendingInterrupt.NONE, nmi, 0, false, flags));
    return this;
  }

  InjectionBench shadow(int shadow) {
    set(
        new VcpuEvents(
            PendingException.NONE,
            new PendingInterrupt(false, 0, false, shadow),
            NonMaskable.NONE,
            0,
            false,
            VcpuEvents.VALID_SHADOW));
    return this;
  }

  InjectionBench step() {
    b.step();
    return this;
  }

  List<MachineEvent.Injection> injections() {
    return b.log.of(MachineEvent.Injection.class);
  }

  MachineEvent.Injection injection() {
    return injections().getFirst();
  }

  /// `delivered`, `vm-entry-failed 7`, …
  String outcome() {
    String outcome = injection().outcome();
    VmEntry entry = c.vmEntry;
    return c.entryFailed && entry != null
        ? "%s %x".formatted(outcome, entry.hardwareReason())
        : outcome;
  }

  @Override
  public boolean exists(int vcpu) {
    return vcpu == 0;
  }

  @Override
  public MachineEvent.At at(int vcpu) {
    return c.at();
  }

  @Override
  public MachineEvent.At at() {
    return c.at();
  }
}
