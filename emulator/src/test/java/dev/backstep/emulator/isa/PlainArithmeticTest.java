package dev.backstep.emulator.isa;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.backstep.emulator.floating.FloatArithmetic;
import dev.backstep.emulator.floating.FloatEnvironment;
import dev.backstep.emulator.floating.FloatFormat;
import dev.backstep.emulator.floating.PlainArithmetic;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Java's arithmetic, where it is taken, against ours.
class PlainArithmeticTest {
  private static final long SEED = Long.getLong("backstep.test.seed", 20_261_122L);
  private static final int CASES = Integer.getInteger("backstep.test.hostCases", 100_000);
  private static final int MASKED_AND_INEXACT = 0x1FA0;

  private final SplittableRandom random = new SplittableRandom(SEED);
  private final FloatEnvironment plain = new FloatEnvironment();
  private final FloatEnvironment exact = new FloatEnvironment();

  private interface Operation {
    long apply(FloatEnvironment e, long a, long b);
  }

  private void compare(FloatFormat f, Operation ours, Operation javas) {
    FloatOperands operands = new FloatOperands(random, f.significandBits(), f.exponentBits());
    for (int k = 0; k < CASES; k++) {
      long a = operands.any();
      long b = random.nextBoolean() ? operands.near(a) : operands.any();
      int mxcsr = MASKED_AND_INEXACT | random.nextInt(2) << 6 | random.nextInt(2) << 15;
      if (random.nextInt(4) == 0) {
        mxcsr ^= random.nextInt() & 0x7FA0;
      }
      exact.begin(mxcsr);
      plain.begin(mxcsr);
      long expected = ours.apply(exact, a, b);
      long result = javas.apply(plain, a, b);
      if (expected != result) {
        fail("%x, not %x, of %x and %x (seed %d)".formatted(result, expected, a, b, SEED));
      }
      // What is in MXCSR already need not be raised again.
      assertEquals(exact.reported() | mxcsr & 0x3F, plain.reported() | mxcsr & 0x3F);
      assertEquals(exact.faults(), plain.faults());
    }
  }

  @Test
  void doublesAreComputedAlike() {
    FloatFormat f = FloatFormat.DOUBLE;
    compare(f, (e, a, b) -> FloatArithmetic.add(f, e, a, b), PlainArithmetic::addDoubles);
    compare(f, (e, a, b) -> FloatArithmetic.subtract(f, e, a, b), PlainArithmetic::subtractDoubles);
    compare(f, (e, a, b) -> FloatArithmetic.multiply(f, e, a, b), PlainArithmetic::multiplyDoubles);
    compare(f, (e, a, b) -> FloatArithmetic.divide(f, e, a, b), PlainArithmetic::divideDoubles);
    compare(
        f,
        (e, a, _) -> FloatArithmetic.squareRoot(f, e, a),
        (e, a, _) -> PlainArithmetic.squareRootOfDouble(e, a));
  }

  @Test
  void singlesAreComputedAlike() {
    FloatFormat f = FloatFormat.SINGLE;
    compare(f, (e, a, b) -> FloatArithmetic.add(f, e, a, b), PlainArithmetic::addSingles);
    compare(f, (e, a, b) -> FloatArithmetic.subtract(f, e, a, b), PlainArithmetic::subtractSingles);
    compare(f, (e, a, b) -> FloatArithmetic.multiply(f, e, a, b), PlainArithmetic::multiplySingles);
    compare(f, (e, a, b) -> FloatArithmetic.divide(f, e, a, b), PlainArithmetic::divideSingles);
    compare(
        f,
        (e, a, _) -> FloatArithmetic.squareRoot(f, e, a),
        (e, a, _) -> PlainArithmetic.squareRootOfSingle(e, a));
  }
}
