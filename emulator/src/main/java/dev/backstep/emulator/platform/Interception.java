package dev.backstep.emulator.platform;

import dev.backstep.emulator.virtualization.Hypervisor.HypercallInstruction;
import dev.backstep.emulator.virtualization.Hypervisor.Monitor;

/// How a processor tells KVM of the instructions that it intercepts.
///
/// @param hypercall the one that the processor has
/// @param hypercallExit its exit
/// @param undefinedExit the exit of a #UD
/// @param monitorExit of MONITOR
/// @param mwaitExit of MWAIT
/// @param skippedMonitor what is left of both when KVM does nothing
record Interception(
    HypercallInstruction hypercall,
    Exit hypercallExit,
    Exit undefinedExit,
    Exit monitorExit,
    Exit mwaitExit,
    Monitor skippedMonitor) {

  /// @param name as the kvm_exit tracepoint prints it
  record Exit(int reason, String name) {}

  /// SDM Vol. 3 "VMX Basic Exit Reasons"; "Relative Priority of Faults and VM Exits": exits come
  /// before the checks of operands.
  static final Interception VMX =
      new Interception(
          HypercallInstruction.VMCALL,
          new Exit(18, "VMCALL"),
          new Exit(0, "EXCEPTION_NMI"),
          new Exit(39, "MONITOR_INSTRUCTION"),
          new Exit(36, "MWAIT_INSTRUCTION"),
          Monitor.SKIPPED);

  /// APM Vol. 2 Appendix C "SVM Intercept Exit Codes"; "Instruction Intercepts": MONITOR and MWAIT
  /// are intercepted after all checks of exceptions.
  static final Interception SVM =
      new Interception(
          HypercallInstruction.VMMCALL,
          new Exit(0x81, "vmmcall"),
          new Exit(0x46, "UD excp"),
          new Exit(0x8A, "monitor"),
          new Exit(0x8B, "mwait"),
          Monitor.CHECKED);
}
