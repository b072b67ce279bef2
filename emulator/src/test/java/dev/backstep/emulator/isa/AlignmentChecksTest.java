package dev.backstep.emulator.isa;

import static dev.backstep.emulator.isa.Rings.OPEN;
import static dev.backstep.emulator.testing.SystemBench.FLAT32;
import static dev.backstep.emulator.testing.SystemBench.SCRATCH;
import static dev.backstep.emulator.testing.SystemBench.TYPE_CODE;
import static dev.backstep.emulator.testing.SystemBench.descriptor;
import static dev.backstep.emulator.testing.SystemBench.gate;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// SDM Vol. 3 "Interrupt 17—Alignment Check Exception (#AC)": at CPL 3 alone, with CR0.AM and
/// RFLAGS.AC, table "Alignment Requirements by Data Type".
class AlignmentChecksTest {
  private static final List<String> AC = List.of("#AC(0)");
  private static final List<String> NONE = List.of();

  private final SystemBench b = new SystemBench();

  private void at(int cpl) {
    Rings.restart(b, cpl);
    b.c.cr0 |= ControlBits.CR0_AM;
    b.c.setRflags(Rflags.AC);
    b.c.updateMode();
  }

  @ParameterizedTest
  @CsvSource({
    "8A 03, 1, 1",
    "66 8B 03, 2, 2",
    "8B 03, 4, 4",
    "89 03, 4, 4",
    "FF 2B, 6, 4", // JMP m16:32
    "0F B2 03, 6, 4", // LSS
    "62 03, 8, 4" // BOUND
  })
  void operandsMustBeAligned(String hex, int bytes, int alignment) {
    String[] parts = hex.split(" ", -1);
    int[] code = new int[parts.length];
    for (int k = 0; k < code.length; k++) {
      code[k] = Integer.parseInt(parts[k], 16);
    }
    for (int offset = 0; offset < 8; offset++) {
      at(3);
      b.ram.putLong(SCRATCH, 0);
      b.ram.putLong(SCRATCH + 8, 0);
      b.c.gpr[Vcpu.RBX] = SCRATCH + offset;
      b.code(code).step();
      boolean misaligned = offset % alignment != 0;
      boolean checked = b.exceptions().equals(AC);
      assertEquals(misaligned, checked, hex + " at " + offset + " of " + bytes);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, true, true",
    "1, true, true",
    "2, true, true",
    "3, false, true",
    "3, true, false"
  })
  void onlyAtCpl3WithBothFlags(int cpl, boolean mask, boolean flag) {
    Rings.restart(b, cpl);
    b.c.cr0 |= mask ? ControlBits.CR0_AM : 0;
    b.c.setRflags(flag ? Rflags.AC : 0);
    b.c.updateMode();
    b.c.gpr[Vcpu.RBX] = SCRATCH + 1;
    b.code(0x8B, 0x03).step();
    assertEquals(NONE, b.exceptions());
  }

  /// Pushes of a call that stays at CPL 3 are checked.
  @Test
  void farCallAtCpl3ChecksItsFrame() {
    at(3);
    b.c.gpr[Vcpu.RSP]--;
    long top = b.c.gpr[Vcpu.RSP];
    b.put32(Rings.stack(0) - 24, 0);
    Rings.far(b, 0x9A, Rings.code(3), 0x12340);
    assertEquals(AC, b.exceptions());
    assertEquals(top, b.stack32(4));
  }

  /// The frame of an event lies on the inner stack: it is not checked, however ESP0 lies.
  @Test
  void framesOnInnerStacksAreNotChecked() {
    at(3);
    b.put32(SystemBench.TSS_AT + 4, Rings.stack(0) - 1);
    b.code(0xCD, 0x33).step();
    assertEquals(NONE, b.exceptions());
    assertEquals(Rings.stack(0) - 21, b.c.gpr[Vcpu.RSP]);
  }

  /// An event whose handler has CPL 3 pushes there: #AC instead of the event.
  @Test
  void eventHandledAtCpl3ChecksItsFrame() {
    at(3);
    b.gdt(OPEN, descriptor(0, 0xFFFFF, TYPE_CODE | 3 << 5 | FLAT32));
    b.idt(0x33, gate(Descriptor.TRAP_GATE32, OPEN, 0x12340, 3, 0));
    b.c.gpr[Vcpu.RSP]--;
    b.code(0xCD, 0x33).step();
    assertEquals(AC, b.exceptions());
  }

  @Test
  void returnAtCpl3ChecksItsFrame() {
    at(3);
    b.c.gpr[Vcpu.RSP]++;
    b.code(0xCF).step();
    assertEquals(AC, b.exceptions());
  }
}
