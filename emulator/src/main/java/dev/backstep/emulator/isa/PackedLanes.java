package dev.backstep.emulator.isa;

/// Interleaving, packing and shuffling of the elements of 64-bit lanes: what MMX does as it stands,
/// and SSE composes. SDM Vol. 2 "PUNPCKLBW", "PACKSSWB", "PSHUFW".
final class PackedLanes {
  /// The bytes of the low half, spread to every other byte.
  private static final long EVEN_BYTES = 0x00FF_00FF_00FF_00FFL;

  private static final long EVEN_WORDS = 0x0000_FFFF_0000_FFFFL;

  private PackedLanes() {}

  /// a0 b0 a1 b1… of the low halves, by bytes.
  static long interleaveBytes(long a, long b) {
    return Long.expand(a, EVEN_BYTES) | Long.expand(b, ~EVEN_BYTES);
  }

  static long interleaveWords(long a, long b) {
    return Long.expand(a, EVEN_WORDS) | Long.expand(b, ~EVEN_WORDS);
  }

  static long interleaveDoublewords(long a, long b) {
    return a & 0xFFFF_FFFFL | b << 32;
  }

  /// The four signed words of `a` as signed bytes, saturated, in the low half.
  static long packWordsSigned(long a) {
    long result = 0;
    for (int k = 0; k < 4; k++) {
      int word = (short) (a >>> 16 * k);
      result |= (Math.clamp(word, Byte.MIN_VALUE, Byte.MAX_VALUE) & 0xFFL) << 8 * k;
    }
    return result;
  }

  /// The four signed words of `a` as unsigned bytes, saturated, in the low half.
  static long packWordsUnsigned(long a) {
    long result = 0;
    for (int k = 0; k < 4; k++) {
      int word = (short) (a >>> 16 * k);
      result |= (long) Math.clamp(word, 0, 0xFF) << 8 * k;
    }
    return result;
  }

  /// The two signed doublewords of `a` as signed words, saturated, in the low half.
  static long packDoublewordsSigned(long a) {
    long low = Math.clamp((int) a, Short.MIN_VALUE, Short.MAX_VALUE) & 0xFFFFL;
    long high = Math.clamp((int) (a >> 32), Short.MIN_VALUE, Short.MAX_VALUE) & 0xFFFFL;
    return low | high << 16;
  }

  /// Four words of `a`, chosen by two bits of `order` each.
  static long shuffleWords(long a, long order) {
    long result = 0;
    for (int k = 0; k < 4; k++) {
      result |= (a >>> 16 * (order >>> 2 * k & 3) & 0xFFFF) << 16 * k;
    }
    return result;
  }

  /// `a` with word `index` (0 to 3) replaced.
  static long insertWord(long a, long word, long index) {
    long shift = 16 * (index & 3);
    return a & ~(0xFFFFL << shift) | (word & 0xFFFF) << shift;
  }

  /// The top bits of the eight bytes.
  static long byteSigns(long a) {
    return Long.compress(a, 0x8080_8080_8080_8080L);
  }
}
