package dev.backstep.emulator.isa;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.testing.BareVcpu;
import dev.backstep.emulator.testing.InstructionRunner;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The string instructions with every immediate, against a reading of the manual that compares all
/// pairs first. SDM Vol. 2 "Valid/Invalid Override of Comparisons".
class StringCompareTest {
  private static final int CASES = 60;

  private final Arena arena = Arena.ofConfined();
  private final Vcpu c = new BareVcpu(arena, 0x10_0000).longMode(0x20_0000, 0x1000, 0x8000).vcpu;
  private final InstructionRunner runner = new InstructionRunner();
  private final SplittableRandom random = new SplittableRandom(20_261_122);
  private final int[][] strings = new int[2][];
  private int control;

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void findsIndicesOfStringsThatEndWithZero() {
    for (control = 0; control < 256; control++) {
      for (int k = 0; k < CASES; k++) {
        fill();
        assertEquals(
            InstructionRunner.NO_FAULT, runner.run(c, "66 0F 3A 63 CA %02x".formatted(control)));
        check(implicitLength(0), implicitLength(1));
      }
    }
  }

  @Test
  void findsIndicesOfStringsWithLengths() {
    for (control = 0; control < 256; control++) {
      for (int k = 0; k < CASES; k++) {
        fill();
        int a = random.nextInt(41) - 20;
        int b = random.nextInt(41) - 20;
        c.gpr[Vcpu.RAX] = a & 0xFFFF_FFFFL | (long) random.nextInt() << 32;
        c.gpr[Vcpu.RDX] = b & 0xFFFF_FFFFL | (long) random.nextInt() << 32;
        assertEquals(
            InstructionRunner.NO_FAULT, runner.run(c, "66 0F 3A 61 CA %02x".formatted(control)));
        check(Math.min(Math.abs(a), elements()), Math.min(Math.abs(b), elements()));
      }
    }
  }

  @Test
  void makesMasksOfBitsOrOfWholeElements() {
    for (control = 0; control < 256; control++) {
      fill();
      int found = expected(implicitLength(0), implicitLength(1));
      assertEquals(
          InstructionRunner.NO_FAULT, runner.run(c, "66 0F 3A 62 CA %02x".formatted(control)));
      int width = (control & 0x40) == 0 ? 1 : 128 / elements();
      for (int bit = 0; bit < 128; bit++) {
        long quadword = c.fpu.xmm[bit / 64];
        int element = bit / width;
        boolean set = element < elements() && (found >> element & 1) != 0;
        assertEquals(set, (quadword >>> bit % 64 & 1) != 0, "control " + control + " bit " + bit);
      }
    }
  }

  private int elements() {
    return (control & 1) != 0 ? 8 : 16;
  }

  /// Strings over few letters in XMM1 and XMM2.
  private void fill() {
    int bits = 128 / elements();
    for (int s = 0; s < 2; s++) {
      strings[s] = new int[elements()];
      c.fpu.xmm[2 + 2 * s] = 0;
      c.fpu.xmm[3 + 2 * s] = 0;
      for (int k = 0; k < elements(); k++) {
        int letter =
            random.nextInt(12) == 0 ? 0 : random.nextInt(4) - (random.nextBoolean() ? 1 : 0);
        long raw = letter & (1L << bits) - 1;
        strings[s][k] = (control & 2) != 0 ? letter : (int) raw;
        c.fpu.xmm[2 + 2 * s + k * bits / 64] |= raw << k * bits % 64;
      }
    }
  }

  private int implicitLength(int s) {
    int length = 0;
    while (length < elements() && strings[s][length] != 0) {
      length++;
    }
    return length;
  }

  private void check(int lengthA, int lengthB) {
    int found = expected(lengthA, lengthB);
    int index = elements();
    if (found != 0) {
      index =
          (control & 0x40) != 0
              ? 31 - Integer.numberOfLeadingZeros(found)
              : Integer.numberOfTrailingZeros(found);
    }
    String what = "control " + control + " lengths " + lengthA + " " + lengthB;
    assertEquals(index, c.gpr[Vcpu.RCX], what);
    int flags =
        (found != 0 ? Rflags.CF : 0)
            | (lengthB < elements() ? Rflags.ZF : 0)
            | (lengthA < elements() ? Rflags.SF : 0)
            | ((found & 1) != 0 ? Rflags.OF : 0);
    assertEquals(flags, Rflags.arithmetic(c), what);
  }

  /// IntRes2 by way of the matrix of all comparisons.
  private int expected(int lengthA, int lengthB) {
    int n = elements();
    int aggregation = control >> 2 & 3;
    int result = 0;
    for (int j = 0; j < n; j++) {
      boolean all = true;
      boolean any = false;
      for (int i = 0; i < n; i++) {
        int b = aggregation == 3 ? i + j : j;
        if (b < n) {
          boolean one = compared(aggregation, i, b, i >= lengthA, b >= lengthB);
          all &= one;
          any |= aggregation == 1 ? (i & 1) == 0 && one && second(i, b, lengthA, lengthB) : one;
        }
      }
      boolean hit =
          switch (aggregation) {
            case 0, 1 -> any;
            case 2 -> compared(aggregation, j, j, j >= lengthA, j >= lengthB);
            default -> all;
          };
      result |= hit ? 1 << j : 0;
    }
    if ((control & 0x10) != 0) {
      result ^= (control & 0x20) != 0 ? (1 << lengthB) - 1 : (1 << n) - 1;
    }
    return result;
  }

  private boolean second(int i, int b, int lengthA, int lengthB) {
    return compared(1, i + 1, b, i + 1 >= lengthA, b >= lengthB);
  }

  /// One comparison, with the override for elements beyond the ends.
  private boolean compared(int aggregation, int i, int j, boolean endedA, boolean endedB) {
    if (endedA || endedB) {
      return switch (aggregation) {
        case 0, 1 -> false;
        case 2 -> endedA && endedB;
        default -> endedA;
      };
    }
    int a = strings[0][i];
    int b = strings[1][j];
    if (aggregation == 1) {
      return (i & 1) == 0 ? a <= b : b <= a;
    }
    return a == b;
  }
}
