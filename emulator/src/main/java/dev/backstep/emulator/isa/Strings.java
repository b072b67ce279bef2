package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// String instructions with their repeat prefixes. SDM Vol. 2 "MOVS" and the others, "REP"; Vol. 1
/// "String Operations".
///
/// Registers advance after every iteration, so that a fault leaves them at the element that faulted
/// and the instruction can be restarted. One execution does at most [#SLICE] iterations, or one
/// under the trap flag; if more remain, RIP stays at the instruction, and what is pending gets its
/// chance in between.
public final class Strings {
  /// Most iterations of one execution.
  static final int SLICE = 4096;

  private static final int ES = SegmentRegister.ES;
  private static final int REPEAT = DecodedInstruction.PREFIX_REP | DecodedInstruction.PREFIX_REPNE;

  private Strings() {}

  public static void movs8(Vcpu c, DecodedInstruction i) {
    movs(c, i, 1);
  }

  public static void movs16(Vcpu c, DecodedInstruction i) {
    movs(c, i, 2);
  }

  public static void movs32(Vcpu c, DecodedInstruction i) {
    movs(c, i, 4);
  }

  public static void movs64(Vcpu c, DecodedInstruction i) {
    movs(c, i, 8);
  }

  private static void movs(Vcpu c, DecodedInstruction i, int bytes) {
    long mask = i.addressMask;
    long step = step(c, bytes);
    int left = iterations(c, i);
    while (left > 0) {
      int done = StringRuns.copy(c, i, bytes, left);
      if (done == 0) {
        long value = Memory.load(c, i.segment, c.gpr[Vcpu.RSI] & mask, bytes);
        Memory.store(c, ES, c.gpr[Vcpu.RDI] & mask, bytes, value);
        advance(c, Vcpu.RSI, step, mask);
        advance(c, Vcpu.RDI, step, mask);
        done = 1;
      }
      left -= done;
      if (endsAfter(c, i, done)) {
        break;
      }
    }
    repeatIfMore(c, i);
  }

  public static void stos8(Vcpu c, DecodedInstruction i) {
    stos(c, i, 1);
  }

  public static void stos16(Vcpu c, DecodedInstruction i) {
    stos(c, i, 2);
  }

  public static void stos32(Vcpu c, DecodedInstruction i) {
    stos(c, i, 4);
  }

  public static void stos64(Vcpu c, DecodedInstruction i) {
    stos(c, i, 8);
  }

  private static void stos(Vcpu c, DecodedInstruction i, int bytes) {
    long mask = i.addressMask;
    long step = step(c, bytes);
    int left = iterations(c, i);
    while (left > 0) {
      int done = StringRuns.fill(c, i, bytes, left);
      if (done == 0) {
        Memory.store(c, ES, c.gpr[Vcpu.RDI] & mask, bytes, c.gpr[Vcpu.RAX]);
        advance(c, Vcpu.RDI, step, mask);
        done = 1;
      }
      left -= done;
      if (endsAfter(c, i, done)) {
        break;
      }
    }
    repeatIfMore(c, i);
  }

  public static void lods8(Vcpu c, DecodedInstruction i) {
    lods(c, i, 1);
  }

  public static void lods16(Vcpu c, DecodedInstruction i) {
    lods(c, i, 2);
  }

  public static void lods32(Vcpu c, DecodedInstruction i) {
    lods(c, i, 4);
  }

  public static void lods64(Vcpu c, DecodedInstruction i) {
    lods(c, i, 8);
  }

  private static void lods(Vcpu c, DecodedInstruction i, int bytes) {
    long mask = i.addressMask;
    long step = step(c, bytes);
    for (int left = iterations(c, i); left > 0; left--) {
      long value = Memory.load(c, i.segment, c.gpr[Vcpu.RSI] & mask, bytes);
      Registers.store(c, Vcpu.RAX, bytes, value);
      advance(c, Vcpu.RSI, step, mask);
      if (endsAfterIteration(c, i)) {
        break;
      }
    }
    repeatIfMore(c, i);
  }

  public static void cmps8(Vcpu c, DecodedInstruction i) {
    cmps(c, i, 1);
  }

  public static void cmps16(Vcpu c, DecodedInstruction i) {
    cmps(c, i, 2);
  }

  public static void cmps32(Vcpu c, DecodedInstruction i) {
    cmps(c, i, 4);
  }

  public static void cmps64(Vcpu c, DecodedInstruction i) {
    cmps(c, i, 8);
  }

  private static void cmps(Vcpu c, DecodedInstruction i, int bytes) {
    long mask = i.addressMask;
    long step = step(c, bytes);
    for (int left = iterations(c, i); left > 0; left--) {
      long a = Memory.load(c, i.segment, c.gpr[Vcpu.RSI] & mask, bytes);
      long b = Memory.load(c, ES, c.gpr[Vcpu.RDI] & mask, bytes);
      compare(c, a, b, bytes);
      advance(c, Vcpu.RSI, step, mask);
      advance(c, Vcpu.RDI, step, mask);
      if (endsAfterIteration(c, i) || isDecided(c, i)) {
        break;
      }
    }
    repeatUnlessDecided(c, i);
  }

  public static void scas8(Vcpu c, DecodedInstruction i) {
    scas(c, i, 1);
  }

  public static void scas16(Vcpu c, DecodedInstruction i) {
    scas(c, i, 2);
  }

  public static void scas32(Vcpu c, DecodedInstruction i) {
    scas(c, i, 4);
  }

  public static void scas64(Vcpu c, DecodedInstruction i) {
    scas(c, i, 8);
  }

  private static void scas(Vcpu c, DecodedInstruction i, int bytes) {
    long mask = i.addressMask;
    long step = step(c, bytes);
    for (int left = iterations(c, i); left > 0; left--) {
      long b = Memory.load(c, ES, c.gpr[Vcpu.RDI] & mask, bytes);
      long a = c.gpr[Vcpu.RAX] << 64 - 8 * bytes >> 64 - 8 * bytes;
      compare(c, a, b, bytes);
      advance(c, Vcpu.RDI, step, mask);
      if (endsAfterIteration(c, i) || isDecided(c, i)) {
        break;
      }
    }
    repeatUnlessDecided(c, i);
  }

  private static void compare(Vcpu c, long a, long b, int bytes) {
    switch (bytes) {
      case 1 -> IntAlu.cmp8(c, a, b);
      case 2 -> IntAlu.cmp16(c, a, b);
      case 4 -> IntAlu.cmp32(c, a, b);
      default -> IntAlu.cmp64(c, a, b);
    }
  }

  /// How many iterations this execution does at most: 1 without a prefix, 0 if the counter is zero.
  static int iterations(Vcpu c, DecodedInstruction i) {
    if (!i.has(REPEAT)) {
      return 1;
    }
    long count = c.gpr[Vcpu.RCX] & i.addressMask;
    long most = c.flag(Rflags.TF) ? 1 : SLICE;
    return (int) (Long.compareUnsigned(count, most) < 0 ? count : most);
  }

  /// The distance from one element to the next, down with DF.
  static long step(Vcpu c, int bytes) {
    return c.flag(Rflags.DF) ? -bytes : bytes;
  }

  static void advance(Vcpu c, int register, long step, long mask) {
    Registers.storeMasked(c, register, c.gpr[register] + step, mask);
  }

  /// Counts the iteration; true if a data breakpoint was met and must be reported now. SDM Vol. 3
  /// "Data Memory and I/O Breakpoint Exception Conditions".
  static boolean endsAfterIteration(Vcpu c, DecodedInstruction i) {
    return endsAfter(c, i, 1);
  }

  private static boolean endsAfter(Vcpu c, DecodedInstruction i, int iterations) {
    if (i.has(REPEAT)) {
      advance(c, Vcpu.RCX, -iterations, i.addressMask);
    }
    return c.pendingDebugTraps != 0;
  }

  /// Leaves RIP at the instruction while its counter is not zero.
  static void repeatIfMore(Vcpu c, DecodedInstruction i) {
    if (i.has(REPEAT) && (c.gpr[Vcpu.RCX] & i.addressMask) != 0) {
      c.rip = i.rip;
      c.holdBreakpointsOfRepetition();
    }
  }

  /// Whether REPE met a difference, or REPNE a match.
  private static boolean isDecided(Vcpu c, DecodedInstruction i) {
    return i.has(REPEAT) && Rflags.zf(c) == i.has(DecodedInstruction.PREFIX_REPNE);
  }

  private static void repeatUnlessDecided(Vcpu c, DecodedInstruction i) {
    if (!isDecided(c, i)) {
      repeatIfMore(c, i);
    }
  }
}
