package dev.backstep.emulator.isa;

/// Arithmetic in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1, and affine maps of bytes, on each 64-bit
/// lane. SDM Vol. 2 "GF2P8MULB", "GF2P8AFFINEQB", "GF2P8AFFINEINVQB".
public final class GaloisFields {
  /// The low byte of the polynomial.
  private static final int POLYNOMIAL = 0x1B;

  private static final long EVERY_BYTE = 0x0101_0101_0101_0101L;

  private static final byte[] INVERSE = new byte[256];

  static {
    for (int a = 0; a < 256; a++) {
      // a^254: the inverse, and 0 for 0.
      int product = 1;
      for (int k = 0; k < 254; k++) {
        product = multiply(product, a);
      }
      INVERSE[a] = (byte) product;
    }
  }

  private GaloisFields() {}

  /// The product of two bytes.
  static int multiply(int a, int b) {
    int product = 0;
    int power = a;
    for (int k = 0; k < 8; k++) {
      product ^= (b >> k & 1) != 0 ? power : 0;
      power = power << 1 & 0xFF ^ ((power & 0x80) != 0 ? POLYNOMIAL : 0);
    }
    return product;
  }

  /// The multiplicative inverse, and 0 for 0.
  static int inverse(int a) {
    return INVERSE[a] & 0xFF;
  }

  public static long gf2p8mulb(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 8) {
      result |= (long) multiply((int) (a >>> k) & 0xFF, (int) (b >>> k) & 0xFF) << k;
    }
    return result;
  }

  /// Each byte of `a` times the matrix `b`, whose rows are bytes from the top down, plus a
  /// constant.
  public static long gf2p8affineqb(long a, long b, int constant) {
    long result = 0;
    for (int k = 0; k < 64; k += 8) {
      // The byte meets all rows at once; what is left of each is its parity.
      long x = (a >>> k & 0xFF) * EVERY_BYTE & b;
      x ^= x >>> 4;
      x ^= x >>> 2;
      x ^= x >>> 1;
      long bits = Long.reverse(Long.compress(x, EVERY_BYTE)) >>> 56;
      result |= (bits ^ constant) << k;
    }
    return result;
  }

  public static long gf2p8affineinvqb(long a, long b, int constant) {
    long inverses = 0;
    for (int k = 0; k < 64; k += 8) {
      inverses |= (long) inverse((int) (a >>> k) & 0xFF) << k;
    }
    return gf2p8affineqb(inverses, b, constant);
  }
}
