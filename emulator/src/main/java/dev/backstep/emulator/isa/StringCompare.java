package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;

/// The string instructions of SSE4.2. SDM Vol. 2 "Imm8 Control Byte Operation for PCMPESTRI /
/// PCMPESTRM / PCMPISTRI / PCMPISTRM".
///
/// ```
/// 7  6                5..4      3..2         1      0
/// -  high end, mask   polarity  aggregation  signed words
/// ```
public final class StringCompare {
  private static final int WORDS = 1;
  private static final int SIGNED = 1 << 1;
  private static final int AGGREGATION_SHIFT = 2;
  private static final int EQUAL_ANY = 0;
  private static final int RANGES = 1;
  private static final int EQUAL_EACH = 2;
  private static final int NEGATIVE = 1 << 4;
  private static final int MASKED = 1 << 5;

  /// The most significant index, or a mask of whole elements.
  private static final int OTHER_OUTPUT = 1 << 6;

  private StringCompare() {}

  /// Explicit lengths, in RAX (EAX) and RDX (EDX); yields an index in ECX.
  public static void pcmpestri(Vcpu c, DecodedInstruction i) {
    begin(c, i);
    index(c, i, length(c, i, Vcpu.RAX), length(c, i, Vcpu.RDX));
  }

  /// Yields a mask in XMM0.
  public static void pcmpestrm(Vcpu c, DecodedInstruction i) {
    begin(c, i);
    mask(c, i, length(c, i, Vcpu.RAX), length(c, i, Vcpu.RDX));
  }

  /// Implicit lengths: a zero element ends the string.
  public static void pcmpistri(Vcpu c, DecodedInstruction i) {
    begin(c, i);
    index(c, i, length(c.fpu.scratchA, i), length(c.fpu.scratchB, i));
  }

  public static void pcmpistrm(Vcpu c, DecodedInstruction i) {
    begin(c, i);
    mask(c, i, length(c.fpu.scratchA, i), length(c.fpu.scratchB, i));
  }

  /// Operands 0 and 1, the second of which need not be aligned.
  private static void begin(Vcpu c, DecodedInstruction i) {
    VectorOperands.require(c, i);
    VectorOperands.load(c, i, 0, c.fpu.scratchA);
    if (i.isMemory()) {
      VectorOperands.loadMemory(c, i, i.effectiveAddress(c.gpr), 16, c.fpu.scratchB);
      return;
    }
    VectorOperands.load(c, i, 1, c.fpu.scratchB);
  }

  private static int elements(DecodedInstruction i) {
    return (i.immediate & WORDS) != 0 ? 8 : 16;
  }

  /// The magnitude of a register, at most the number of elements.
  private static int length(Vcpu c, DecodedInstruction i, int register) {
    long value = c.gpr[register];
    long signed = i.has(DecodedInstruction.PREFIX_REX_W) ? value : (int) value;
    // The magnitude of the least number is itself: unsigned, it is larger than any.
    long magnitude = Math.abs(signed);
    return Long.compareUnsigned(magnitude, elements(i)) > 0 ? elements(i) : (int) magnitude;
  }

  private static int length(long[] string, DecodedInstruction i) {
    int elements = elements(i);
    int length = 0;
    while (length < elements && element(string, length, (int) i.immediate) != 0) {
      length++;
    }
    return length;
  }

  private static int element(long[] string, int k, int control) {
    if ((control & WORDS) != 0) {
      long word = string[k >> 2] >>> 16 * (k & 3);
      return (control & SIGNED) != 0 ? (short) word : (int) word & 0xFFFF;
    }
    long octet = string[k >> 3] >>> 8 * (k & 7);
    return (control & SIGNED) != 0 ? (byte) octet : (int) octet & 0xFF;
  }

  private static void index(Vcpu c, DecodedInstruction i, int lengthA, int lengthB) {
    int found = compare(c, i, lengthA, lengthB);
    int index = elements(i);
    if (found != 0) {
      boolean highest = (i.immediate & OTHER_OUTPUT) != 0;
      index =
          highest ? 31 - Integer.numberOfLeadingZeros(found) : Integer.numberOfTrailingZeros(found);
    }
    c.gpr[Vcpu.RCX] = index;
  }

  private static void mask(Vcpu c, DecodedInstruction i, int lengthA, int lengthB) {
    long found = compare(c, i, lengthA, lengthB);
    long low = found;
    long high = 0;
    if ((i.immediate & OTHER_OUTPUT) != 0) {
      boolean words = (i.immediate & WORDS) != 0;
      low = words ? wordMask(found) : byteMask(found);
      high = words ? wordMask(found >> 4) : byteMask(found >> 8);
    }
    VectorState.storeXmm(c, 0, low, high);
    VectorOperands.clearRest(c, i, 0);
  }

  private static long byteMask(long bits) {
    return Long.expand(bits, 0x0101_0101_0101_0101L) * 0xFF;
  }

  private static long wordMask(long bits) {
    return Long.expand(bits, 0x0001_0001_0001_0001L) * 0xFFFF;
  }

  /// IntRes2; sets the flags.
  private static int compare(Vcpu c, DecodedInstruction i, int lengthA, int lengthB) {
    int control = (int) i.immediate;
    int elements = elements(i);
    int result = 0;
    for (int j = 0; j < elements; j++) {
      boolean hit =
          switch (control >> AGGREGATION_SHIFT & 3) {
            case EQUAL_ANY -> j < lengthB && any(c, control, lengthA, j);
            case RANGES -> j < lengthB && inRange(c, control, lengthA, j);
            case EQUAL_EACH -> each(c, control, lengthA, lengthB, j);
            default -> ordered(c, control, lengthA, lengthB, j);
          };
      result |= hit ? 1 << j : 0;
    }
    if ((control & NEGATIVE) != 0) {
      result ^= (control & MASKED) != 0 ? (1 << lengthB) - 1 : (1 << elements) - 1;
    }
    Rflags.setArithmetic(
        c,
        (result != 0 ? Rflags.CF : 0)
            | (lengthB < elements ? Rflags.ZF : 0)
            | (lengthA < elements ? Rflags.SF : 0)
            | ((result & 1) != 0 ? Rflags.OF : 0));
    return result;
  }

  /// Element `j` of the second string is one of the first.
  private static boolean any(Vcpu c, int control, int lengthA, int j) {
    int x = element(c.fpu.scratchB, j, control);
    for (int k = 0; k < lengthA; k++) {
      if (element(c.fpu.scratchA, k, control) == x) {
        return true;
      }
    }
    return false;
  }

  /// It is within one of the ranges in the first string. A range that lacks its end matches
  /// nothing.
  private static boolean inRange(Vcpu c, int control, int lengthA, int j) {
    int x = element(c.fpu.scratchB, j, control);
    for (int k = 0; k + 1 < lengthA; k += 2) {
      int from = element(c.fpu.scratchA, k, control);
      int to = element(c.fpu.scratchA, k + 1, control);
      if (from <= x && x <= to) {
        return true;
      }
    }
    return false;
  }

  /// Elements `j` are equal, or both strings have ended.
  private static boolean each(Vcpu c, int control, int lengthA, int lengthB, int j) {
    if (j >= lengthA || j >= lengthB) {
      return j >= lengthA && j >= lengthB;
    }
    return element(c.fpu.scratchA, j, control) == element(c.fpu.scratchB, j, control);
  }

  /// The first string, as far as the second has room for it, stands at `j`.
  private static boolean ordered(Vcpu c, int control, int lengthA, int lengthB, int j) {
    int elements = (control & WORDS) != 0 ? 8 : 16;
    for (int k = 0; k < lengthA && j + k < elements; k++) {
      if (j + k >= lengthB
          || element(c.fpu.scratchA, k, control) != element(c.fpu.scratchB, j + k, control)) {
        return false;
      }
    }
    return true;
  }
}
