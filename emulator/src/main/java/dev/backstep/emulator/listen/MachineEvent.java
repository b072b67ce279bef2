package dev.backstep.emulator.listen;

import org.jspecify.annotations.Nullable;

/// One thing that happened in the machine, other than the plain execution of an instruction. Kinds
/// and fields are those that searches name.
public sealed interface MachineEvent {
  /// Where and when.
  At at();

  /// @param position instructions the machine had retired before
  /// @param vcpu index of the vCPU concerned
  /// @param rip of the instruction that was executing, or the next one to execute
  /// @param timeNs virtual time
  record At(long position, int vcpu, long rip, long timeNs) {}

  /// Direction of an access.
  enum Op {
    READ,
    WRITE
  }

  record Cpuid(At at, int leaf, int subleaf, int eax, int ebx, int ecx, int edx)
      implements MachineEvent {}

  /// RDMSR or WRMSR; `fault` tells that it raised #GP (`value` is then 0 for reads).
  record Msr(At at, Op op, int msr, String name, long value, boolean fault)
      implements MachineEvent {}

  record ControlRegister(At at, Op op, String reg, long value) implements MachineEvent {}

  record DebugRegister(At at, Op op, String reg, long value) implements MachineEvent {}

  record Io(At at, Op op, int port, int size, int value, String device) implements MachineEvent {}

  record Mmio(At at, Op op, long gpa, int size, long value, String device)
      implements MachineEvent {}

  /// An access to a local APIC register; `mode` is xapic or x2apic.
  record Apic(At at, Op op, String reg, long value, String mode) implements MachineEvent {}

  /// An inter-processor interrupt as routed: `targets` are the vCPUs it reached, `rule` why these;
  /// `hardwareTargets` those that the processors' own rules would have reached.
  record Ipi(
      At at,
      int vector,
      String deliveryMode,
      long dest,
      String destMode,
      String shorthand,
      int[] targets,
      String rule,
      int[] hardwareTargets)
      implements MachineEvent {}

  /// An external interrupt, NMI or SMI delivered to the vCPU. `from` is the sender, -1 if none.
  record Interrupt(At at, int vector, String source, int from) implements MachineEvent {}

  /// An exception delivered; `origin` is instruction or injected.
  record Exception(
      At at, int vector, String name, boolean hasErrorCode, int errorCode, long cr2, String origin)
      implements MachineEvent {}

  record Injection(
      At at,
      int vector,
      String type,
      boolean hasErrorCode,
      int errorCode,
      String outcome,
      String check,
      String reason)
      implements MachineEvent {}

  /// A request of the hypervisor's user: `call` with its `arguments`, `result` 0 or an error such
  /// as -EINVAL, and `reason` why, or what was answered.
  record Control(At at, String call, String arguments, String result, String reason)
      implements MachineEvent {}

  /// What a hypervisor would have seen here.
  record VmExit(At at, int reason, String name, long qualification) implements MachineEvent {}

  /// The memory type chosen at a TLB fill. `nested` is null on bare metal.
  record MemoryTypeChosen(
      At at,
      long gva,
      long gpa,
      long size,
      String mtrr,
      String pat,
      @Nullable String nested,
      boolean cr0Cd,
      String effective,
      String rule)
      implements MachineEvent {}

  /// What brought a line of 64 bytes to memory, lost it, or showed somebody old contents of it: op
  /// is writeback, wc-flush, lost or stale-read. `type` is that of the access that brought it
  /// about, or empty; `holder` is the vCPU whose cache or combining buffer the line was in.
  record Cache(At at, String op, long gpa, String type, String reason, int holder)
      implements MachineEvent {}

  /// A device's transfer from or to memory. `stale` counts the bytes that the processors see
  /// otherwise than memory holds them.
  record Dma(At at, Op op, long gpa, int size, String device, boolean snoop, int stale)
      implements MachineEvent {}

  /// A TLB flush: op is cr3, cr0, cr4, efer, invlpg, invpcid-…, mtrr, pat, …; `gva` where one page
  /// is meant.
  record TlbFlush(At at, String op, long gva) implements MachineEvent {}

  record Mode(At at, String from, String to) implements MachineEvent {}

  record Halt(At at, boolean interruptsEnabled) implements MachineEvent {}

  record Wake(At at, String reason) implements MachineEvent {}

  record Reset(At at, String source) implements MachineEvent {}

  record Init(At at) implements MachineEvent {}

  record Sipi(At at, int vector) implements MachineEvent {}

  record Shutdown(At at, String reason, int value) implements MachineEvent {}

  record Console(At at, byte[] text, String device) implements MachineEvent {}

  record Input(At at, byte[] text, String device) implements MachineEvent {}
}
