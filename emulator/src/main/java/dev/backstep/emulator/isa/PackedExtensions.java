package dev.backstep.emulator.isa;

/// Sign and zero extension of packed integers. SDM Vol. 2 "PMOVSX", "PMOVZX".
///
/// The source is the low part of a register: for the upper lane of a YMM register (`at` = 2) it
/// goes on where that of the lower lane ended.
public final class PackedExtensions {
  private static final long EVEN_BYTES = 0x00FF_00FF_00FF_00FFL;
  private static final long EVEN_WORDS = 0x0000_FFFF_0000_FFFFL;

  /// Every fourth byte.
  private static final long FOURTH_BYTES = 0x0000_00FF_0000_00FFL;

  private PackedExtensions() {}

  public static void pmovzxbw(long[] d, long[] a, int at) {
    long source = a[at >> 1];
    d[at] = Long.expand(source, EVEN_BYTES);
    d[at + 1] = Long.expand(source >>> 32, EVEN_BYTES);
  }

  public static void pmovzxbd(long[] d, long[] a, int at) {
    long source = a[0] >>> 16 * at;
    d[at] = Long.expand(source, FOURTH_BYTES);
    d[at + 1] = Long.expand(source >>> 16, FOURTH_BYTES);
  }

  public static void pmovzxbq(long[] d, long[] a, int at) {
    long source = a[0] >>> 8 * at;
    d[at] = source & 0xFF;
    d[at + 1] = source >>> 8 & 0xFF;
  }

  public static void pmovzxwd(long[] d, long[] a, int at) {
    long source = a[at >> 1];
    d[at] = Long.expand(source, EVEN_WORDS);
    d[at + 1] = Long.expand(source >>> 32, EVEN_WORDS);
  }

  public static void pmovzxwq(long[] d, long[] a, int at) {
    long source = a[0] >>> 16 * at;
    d[at] = source & 0xFFFF;
    d[at + 1] = source >>> 16 & 0xFFFF;
  }

  public static void pmovzxdq(long[] d, long[] a, int at) {
    long source = a[at >> 1];
    d[at] = source & Registers.LOW_32;
    d[at + 1] = source >>> 32;
  }

  public static void pmovsxbw(long[] d, long[] a, int at) {
    pmovzxbw(d, a, at);
    d[at] = extended(d[at], 0x0080_0080_0080_0080L, 0x1FE);
    d[at + 1] = extended(d[at + 1], 0x0080_0080_0080_0080L, 0x1FE);
  }

  public static void pmovsxbd(long[] d, long[] a, int at) {
    pmovzxbd(d, a, at);
    d[at] = extended(d[at], 0x0000_0080_0000_0080L, 0x1FF_FFFEL);
    d[at + 1] = extended(d[at + 1], 0x0000_0080_0000_0080L, 0x1FF_FFFEL);
  }

  /// Fills the bits above each sign: a sign bit times `above` is all bits from its left neighbour
  /// to the element's end.
  private static long extended(long elements, long signs, long above) {
    return elements | (elements & signs) * above;
  }

  public static void pmovsxbq(long[] d, long[] a, int at) {
    long source = a[0] >>> 8 * at;
    d[at] = (byte) source;
    d[at + 1] = (byte) (source >>> 8);
  }

  public static void pmovsxwd(long[] d, long[] a, int at) {
    pmovzxwd(d, a, at);
    d[at] = extended(d[at], 0x0000_8000_0000_8000L, 0x1_FFFEL);
    d[at + 1] = extended(d[at + 1], 0x0000_8000_0000_8000L, 0x1_FFFEL);
  }

  public static void pmovsxwq(long[] d, long[] a, int at) {
    long source = a[0] >>> 16 * at;
    d[at] = (short) source;
    d[at + 1] = (short) (source >>> 16);
  }

  public static void pmovsxdq(long[] d, long[] a, int at) {
    long source = a[at >> 1];
    d[at] = (int) source;
    d[at + 1] = source >> 32;
  }
}
