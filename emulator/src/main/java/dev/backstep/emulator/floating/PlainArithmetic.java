package dev.backstep.emulator.floating;

import static dev.backstep.emulator.floating.FloatFormat.DOUBLE;
import static dev.backstep.emulator.floating.FloatFormat.SINGLE;

/// The four operations and the square root by Java's own arithmetic, where nothing can come of it
/// but a rounded result; [FloatArithmetic] does the rest.
///
/// Java's is IEEE 754's, rounded to nearest, on every host (JLS 15.17, 15.18.2; `Math.sqrt` is
/// exactly rounded by its contract). What it does not tell is which exceptions were met. If INEXACT
/// stands in MXCSR already and is masked, operands that are not denormal and give a normal number
/// above the least met none worth telling: nothing overflowed or was tiny, and neither was a NaN or
/// an infinity. The same goes for a zero that did not come of underflow.
public final class PlainArithmetic {
  private static final int MOST_EXPONENTS_64 = 0x7FF - 2;
  private static final int MOST_EXPONENTS_32 = 0xFF - 2;

  private PlainArithmetic() {}

  public static long addDoubles(FloatEnvironment e, long a, long b) {
    if (e.plain && !isDenormal64(a) && !isDenormal64(b)) {
      double result = Double.longBitsToDouble(a) + Double.longBitsToDouble(b);
      long bits = Double.doubleToRawLongBits(result);
      if (isPlain64(bits) || bits << 1 == 0) {
        return bits;
      }
    }
    return FloatArithmetic.add(DOUBLE, e, a, b);
  }

  public static long addSingles(FloatEnvironment e, long a, long b) {
    if (e.plain && !isDenormal32((int) a) && !isDenormal32((int) b)) {
      float result = Float.intBitsToFloat((int) a) + Float.intBitsToFloat((int) b);
      int bits = Float.floatToRawIntBits(result);
      if (isPlain32(bits) || bits << 1 == 0) {
        return Integer.toUnsignedLong(bits);
      }
    }
    return FloatArithmetic.add(SINGLE, e, a, b);
  }

  public static long subtractDoubles(FloatEnvironment e, long a, long b) {
    if (e.plain && !isDenormal64(a) && !isDenormal64(b)) {
      double result = Double.longBitsToDouble(a) - Double.longBitsToDouble(b);
      long bits = Double.doubleToRawLongBits(result);
      if (isPlain64(bits) || bits << 1 == 0) {
        return bits;
      }
    }
    return FloatArithmetic.subtract(DOUBLE, e, a, b);
  }

  public static long subtractSingles(FloatEnvironment e, long a, long b) {
    if (e.plain && !isDenormal32((int) a) && !isDenormal32((int) b)) {
      float result = Float.intBitsToFloat((int) a) - Float.intBitsToFloat((int) b);
      int bits = Float.floatToRawIntBits(result);
      if (isPlain32(bits) || bits << 1 == 0) {
        return Integer.toUnsignedLong(bits);
      }
    }
    return FloatArithmetic.subtract(SINGLE, e, a, b);
  }

  public static long multiplyDoubles(FloatEnvironment e, long a, long b) {
    if (e.plain && !isDenormal64(a) && !isDenormal64(b)) {
      double result = Double.longBitsToDouble(a) * Double.longBitsToDouble(b);
      long bits = Double.doubleToRawLongBits(result);
      if (isPlain64(bits) || bits << 1 == 0 && (a << 1 == 0 || b << 1 == 0)) {
        return bits;
      }
    }
    return FloatArithmetic.multiply(DOUBLE, e, a, b);
  }

  public static long multiplySingles(FloatEnvironment e, long a, long b) {
    if (e.plain && !isDenormal32((int) a) && !isDenormal32((int) b)) {
      float result = Float.intBitsToFloat((int) a) * Float.intBitsToFloat((int) b);
      int bits = Float.floatToRawIntBits(result);
      if (isPlain32(bits) || bits << 1 == 0 && ((int) a << 1 == 0 || (int) b << 1 == 0)) {
        return Integer.toUnsignedLong(bits);
      }
    }
    return FloatArithmetic.multiply(SINGLE, e, a, b);
  }

  public static long divideDoubles(FloatEnvironment e, long a, long b) {
    if (e.plain && !isDenormal64(a) && !isDenormal64(b)) {
      double result = Double.longBitsToDouble(a) / Double.longBitsToDouble(b);
      long bits = Double.doubleToRawLongBits(result);
      if (isPlain64(bits) || bits << 1 == 0 && a << 1 == 0) {
        return bits;
      }
    }
    return FloatArithmetic.divide(DOUBLE, e, a, b);
  }

  public static long divideSingles(FloatEnvironment e, long a, long b) {
    if (e.plain && !isDenormal32((int) a) && !isDenormal32((int) b)) {
      float result = Float.intBitsToFloat((int) a) / Float.intBitsToFloat((int) b);
      int bits = Float.floatToRawIntBits(result);
      if (isPlain32(bits) || bits << 1 == 0 && (int) a << 1 == 0) {
        return Integer.toUnsignedLong(bits);
      }
    }
    return FloatArithmetic.divide(SINGLE, e, a, b);
  }

  public static long squareRootOfDouble(FloatEnvironment e, long a) {
    if (e.plain && !isDenormal64(a)) {
      long bits = Double.doubleToRawLongBits(Math.sqrt(Double.longBitsToDouble(a)));
      if (isPlain64(bits) || bits << 1 == 0) {
        return bits;
      }
    }
    return FloatArithmetic.squareRoot(DOUBLE, e, a);
  }

  /// A double has more than twice the bits of a single: the root rounds to the same single as the
  /// exact one.
  public static long squareRootOfSingle(FloatEnvironment e, long a) {
    if (e.plain && !isDenormal32((int) a)) {
      int bits = Float.floatToRawIntBits((float) Math.sqrt(Float.intBitsToFloat((int) a)));
      if (isPlain32(bits) || bits << 1 == 0) {
        return Integer.toUnsignedLong(bits);
      }
    }
    return FloatArithmetic.squareRoot(SINGLE, e, a);
  }

  private static boolean isDenormal64(long bits) {
    return (bits & 0x7FFL << 52) == 0 && bits << 1 != 0;
  }

  private static boolean isDenormal32(int bits) {
    return (bits & 0xFF << 23) == 0 && bits << 1 != 0;
  }

  /// Whether a number's exponent is neither of the least two nor the largest one.
  private static boolean isPlain64(long bits) {
    int exponent = (int) (bits >>> 52) & 0x7FF;
    return Integer.compareUnsigned(exponent - 2, MOST_EXPONENTS_64) < 0;
  }

  private static boolean isPlain32(int bits) {
    int exponent = bits >>> 23 & 0xFF;
    return Integer.compareUnsigned(exponent - 2, MOST_EXPONENTS_32) < 0;
  }
}
