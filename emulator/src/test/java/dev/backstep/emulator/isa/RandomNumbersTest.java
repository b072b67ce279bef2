package dev.backstep.emulator.isa;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.testing.BareVcpu;
import dev.backstep.emulator.testing.InstructionRunner;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

/// RDRAND and RDSEED take 1, 2, 3... from the source of these tests.
class RandomNumbersTest {
  private final InstructionRunner runner = new InstructionRunner();

  @Test
  void drawsOneWordForEachInstructionWhateverItsWidth() {
    try (Arena arena = Arena.ofConfined()) {
      Vcpu c = new BareVcpu(arena, 0x10_0000).longMode(0x20_0000, 0x1000, 0x8000).vcpu;
      c.gpr[Vcpu.RAX] = -1;
      c.gpr[Vcpu.RDX] = -1;
      runner.run(c, "66 0F C7 F0"); // rdrand ax
      runner.run(c, "0F C7 FA"); // rdseed edx
      runner.run(c, "49 0F C7 F1"); // rdrand r9
      assertEquals(0xFFFF_FFFF_FFFF_0001L, c.gpr[Vcpu.RAX]);
      assertEquals(2, c.gpr[Vcpu.RDX]);
      assertEquals(3, c.gpr[9]);
    }
  }

  @Test
  void setsCarryAndClearsTheOtherFlags() {
    try (Arena arena = Arena.ofConfined()) {
      Vcpu c = new BareVcpu(arena, 0x10_0000).longMode(0x20_0000, 0x1000, 0x8000).vcpu;
      c.setRflags(0x8D4 | 2);
      runner.run(c, "0F C7 F0");
      assertEquals(3, c.rflags());
      c.setRflags(0x8D4 | 2);
      runner.run(c, "0F C7 F8");
      assertEquals(3, c.rflags());
    }
  }
}
