package dev.backstep.emulator.conformance;

import java.util.SplittableRandom;

/// Random operands that stand at the edges of their formats more often than chance has it.
final class BoundaryValues {
  /// What the elements of a vector, or a memory operand, are.
  enum Kind {
    INTEGER,
    BYTES,
    TEXT,
    HALF,
    FLOAT,
    DOUBLE,
    EXTENDED
  }

  private static final int[] FLOAT_EXPONENTS = {
    0, 0, 1, 2, 23, 24, 103, 126, 127, 128, 149, 150, 151
  };
  private static final int[] FLOAT_HIGH = {
    157, 158, 159, 189, 190, 191, 253, 254, 254, 255, 255, 255
  };
  private static final int[] DOUBLE_EXPONENTS = {
    0, 0, 1, 2, 52, 53, 873, 874, 896, 897, 1022, 1023, 1024, 1053, 1054, 1055, 1075, 1076, 1085,
    1086, 1087, 1149, 1150, 1151, 2045, 2046, 2046, 2047, 2047, 2047
  };
  private static final int[] EXTENDED_EXPONENTS = {
    0, 0, 1, 2, 63, 64, 0x3BCC, 0x3BCD, 0x3C00, 0x3C01, 0x3F6A, 0x3F80, 0x3F81, 0x3FBE, 0x3FBF,
    0x3FC0, 0x3FFD, 0x3FFE, 0x3FFF, 0x4000, 0x400D, 0x400E, 0x401D, 0x401E, 0x403D, 0x403E, 0x403F,
    0x407E, 0x407F, 0x43FE, 0x43FF, 0x7FFD, 0x7FFE, 0x7FFE, 0x7FFF, 0x7FFF, 0x7FFF
  };

  private BoundaryValues() {}

  /// Numbers at the edges of the widths.
  static long integer(SplittableRandom random) {
    long any = random.nextLong();
    return switch (random.nextInt(8)) {
      case 0, 1 -> any;
      case 2 -> any >> random.nextInt(64);
      case 3 -> any >>> random.nextInt(64);
      case 4 -> 1L << random.nextInt(64);
      case 5 -> (1L << random.nextInt(64)) - 1;
      case 6 -> -(1L << random.nextInt(64));
      default -> random.nextInt(-3, 4);
    };
  }

  /// Eight bytes of elements of a kind; of [Kind#EXTENDED] a significand.
  static long lanes(Kind kind, SplittableRandom random) {
    return switch (kind) {
      case INTEGER -> integer(random);
      case BYTES -> bytes(random);
      case TEXT -> text(random);
      case HALF -> halves(random);
      case FLOAT -> floating32(random) & 0xFFFF_FFFFL | (long) floating32(random) << 32;
      case DOUBLE -> floating64(random);
      case EXTENDED -> significand(random);
    };
  }

  private static long bytes(SplittableRandom random) {
    long value = 0;
    for (int k = 0; k < 8; k++) {
      int b =
          switch (random.nextInt(6)) {
            case 0 -> 0;
            case 1 -> 0x7F + random.nextInt(2);
            case 2 -> 0xFF;
            case 3 -> random.nextInt(17);
            default -> random.nextInt(256);
          };
      value = value << 8 | b;
    }
    return value;
  }

  /// Few different characters, and now and then the one that ends a string.
  private static long text(SplittableRandom random) {
    long value = 0;
    int alphabet = 1 + random.nextInt(4);
    boolean wide = random.nextBoolean();
    for (int k = 0; k < 8; k++) {
      int b = random.nextInt(12) == 0 ? 0 : 'a' + random.nextInt(alphabet);
      value = value << 8 | (wide && (k & 1) == 0 && random.nextInt(6) != 0 ? 0 : b);
    }
    return value;
  }

  private static long halves(SplittableRandom random) {
    long value = 0;
    for (int k = 0; k < 4; k++) {
      int exponent = random.nextInt(3) == 0 ? random.nextInt(2) * 31 : random.nextInt(32);
      int fraction = (int) fraction(random, 10);
      value = value << 16 | random.nextInt(2) << 15 | exponent << 10 | fraction;
    }
    return value;
  }

  static int floating32(SplittableRandom random) {
    int exponent =
        switch (random.nextInt(4)) {
          case 0 -> FLOAT_EXPONENTS[random.nextInt(FLOAT_EXPONENTS.length)];
          case 1 -> FLOAT_HIGH[random.nextInt(FLOAT_HIGH.length)];
          case 2 -> 120 + random.nextInt(40);
          default -> random.nextInt(256);
        };
    return random.nextInt(2) << 31 | exponent << 23 | (int) fraction(random, 23);
  }

  static long floating64(SplittableRandom random) {
    long exponent =
        switch (random.nextInt(3)) {
          case 0 -> DOUBLE_EXPONENTS[random.nextInt(DOUBLE_EXPONENTS.length)];
          case 1 -> 1010 + random.nextInt(80);
          default -> random.nextInt(2048);
        };
    return random.nextLong() << 63 | exponent << 52 | fraction(random, 52);
  }

  /// Sign and exponent of an 80-bit number.
  static int signExponent(SplittableRandom random) {
    int exponent =
        switch (random.nextInt(4)) {
          case 0 -> EXTENDED_EXPONENTS[random.nextInt(EXTENDED_EXPONENTS.length)];
          case 1, 2 -> 0x3FF0 + random.nextInt(0x60);
          default -> random.nextInt(0x8000);
        };
    return random.nextInt(2) << 15 | exponent;
  }

  /// Mostly normalised; without the integer bit it is a denormal, a pseudo-denormal or one of the
  /// formats that are not supported.
  static long significand(SplittableRandom random) {
    return fraction(random, 63) | (random.nextInt(8) == 0 ? 0 : 1L << 63);
  }

  /// All zeroes, all ones, only the highest or lowest bit (half an ulp of something narrower), a
  /// run of ones, or anything.
  private static long fraction(SplittableRandom random, int bits) {
    long all = (1L << bits) - 1;
    return switch (random.nextInt(10)) {
      case 0, 1 -> 0;
      case 2 -> all;
      case 3 -> 1L << bits - 1;
      case 4 -> 1L << random.nextInt(bits);
      case 5 -> all << random.nextInt(bits) & all;
      case 6 -> (1L << random.nextInt(bits)) - 1;
      case 7 -> (random.nextLong() << random.nextInt(bits) | 1L << random.nextInt(bits)) & all;
      default -> random.nextLong() & all;
    };
  }
}
