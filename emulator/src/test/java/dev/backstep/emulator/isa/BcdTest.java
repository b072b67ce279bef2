package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.InstructionRunner.NO_FAULT;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.testing.BareVcpu;
import dev.backstep.emulator.testing.InstructionRunner;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Sums and differences of decimal numbers, formed with binary arithmetic and adjusted.
class BcdTest {
  private final Arena arena = Arena.ofConfined();
  private final InstructionRunner runner = new InstructionRunner();
  private final Vcpu c = new BareVcpu(arena, 0x1_0000).protected32().vcpu;

  @AfterEach
  void close() {
    arena.close();
  }

  private static int bcd(int n) {
    return n / 10 << 4 | n % 10;
  }

  @Test
  void adjustsPackedSumsAndDifferences() {
    for (int a = 0; a < 100; a++) {
      for (int b = 0; b < 100; b++) {
        c.gpr[Vcpu.RAX] = bcd(a);
        c.gpr[Vcpu.RCX] = bcd(b);
        assertEquals(NO_FAULT, runner.run(c, "00 C8")); // add al, cl
        assertEquals(NO_FAULT, runner.run(c, "27"));
        assertEquals(bcd((a + b) % 100), c.gpr[Vcpu.RAX], a + "+" + b);
        assertEquals(a + b > 99, Rflags.cf(c), a + "+" + b);
        c.gpr[Vcpu.RAX] = bcd(a);
        assertEquals(NO_FAULT, runner.run(c, "28 C8")); // sub al, cl
        assertEquals(NO_FAULT, runner.run(c, "2F"));
        assertEquals(bcd((a - b + 100) % 100), c.gpr[Vcpu.RAX], a + "-" + b);
        assertEquals(a < b, Rflags.cf(c), a + "-" + b);
        assertEquals(a == b, Rflags.zf(c), a + "-" + b);
      }
    }
  }

  @Test
  void adjustsUnpackedSumsAndDifferences() {
    for (int a = 0; a < 10; a++) {
      for (int b = 0; b < 10; b++) {
        c.gpr[Vcpu.RAX] = 0x300 | a;
        c.gpr[Vcpu.RCX] = b;
        assertEquals(NO_FAULT, runner.run(c, "00 C8"));
        assertEquals(NO_FAULT, runner.run(c, "37"));
        assertEquals(0x300 + ((a + b) / 10 << 8) + (a + b) % 10, c.gpr[Vcpu.RAX]);
        c.gpr[Vcpu.RAX] = 0x300 | a;
        assertEquals(NO_FAULT, runner.run(c, "28 C8"));
        assertEquals(NO_FAULT, runner.run(c, "3F"));
        assertEquals((a < b ? 0x200 : 0x300) + (a - b + 10) % 10, c.gpr[Vcpu.RAX]);
        assertEquals(a < b, Rflags.cf(c));
      }
    }
  }

  @Test
  void splitsAndJoinsDigits() {
    c.gpr[Vcpu.RAX] = 0xFF00 | 63;
    assertEquals(NO_FAULT, runner.run(c, "D4 0A"));
    assertEquals(0x603, c.gpr[Vcpu.RAX]);
    assertEquals(NO_FAULT, runner.run(c, "D5 0A"));
    assertEquals(63, c.gpr[Vcpu.RAX]);
    assertEquals(GuestFault.DE, runner.run(c, "D4 00"));
  }
}
