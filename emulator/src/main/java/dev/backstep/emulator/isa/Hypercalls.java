package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Vcpu;

/// VMCALL and VMMCALL as KVM answers them: number in RAX, arguments in RBX, RCX, RDX, RSI, result
/// in RAX. Linux Documentation/virt/kvm/x86/hypercalls.rst.
final class Hypercalls {
  private static final int VAPIC_POLL_IRQ = 1;
  private static final int SEND_IPI = 10;
  private static final int SEND_IPI = 10;
  private static final int SCHED_YIELD = 11;

  /// -EINVAL
  private static final long BAD_ARGUMENT = -22;

  /// ICR bits 10:8.
  private static final int DELIVERY_MODE_SHIFT = 8;

  private static final int FIXED = 0;
  private static final int NMI = 4;

  private static final long NOT_PERMITTED = -1;
  private static final long NO_SUCH_CALL = -1000;
  private static final long INVALID_ARGUMENT = -22;

  /// Destination mode and shorthand of the ICR: SEND_IPI names its targets itself.
  private static final long ICR_DESTINATION = 1 << 11 | 3 << 18;

  private Hypercalls() {}

  static void call(Vcpu c) {
    boolean wide = c.mode == CpuMode.LONG64;
    long result = c.cpl == 0 ? result(c, (int) c.gpr[Vcpu.RAX]) : NOT_PERMITTED;
    c.gpr[Vcpu.RAX] = wide ? result : result & 0xFFFFFFFFL;
  }

  private static long result(Vcpu c, int number) {
    return switch (number) {
      case VAPIC_POLL_IRQ -> 0;
      case SEND_IPI -> sendIpi(c);
      case SEND_IPI -> sendIpi(c);
      case SCHED_YIELD -> {
        c.yieldTurn();
        yield 0;
      }
      default -> NO_SUCH_CALL;
    };
  }

  /// KVM_HC_SEND_IPI: a bitmap of targets, the lowest one's APIC ID, and the ICR. KVM file lapic.c,
  /// kvm_pv_send_ipi: fixed interrupts and NMIs only; the result counts the targets reached.
  private static long sendIpi(Vcpu c) {
    int icr = (int) c.gpr[Vcpu.RSI];
    int mode = icr >>> DELIVERY_MODE_SHIFT & 7;
    if (mode != FIXED && mode != NMI) {
      return BAD_ARGUMENT;
    }
    long lowest = c.gpr[Vcpu.RDX] & 0xFFFFFFFFL;
    return sendTo(c, c.gpr[Vcpu.RBX], lowest, icr)
        + sendTo(c, c.gpr[Vcpu.RCX], lowest + Long.SIZE, icr);
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

  /// KVM_HC_SEND_IPI: two bitmaps of targets, the lowest APIC ID, the low half of the ICR. The result is how
  /// many targets accepted it; APIC IDs that no vCPU has count for nothing.
  private static long sendIpi(Vcpu c) {
    boolean wide = c.mode == CpuMode.LONG64;
    long icr = c.gpr[Vcpu.RSI];
    if ((icr & ICR_DESTINATION) != 0) {
      return INVALID_ARGUMENT;
    }
    long lowest = c.gpr[Vcpu.RDX] & 0xFFFFFFFFL;
    int width = wide ? 64 : 32;
    long count = sendTo(c, c.gpr[Vcpu.RBX], width, lowest, (int) icr);
    return count + sendTo(c, c.gpr[Vcpu.RCX], width, lowest + width, (int) icr);
  }

  private static long sendTo(Vcpu c, long bitmap, int width, long lowest, int icr) {
    long count = 0;
    for (int k = 0; k < width; k++) {
      if ((bitmap >>> k & 1) != 0 && c.apic.sendForGuest(lowest + k, icr)) {
        count++;
      }
    }
    return count;
  }
}
