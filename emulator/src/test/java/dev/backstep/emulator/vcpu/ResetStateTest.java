package dev.backstep.emulator.vcpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.testing.SystemBench;
import org.junit.jupiter.api.Test;

class ResetStateTest {
  @Test
  void resetSetsTheArchitecturalState() {
    SystemBench b = new SystemBench().protected32();
    b.c.gpr[Vcpu.RBX] = 5;
    b.c.cr0 |= ControlBits.CR0_WP;
    ResetState.reset(b.c);
    assertEquals(0x60000010, b.c.cr0);
    assertEquals(0xFFF0, b.c.rip);
    assertEquals(0xFFFF0000L, b.c.segments[SegmentRegister.CS].base);
    assertEquals(0xF000, b.selector(SegmentRegister.CS));
    assertEquals(2, b.c.rflags());
    assertEquals(0, b.c.gpr[Vcpu.RBX]);
    assertTrue(b.c.gpr[Vcpu.RDX] != 0);
    assertEquals(CpuMode.REAL, b.c.mode);
    assertEquals(0xFFFF, b.c.idtLimit);
  }

  @Test
  void initKeepsCachesAndFpuAndStartupSetsThePage() {
    SystemBench b = new SystemBench().protected32();
    b.c.fpu.controlWord = 0x27F;
    b.c.msr.lstar = 7;
    ResetState.init(b.c);
    assertEquals(ControlBits.CR0_ET, b.c.cr0);
    assertEquals(0x27F, b.c.fpu.controlWord);
    assertEquals(7, b.c.msr.lstar);
    assertEquals(Activity.WAIT_FOR_SIPI, b.c.activity);
    ResetState.startup(b.c, 0x9A);
    assertEquals(Activity.RUNNING, b.c.activity);
    assertEquals(0x9A000, b.c.segments[SegmentRegister.CS].base);
    assertEquals(0x9A00, b.selector(SegmentRegister.CS));
    assertEquals(0, b.c.rip);
  }
}
