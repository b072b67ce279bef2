package dev.backstep.emulator.isa;

/// SSSE3 instructions that move elements about in a 128-bit lane. SDM Vol. 2 "PHADDW/PHADDD",
/// "PSHUFB", "PALIGNR".
public final class Ssse3Xmm {
  private Ssse3Xmm() {}

  public static void phaddw(long[] d, long[] a, long[] b, int at) {
    d[at] = Ssse3Mmx.phaddw(a[at], a[at + 1]);
    d[at + 1] = Ssse3Mmx.phaddw(b[at], b[at + 1]);
  }

  public static void phaddsw(long[] d, long[] a, long[] b, int at) {
    d[at] = Ssse3Mmx.phaddsw(a[at], a[at + 1]);
    d[at + 1] = Ssse3Mmx.phaddsw(b[at], b[at + 1]);
  }

  public static void phaddd(long[] d, long[] a, long[] b, int at) {
    d[at] = Ssse3Mmx.phaddd(a[at], a[at + 1]);
    d[at + 1] = Ssse3Mmx.phaddd(b[at], b[at + 1]);
  }

  public static void phsubw(long[] d, long[] a, long[] b, int at) {
    d[at] = Ssse3Mmx.phsubw(a[at], a[at + 1]);
    d[at + 1] = Ssse3Mmx.phsubw(b[at], b[at + 1]);
  }

  public static void phsubsw(long[] d, long[] a, long[] b, int at) {
    d[at] = Ssse3Mmx.phsubsw(a[at], a[at + 1]);
    d[at + 1] = Ssse3Mmx.phsubsw(b[at], b[at + 1]);
  }

  public static void phsubd(long[] d, long[] a, long[] b, int at) {
    d[at] = Ssse3Mmx.phsubd(a[at], a[at + 1]);
    d[at + 1] = Ssse3Mmx.phsubd(b[at], b[at + 1]);
  }

  public static void pshufb(long[] d, long[] a, long[] b, int at) {
    d[at] = shuffled(a[at], a[at + 1], b[at]);
    d[at + 1] = shuffled(a[at], a[at + 1], b[at + 1]);
  }

  private static long shuffled(long low, long high, long indices) {
    long result = 0;
    for (int k = 0; k < 64; k += 8) {
      int index = (int) (indices >>> k);
      long half = (index & 8) == 0 ? low : high;
      result |= (index & 0x80) != 0 ? 0 : (half >>> 8 * (index & 7) & 0xFF) << k;
    }
    return result;
  }

  /// The 16 bytes of `a` above those of `b`, from byte `count` on.
  public static void palignr(long[] d, long[] a, long[] b, int at, int count) {
    int first = Math.min(count & 0xFF, 32) >> 3;
    int bits = 8 * (count & 7);
    d[at] = Ssse3Mmx.window(quarter(a, b, at, first + 1), quarter(a, b, at, first), bits);
    d[at + 1] = Ssse3Mmx.window(quarter(a, b, at, first + 2), quarter(a, b, at, first + 1), bits);
  }

  /// Quadword `k` of `a` above `b`, zero above both.
  private static long quarter(long[] a, long[] b, int at, int k) {
    return switch (k) {
      case 0, 1 -> b[at + k];
      case 2, 3 -> a[at + k - 2];
      default -> 0;
    };
  }
}
