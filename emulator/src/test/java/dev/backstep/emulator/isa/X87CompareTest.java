package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.InstructionRunner.NO_FAULT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.backstep.emulator.testing.BareVcpu;
import dev.backstep.emulator.testing.InstructionRunner;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// SDM Vol. 2 "FCOMI/FCOMIP/FUCOMI/FUCOMIP", "FCMOVcc".
class X87CompareTest {
  private static final String ONE = "D9 E8";
  private static final String ZERO = "D9 EE";

  private final Arena arena = Arena.ofConfined();
  private final InstructionRunner runner = new InstructionRunner();
  private final Vcpu c = new BareVcpu(arena, 0x2_0000).protected32().vcpu;

  @AfterEach
  void close() {
    arena.close();
  }

  private void run(String instruction) {
    assertEquals(NO_FAULT, runner.run(c, instruction), instruction);
  }

  private void start(String first, String second, long flags) {
    run("DB E3");
    run(first);
    run(second);
    c.setRflags(flags);
    c.attention = false;
  }

  /// Arithmetic flags alone change: the block goes on.
  @ParameterizedTest
  @ValueSource(strings = {"DB F1", "DF F1", "DB E9", "DF E9"})
  void comparisonsWriteArithmeticFlagsOnly(String instruction) {
    start(ONE, ZERO, Rflags.DF | Rflags.OF | Rflags.SF | Rflags.AF | Rflags.ZF);
    run(instruction);
    assertEquals(Rflags.FIXED | Rflags.DF | Rflags.CF, c.rflags());
    assertFalse(c.attention);
    start(ONE, ONE, Rflags.IF | Rflags.OF);
    run(instruction);
    assertEquals(Rflags.FIXED | Rflags.IF | Rflags.ZF, c.rflags());
    assertFalse(c.attention);
  }

  @ParameterizedTest
  @CsvSource({"C1, 1", "C9, 64", "D1, 65", "D9, 4"})
  void movesFollowTheirFlags(String modrm, int flags) {
    for (int set = 0; set < 0x80; set++) {
      if ((set & ~(Rflags.CF | Rflags.PF | Rflags.ZF)) == 0) {
        assertEquals((set & flags) != 0, isMoved("DA " + modrm, set));
        assertEquals((set & flags) == 0, isMoved("DB " + modrm, set));
      }
    }
  }

  private boolean isMoved(String instruction, int flags) {
    start(ONE, ZERO, flags);
    run(instruction);
    return c.fpu.significand[c.fpu.top] != 0;
  }

  /// They see flags that an instruction left uncomputed.
  @Test
  void movesSeeFlagsOfArithmetic() {
    start(ONE, ZERO, Rflags.ZF);
    c.gpr[Vcpu.RAX] = 1;
    run("83 C0 FE"); // add eax,-2: neither CF nor ZF
    run("DA D1");
    assertEquals(0, c.fpu.significand[c.fpu.top]);
    run("83 C0 01"); // add eax,1: both
    run("DA D1");
    assertEquals(1L << 63, c.fpu.significand[c.fpu.top]);
  }
}
