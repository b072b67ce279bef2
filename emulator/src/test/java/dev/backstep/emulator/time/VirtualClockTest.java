package dev.backstep.emulator.time;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class VirtualClockTest {
  private long position;
  private final VirtualClock clock = new VirtualClock(() -> position);

  @Test
  void countsANanosecondForEachInstruction() {
    position = 1_000;
    assertEquals(1_000, clock.nowNs());
    assertEquals(2_000, clock.tscTicks());
  }

  @Test
  void skippedTimeCountsAndPositionsFollow() {
    position = 100;
    clock.skipTo(5_000);
    assertEquals(5_000, clock.nowNs());
    assertEquals(100 + 50, clock.positionAt(5_050));
  }

  @Test
  void skippingToThePastDoesNothing() {
    position = 100;
    clock.skipTo(50);
    assertEquals(100, clock.nowNs());
  }

  @Test
  void chargesPassTimeAndAreTold() {
    boolean[] told = {false};
    clock.watchCharges(() -> told[0] = true);
    clock.charge(VirtualClock.PORT_IO_NS);
    assertEquals(VirtualClock.PORT_IO_NS, clock.nowNs());
    assertTrue(told[0]);
  }

  @Test
  void nsOfTscIsTheFirstNanosecondWithThatManyTicks() {
    for (long ticks = 0; ticks < 10; ticks++) {
      position = VirtualClock.nsOfTsc(ticks);
      assertTrue(clock.tscTicks() >= ticks);
      position--;
      assertTrue(position < 0 || clock.tscTicks() < ticks);
    }
  }

  @Test
  void ticksOfSlowCountersDoNotOverflow() {
    position = 3_600L * 24 * 365 * 1_000_000_000L;
    assertEquals(3_600L * 24 * 365 * 3_579_545, clock.ticksAt(3_579_545));
  }
}
