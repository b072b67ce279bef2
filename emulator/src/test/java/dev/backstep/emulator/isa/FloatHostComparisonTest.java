package dev.backstep.emulator.isa;

import static dev.backstep.emulator.floating.FloatFormat.DOUBLE;
import static dev.backstep.emulator.floating.FloatFormat.SINGLE;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.floating.FloatArithmetic;
import dev.backstep.emulator.floating.FloatComparison;
import dev.backstep.emulator.floating.FloatConversion;
import dev.backstep.emulator.floating.FloatEnvironment;
import dev.backstep.emulator.floating.FloatEstimate;
import dev.backstep.emulator.floating.FloatFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Arithmetic of package `floating`, and the host's: scalar operations on operands that are chosen
/// for one another, with every rounding mode, DAZ and FTZ. (What unmasked exceptions and whole
/// vectors do is compared in package `conformance`.)
///
/// The host runs a loop over cases of 64 bytes: 0 MXCSR, 4 MXCSR afterwards, 8 MXCSR for the end,
/// 16 operands, 40 XMM0 afterwards, 48 RAX afterwards.
class FloatHostComparisonTest {
  private static final long SEED = Long.getLong("backstep.test.seed", 20_261_122L);
  private static final int PER_FORM = Integer.getInteger("backstep.test.hostCasesPerForm", 2000);
  private static final int CASE_BYTES = 64;
  private static final int CASES = HostCpu.SCRATCH_BYTES / CASE_BYTES;
  private static final int MXCSR_MASKED = 0x1F80;
  private static final int RCX = 1;
  private static final int RSI = 6;
  private static final long LOW_16 = 0xFFFFL;
  private static final long LOW_32 = 0xFFFF_FFFFL;

  /// `ldmxcsr [rsi]; movsd xmm0,[rsi+10H]; movsd xmm1,[rsi+18H]; movsd xmm2,[rsi+20H]; mov
  /// rax,[rsi+10H]`.
  private static final String BEFORE =
      "0F AE 16 F2 0F 10 46 10 F2 0F 10 4E 18 F2 0F 10 56 20 48 8B 46 10";

  /// `stmxcsr [rsi+4]; movsd [rsi+28H],xmm0; mov [rsi+30H],rax; add rsi,40H; dec rcx; jnz`.
  private static final String AFTER =
      "0F AE 5E 04 F2 0F 11 46 28 48 89 46 30 48 83 C6 40 48 FF C9 0F 85";

  /// `ldmxcsr [rsi-38H]`.
  private static final String END = "0F AE 56 C8";

  private enum Result {
    LOW_32_OF_XMM0,
    XMM0,
    EAX,
    RAX,
    /// `lahf` follows.
    FLAGS
  }

  private interface Scalar {
    long apply(FloatEnvironment e, long a, long b, long c);
  }

  private interface Unary {
    long apply(FloatEnvironment e, long a);
  }

  private interface Binary {
    long apply(FloatFormat f, FloatEnvironment e, long a, long b);
  }

  private record Operation(
      String name, String bytes, FloatFormat format, Result result, Scalar ours) {}

  private final List<Operation> operations = new ArrayList<>();
  private final SplittableRandom random = new SplittableRandom(SEED);

  private void both(String name, int opcode, Binary ours) {
    String rest = " 0F %02X C1".formatted(opcode);
    single(name + "ss", "F3" + rest, (e, a, b, c) -> ours.apply(SINGLE, e, a, b));
    operations.add(
        new Operation(
            name + "sd",
            "F2" + rest,
            DOUBLE,
            Result.XMM0,
            (e, a, b, c) -> ours.apply(DOUBLE, e, a, b)));
  }

  private void single(String name, String bytes, Scalar ours) {
    operations.add(
        new Operation(
            name,
            bytes,
            SINGLE,
            Result.LOW_32_OF_XMM0,
            (e, a, b, c) -> ours.apply(e, a & LOW_32, b & LOW_32, c & LOW_32)));
  }

  private void unary(String name, String bytes, FloatFormat format, Result result, Unary ours) {
    long mask = format == DOUBLE ? -1 : LOW_32;
    operations.add(
        new Operation(name, bytes, format, result, (e, a, b, c) -> ours.apply(e, b & mask)));
  }

  private void arithmetic() {
    both("add", 0x58, FloatArithmetic::add);
    both("sub", 0x5C, FloatArithmetic::subtract);
    both("mul", 0x59, FloatArithmetic::multiply);
    both("div", 0x5E, FloatArithmetic::divide);
    both("min", 0x5D, FloatArithmetic::minimum);
    both("max", 0x5F, FloatArithmetic::maximum);
    both("sqrt", 0x51, (f, e, a, b) -> FloatArithmetic.squareRoot(f, e, b));
    single("rcpss", "F3 0F 53 C1", (e, a, b, c) -> FloatEstimate.reciprocal(b));
    single("rsqrtss", "F3 0F 52 C1", (e, a, b, c) -> FloatEstimate.reciprocalSquareRoot(b));
  }

  private void comparisons() {
    for (int p = 0; p < 8; p++) {
      int predicate = p;
      single(
          "cmpss " + p,
          "F3 0F C2 C1 %02X".formatted(p),
          (e, a, b, c) -> FloatComparison.holds(SINGLE, e, a, b, predicate) ? LOW_32 : 0);
    }
    for (FloatFormat f : new FloatFormat[] {SINGLE, DOUBLE}) {
      long mask = f == DOUBLE ? -1 : LOW_32;
      String prefix = f == DOUBLE ? "66 " : "";
      operations.add(
          new Operation(
              "ucomis " + f.significandBits(),
              prefix + "0F 2E C1 9F",
              f,
              Result.FLAGS,
              (e, a, b, c) -> flags(FloatComparison.compareQuietly(f, e, a & mask, b & mask))));
      operations.add(
          new Operation(
              "comis " + f.significandBits(),
              prefix + "0F 2F C1 9F",
              f,
              Result.FLAGS,
              (e, a, b, c) -> flags(FloatComparison.compare(f, e, a & mask, b & mask))));
    }
  }

  private static long flags(int relation) {
    return switch (relation) {
      case FloatComparison.LESS -> 1;
      case FloatComparison.EQUAL -> 0x40;
      case FloatComparison.GREATER -> 0;
      default -> 0x45;
    };
  }

  private void conversions() {
    unary(
        "cvtss2sd",
        "F3 0F 5A C1",
        SINGLE,
        Result.XMM0,
        (e, a) -> FloatConversion.convert(SINGLE, DOUBLE, e, a));
    unary(
        "cvtsd2ss",
        "F2 0F 5A C1",
        DOUBLE,
        Result.LOW_32_OF_XMM0,
        (e, a) -> FloatConversion.convert(DOUBLE, SINGLE, e, a));
    toIntegers("ss", "F3 ", SINGLE);
    toIntegers("sd", "F2 ", DOUBLE);
    operations.add(
        new Operation(
            "cvtsi2sd",
            "F2 48 0F 2A C0",
            DOUBLE,
            Result.XMM0,
            (e, a, b, c) -> FloatConversion.fromInteger(DOUBLE, e, a)));
    operations.add(
        new Operation(
            "cvtsi2ss",
            "F3 48 0F 2A C0",
            DOUBLE,
            Result.LOW_32_OF_XMM0,
            (e, a, b, c) -> FloatConversion.fromInteger(SINGLE, e, a)));
  }

  private void toIntegers(String suffix, String prefix, FloatFormat f) {
    unary(
        "cvt" + suffix + "2si",
        prefix + "48 0F 2D C1",
        f,
        Result.RAX,
        (e, a) -> FloatConversion.toInteger(f, e, a, 64, e.rounding));
    unary(
        "cvt" + suffix + "2si",
        prefix + "0F 2D C1",
        f,
        Result.EAX,
        (e, a) -> FloatConversion.toInteger(f, e, a, 32, e.rounding));
    unary(
        "cvtt" + suffix + "2si",
        prefix + "48 0F 2C C1",
        f,
        Result.RAX,
        (e, a) -> FloatConversion.toInteger(f, e, a, 64, FloatEnvironment.TRUNCATE));
  }

  private void roundings() {
    for (int k = 0; k < 16; k++) {
      int how = k;
      int inexact = (how & 8) != 0 ? 0 : FloatEnvironment.INEXACT;
      String immediate = " %02X".formatted(how);
      unary(
          "roundsd" + immediate,
          "66 0F 3A 0B C1" + immediate,
          DOUBLE,
          Result.XMM0,
          (e, a) -> {
            int rounding = (how & 4) != 0 ? e.rounding : how & 3;
            return FloatConversion.toIntegral(DOUBLE, e, a, rounding, inexact);
          });
    }
  }

  /// `vfmadd213sd xmm0,xmm1,xmm2` and its like: the product of XMM1 and XMM0, and XMM2.
  private void fused() {
    for (int k = 0; k < 4; k++) {
      int signs =
          (k >> 1) * FloatArithmetic.NEGATE_PRODUCT | (k & 1) * FloatArithmetic.NEGATE_ADDEND;
      int opcode = 0xA9 + 2 * k;
      operations.add(
          new Operation(
              "fma sd " + signs,
              "C4 E2 F1 %02X C2".formatted(opcode),
              DOUBLE,
              Result.XMM0,
              (e, a, b, c) -> FloatArithmetic.fusedMultiplyAdd(DOUBLE, e, b, a, c, signs)));
      single(
          "fma ss " + signs,
          "C4 E2 71 %02X C2".formatted(opcode),
          (e, a, b, c) -> FloatArithmetic.fusedMultiplyAdd(SINGLE, e, b, a, c, signs));
    }
  }

  /// `vcvtph2ps xmm0,xmm1`, `vcvtps2ph xmm0,xmm1,imm8`: the low one of several elements, the others
  /// being zeros.
  private void halves() {
    operations.add(
        new Operation(
            "vcvtph2ps",
            "C5 F1 73 F1 30 C5 F1 73 D1 30 C4 E2 79 13 C1",
            SINGLE,
            Result.LOW_32_OF_XMM0,
            (e, a, b, c) -> FloatConversion.convertHalfToSingle(e, b & LOW_16)));
    for (int k = 0; k < 4; k++) {
      int rounding = k;
      operations.add(
          new Operation(
              "vcvtps2ph " + k,
              "C5 F1 73 F1 20 C5 F1 73 D1 20 C4 E3 79 1D C8 %02X".formatted(k),
              SINGLE,
              Result.LOW_32_OF_XMM0,
              (e, a, b, c) -> {
                e.ftz = false;
                e.rounding = rounding;
                return FloatConversion.convert(SINGLE, FloatFormat.HALF, e, b & LOW_32);
              }));
    }
  }

  private static boolean hostHas(String flag) throws IOException {
    String flags =
        Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
            .filter(line -> line.startsWith("flags"))
            .findFirst()
            .orElse("");
    return (flags + " ").contains(" " + flag + " ");
  }

  @Test
  void computesAsTheHostDoes() throws Throwable {
    arithmetic();
    comparisons();
    conversions();
    roundings();
    long compared = 0;
    try (HostCpu host = HostCpu.openOrSkip()) {
      if (hostHas("fma")) {
        fused();
      }
      if (hostHas("f16c")) {
        halves();
      }
      for (Operation one : operations) {
        for (int done = 0; done < PER_FORM; done += CASES) {
          compare(host, one);
          compared += CASES;
        }
      }
    }
    System.out.println(operations.size() + " operations, " + compared + " cases agree");
  }

  private void compare(HostCpu host, Operation one) throws Throwable {
    MemorySegment memory = host.scratch();
    for (long at = 0; at < memory.byteSize(); at += CASE_BYTES) {
      fill(memory, at, one.format);
    }
    host.load(new byte[][] {loop(one)});
    long[] registers = new long[17];
    registers[RSI] = HostCpu.SCRATCH;
    registers[RCX] = CASES;
    registers[16] = 0x202;
    host.run(0, registers);
    FloatEnvironment e = new FloatEnvironment();
    for (long at = 0; at < memory.byteSize(); at += CASE_BYTES) {
      int mxcsr = memory.get(ValueLayout.JAVA_INT, at);
      e.begin(mxcsr);
      long a = memory.get(ValueLayout.JAVA_LONG, at + 16);
      long b = memory.get(ValueLayout.JAVA_LONG, at + 24);
      long c = memory.get(ValueLayout.JAVA_LONG, at + 32);
      long ours = one.ours.apply(e, a, b, c);
      int flags = memory.get(ValueLayout.JAVA_INT, at + 4) & FloatEnvironment.ALL;
      assertEquals(
          describe(result(memory, at, one.result), flags),
          describe(ours, e.reported()),
          () ->
              "%s of %x, %x, %x with MXCSR %x (seed %d)".formatted(one.name, a, b, c, mxcsr, SEED));
    }
  }

  private static String describe(long result, int flags) {
    return "%x, flags %x".formatted(result, flags);
  }

  private static long result(MemorySegment memory, long at, Result result) {
    long xmm0 = memory.get(ValueLayout.JAVA_LONG, at + 40);
    long rax = memory.get(ValueLayout.JAVA_LONG, at + 48);
    return switch (result) {
      case LOW_32_OF_XMM0 -> xmm0 & LOW_32;
      case XMM0 -> xmm0;
      case EAX, RAX -> rax;
      case FLAGS -> rax >>> 8 & 0x45;
    };
  }

  private static byte[] loop(Operation one) throws IOException {
    ByteArrayOutputStream code = new ByteArrayOutputStream();
    code.write(HostCpu.bytes(BEFORE));
    code.write(HostCpu.bytes(one.bytes));
    code.write(HostCpu.bytes(AFTER));
    int back = -(code.size() + 4);
    for (int k = 0; k < 32; k += 8) {
      code.write(back >> k);
    }
    code.write(HostCpu.bytes(END));
    return code.toByteArray();
  }

  private void fill(MemorySegment memory, long at, FloatFormat format) {
    int rounding = random.nextInt(4) << 13;
    int zeros = random.nextInt(2) * (random.nextInt(4) << 6 & 0x40 | random.nextInt(2) << 15);
    memory.set(ValueLayout.JAVA_INT, at, MXCSR_MASKED | rounding | zeros);
    memory.set(ValueLayout.JAVA_INT, at + 8, MXCSR_MASKED);
    long a = random.nextInt(32) == 0 ? random.nextLong() : any(format);
    long b = near(format, a);
    long c = near(format, b);
    if (random.nextInt(3) != 0) {
      FloatEnvironment e = new FloatEnvironment();
      e.rounding = random.nextInt(4);
      long mask = format == DOUBLE ? -1 : LOW_32;
      c = near(format, FloatArithmetic.multiply(format, e, a & mask, b & mask));
    }
    memory.set(ValueLayout.JAVA_LONG, at + 16, a);
    memory.set(ValueLayout.JAVA_LONG, at + 24, b);
    memory.set(ValueLayout.JAVA_LONG, at + 32, c);
  }

  private long any(FloatFormat f) {
    return new FloatOperands(random, f.significandBits(), f.exponentBits()).any();
  }

  private long near(FloatFormat f, long a) {
    FloatOperands operands = new FloatOperands(random, f.significandBits(), f.exponentBits());
    return random.nextInt(3) == 0 ? operands.any() : operands.near(a);
  }
}
