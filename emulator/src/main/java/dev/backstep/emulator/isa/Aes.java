package dev.backstep.emulator.isa;

/// AES rounds and key schedule, on one 128-bit lane. FIPS 197 "Advanced Encryption Standard"; SDM
/// Vol. 2 "AESENC" to "AESKEYGENASSIST".
///
/// Byte `4 * column + row` of a lane is element (row, column) of FIPS 197's state. A round reads
/// one table entry for each byte of the state: the column that this byte, substituted and
/// multiplied, contributes to.
public final class Aes {
  private static final int[] SUBSTITUTE = new int[256];
  private static final int[] SUBSTITUTE_BACK = new int[256];

  /// MixColumns of a column that has S(value) in row 0 and zeros below.
  private static final int[] ENCRYPT = new int[256];

  /// InvMixColumns of a column that has the inverse of S in row 0.
  private static final int[] DECRYPT = new int[256];

  /// InvMixColumns of a column that has `value` in row 0.
  private static final int[] MIX_BACK = new int[256];

  static {
    for (int value = 0; value < 256; value++) {
      int substituted = affine(GaloisFields.inverse(value));
      SUBSTITUTE[value] = substituted;
      SUBSTITUTE_BACK[substituted] = value;
      ENCRYPT[value] = column(substituted, 2, 1, 1, 3);
      MIX_BACK[value] = column(value, 0xE, 9, 0xD, 0xB);
    }
    for (int value = 0; value < 256; value++) {
      DECRYPT[value] = MIX_BACK[SUBSTITUTE_BACK[value]];
    }
  }

  private Aes() {}

  /// FIPS 197 "SubBytes()", the affine transformation.
  private static int affine(int a) {
    int twice = a | a << 8;
    return (a ^ twice >> 4 ^ twice >> 5 ^ twice >> 6 ^ twice >> 7 ^ 0x63) & 0xFF;
  }

  private static int column(int value, int row0, int row1, int row2, int row3) {
    return GaloisFields.multiply(value, row0)
        | GaloisFields.multiply(value, row1) << 8
        | GaloisFields.multiply(value, row2) << 16
        | GaloisFields.multiply(value, row3) << 24;
  }

  /// Byte `index & 15` of the lane.
  private static int byteAt(long[] a, int at, int index) {
    return (int) (a[at + (index >> 3 & 1)] >>> 8 * (index & 7)) & 0xFF;
  }

  /// One round up to MixColumns: ShiftRows takes row `r` of a column from `step * r` bytes on.
  private static long columns(long[] a, int at, int first, int step, int[] table) {
    return column(a, at, first, step, table) & Registers.LOW_32
        | (long) column(a, at, first + 4, step, table) << 32;
  }

  private static int column(long[] a, int at, int first, int step, int[] table) {
    return table[byteAt(a, at, first)]
        ^ Integer.rotateLeft(table[byteAt(a, at, first + step)], 8)
        ^ Integer.rotateLeft(table[byteAt(a, at, first + 2 * step)], 16)
        ^ Integer.rotateLeft(table[byteAt(a, at, first + 3 * step)], 24);
  }

  /// Eight bytes after ShiftRows and substitution only.
  private static long substituted(long[] a, int at, int first, int step, int[] table) {
    long result = 0;
    for (int k = 0; k < 8; k++) {
      int row = k & 3;
      int from = first + (k & 4) + step * row;
      result |= (long) table[byteAt(a, at, from)] << 8 * k;
    }
    return result;
  }

  public static void aesenc(long[] d, long[] a, long[] b, int at) {
    d[at] = columns(a, at, 0, 5, ENCRYPT) ^ b[at];
    d[at + 1] = columns(a, at, 8, 5, ENCRYPT) ^ b[at + 1];
  }

  public static void aesenclast(long[] d, long[] a, long[] b, int at) {
    d[at] = substituted(a, at, 0, 5, SUBSTITUTE) ^ b[at];
    d[at + 1] = substituted(a, at, 8, 5, SUBSTITUTE) ^ b[at + 1];
  }

  public static void aesdec(long[] d, long[] a, long[] b, int at) {
    d[at] = columns(a, at, 0, -3, DECRYPT) ^ b[at];
    d[at + 1] = columns(a, at, 8, -3, DECRYPT) ^ b[at + 1];
  }

  public static void aesdeclast(long[] d, long[] a, long[] b, int at) {
    d[at] = substituted(a, at, 0, -3, SUBSTITUTE_BACK) ^ b[at];
    d[at + 1] = substituted(a, at, 8, -3, SUBSTITUTE_BACK) ^ b[at + 1];
  }

  /// InvMixColumns.
  public static void aesimc(long[] d, long[] a, int at) {
    d[at] = columns(a, at, 0, 1, MIX_BACK);
    d[at + 1] = columns(a, at, 8, 1, MIX_BACK);
  }

  /// SubWord of the odd doublewords, and RotWord of that with the round constant.
  public static void aeskeygenassist(long[] d, long[] a, int at, int constant) {
    d[at] = assist(a[at] >>> 32, constant);
    d[at + 1] = assist(a[at + 1] >>> 32, constant);
  }

  private static long assist(long word, int constant) {
    int substituted = 0;
    for (int k = 0; k < 4; k++) {
      substituted |= SUBSTITUTE[(int) (word >>> 8 * k) & 0xFF] << 8 * k;
    }
    int rotated = Integer.rotateRight(substituted, 8) ^ constant & 0xFF;
    return (long) rotated << 32 | substituted & Registers.LOW_32;
  }
}
