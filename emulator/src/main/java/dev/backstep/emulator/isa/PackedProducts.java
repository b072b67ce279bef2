package dev.backstep.emulator.isa;

/// Products and sums of products of packed integers, on each 64-bit lane. SDM Vol. 2 "PMULLW",
/// "PMULHW", "PMULHUW", "PMULUDQ", "PMADDWD", "PSADBW".
public final class PackedProducts {
  private PackedProducts() {}

  public static long pmullw(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 16) {
      result |= (signed(a, k) * signed(b, k) & 0xFFFF) << k;
    }
    return result;
  }

  public static long pmulhw(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 16) {
      result |= (signed(a, k) * signed(b, k) >>> 16 & 0xFFFF) << k;
    }
    return result;
  }

  public static long pmulhuw(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 16) {
      long product = (a >>> k & 0xFFFF) * (b >>> k & 0xFFFF);
      result |= product >>> 16 << k;
    }
    return result;
  }

  public static long pmuludq(long a, long b) {
    return (a & Registers.LOW_32) * (b & Registers.LOW_32);
  }

  /// The one sum that does not fit, of four times 8000H, wraps.
  public static long pmaddwd(long a, long b) {
    long low = signed(a, 0) * signed(b, 0) + signed(a, 16) * signed(b, 16);
    long high = signed(a, 32) * signed(b, 32) + signed(a, 48) * signed(b, 48);
    return high << 32 | low & Registers.LOW_32;
  }

  private static long signed(long a, int at) {
    return (short) (a >>> at);
  }

  /// The sum of the differences of eight bytes.
  public static long psadbw(long a, long b) {
    long sum = 0;
    for (int k = 0; k < 64; k += 8) {
      sum += Math.abs((a >>> k & 0xFF) - (b >>> k & 0xFF));
    }
    return sum;
  }
}
