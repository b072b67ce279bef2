package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Vcpu;

/// VMCALL and VMMCALL as KVM answers them: number in RAX, arguments in RBX, RCX, RDX, RSI, result
/// in RAX. Linux Documentation/virt/kvm/x86/hypercalls.rst.
final class Hypercalls {
  private static final int VAPIC_POLL_IRQ = 1;
  private static final int SCHED_YIELD = 11;

  private static final long NOT_PERMITTED = -1;
  private static final long NO_SUCH_CALL = -1000;

  private Hypercalls() {}

  static void call(Vcpu c) {
    boolean wide = c.mode == CpuMode.LONG64;
    long result = c.cpl == 0 ? result(c, (int) c.gpr[Vcpu.RAX]) : NOT_PERMITTED;
    c.gpr[Vcpu.RAX] = wide ? result : result & 0xFFFFFFFFL;
  }

  private static long result(Vcpu c, int number) {
    return switch (number) {
      case VAPIC_POLL_IRQ -> 0;
      case SCHED_YIELD -> {
        c.yieldTurn();
        yield 0;
      }
      default -> NO_SUCH_CALL;
    };
  }
}
