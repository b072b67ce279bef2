package dev.backstep.emulator.isa;

import java.util.SplittableRandom;

/// Random numbers of a format that like its edges: zeros, denormal, least and largest numbers,
/// infinities, NaNs, exponents whose sums overflow and underflow, long runs of equal bits, and
/// pairs that cancel, tie or absorb one another.
final class FloatOperands {
  private final SplittableRandom random;
  private final int precision;
  private final int exponentBits;

  FloatOperands(SplittableRandom random, int precision, int exponentBits) {
    this.random = random;
    this.precision = precision;
    this.exponentBits = exponentBits;
  }

  private long signBit() {
    return 1L << precision + exponentBits - 1;
  }

  private long mask() {
    return signBit() | signBit() - 1;
  }

  private long fractionMask() {
    return (1L << precision - 1) - 1;
  }

  private long sign() {
    return random.nextBoolean() ? signBit() : 0;
  }

  long any() {
    int largest = (1 << exponentBits) - 1;
    int exponent = Math.clamp(exponent(largest, largest / 2), 0, largest);
    return sign() | (long) exponent << precision - 1 | fraction();
  }

  private int exponent(int largest, int bias) {
    return switch (random.nextInt(12)) {
      case 0 -> 0;
      case 1 -> largest;
      case 2 -> largest - 1 - random.nextInt(3);
      case 3 -> 1 + random.nextInt(3);
      case 4, 5 -> bias + random.nextInt(2 * precision + 6) - precision - 3;
      case 6 -> bias / 2 + random.nextInt(2 * precision + 8) - precision;
      case 7 -> bias + bias / 2 + random.nextInt(9) - 4;
      case 8 -> bias + random.nextInt(5) - 2;
      case 9 -> random.nextInt(precision + 4);
      // Where integers of 32 and 64 bits end.
      case 10 -> bias + 29 + random.nextInt(6) + 32 * random.nextInt(2);
      default -> random.nextInt(largest + 1);
    };
  }

  private long fraction() {
    long all = fractionMask();
    return switch (random.nextInt(12)) {
      case 0, 1 -> 0;
      case 2 -> all;
      case 3 -> 1;
      case 4 -> bit();
      case 5 -> bit() | 1L << random.nextInt(precision - 1);
      case 6 -> all & ~bit();
      case 7 -> all << random.nextInt(precision - 1) & all;
      case 8 -> all >>> random.nextInt(precision - 1);
      case 9 -> random.nextLong() & all & all << precision / 2;
      default -> random.nextLong() & all;
    };
  }

  private long bit() {
    return 1L << random.nextInt(precision - 1);
  }

  /// A number that has something to do with `a`.
  long near(long a) {
    long exponents = (long) (random.nextInt(2 * precision + 4) - precision - 2) << precision - 1;
    long infinity = signBit() - 1 & ~fractionMask();
    return mask()
        & switch (random.nextInt(8)) {
          case 0 -> a;
          case 1 -> a ^ signBit();
          case 2 -> a + 1;
          case 3 -> a - 1 ^ signBit();
          case 4 -> a ^ signBit() ^ 1L << random.nextInt(precision);
          case 5 -> (a ^ signBit()) + exponents;
          case 6 ->
              sign()
                  | a + exponents & infinity
                  | random.nextLong() & fractionMask() & -1L << random.nextInt(precision);
          default -> any();
        };
  }
}
