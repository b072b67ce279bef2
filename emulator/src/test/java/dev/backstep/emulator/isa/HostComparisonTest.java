package dev.backstep.emulator.isa;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Decoder;
import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.decode.OpcodeTable;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.execution.OperationFactory;
import dev.backstep.emulator.isa.InstructionCases.Case;
import dev.backstep.emulator.testing.BareVcpu;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Random integer instructions, executed by the emulator and by the host's processor from the same
/// state. Flags that the opcode table calls undefined are not compared.
class HostComparisonTest {
  private static final long SEED = Long.getLong("backstep.test.seed", 20_261_122L);
  private static final int CASES = Integer.getInteger("backstep.test.hostCases", 25_000);
  private static final Set<String> FAMILIES =
      Set.of("IntAlu", "Shifts", "Rotates", "MulDiv", "BitOps", "Moves", "FlagOps", "Strings");
  private static final long GPA = 0x8000;
  private static final int WINDOW = 2 * InstructionCases.REACH;
  private static final long WINDOW_OFFSET =
      InstructionCases.MEMORY - HostCpu.SCRATCH - InstructionCases.REACH;
  private static final int ARITHMETIC_AND_DF = 0xCD5;

  private final Arena arena = Arena.ofConfined();
  private final BareVcpu bare =
      new BareVcpu(arena, 0x10_0000).longMode(HostCpu.SCRATCH, HostCpu.SCRATCH_BYTES, GPA);
  private final Vcpu c = bare.vcpu;
  private final MemorySegment guestWindow = bare.ram.segment().asSlice(GPA + WINDOW_OFFSET, WINDOW);
  private final byte[] before = new byte[WINDOW];
  private final Decoder decoder = new Decoder(Set.of());
  private final OperationFactory factory = new OperationFactory();
  private final HostCpu host = HostCpu.openOrSkip();

  @AfterEach
  void close() {
    host.close();
    arena.close();
  }

  @Test
  void executesIntegerInstructionsAsTheHostDoes() throws Throwable {
    List<Opcode> opcodes = comparable();
    assertTrue(opcodes.size() > 200, () -> "only " + opcodes.size() + " forms");
    InstructionCases cases = new InstructionCases(SEED);
    SplittableRandom memory = new SplittableRandom(SEED);
    Set<Opcode> seen = new HashSet<>();
    for (int done = 0; done < CASES; done += HostCpu.BATCH) {
      List<Case> batch = new ArrayList<>();
      for (int k = 0; k < HostCpu.BATCH; k++) {
        batch.add(cases.next(opcodes));
      }
      host.load(batch.stream().map(Case::code).toArray(byte[][]::new));
      for (int k = 0; k < batch.size(); k++) {
        memory.nextBytes(before);
        seen.add(batch.get(k).opcode());
        compare(batch.get(k), k);
      }
    }
    assertEquals(opcodes.size(), seen.size(), "forms that were tried");
  }

  private static List<Opcode> comparable() throws IOException {
    String flags = hostFlags();
    List<Opcode> chosen = new ArrayList<>();
    for (Opcode opcode : OpcodeTable.opcodes()) {
      String semantics = opcode.semantics();
      if (FAMILIES.contains(semantics.substring(0, semantics.indexOf('.')))
          && !semantics.equals("Moves.nop")
          && !semantics.equals("Moves.prefetchRegister") // #UD
          && !opcode.encoding().equals("94") // XCHG RSP,RAX
          && !opcode.is(Opcode.Attribute.NOT64)
          && flags.contains(" " + hostName(opcode.feature()) + " ")) {
        chosen.add(opcode);
      }
    }
    return chosen;
  }

  private static String hostFlags() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
      if (line.startsWith("flags")) {
        return line + " any ";
      }
    }
    return " any ";
  }

  private static String hostName(String feature) {
    return feature.isEmpty() ? "any" : feature.toLowerCase(Locale.ROOT);
  }

  private void compare(Case one, int thunk) throws Throwable {
    MemorySegment.copy(before, 0, guestWindow, ValueLayout.JAVA_BYTE, 0, WINDOW);
    DecodedInstruction i =
        decoder.decode(one.code(), 0, one.code().length, CpuMode.LONG64, 0x40_0000);
    if (i == null) {
      fail(describe(one, "decodes to nothing"));
      return;
    }
    if (i.length != one.code().length || !i.opcode.semantics().equals(one.opcode().semantics())) {
      fail(describe(one, "decoded as " + i.opcode + ", " + i.length + " bytes"));
    }
    System.arraycopy(one.registers(), 0, c.gpr, 0, 16);
    c.setRflags(one.registers()[16]);
    boolean divideError = isDivision(one.opcode()) && overflows(i);
    try {
      factory.operationFor(i).execute(c, i);
      if (divideError) {
        fail(describe(one, "no #DE"));
      }
    } catch (GuestFault fault) {
      if (fault.vector() == GuestFault.DE && divideError) {
        return;
      }
      fail(describe(one, "fault " + fault.vector()));
    }
    if (isUndefined(one, i)) {
      return;
    }
    MemorySegment hostWindow = host.scratch().asSlice(WINDOW_OFFSET, WINDOW);
    MemorySegment.copy(before, 0, hostWindow, ValueLayout.JAVA_BYTE, 0, WINDOW);
    long[] state = one.registers().clone();
    host.run(thunk, state);
    check(one, i, state, hostWindow);
  }

  private void check(Case one, DecodedInstruction i, long[] state, MemorySegment hostWindow) {
    StringBuilder differences = new StringBuilder();
    for (int k = 0; k < 16; k++) {
      if (k != 4 && state[k] != c.gpr[k]) {
        differences.append(" r%d %x, host %x;".formatted(k, c.gpr[k], state[k]));
      }
    }
    long mask = ARITHMETIC_AND_DF & ~undefined(one, i);
    if (((state[16] ^ c.rflags()) & mask) != 0) {
      differences.append(
          " flags %x, host %x, of %x;".formatted(c.rflags() & mask, state[16] & mask, mask));
    }
    long at = hostWindow.mismatch(guestWindow);
    if (at >= 0) {
      differences.append(
          " memory at %d: %x, host %x"
              .formatted(
                  at,
                  guestWindow.get(ValueLayout.JAVA_BYTE, at),
                  hostWindow.get(ValueLayout.JAVA_BYTE, at)));
    }
    if (!differences.isEmpty()) {
      fail(describe(one, differences.toString()));
    }
  }

  private static String describe(Case one, String what) {
    StringBuilder text = new StringBuilder();
    text.append(one.opcode().mnemonic()).append(' ').append(one.opcode().operands());
    text.append(" [").append(HexFormat.ofDelimiter(" ").formatHex(one.code())).append("] seed ");
    text.append(SEED).append(':').append(what).append("\nbefore:");
    for (int k = 0; k < 17; k++) {
      text.append(k == 16 ? " flags=" : " r" + k + "=")
          .append(Long.toHexString(one.registers()[k]));
    }
    return text.toString();
  }

  /// Flags that the table's column names after `u=`, and, for counts other than 1, what SDM Vol. 2
  /// says of shifts and rotates: OF is undefined then, and CF once everything was shifted out.
  private static long undefined(Case one, DecodedInstruction i) {
    long mask = 0;
    for (String part : one.opcode().flags().split(" ", -1)) {
      for (int k = 2; part.startsWith("u=") && k < part.length(); k++) {
        mask |= flag(part.charAt(k));
      }
    }
    if (isShift(one.opcode())) {
      int count = count(one, i);
      mask |= count == 1 ? 0 : Rflags.OF;
      mask |= count >= 8 * Operands.bytes(i.operand0) ? Rflags.CF : 0;
    }
    return mask;
  }

  private static int flag(char letter) {
    return switch (letter) {
      case 'O' -> Rflags.OF;
      case 'S' -> Rflags.SF;
      case 'Z' -> Rflags.ZF;
      case 'A' -> Rflags.AF;
      case 'P' -> Rflags.PF;
      case 'C' -> Rflags.CF;
      default -> throw new AssertionError("flag " + letter);
    };
  }

  private static boolean isShift(Opcode opcode) {
    String semantics = opcode.semantics();
    return semantics.startsWith("Shifts.") || semantics.startsWith("Rotates.");
  }

  /// The count of a shift or rotate, masked.
  private static int count(Case one, DecodedInstruction i) {
    String last = one.opcode().operands().getLast();
    long count =
        switch (last) {
          case "1" -> 1;
          case "CL" -> one.registers()[Vcpu.RCX];
          default -> i.immediate;
        };
    return (int) count & (Operands.bytes(i.operand0) == 8 ? 63 : 31);
  }

  /// SHLD and SHRD by more than 16 bits of 16: makers differ, and both may.
  private static boolean isUndefined(Case one, DecodedInstruction i) {
    return one.opcode().operands().size() == 3
        && isShift(one.opcode())
        && count(one, i) > 8 * Operands.bytes(i.operand0);
  }

  private static boolean isDivision(Opcode opcode) {
    return opcode.mnemonic().equals("DIV") || opcode.mnemonic().equals("IDIV");
  }

  /// Whether a division faults, by arithmetic without bounds: the host must not be asked then.
  private boolean overflows(DecodedInstruction i) {
    int bits = 8 * Operands.bytes(i.operand0);
    boolean signed = i.opcode.mnemonic().equals("IDIV");
    BigInteger divisor = number(divisor(i, bits), bits, signed);
    if (divisor.signum() == 0) {
      return true;
    }
    long highPart = bits == 8 ? c.gpr[0] >>> 8 : c.gpr[2];
    BigInteger dividend =
        number(highPart, bits, signed).shiftLeft(bits).add(number(c.gpr[0], bits, false));
    BigInteger quotient = dividend.divide(divisor);
    return signed ? quotient.bitLength() > bits - 1 : quotient.bitLength() > bits;
  }

  private long divisor(DecodedInstruction i, int bits) {
    if (i.isMemory()) {
      return Memory.load(c, i.segment, i.effectiveAddress(c.gpr), bits / 8);
    }
    boolean high = Operands.kind(i.operand0) == Operands.GPR_HIGH_BYTE;
    return high ? c.gpr[i.register0] >>> 8 : c.gpr[i.register0];
  }

  private static BigInteger number(long value, int bits, boolean signed) {
    BigInteger modulus = BigInteger.ONE.shiftLeft(bits);
    BigInteger unsigned = BigInteger.valueOf(value).mod(modulus);
    return signed && unsigned.testBit(bits - 1) ? unsigned.subtract(modulus) : unsigned;
  }
}
