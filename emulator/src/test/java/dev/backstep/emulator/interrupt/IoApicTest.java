package dev.backstep.emulator.interrupt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.bus.InterruptLine;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Intel 82093AA data sheet.
class IoApicTest {
  private static final int LEVEL = 1 << 15;
  private static final int REMOTE_IRR = 1 << 14;
  private static final int MASKED = 1 << 16;

  private final ApicBench bench = new ApicBench(2).enabled();
  private final PicPair pics = new PicPair(bench.router);
  private final IoApic ioApic = new IoApic(bench.router);
  private final PcInterruptWiring wiring = new PcInterruptWiring(pics, ioApic);

  private int register(int index) {
    ioApic.write(0, 4, index);
    return (int) ioApic.read(0x10, 4);
  }

  private void setRegister(int index, long value) {
    ioApic.write(0, 4, index);
    ioApic.write(0x10, 4, value);
  }

  private void setEntry(int pin, int low, int destination) {
    setRegister(0x11 + 2 * pin, (long) destination << 24);
    setRegister(0x10 + 2 * pin, low);
  }

  private void serve(int cpu) {
    bench.apic(cpu).acknowledge();
    bench.write(cpu, 0xB0, 0);
  }

  @Test
  void showsIdVersionAndMaskedEntries() {
    assertEquals(0x0017_0020, register(1));
    setRegister(0, 0xFF00_0000L);
    assertEquals(0x0F00_0000, register(0));
    assertEquals(MASKED, register(0x10));
    assertEquals(0, register(0x40));
    register(1);
    assertEquals(0x20, ioApic.read(0x10, 1));
  }

  @Test
  void sendsAnEdgeOnceToItsDestination() {
    setEntry(4, 0x51, 1);
    InterruptLine line = wiring.connect(4);
    line.raise();
    assertEquals(List.of(1), bench.holding(0x51));
    serve(1);
    assertEquals("ioapic", bench.apic(1).acknowledgedSource());
    assertEquals(4, bench.apic(1).acknowledgedFrom());
    assertEquals(List.of(), bench.holding(0x51));
    line.lower();
    line.raise();
    assertEquals(List.of(1), bench.holding(0x51));
  }

  @Test
  void losesAnEdgeAtAMaskedPin() {
    setEntry(4, MASKED | 0x51, 1);
    wiring.connect(4).raise();
    setEntry(4, 0x51, 1);
    assertEquals(List.of(), bench.holding(0x51));
  }

  @Test
  void repeatsALevelUntilTheLineFalls() {
    setEntry(10, LEVEL | 0x51, 1);
    InterruptLine line = wiring.connect(10);
    line.raise();
    assertEquals(REMOTE_IRR | LEVEL | 0x51, register(0x24));
    bench.apic(1).acknowledge();
    assertEquals(List.of(), bench.holding(0x51));
    bench.write(1, 0xB0, 0);
    assertEquals(List.of(1), bench.holding(0x51), "still high after the EOI");
    line.lower();
    serve(1);
    assertEquals(List.of(), bench.holding(0x51));
    assertEquals(LEVEL | 0x51, register(0x24));
  }

  @Test
  void levelAtAMaskedPinIsSentWhenItOpens() {
    setEntry(10, MASKED | LEVEL | 0x51, 1);
    wiring.connect(10).raise();
    assertEquals(List.of(), bench.holding(0x51));
    setEntry(10, LEVEL | 0x51, 1);
    assertEquals(List.of(1), bench.holding(0x51));
  }

  @Test
  void eoiRegisterEndsALevelInterrupt() {
    setEntry(10, LEVEL | 0x51, 1);
    InterruptLine line = wiring.connect(10);
    line.raise();
    line.lower();
    ioApic.write(0x40, 4, 0x51);
    assertEquals(LEVEL | 0x51, register(0x24));
  }

  @Test
  void readOnlyBitsStay() {
    setEntry(10, LEVEL | REMOTE_IRR | 1 << 12 | 0x51, 1);
    assertEquals(LEVEL | 0x51, register(0x24));
    wiring.connect(10).raise();
    setRegister(0x24, 0x51);
    assertEquals(0x51, register(0x24), "an edge entry waits for no EOI");
  }

  @Test
  void timerIrqArrivesAtPinTwo() {
    setEntry(2, 0x51, 0);
    wiring.connect(0).raise();
    assertEquals(List.of(0), bench.holding(0x51));
  }

  @Test
  void extIntEntryAsksThePicForItsVector() {
    bench.router.connectExternalController(pics);
    for (int value : new int[] {0x11, 0x08, 0x04, 0x01}) {
      pics.write(value == 0x11 ? 0x20 : 0x21, 1, value);
    }
    setEntry(0, 0x700, 1);
    assertFalse(bench.apic(1).hasDeliverable());
    wiring.connect(3).raise();
    ioApic.setLine(0, 1);
    assertTrue(bench.apic(1).hasDeliverable());
    assertEquals(11, bench.apic(1).acknowledge());
  }
}
