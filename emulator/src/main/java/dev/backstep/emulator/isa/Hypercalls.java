package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Vcpu;
import dev.backstep.emulator.virtualization.Hypervisor.HypercallInstruction;

/// VMCALL and VMMCALL as KVM answers them: number in RAX, arguments in RBX, RCX, RDX, RSI, result
/// in RAX. Linux Documentation/virt/kvm/x86/hypercalls.rst.
final class Hypercalls {
  private static final int VAPIC_POLL_IRQ = 1;
  private static final int SEND_IPI = 10;
  private static final int SCHED_YIELD = 11;

  private static final long NOT_PERMITTED = -1;
  private static final long BAD_ARGUMENT = -22;
  private static final long NO_SUCH_CALL = -1000;
  private static final long NOT_SUPPORTED = -95;

  /// Destination mode and shorthand of the ICR: SEND_IPI names its targets itself.
  private static final long ICR_DESTINATION = 1 << 11 | 3 << 18;

  private Hypercalls() {}

  /// VMCALL or VMMCALL.
  static void execute(Vcpu c, DecodedInstruction i, HypercallInstruction instruction) {
    switch (c.hypervisor.hypercall(c, instruction)) {
      case ANSWERED -> call(c);
      case PATCHED -> patch(c, i, instruction);
      case UNDEFINED -> throw c.fault.undefinedOpcode();
    }
  }

  /// KVM's emulator gets here by the #UD of the other vendor's instruction. Its table asks for CPL
  /// 0 of VMCALL and not of VMMCALL (arch/x86/kvm/emulate.c, group7_rm0 and group7_rm3). The write
  /// is one of the guest's own privilege, so that a page it must not write is #PF; it goes to RIP,
  /// not to CS:RIP. Then the instruction runs again, as what is there now.
  private static void patch(Vcpu c, DecodedInstruction i, HypercallInstruction instruction) {
    if (instruction == HypercallInstruction.VMCALL) {
      Privilege.requireZero(c);
    }
    int code = c.hypervisor.replacement();
    c.mmu.writeLinear(i.rip, HypercallInstruction.BYTES, code, c.cpl);
    c.rip = i.rip;
  }

  private static void call(Vcpu c) {
    boolean wide = c.mode == CpuMode.LONG64;
    long result = c.cpl == 0 ? result(c, (int) c.gpr[Vcpu.RAX]) : NOT_PERMITTED;
    c.gpr[Vcpu.RAX] = wide ? result : result & 0xFFFFFFFFL;
  }

  private static long result(Vcpu c, int number) {
    return switch (number) {
      case VAPIC_POLL_IRQ -> 0;
      case SEND_IPI -> sendIpi(c);
      case SCHED_YIELD -> {
        c.yieldTurn();
        yield 0;
      }
      default -> NO_SUCH_CALL;
    };
  }

  /// KVM_HC_SEND_IPI: a bitmap of targets in two registers, the APIC ID of its first bit, the low
  /// half of the ICR. KVM file lapic.c, kvm_pv_send_ipi: the result counts the targets reached;
  /// APIC IDs that nobody has count for nothing, and without a map of APIC IDs it fails.
  private static long sendIpi(Vcpu c) {
    long icr = c.gpr[Vcpu.RSI];
    if ((icr & ICR_DESTINATION) != 0) {
      return BAD_ARGUMENT;
    }
    if (!c.apic.canSendForGuest()) {
      return NOT_SUPPORTED;
    }
    long lowest = c.gpr[Vcpu.RDX] & 0xFFFFFFFFL;
    boolean wide = c.mode == CpuMode.LONG64;
    long used = wide ? -1 : 0xFFFFFFFFL;
    long reached = sendTo(c, c.gpr[Vcpu.RBX] & used, lowest, (int) icr);
    // An APIC ID is 32 bits: behind the last ones come the first.
    long next = lowest + (wide ? Long.SIZE : Integer.SIZE) & 0xFFFFFFFFL;
    return reached + sendTo(c, c.gpr[Vcpu.RCX] & used, next, (int) icr);
  }

  private static long sendTo(Vcpu c, long bitmap, long lowest, int icr) {
    long reached = 0;
    for (long left = bitmap; left != 0; left &= left - 1) {
      if (c.apic.sendForGuest(lowest + Long.numberOfTrailingZeros(left), icr)) {
        reached++;
      }
    }
    return reached;
  }
}
