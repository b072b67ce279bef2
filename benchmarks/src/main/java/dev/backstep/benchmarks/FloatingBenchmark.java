package dev.backstep.benchmarks;

import dev.backstep.emulator.floating.FloatArithmetic;
import dev.backstep.emulator.floating.FloatEnvironment;
import dev.backstep.emulator.floating.FloatFormat;
import dev.backstep.emulator.floating.PlainArithmetic;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// An operation on two doubles: in integers (`exact…`) and by the host's arithmetic where
/// [PlainArithmetic] may use it (`plain…`).
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
@State(Scope.Thread)
public class FloatingBenchmark {
  private static final int PAIRS = 1024;
  private static final long SEED = 3;

  /// Everything masked, round to nearest; the flag of inexact results stands, as it does soon in
  /// any guest.
  private static final int MXCSR = 0x1FA0;

  private final FloatEnvironment environment = new FloatEnvironment();
  private final long[] left = new long[PAIRS];
  private final long[] right = new long[PAIRS];

  public FloatingBenchmark() {
    var random = new SplittableRandom(SEED);
    for (int k = 0; k < PAIRS; k++) {
      left[k] = Double.doubleToRawLongBits(random.nextDouble(-1000, 1000));
      right[k] = Double.doubleToRawLongBits(random.nextDouble(-1000, 1000));
    }
    environment.begin(MXCSR);
  }

  @Benchmark
  @OperationsPerInvocation(PAIRS)
  public long exactAdd() {
    long all = 0;
    for (int k = 0; k < PAIRS; k++) {
      all ^= FloatArithmetic.add(FloatFormat.DOUBLE, environment, left[k], right[k]);
    }
    return all;
  }

  @Benchmark
  @OperationsPerInvocation(PAIRS)
  public long plainAdd() {
    long all = 0;
    for (int k = 0; k < PAIRS; k++) {
      all ^= PlainArithmetic.addDoubles(environment, left[k], right[k]);
    }
    return all;
  }

  @Benchmark
  @OperationsPerInvocation(PAIRS)
  public long exactMultiply() {
    long all = 0;
    for (int k = 0; k < PAIRS; k++) {
      all ^= FloatArithmetic.multiply(FloatFormat.DOUBLE, environment, left[k], right[k]);
    }
    return all;
  }

  @Benchmark
  @OperationsPerInvocation(PAIRS)
  public long plainMultiply() {
    long all = 0;
    for (int k = 0; k < PAIRS; k++) {
      all ^= PlainArithmetic.multiplyDoubles(environment, left[k], right[k]);
    }
    return all;
  }

  @Benchmark
  @OperationsPerInvocation(PAIRS)
  public long exactDivide() {
    long all = 0;
    for (int k = 0; k < PAIRS; k++) {
      all ^= FloatArithmetic.divide(FloatFormat.DOUBLE, environment, left[k], right[k]);
    }
    return all;
  }

  @Benchmark
  @OperationsPerInvocation(PAIRS)
  public long plainDivide() {
    long all = 0;
    for (int k = 0; k < PAIRS; k++) {
      all ^= PlainArithmetic.divideDoubles(environment, left[k], right[k]);
    }
    return all;
  }
}
