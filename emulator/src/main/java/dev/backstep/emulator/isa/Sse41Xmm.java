package dev.backstep.emulator.isa;

/// SSE4.1 instructions on one 128-bit lane. Blends and MPSADBW give the upper lane of a YMM
/// register its own bits of the immediate: `at` is 0 for the lower lane and 2 for the upper. SDM
/// Vol. 2 "PACKUSDW", "PBLENDW", "BLENDPS", "BLENDPD", "MPSADBW", "PHMINPOSUW".
public final class Sse41Xmm {
  private Sse41Xmm() {}

  public static void packusdw(long[] d, long[] a, long[] b, int at) {
    d[at] = words(a[at]) | words(a[at + 1]) << 32;
    d[at + 1] = words(b[at]) | words(b[at + 1]) << 32;
  }

  /// Two signed doublewords as unsigned words, saturated.
  private static long words(long a) {
    return Math.clamp((int) a, 0, 0xFFFF) | (long) Math.clamp((int) (a >> 32), 0, 0xFFFF) << 16;
  }

  /// The upper lane uses the same eight bits.
  public static void pblendw(long[] d, long[] a, long[] b, int at, int choice) {
    long low = Long.expand(choice, 0x0001_0001_0001_0001L) * 0xFFFF;
    long high = Long.expand(choice >> 4, 0x0001_0001_0001_0001L) * 0xFFFF;
    blend(d, a, b, at, low, high);
  }

  public static void blendps(long[] d, long[] a, long[] b, int at, int choice) {
    int bits = choice >> 2 * at;
    long low = Long.expand(bits, 0x0000_0001_0000_0001L) * 0xFFFF_FFFFL;
    long high = Long.expand(bits >> 2, 0x0000_0001_0000_0001L) * 0xFFFF_FFFFL;
    blend(d, a, b, at, low, high);
  }

  public static void blendpd(long[] d, long[] a, long[] b, int at, int choice) {
    int bits = choice >> at;
    blend(d, a, b, at, -(bits & 1L), -(bits >> 1 & 1L));
  }

  /// `b` where the masks are set, else `a`.
  private static void blend(long[] d, long[] a, long[] b, int at, long low, long high) {
    d[at] = a[at] & ~low | b[at] & low;
    d[at + 1] = a[at + 1] & ~high | b[at + 1] & high;
  }

  /// Differences of four bytes of `b` to the four bytes at each of eight places in `a`.
  public static void mpsadbw(long[] d, long[] a, long[] b, int at, int places) {
    int choice = places >> 3 * at / 2;
    int first = (choice & 4) != 0 ? 4 : 0;
    int block = (int) (b[at + (choice >> 1 & 1)] >>> 32 * (choice & 1));
    d[at] = differences(a, at, first, block);
    d[at + 1] = differences(a, at, first + 4, block);
  }

  private static long differences(long[] a, int at, int first, int block) {
    long result = 0;
    for (int k = 0; k < 4; k++) {
      long sum = 0;
      for (int j = 0; j < 4; j++) {
        int index = first + k + j;
        int x = (int) (a[at + (index >> 3)] >>> 8 * (index & 7)) & 0xFF;
        sum += Math.abs(x - (block >>> 8 * j & 0xFF));
      }
      result |= sum << 16 * k;
    }
    return result;
  }

  /// The least word, and the place where it stands first.
  public static void phminposuw(long[] d, long[] a, int at) {
    int least = 0x1_0000;
    int place = 0;
    for (int k = 0; k < 8; k++) {
      int word = (int) (a[at + (k >> 2)] >>> 16 * (k & 3)) & 0xFFFF;
      if (word < least) {
        least = word;
        place = k;
      }
    }
    d[at] = (long) place << 16 | least;
    d[at + 1] = 0;
  }
}
