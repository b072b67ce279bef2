package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// Debug exceptions and breakpoints. SDM Vol. 3 "Debug Registers", "Debug Exceptions".
///
/// DR7 holds for breakpoint k: enable bits 2k (local) and 2k + 1 (global), condition in bits 16 +
/// 4k and 17 + 4k (0 execute, 1 write, 2 I/O, 3 read or write), length in bits 18 + 4k and 19 + 4k.
public final class DebugTraps {
  private static final int EXECUTE = 0;
  private static final int PORT_IO = 2;
  private static final int BREAKPOINTS = 4;

  /// B0 to B3 of DR6.
  private static final long BREAKPOINT_BITS = 0xF;

  private DebugTraps() {}

  /// Delivers the #DB for the traps in [Vcpu#pendingDebugTraps]; they go into DR6.
  public static void deliverPending(Vcpu c) {
    long traps = c.pendingDebugTraps;
    c.pendingDebugTraps = 0;
    if (traps != 0) {
      report(c, traps);
      EventDelivery.debugTrap(c);
    }
  }

  /// Puts the conditions of a debug exception into DR6: B0 to B3 tell of this exception alone, the
  /// other bits gather. SDM Vol. 3 "Debug Status Register (DR6)".
  static void report(Vcpu c, long conditions) {
    c.dr[6] = c.dr[6] & ~BREAKPOINT_BITS | conditions;
  }

  /// INT1 raises its #DB together with the traps that MOV SS held back; they go into DR6.
  static void joinPending(Vcpu c) {
    if (c.pendingDebugTraps != 0) {
      report(c, c.pendingDebugTraps);
      c.pendingDebugTraps = 0;
    }
  }

  /// Whether an enabled instruction breakpoint is set on the next instruction and RF does not mask
  /// it. If so DR6 says which; the caller raises #DB, a fault.
  public static boolean matchesInstructionBreakpoint(Vcpu c) {
    boolean afterStackSwitch =
        c.interruptShadow && c.stackSwitchShadow && c.cpuid.holdsBreakpointsAfterStackSwitch();
    if (c.flag(Rflags.RF) || afterStackSwitch) {
      return false;
    }
    long gva = c.rip;
    if (!c.segments[SegmentRegister.CS].is(SegmentRegister.LONG) || !c.isLongModeActive()) {
      gva = c.segments[SegmentRegister.CS].base + c.rip & 0xFFFFFFFFL;
    }
    long hits = 0;
    for (int k = 0; k < BREAKPOINTS; k++) {
      if (isEnabled(c, k) && condition(c, k) == EXECUTE && c.dr[k] == gva) {
        hits |= 1L << k;
      }
    }
    if (hits != 0) {
      report(c, hits);
    }
    return hits != 0;
  }

  /// Whether TF, set before `i`, traps after it: with IA32_DEBUGCTL.BTF only after a branch that
  /// was taken. SDM Vol. 3 "Single-Stepping on Branches".
  public static boolean stepsAfter(Vcpu c, DecodedInstruction i) {
    return (c.msr.debugControl & ControlBits.DEBUGCTL_BTF) == 0 || Branches.wasTaken(c, i);
  }

  /// SYSCALL and SYSRET: whether a single-step trap follows depends on TF as they left it, not as
  /// they found it.
  static void judgeStepAfterwards(Vcpu c) {
    c.stepTrapSuppressed = true;
    if (c.flag(Rflags.TF)) {
      c.pendingDebugTraps |= ControlBits.DR6_BS;
    }
  }

  /// Notes the I/O breakpoints that an access to `bytes` ports from `port` hits: traps, raised when
  /// the instruction has retired. Only with CR4.DE.
  static void portAccessed(Vcpu c, int port, int bytes) {
    if ((c.dr[7] & 0xFF) == 0 || !c.cr4(ControlBits.CR4_DE)) {
      return;
    }
    for (int k = 0; k < BREAKPOINTS; k++) {
      long length = length(c, k);
      long first = c.dr[k] & -length;
      boolean overlaps = port < first + length && first < port + bytes;
      if (isEnabled(c, k) && condition(c, k) == PORT_IO && overlaps) {
        c.pendingDebugTraps |= 1L << k;
        c.requestAttention();
      }
    }
  }

  /// RF in the flags image that delivery of a fault pushes: set, so that the instruction is not
  /// stopped by its breakpoint when it runs again; not for the #DB of that breakpoint, nor for
  /// traps and aborts. SDM Vol. 3 "Instruction-Breakpoint Exception Condition".
  static int resumeFlagOf(Vcpu c, int vector) {
    return switch (vector) {
      // A #DB fault without a breakpoint is general detect.
      case GuestFault.DB -> (c.dr[6] & BREAKPOINT_BITS) == 0 ? Rflags.RF : 0;
      case GuestFault.NMI, GuestFault.BP, GuestFault.OF, GuestFault.DF, GuestFault.MC -> 0;
      default -> Rflags.RF;
    };
  }

  private static boolean isEnabled(Vcpu c, int k) {
    return (c.dr[7] >>> 2 * k & 3) != 0;
  }

  private static int condition(Vcpu c, int k) {
    return (int) (c.dr[7] >>> 16 + 4 * k) & 3;
  }

  /// Length in bytes: 1, 2, 8 or 4.
  private static long length(Vcpu c, int k) {
    return switch ((int) (c.dr[7] >>> 18 + 4 * k) & 3) {
      case 0 -> 1;
      case 1 -> 2;
      case 2 -> 8;
      default -> 4;
    };
  }
}
