package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.DPL3;
import static dev.backstep.emulator.testing.SystemBench.FLAT32;
import static dev.backstep.emulator.testing.SystemBench.FLAT64;
import static dev.backstep.emulator.testing.SystemBench.TYPE_CONFORMING;
import static dev.backstep.emulator.testing.SystemBench.TYPE_DATA;
import static dev.backstep.emulator.testing.SystemBench.USER_DATA;
import static dev.backstep.emulator.testing.SystemBench.descriptor;
import static dev.backstep.emulator.testing.SystemBench.gate;
import static dev.backstep.emulator.testing.SystemBench.handler;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Alignment checks of frames in 64-bit mode, where SS has no base whatever its register holds.
class LongModeFrameAlignmentTest {
  @Test
  void baseOfTheStackSegmentDoesNotCount() {
    SystemBench b = new SystemBench().longMode().user();
    b.c.segments[SegmentRegister.SS].set(USER_DATA, 1, -1, TYPE_DATA | DPL3 | FLAT32, true);
    b.c.mmu.segmentChanged(SegmentRegister.SS);
    b.gdt(Rings.OPEN, descriptor(0, 0xFFFFF, TYPE_CONFORMING | FLAT64));
    b.idt(0x33, gate(Descriptor.INTERRUPT_GATE32, Rings.OPEN, handler(0x33), 3, 0));
    b.c.cr0 |= ControlBits.CR0_AM;
    b.c.setRflags(Rflags.AC);
    b.c.updateMode();
    b.code(0xCD, 0x33).run(1);
    assertEquals(List.of(), b.exceptions());
    assertEquals(handler(0x33), b.c.rip);
  }
}
