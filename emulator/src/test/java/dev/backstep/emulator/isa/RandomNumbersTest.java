package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.InstructionRunner.NO_FAULT;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.testing.BareVcpu;
import dev.backstep.emulator.testing.InstructionRunner;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// RDRAND and RDSEED, given 1, 2, 3… as entropy.
class RandomNumbersTest {
  private final Arena arena = Arena.ofConfined();
  private final InstructionRunner runner = new InstructionRunner();
  private final Vcpu c = new BareVcpu(arena, 0x1_0000).protected32().vcpu;

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void takesTheNumbersOfTheMachineInTheirOrder() {
    assertEquals(NO_FAULT, runner.run(c, "0F C7 F0")); // rdrand eax
    assertEquals(1, c.gpr[Vcpu.RAX]);
    assertEquals(NO_FAULT, runner.run(c, "0F C7 F8")); // rdseed eax
    assertEquals(2, c.gpr[Vcpu.RAX]);
    c.gpr[Vcpu.RAX] = 0xFFFF_FFFFL;
    assertEquals(NO_FAULT, runner.run(c, "66 0F C7 F0")); // rdrand ax
    assertEquals(0xFFFF_0003L, c.gpr[Vcpu.RAX]);
  }

  @Test
  void setsCarryAndClearsTheOtherFlags() {
    assertEquals(NO_FAULT, runner.run(c, "31 C0")); // xor eax, eax: ZF and PF
    assertEquals(NO_FAULT, runner.run(c, "0F C7 F0"));
    assertEquals(Rflags.CF, Rflags.arithmetic(c));
  }
}
