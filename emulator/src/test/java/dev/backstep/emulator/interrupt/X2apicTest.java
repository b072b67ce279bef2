package dev.backstep.emulator.interrupt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.listen.MachineEvent;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/// SDM Vol. 3 "Extended xAPIC (x2APIC)".
class X2apicTest {
  private final ApicBench bench = new ApicBench(20).x2apic();
  private final Lapic apic = bench.apic(0);

  @Test
  void registersThatAreAbsentReadOnlyOrWriteOnlyFault() {
    for (int msr :
        new int[] {0x800, 0x801, 0x809, 0x80C, 0x80E, 0x82F, 0x831, 0x83A, 0x840, 0x8FF}) {
      assertFalse(apic.readX2apic(msr), () -> "read 0x" + Integer.toHexString(msr));
      assertFalse(apic.writeX2apic(msr, 0), () -> "write 0x" + Integer.toHexString(msr));
    }
    for (int msr : new int[] {0x802, 0x803, 0x80A, 0x80D, 0x810, 0x81F, 0x820, 0x839}) {
      assertTrue(apic.readX2apic(msr));
      assertFalse(apic.writeX2apic(msr, 0));
    }
    assertFalse(apic.readX2apic(0x80B));
    assertFalse(apic.readX2apic(0x83F));
  }

  @Test
  void reservedBitsFault() {
    assertFalse(apic.writeX2apic(0x808, 0x100));
    assertFalse(apic.writeX2apic(0x80B, 1));
    assertFalse(apic.writeX2apic(0x828, 1));
    assertFalse(apic.writeX2apic(0x80F, 1 << 12));
    assertFalse(apic.writeX2apic(0x832, 1 << 19));
    assertFalse(apic.writeX2apic(0x838, 1L << 32));
    assertFalse(apic.writeX2apic(0x83E, 4));
    assertFalse(apic.writeX2apic(0x83F, 0x100));
    assertFalse(apic.writeX2apic(0x830, 1 << 20));
    assertFalse(apic.writeX2apic(0x830, 1 << 13));
    assertTrue(apic.writeX2apic(0x832, 0x4_00EE));
  }

  @Test
  void timerModeTwoFaultsWithoutTscDeadline() {
    var bare = new ApicBench(1, EnumSet.of(LapicFeature.X2APIC)).x2apic();
    assertFalse(bare.apic(0).writeX2apic(0x832, 0x4_00EE));
  }

  @Test
  void idAndLogicalIdFollowTheNumber() {
    assertEquals(19, bench.rdmsr(19, 0x802));
    assertEquals(1 << 16 | 1 << 3, bench.rdmsr(19, 0x80D));
  }

  @Test
  void msrsAreAbsentInXapicMode() {
    var xapic = new ApicBench(1).enabled();
    assertFalse(xapic.apic(0).readX2apic(0x802));
    assertFalse(xapic.apic(0).writeX2apic(0x808, 0));
    assertEquals(-1, bench.apic(0).mmioPage());
  }

  @Test
  void icrIsOne64BitRegister() {
    assertTrue(apic.writeX2apic(0x830, 3L << 32 | 0x4041));
    assertEquals(List.of(3), bench.holding(0x41));
    assertEquals(3L << 32 | 0x4041, bench.rdmsr(0, 0x830));
    assertEquals("x2apic", ((MachineEvent.Apic) bench.heard.get(0)).mode());
  }

  @Test
  void selfIpiRegisterRequestsItsVector() {
    assertTrue(apic.writeX2apic(0x83F, 0x77));
    assertEquals(0x77, apic.acknowledge());
    assertEquals("self", apic.acknowledgedSource());
    assertTrue(apic.writeX2apic(0x83F, 3));
    assertTrue(apic.writeX2apic(0x828, 0));
    assertEquals(0x20, bench.rdmsr(0, 0x828));
  }
}
