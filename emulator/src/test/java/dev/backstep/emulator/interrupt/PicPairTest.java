package dev.backstep.emulator.interrupt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.bus.InterruptLine;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Intel 8259A data sheet, and how the pair hangs on LINT0.
class PicPairTest {
  private final ApicBench bench = new ApicBench(2);
  private final PicPair pics = new PicPair(bench.router);
  private final IoApic ioApic = new IoApic(bench.router);
  private final PcInterruptWiring wiring = new PcInterruptWiring(pics, ioApic);
  private final Lapic apic = bench.apic(0);

  private void out(int port, int value) {
    pics.write(port, 1, value);
  }

  @BeforeEach
  void initialise() {
    bench.router.connectExternalController(pics);
    out(0x20, 0x11);
    out(0x21, 0x08);
    out(0x21, 0x04);
    out(0x21, 0x01);
    out(0xA0, 0x11);
    out(0xA1, 0x70);
    out(0xA1, 0x02);
    out(0xA1, 0x01);
    apic.enterVirtualWireMode();
    bench.heard.clear();
  }

  @Test
  void virtualWireDeliversThroughLint0() {
    InterruptLine timer = wiring.connect(0);
    timer.raise();
    assertTrue(apic.hasDeliverable());
    assertFalse(bench.apic(1).hasDeliverable(), "LINT0 of the other is masked");
    assertEquals(8, apic.acknowledge());
    assertEquals("extint", apic.acknowledgedSource());
    assertEquals(0, apic.acknowledgedFrom());
    assertFalse(apic.hasDeliverable());
    timer.lower();
    timer.raise();
    assertFalse(apic.hasDeliverable(), "still in service");
    out(0x20, 0x20);
    assertEquals(8, apic.acknowledge());
  }

  @Test
  void disabledApicPassesThePicOn() {
    apic.setApicBase(0);
    wiring.connect(1).raise();
    assertTrue(apic.hasDeliverable());
    assertEquals(9, apic.acknowledge());
  }

  @Test
  void secondChipComesThroughTheCascade() {
    wiring.connect(11).pulse();
    assertEquals(0x73, apic.acknowledge());
    assertEquals(11, apic.acknowledgedFrom());
    wiring.connect(8).pulse();
    assertFalse(apic.hasDeliverable(), "input 2 of the first chip is in service: not nested");
    out(0xA0, 0x20);
    out(0x20, 0x20);
    assertEquals(0x70, apic.acknowledge());
  }

  @Test
  void higherInputsInterruptLowerOnes() {
    wiring.connect(5).pulse();
    assertEquals(13, apic.acknowledge());
    wiring.connect(6).pulse();
    assertFalse(apic.hasDeliverable());
    wiring.connect(3).pulse();
    assertEquals(11, apic.acknowledge());
  }

  @Test
  void edgeStaysLatchedButLevelDoesNot() {
    out(0x21, 0xFF);
    wiring.connect(5).pulse();
    InterruptLine level = wiring.connect(3);
    pics.write(0x4D0, 1, 0xFF);
    assertEquals(0xF8, pics.read(0x4D0, 1), "inputs 0 to 2 cannot be level");
    level.raise();
    level.lower();
    out(0x21, 0);
    assertTrue(apic.hasDeliverable());
    assertEquals(13, apic.acknowledge());
    out(0x20, 0x20);
    level.raise();
    assertEquals(11, apic.acknowledge());
    out(0x20, 0x20);
    assertEquals(11, apic.acknowledge(), "the line is still high");
  }

  @Test
  void vanishedRequestIsSpurious() {
    pics.write(0x4D0, 1, 0x08);
    InterruptLine level = wiring.connect(3);
    level.raise();
    level.lower();
    assertEquals(15, pics.acknowledge());
    out(0x20, 0x0B);
    assertEquals(0, pics.read(0x20, 1), "no ISR bit");
  }

  @Test
  void readsRequestsAndServiceAndMask() {
    wiring.connect(3).pulse();
    wiring.connect(4).pulse();
    out(0x20, 0x0A);
    assertEquals(0x18, pics.read(0x20, 1));
    pics.acknowledge();
    assertEquals(0x10, pics.read(0x20, 1));
    out(0x20, 0x0B);
    assertEquals(0x08, pics.read(0x20, 1));
    out(0x21, 0xA5);
    assertEquals(0xA5, pics.read(0x21, 1));
  }

  @Test
  void specificEoiAndRotation() {
    wiring.connect(3).pulse();
    pics.acknowledge();
    out(0x20, 0xE3);
    wiring.connect(3).pulse();
    wiring.connect(4).pulse();
    assertEquals(12, pics.acknowledge(), "3 is the lowest now");
    out(0x20, 0x64);
    assertEquals(11, pics.acknowledge());
  }

  @Test
  void automaticEoiLeavesNothingInService() {
    out(0x20, 0x11);
    out(0x21, 0x08);
    out(0x21, 0x04);
    out(0x21, 0x03);
    wiring.connect(6).pulse();
    assertEquals(14, pics.acknowledge());
    wiring.connect(7).pulse();
    assertEquals(15, pics.acknowledge());
  }

  @Test
  void specialMaskModeLetsLowerInputsThrough() {
    wiring.connect(3).pulse();
    pics.acknowledge();
    wiring.connect(6).pulse();
    assertFalse(pics.isRequesting());
    out(0x21, 0x08);
    out(0x20, 0x68);
    assertEquals(14, pics.acknowledge());
  }

  @Test
  void pollAcknowledges() {
    wiring.connect(5).pulse();
    out(0x20, 0x0C);
    assertEquals(0x85, pics.read(0x20, 1));
    out(0x20, 0x0B);
    assertEquals(0x20, pics.read(0x20, 1));
  }

  @Test
  void sharedLineIsHighWhileAnyDeviceDrivesIt() {
    InterruptLine a = wiring.connect(10);
    InterruptLine b = wiring.connect(10);
    pics.write(0x4D1, 1, 0x04);
    a.raise();
    b.raise();
    a.raise();
    a.lower();
    assertTrue(pics.isRequesting());
    b.lower();
    assertFalse(pics.isRequesting());
  }

  @Test
  void nmiWireArrivesAtLint1WhereItIsOpen() {
    bench.cpus.get(0).signals.clear();
    bench.router.nmiRose();
    assertTrue(bench.cpus.get(0).signals.contains("nmi"));
    assertFalse(bench.cpus.get(1).signals.contains("nmi"), "masked after reset");
  }

  @Test
  void fixedLint0DeliversItsOwnVectorAndHoldsALevelUntilItsEoi() {
    apic.writeMmio(0x350, 4, 1 << 15 | 0x61);
    InterruptLine line = wiring.connect(3);
    line.raise();
    assertEquals(0x61, apic.acknowledge());
    assertEquals("lint0", apic.acknowledgedSource());
    assertEquals(1 << 15 | 1 << 14 | 0x61, apic.readMmio(0x350, 4));
    apic.writeMmio(0xB0, 4, 0);
    assertTrue(apic.hasDeliverable(), "INTR is still high");
  }
}
