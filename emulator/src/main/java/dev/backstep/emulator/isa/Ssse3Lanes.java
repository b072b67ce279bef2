package dev.backstep.emulator.isa;

/// SSSE3 instructions that work on each 64-bit lane by itself, MMX and XMM alike. SDM Vol. 2
/// "PABSB", "PMADDUBSW", "PMULHRSW", "PSIGNB".
public final class Ssse3Lanes {
  private Ssse3Lanes() {}

  public static long pabsb(long a) {
    return psignb(a, a);
  }

  public static long pabsw(long a) {
    return psignw(a, a);
  }

  public static long pabsd(long a) {
    return psignd(a, a);
  }

  public static long psignb(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 8) {
      long x = (byte) (a >>> k) * (long) Integer.signum((byte) (b >>> k));
      result |= (x & 0xFF) << k;
    }
    return result;
  }

  public static long psignw(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 16) {
      long x = (short) (a >>> k) * (long) Integer.signum((short) (b >>> k));
      result |= (x & 0xFFFF) << k;
    }
    return result;
  }

  public static long psignd(long a, long b) {
    long low = (int) a * (long) Integer.signum((int) b);
    long high = (a >> 32) * Long.signum(b >> 32);
    return high << 32 | low & Registers.LOW_32;
  }

  /// Unsigned bytes times signed bytes, adjacent products added with saturation.
  public static long pmaddubsw(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 16) {
      int even = (int) (a >>> k & 0xFF) * (byte) (b >>> k);
      int odd = (int) (a >>> k + 8 & 0xFF) * (byte) (b >>> k + 8);
      result |= (Math.clamp(even + odd, Short.MIN_VALUE, Short.MAX_VALUE) & 0xFFFFL) << k;
    }
    return result;
  }

  /// Bits 30 to 15 of the products, rounded.
  public static long pmulhrsw(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 16) {
      int product = (short) (a >>> k) * (short) (b >>> k);
      result |= ((product >> 14) + 1 >> 1 & 0xFFFFL) << k;
    }
    return result;
  }
}
