package dev.backstep.emulator.isa;

import static dev.backstep.emulator.isa.Rings.OPEN;
import static dev.backstep.emulator.testing.SystemBench.FLAT32;
import static dev.backstep.emulator.testing.SystemBench.TYPE_CODE;
import static dev.backstep.emulator.testing.SystemBench.TYPE_CONFORMING;
import static dev.backstep.emulator.testing.SystemBench.descriptor;
import static dev.backstep.emulator.testing.SystemBench.gate;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Deliveries that raise an exception for ever, which is no double fault: #AC is benign (SDM Vol. 3
/// "Interrupt 8—Double Fault Exception (#DF)"), and its handler's frame, at CPL 3, is checked.
class EndlessDeliveryTest {
  private static final int CODE_OF_RING_3 = TYPE_CODE | 3 << 5 | FLAT32;
  private static final int CONFORMING = TYPE_CONFORMING | FLAT32;

  private final SystemBench b = Rings.at(3);

  /// At CPL 3 with ESP odd, and the handler of #AC at CPL 3.
  private void misalign(int access) {
    b.c.cr0 |= ControlBits.CR0_AM;
    b.c.setRflags(Rflags.AC);
    b.c.updateMode();
    b.gdt(OPEN, descriptor(0, 0xFFFFF, access));
    b.idt(GuestFault.AC, gate(Descriptor.TRAP_GATE32, OPEN, 0x12340, 3, 0));
    b.c.gpr[Vcpu.RSP]--;
  }

  @ParameterizedTest
  @ValueSource(ints = {CODE_OF_RING_3, CONFORMING})
  void alignmentCheckOfItsOwnFrameIsForEver(int access) {
    misalign(access);
    long rsp = b.c.gpr[Vcpu.RSP];
    b.code(0x50).run(10);
    assertTrue(b.isStuck());
    assertEquals(Set.of("#AC(0)"), Set.copyOf(b.exceptions()));
    assertEquals(0, b.c.icountBase);
    assertEquals(rsp, b.c.gpr[Vcpu.RSP]);
    assertEquals(SystemBench.CODE_AT, b.c.rip);
  }

  /// Nothing wakes it.
  @Test
  void staysStuck() {
    misalign(CODE_OF_RING_3);
    b.code(0x50).run(10);
    int delivered = b.exceptions().size();
    b.c.raiseNmi();
    b.run(10);
    assertTrue(b.isStuck());
    assertEquals(delivered, b.exceptions().size());
    assertEquals(0, b.c.icountBase);
  }

  /// An NMI that is delivered on the way there.
  @Test
  void interruptCanBeWhatStartsIt() {
    misalign(CODE_OF_RING_3);
    b.idt(GuestFault.NMI, gate(Descriptor.TRAP_GATE32, OPEN, 0x12340, 3, 0));
    b.c.raiseNmi();
    b.code(0x90).run(10);
    assertTrue(b.isStuck());
    assertEquals(0, b.c.icountBase);
  }

  @Test
  void innerHandlerEndsIt() {
    misalign(CODE_OF_RING_3);
    b.idt(GuestFault.AC, gate(Descriptor.TRAP_GATE32, SystemBench.CODE32, 0x12340, 3, 0));
    b.code(0x50).run(1);
    assertFalse(b.isStuck());
    assertEquals(1, b.exceptions().size());
    assertEquals(0, b.c.cpl);
  }
}
