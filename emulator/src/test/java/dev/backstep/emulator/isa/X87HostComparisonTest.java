package dev.backstep.emulator.isa;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.decode.OpcodeTable;
import dev.backstep.emulator.isa.HostSideBySide.MemoryJudge;
import dev.backstep.emulator.isa.HostSideBySide.Sequence;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// x87 instructions as the host executes them, from and to all of the x87's state, with any control
/// word, exceptions masked and unmasked. `-Dbackstep.test.x87CasesPerForm` asks for more.
class X87HostComparisonTest {
  private static final long SEED = Long.getLong("backstep.test.seed", 20_261_122L);
  private static final int PER_FORM = Integer.getInteger("backstep.test.x87CasesPerForm", 100);
  private static final int BATCH = 4096;
  private static final int RBX = 3;
  private static final int STATUS_HIGH = X87Cases.SAVED + 5;
  private static final int C1_IN_STATUS_HIGH = 2;
  private static final int REGISTERS = X87Cases.SAVED + 28;
  private static final int REGISTER_BYTES = 10;
  private static final Set<String> EXACT =
      Set.of("X87Arithmetic", "X87Compare", "X87Integers", "X87Moves", "X87Control");

  private final SplittableRandom random = new SplittableRandom(SEED);
  private final X87Cases cases = new X87Cases(random);

  @Test
  void executesX87InstructionsAsTheHostDoes() throws Throwable {
    int forms = compare(EXACT, HostSideBySide::memoryDifferences);
    assertTrue(forms > 110, "forms tried: " + forms);
  }

  /// Values may differ by one unit in the last place, and C1 with them; all else is equal.
  @Test
  void computesTranscendentalFunctionsAsTheHostDoes() throws Throwable {
    int forms = compare(Set.of("X87Transcendental"), X87HostComparisonTest::beyondOneUlp);
    assertTrue(forms == 8, "forms tried: " + forms);
  }

  private int compare(Set<String> classes, MemoryJudge judge) throws Throwable {
    int forms = 0;
    try (HostSideBySide both = HostSideBySide.open(SEED)) {
      for (Opcode opcode : OpcodeTable.opcodes()) {
        String semantics = opcode.semantics();
        boolean meant = classes.contains(semantics.substring(0, semantics.indexOf('.')));
        if (meant && !opcode.mnemonic().equals("FWAIT")) {
          forms++;
          for (int done = 0; done < PER_FORM; done += BATCH) {
            both.compare(batch(opcode, Math.min(BATCH, PER_FORM - done)), judge);
          }
        }
      }
    }
    return forms;
  }

  private List<Sequence> batch(Opcode opcode, int count) {
    List<Sequence> sequences = new ArrayList<>();
    for (int k = 0; k < count; k++) {
      sequences.add((k & 1) == 0 ? cases.next(opcode) : cases.nextUsual(opcode));
    }
    return sequences;
  }

  private static String beyondOneUlp(MemorySegment guest, MemorySegment host) {
    for (int at = 0; at < HostSideBySide.WINDOW; at++) {
      boolean inRegisters = at >= REGISTERS && at < REGISTERS + 8 * REGISTER_BYTES;
      int ignored = at == STATUS_HIGH ? C1_IN_STATUS_HIGH : 0;
      int here = guest.get(ValueLayout.JAVA_BYTE, at) & ~ignored;
      if (!inRegisters && here != (host.get(ValueLayout.JAVA_BYTE, at) & ~ignored)) {
        return HostSideBySide.memoryDifferences(guest, host);
      }
    }
    for (int k = 0; k < 8; k++) {
      int at = REGISTERS + k * REGISTER_BYTES;
      if (!isWithinOneUlp(guest, host, at)) {
        return " register %d: ".formatted(k) + HostSideBySide.memoryDifferences(guest, host);
      }
    }
    return "";
  }

  /// Neighbours with different exponents have all zeros and all ones in their significands.
  private static boolean isWithinOneUlp(MemorySegment guest, MemorySegment host, int at) {
    long difference = guest.get(X87Cases.LONG, at) - host.get(X87Cases.LONG, at);
    int exponents = guest.get(X87Cases.SHORT, at + 8) - host.get(X87Cases.SHORT, at + 8);
    if (exponents == 0) {
      return Math.abs(difference) <= 1;
    }
    return exponents == 1 && difference == Long.MIN_VALUE + 1
        || exponents == -1 && difference == Long.MAX_VALUE;
  }

  /// Pushes, pops and exchanges in a row.
  @Test
  void movesTheStackAsTheHostDoes() throws Throwable {
    List<String> pushes =
        List.of("D9 E8", "D9 E9", "D9 EA", "D9 EB", "D9 EC", "D9 ED", "D9 EE", "D9 C0", "DB 6B 10");
    List<String> others =
        List.of("D9 C9", "D9 CB", "DD D2", "DD DA", "DD C1", "D9 F6", "D9 F7", "DF C0", "DB 7B 20");
    List<Sequence> sequences = new ArrayList<>();
    ByteArrayOutputStream code = new ByteArrayOutputStream();
    for (int k = 0; k < 8 * PER_FORM; k++) {
      code.reset();
      put(code, "DB E3 D9 EE D9 EE D9 EE D9 EE D9 EE D9 EE D9 EE D9 EE DB E3 D9 2B");
      int steps = 3 + random.nextInt(12);
      for (int step = 0; step < steps; step++) {
        List<String> from = random.nextInt(3) > 0 ? pushes : others;
        put(code, from.get(random.nextInt(from.size())));
      }
      put(code, "DF E0 DD B3 80 00 00 00"); // fnstsw ax; fnsave [rbx+80H]
      // FIP, FCS and FDS are of the host's code and segments.
      put(code, "C7 83 8C 00 00 00 00 00 00 00 66 C7 83 90 00 00 00 00 00");
      put(code, "C7 83 98 00 00 00 00 00 00 00");
      Sequence one = HostSideBySide.sequence("x87 stack", code.toByteArray(), random);
      one.registers()[RBX] = HostSideBySide.MEMORY;
      one.memory()[0] |= 0x3F;
      one.memory()[1] &= 0x1F;
      sequences.add(one);
    }
    try (HostSideBySide both = HostSideBySide.open(SEED)) {
      both.compare(sequences);
    }
  }

  private static void put(ByteArrayOutputStream code, String hex) {
    code.writeBytes(HostCpu.bytes(hex));
  }
}
