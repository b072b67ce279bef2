package dev.backstep.emulator.interrupt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/// SDM Vol. 3 "Determining IPI Destination".
class ArchitecturalRoutingTest {
  private static final int ICR = 0x300;
  private static final int ICR_HIGH = 0x310;
  private static final int LOGICAL = 1 << 11;

  private static void send(ApicBench bench, int from, int dest, int low) {
    bench.write(from, ICR_HIGH, (long) dest << 24);
    bench.write(from, ICR, low);
  }

  @Test
  void physicalReachesTheOneWithTheId() {
    var bench = new ApicBench(4).enabled();
    send(bench, 0, 2, 0x4051);
    assertEquals(List.of(2), bench.holding(0x51));
    assertArrayEquals(new int[] {2}, bench.lastIpi().targets());
    assertEquals(2, bench.lastIpi().dest());
    bench.apic(2).acknowledge();
    assertEquals("ipi", bench.apic(2).acknowledgedSource());
    assertEquals(0, bench.apic(2).acknowledgedFrom());
  }

  @Test
  void physicalReachesAllThatShareAnXapicId() {
    var bench = new ApicBench(3).enabled();
    bench.write(1, 0x20, 0);
    send(bench, 2, 0, 0x4051);
    assertEquals(List.of(0, 1), bench.holding(0x51));
  }

  @Test
  void broadcastAndShorthandsReachEachOnce() {
    var bench = new ApicBench(3).enabled();
    send(bench, 1, 0xFF, 0x4051);
    assertEquals(List.of(0, 1, 2), bench.holding(0x51));
    send(bench, 1, 0, 0xC_4052);
    assertEquals(List.of(0, 2), bench.holding(0x52));
    send(bench, 1, 0, 0x8_4053);
    assertEquals(List.of(0, 1, 2), bench.holding(0x53));
    send(bench, 1, 0, 0x4_4054);
    assertEquals(List.of(1), bench.holding(0x54));
    assertEquals("shorthand: self", bench.lastIpi().rule());
  }

  @Test
  void logicalFlatMatchesAnyCommonBit() {
    var bench = new ApicBench(4).enabled();
    for (int k = 0; k < 4; k++) {
      bench.write(k, 0xD0, 1L << 24 + k);
    }
    send(bench, 0, 0b0110, LOGICAL | 0x4051);
    assertEquals(List.of(1, 2), bench.holding(0x51));
    assertEquals("logical: flat", bench.lastIpi().rule());
  }

  @Test
  void logicalClusterMatchesClusterAndMember() {
    var bench = new ApicBench(4).enabled();
    int[] ldr = {0x11, 0x12, 0x21, 0x22};
    for (int k = 0; k < 4; k++) {
      bench.write(k, 0xE0, 0x0FFF_FFFF);
      bench.write(k, 0xD0, (long) ldr[k] << 24);
    }
    send(bench, 0, 0x22, LOGICAL | 0x4051);
    assertEquals(List.of(3), bench.holding(0x51));
    send(bench, 0, 0xF1, LOGICAL | 0x4052);
    assertEquals(List.of(0, 2), bench.holding(0x52));
    send(bench, 0, 0xFF, LOGICAL | 0x4053);
    assertEquals(List.of(0, 1, 2, 3), bench.holding(0x53));
  }

  @Test
  void x2apicLogicalMatchesClusterOfSixteen() {
    var bench = new ApicBench(40).x2apic();
    assertTrue(bench.apic(0).writeX2apic(0x830, 0x0002_0081L << 32 | LOGICAL | 0x4051));
    assertEquals(List.of(32, 39), bench.holding(0x51));
    assertTrue(bench.apic(0).writeX2apic(0x830, 0xFFFF_FFFFL << 32 | 0x4052));
    assertEquals(40, bench.holding(0x52).size());
  }

  /// shared fact table: hardware delivers an x2APIC destination to xAPICs by its low byte.
  @Test
  void wideDestinationReachesXapicsByItsLowByte() {
    var bench = new ApicBench(302).enabled();
    bench.apic(1).setApicBase(bench.apic(1).apicBase() | ApicBench.EXTD);
    assertTrue(bench.apic(1).writeX2apic(0x830, 300L << 32 | 0x4051));
    assertEquals(List.of(44, 300), bench.holding(0x51));
    assertEquals("physical: xAPIC ID = low byte", bench.lastIpi().rule());
  }

  @Test
  void nobodyAtADestinationIsNoError() {
    var bench = new ApicBench(2).x2apic();
    assertTrue(bench.apic(0).writeX2apic(0x830, 0xFFFF_FFF0L << 32 | 0x4051));
    assertEquals(0, bench.lastIpi().targets().length);
  }

  @Test
  void lowestPriorityReachesOne() {
    var bench = new ApicBench(3).enabled();
    bench.write(0, 0x80, 0x30);
    bench.write(1, 0x80, 0x10);
    bench.write(2, 0x80, 0x20);
    send(bench, 0, 0xFF, 0x4151);
    assertEquals(List.of(1), bench.holding(0x51));
    assertEquals("physical broadcast, lowest processor priority", bench.lastIpi().rule());
  }

  @Test
  void initAndStartupReachThoseThatAreSoftwareDisabled() {
    var bench = new ApicBench(3);
    bench.write(0, ICR, 0xC_4500);
    bench.write(0, ICR, 0xC_0699);
    assertEquals(List.of("init", "startup 153"), bench.cpus.get(1).signals);
    assertEquals(List.of("init", "startup 153"), bench.cpus.get(2).signals);
    assertEquals(List.of(), bench.cpus.get(0).signals);
    assertEquals("startup", bench.lastIpi().deliveryMode());
  }

  @Test
  void initDeassertDoesNothing() {
    var bench = new ApicBench(2);
    bench.write(0, ICR, 0xC_8500);
    assertEquals(List.of(), bench.cpus.get(1).signals);
    assertEquals(0, bench.lastIpi().targets().length);
  }

  @Test
  void disabledApicHearsNothing() {
    var bench = new ApicBench(2).enabled();
    bench.apic(1).setApicBase(bench.apic(1).apicBase() & ~ApicBench.EN);
    send(bench, 0, 1, 0x4400);
    send(bench, 0, 0xFF, 0x4051);
    assertFalse(bench.cpus.get(1).signals.contains("nmi"));
    assertEquals(List.of(0), bench.holding(0x51));
  }

  @Test
  void interruptMessageToFfMeansId255InX2apicMode() {
    var bench = new ApicBench(257).x2apic();
    var message =
        new InterruptMessage(
            0x51,
            DeliveryMode.FIXED,
            TriggerMode.EDGE,
            DestinationMode.PHYSICAL,
            0xFF,
            InterruptMessage.Origin.INTERRUPT_MESSAGE);
    assertTrue(bench.router.deliver(message, InterruptSource.IOAPIC, 3));
    assertEquals(List.of(255), bench.holding(0x51));
  }

  @Test
  void msiFieldsAreDecoded() {
    InterruptMessage message = InterruptMessage.ofMsi(0xFEE0_5004L, 0x8141);
    assertEquals(0x41, message.vector());
    assertEquals(DeliveryMode.LOWEST_PRIORITY, message.deliveryMode());
    assertEquals(TriggerMode.LEVEL, message.triggerMode());
    assertEquals(DestinationMode.LOGICAL, message.destinationMode());
    assertEquals(5, message.destination());
  }
}
