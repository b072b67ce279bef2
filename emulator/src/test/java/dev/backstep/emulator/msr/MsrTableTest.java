package dev.backstep.emulator.msr;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.mmu.VcpuFixture;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MsrTableTest {
  private static final long NOT_CANONICAL = 1L << 56;

  private final VcpuFixture f = new VcpuFixture();
  private final Vcpu c = f.c;

  private String write(int msr, long value) {
    return VcpuFixture.faultOf(() -> c.msrTable.write(c, msr, value));
  }

  private String read(int msr) {
    return VcpuFixture.faultOf(() -> c.msrTable.read(c, msr));
  }

  private long value(int msr) {
    return c.msrTable.read(c, msr);
  }

  private void accepts(int msr, long value) {
    assertEquals("none", write(msr, value), Integer.toHexString(msr));
    assertEquals(value, value(msr), Integer.toHexString(msr));
  }

  private void refuses(int msr, long value) {
    assertEquals("13:0", write(msr, value), Integer.toHexString(msr));
  }

  @Test
  void keepsWhatIsWrittenToPlainRegisters() {
    int[] plain = {0x174, 0x175, 0x176, 0xC000_0081, 0xC000_0082, 0xC000_0083, 0xC000_0102};
    for (int msr : plain) {
      accepts(msr, 0x1234_5678_9ABCL);
      accepts(msr, 0);
    }
    accepts(0xC000_0084, 0xFFFF_FFFFL);
    accepts(0xC000_0103, 0xFFFF_FFFFL);
    refuses(0xC000_0103, 1L << 32);
  }

  @Test
  void wantsCanonicalAddresses() {
    int[] addresses = {0x175, 0x176, 0xC000_0082, 0xC000_0083};
    for (int msr : addresses) {
      refuses(msr, NOT_CANONICAL);
      accepts(msr, -NOT_CANONICAL);
    }
    refuses(0xC000_0100, NOT_CANONICAL);
    refuses(0xC000_0101, NOT_CANONICAL);
    refuses(0xC000_0102, NOT_CANONICAL);
  }

  @Test
  void controlsSpeculationAsEnumerated() {
    var xeon = new VcpuFixture("Skylake-Server", "bare-metal-intel", Map.of());
    String none = "none";
    assertEquals(none, VcpuFixture.faultOf(() -> xeon.c.msrTable.write(xeon.c, 0x48, 7)));
    assertEquals(7, xeon.c.msrTable.read(xeon.c, 0x48));
    assertEquals("13:0", VcpuFixture.faultOf(() -> xeon.c.msrTable.write(xeon.c, 0x48, 8)));
    assertEquals(none, VcpuFixture.faultOf(() -> xeon.c.msrTable.write(xeon.c, 0x49, 1)));
    assertEquals("13:0", VcpuFixture.faultOf(() -> xeon.c.msrTable.write(xeon.c, 0x49, 2)));
    assertEquals("13:0", VcpuFixture.faultOf(() -> xeon.c.msrTable.read(xeon.c, 0x49)));
    assertEquals(none, VcpuFixture.faultOf(() -> xeon.c.msrTable.write(xeon.c, 0x10B, 1)));
    assertEquals("13:0", VcpuFixture.faultOf(() -> xeon.c.msrTable.read(xeon.c, 0x10A)));
  }

  @Test
  void movesSegmentBases() {
    accepts(0xC000_0100, 0x1000);
    accepts(0xC000_0101, -4096);
    assertEquals(0x1000, c.segments[4].base);
    assertEquals(-4096, c.segments[5].base);
  }

  @Test
  void raisesGpForWhatDoesNotExistAndSaysSo() {
    assertEquals("13:0", read(0x1234));
    assertEquals("13:0", write(0x1234, 7));
    var haswell = new VcpuFixture("Haswell", "bare-metal-intel", Map.of());
    String fault = VcpuFixture.faultOf(() -> haswell.c.msrTable.read(haswell.c, 0x48));
    assertEquals("13:0", fault, "SPEC_CTRL is not enumerated");
    assertEquals("13:0", read(0xC001_0000), "AMD only");
    assertEquals("13:0", read(0x210), "VCNT is 8");
    var events = f.eventsOf(MachineEvent.Msr.class);
    assertEquals("msr_0x1234", events.get(0).name());
    assertTrue(events.get(0).fault());
    assertEquals(7, events.get(1).value());
    assertEquals(MachineEvent.Op.WRITE, events.get(1).op());
  }

  @Test
  void emitsAnEventForEachAccess() {
    write(0x277, 0x0007040600070406L);
    read(0x277);
    var events = f.eventsOf(MachineEvent.Msr.class);
    assertEquals("IA32_PAT", events.get(0).name());
    assertEquals(0x0007040600070406L, events.get(1).value());
    assertFalse(events.get(1).fault());
    assertEquals("wrmsr-pat", f.eventsOf(MachineEvent.TlbFlush.class).getFirst().op());
  }

  @Test
  void checksEveryFieldOfThePat() {
    for (int field = 0; field < 8; field++) {
      for (int type = 0; type < 256; type++) {
        long value = 0x0606060606060606L & ~(0xFFL << 8 * field) | (long) type << 8 * field;
        boolean valid = type == 0 || type == 1 || type >= 4 && type <= 7;
        assertEquals(valid ? "none" : "13:0", write(0x277, value));
      }
    }
  }

  @Test
  void keepsEferConsistent() {
    accepts(0xC000_0080, ControlBits.EFER_SCE | ControlBits.EFER_NXE | ControlBits.EFER_LME);
    refuses(0xC000_0080, 1 << 1);
    refuses(0xC000_0080, ControlBits.EFER_SVME);
    refuses(0xC000_0080, 1L << 32);
    c.cr0 |= ControlBits.CR0_PG | ControlBits.CR0_PE;
    refuses(0xC000_0080, 0);
    c.cr0 = 0;
    assertEquals("none", write(0xC000_0080, ControlBits.EFER_LMA));
    assertEquals(0, value(0xC000_0080), "LMA is the processor's");
    assertEquals("efer", f.eventsOf(MachineEvent.TlbFlush.class).getFirst().op());
  }

  @Test
  void movesTheTscAndItsAdjustmentTogether() {
    f.position = 1000;
    assertEquals(2000, value(0x10));
    write(0x10, 100_000_000_000L);
    assertEquals(100_000_000_000L, value(0x10));
    assertEquals(100_000_000_000L - 2000, value(0x3B));
    assertEquals(value(0x3B), f.lapic.tscOffset);
    write(0x3B, 0);
    assertEquals(2000, value(0x10));
    f.position = 2000;
    assertEquals(4000, value(0x10));
  }

  @Test
  void leavesTheApicBaseToTheLocalApic() {
    assertEquals(0xFEE0_0900L, value(0x1B));
    assertEquals("none", write(0x1B, 0xFED4_0900L));
    f.lapic.acceptsBase = false;
    refuses(0x1B, 1);
    assertEquals("13:0", read(0x802));
    f.lapic.base = 0xFEE0_0D00L;
    assertEquals(7, value(0x802));
    assertEquals("none", write(0x80B, 0));
    refuses(0x80B, 1);
    assertEquals("IA32_X2APIC_ISR0", c.msrTable.name(0x810));
    assertEquals("IA32_X2APIC_ICR", c.msrTable.name(0x830));
  }

  @Test
  void armsTheTscDeadline() {
    accepts(0x6E0, 12345);
    assertEquals(12345, f.lapic.tscDeadline);
    var without = new VcpuFixture("max,-tsc-deadline,-x2apic", "bare-metal-intel", Map.of());
    assertEquals("13:0", VcpuFixture.faultOf(() -> without.c.msrTable.read(without.c, 0x6E0)));
    assertEquals("13:0", VcpuFixture.faultOf(() -> without.c.msrTable.read(without.c, 0x802)));
  }

  @Test
  void writesMtrrsWithTheirChecksAndFlushes() {
    assertEquals(0x508, value(0xFE));
    refuses(0xFE, 0x508);
    accepts(0x2FF, 0xC06);
    refuses(0x2FF, 0xC02);
    accepts(0x200, 0xC000_0000L);
    accepts(0x201, 0x3FFF_C000_0800L);
    refuses(0x201, 0x1_3FFF_C000_0800L << 8);
    accepts(0x20F, 0x800);
    accepts(0x26F, 0x0505050505050505L);
    refuses(0x26F, 0x0705050505050505L);
    assertEquals("wrmsr-mtrr", f.eventsOf(MachineEvent.TlbFlush.class).getFirst().op());
  }

  @Test
  void showsEmptyMachineCheckBanks() {
    assertEquals(0x10A, value(0x179));
    accepts(0x17A, 4);
    refuses(0x17A, 8);
    accepts(0x17B, -1);
    refuses(0x17B, 1);
    accepts(0x400, -1);
    refuses(0x400, 2);
    accepts(0x401, 0);
    refuses(0x401, 1);
    accepts(0x427, 0);
    assertEquals("13:0", read(0x428));
  }

  @Test
  void changesOnlyWhatMiscEnableAllows() {
    long reset = value(0x1A0);
    accepts(0x1A0, reset ^ 1);
    refuses(0x1A0, reset ^ 1 << 22);
    var kvm = new VcpuFixture("max", "kvm-intel", Map.of());
    assertEquals(
        "none", VcpuFixture.faultOf(() -> kvm.c.msrTable.write(kvm.c, 0x1A0, reset ^ 1 << 22)));
  }

  @Test
  void givesAmdItsCountersAndTakesIntelsRegisters() {
    var amd = new VcpuFixture("Opteron_G1,vendor=AuthenticAMD", "bare-metal-intel", Map.of());
    for (int k = 0; k < 8; k++) {
      int msr = 0xC001_0000 + k;
      assertEquals("none", VcpuFixture.faultOf(() -> amd.c.msrTable.write(amd.c, msr, 0)));
    }
    assertEquals("13:0", VcpuFixture.faultOf(() -> amd.c.msrTable.read(amd.c, 0x1A0)));
    assertEquals("13:0", VcpuFixture.faultOf(() -> amd.c.msrTable.read(amd.c, 0x3B)));
  }

  @Test
  void comesUpAsTheManualSays() {
    write(0x277, 0);
    write(0x2FF, 0xC06);
    f.position = 500;
    c.msrTable.reset(c);
    assertEquals(0x0007040600070406L, value(0x277));
    assertEquals(0, value(0x2FF));
    assertEquals(0, value(0x10));
  }
}
