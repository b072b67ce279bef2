package dev.backstep.emulator.interrupt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.time.EventQueue;
import java.util.List;
import org.junit.jupiter.api.Test;

/// SDM Vol. 3 "APIC Timer".
class LapicTimerTest {
  private static final int LVT = 0x320;
  private static final int INITIAL = 0x380;
  private static final int CURRENT = 0x390;
  private static final int DIVIDE = 0x3E0;
  private static final int BY_1 = 0xB;
  private static final int ONE_SHOT = 0xEE;
  private static final int PERIODIC = 0x2_00EE;
  private static final int TSC_DEADLINE = 0x4_00EE;

  private final ApicBench bench = new ApicBench(1).enabled();
  private final Lapic apic = bench.apic(0);

  private int take() {
    int vector = apic.acknowledge();
    bench.write(0, 0xB0, 0);
    return vector;
  }

  @Test
  void oneShotCountsDownOnceAndStaysAtZero() {
    bench.write(0, DIVIDE, BY_1);
    bench.write(0, LVT, ONE_SHOT);
    bench.write(0, INITIAL, 1000);
    bench.runTo(400);
    assertEquals(600, bench.read(0, CURRENT));
    assertEquals(1000, bench.read(0, INITIAL));
    bench.runTo(999);
    assertFalse(apic.hasDeliverable());
    bench.runTo(1000);
    assertEquals(0xEE, take());
    assertEquals("lapic-timer", apic.acknowledgedSource());
    bench.runTo(5000);
    assertEquals(0, bench.read(0, CURRENT));
    assertFalse(apic.hasDeliverable());
  }

  @Test
  void dividerScalesTheCount() {
    int[] encodings = {0, 1, 2, 3, 8, 9, 10, 11};
    int[] dividers = {2, 4, 8, 16, 32, 64, 128, 1};
    for (int k = 0; k < encodings.length; k++) {
      var fresh = new ApicBench(1).enabled();
      fresh.write(0, DIVIDE, encodings[k]);
      fresh.write(0, INITIAL, 100);
      fresh.runTo(10L * dividers[k]);
      assertEquals(90, fresh.read(0, CURRENT), "divide by " + dividers[k]);
    }
  }

  @Test
  void periodicReloads() {
    bench.write(0, DIVIDE, BY_1);
    bench.write(0, LVT, PERIODIC);
    bench.write(0, INITIAL, 100);
    for (int period = 1; period < 5; period++) {
      bench.runTo(100L * period);
      assertEquals(0xEE, take());
    }
    bench.runTo(430);
    assertEquals(70, bench.read(0, CURRENT));
  }

  @Test
  void skippedTimeMergesPeriods() {
    bench.write(0, DIVIDE, BY_1);
    bench.write(0, LVT, PERIODIC);
    bench.write(0, INITIAL, 100);
    bench.position = 1_000_050;
    bench.queue.fireDue(bench.position);
    assertEquals(0xEE, take());
    assertFalse(apic.hasDeliverable());
    assertEquals(1_000_100, bench.queue.nextNs());
  }

  @Test
  void maskedTimerCountsButArmsNothing() {
    bench.write(0, DIVIDE, BY_1);
    bench.write(0, LVT, PERIODIC | 1 << 16);
    bench.write(0, INITIAL, 100);
    assertEquals(EventQueue.NEVER, bench.queue.nextNs());
    bench.runTo(250);
    assertEquals(50, bench.read(0, CURRENT));
    bench.write(0, LVT, PERIODIC);
    assertEquals(300, bench.queue.nextNs());
  }

  @Test
  void changesBetweenOneShotAndPeriodicLetTheCountRunOn() {
    bench.write(0, DIVIDE, BY_1);
    bench.write(0, LVT, ONE_SHOT);
    bench.write(0, INITIAL, 100);
    bench.runTo(40);
    bench.write(0, LVT, PERIODIC);
    assertEquals(60, bench.read(0, CURRENT));
    bench.runTo(130);
    assertEquals(70, bench.read(0, CURRENT));
    bench.write(0, LVT, ONE_SHOT);
    bench.runTo(350);
    assertEquals(0, bench.read(0, CURRENT));
    bench.write(0, LVT, PERIODIC);
    bench.runTo(500);
    assertEquals(0, bench.read(0, CURRENT), "an ended count does not start by itself");
  }

  @Test
  void interruptThatIsDueIsNotLostWhenTheLvtIsWrittenFirst() {
    bench.write(0, DIVIDE, BY_1);
    bench.write(0, LVT, ONE_SHOT);
    bench.write(0, INITIAL, 100);
    bench.position = 150;
    bench.write(0, LVT, ONE_SHOT | 1 << 16);
    assertEquals(List.of(0), bench.holding(0xEE));
  }

  @Test
  void tscDeadlineFiresWhenTheTscReachesItAndReadsZeroAfter() {
    bench.write(0, LVT, TSC_DEADLINE);
    apic.setTscDeadline(2001);
    assertEquals(2001, apic.tscDeadline());
    bench.runTo(1000);
    assertFalse(apic.hasDeliverable());
    bench.runTo(1001);
    assertEquals(0xEE, take());
    assertEquals(0, apic.tscDeadline());
  }

  @Test
  void pastTscDeadlineFiresAtOnce() {
    bench.write(0, LVT, TSC_DEADLINE);
    bench.runTo(500);
    apic.setTscDeadline(bench.clock.tscTicks());
    assertTrue(apic.hasDeliverable());
    assertEquals(0, apic.tscDeadline());
  }

  @Test
  void tscDeadlineFollowsTheTscOffset() {
    bench.write(0, LVT, TSC_DEADLINE);
    apic.setTscDeadline(4000);
    apic.tscOffsetChanged(2000);
    assertEquals(1000, bench.queue.nextNs());
    apic.tscOffsetChanged(1000);
    assertEquals(1500, bench.queue.nextNs());
    apic.tscOffsetChanged(5000);
    assertTrue(apic.hasDeliverable());
  }

  @Test
  void hugeTscDeadlineNeverComes() {
    bench.write(0, LVT, TSC_DEADLINE);
    bench.runTo(1000);
    apic.setTscDeadline(-1);
    assertEquals(-1, apic.tscDeadline());
    assertFalse(apic.hasDeliverable());
    apic.setTscDeadline(0);
    assertEquals(EventQueue.NEVER, bench.queue.nextNs());
  }

  @Test
  void deadlineIsIgnoredInOtherModesAndCountsInDeadlineMode() {
    bench.write(0, LVT, ONE_SHOT);
    apic.setTscDeadline(100);
    assertEquals(0, apic.tscDeadline());
    bench.write(0, INITIAL, 100);
    bench.write(0, LVT, TSC_DEADLINE);
    assertEquals(EventQueue.NEVER, bench.queue.nextNs(), "the change disarms");
    bench.write(0, INITIAL, 50);
    assertEquals(0, bench.read(0, CURRENT));
  }

  @Test
  void disablingTheApicStopsTheTimer() {
    bench.write(0, LVT, ONE_SHOT);
    bench.write(0, INITIAL, 100);
    apic.setApicBase(apic.apicBase() & ~ApicBench.EN);
    assertEquals(EventQueue.NEVER, bench.queue.nextNs());
  }
}
