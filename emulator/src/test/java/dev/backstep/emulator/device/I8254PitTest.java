package dev.backstep.emulator.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// Intel 82C54 data sheet, "Mode Definitions".
class I8254PitTest {
  private static final int CONTROL = 0x43;

  private final DeviceBench bench = new DeviceBench();
  private final I8254Pit pit = new I8254Pit(bench.clock, bench.queue, bench.line);

  private void out(int port, int value) {
    pit.write(port, 1, value);
  }

  private int in(int port) {
    return pit.read(port, 1);
  }

  private void load(int counter, int control, int count) {
    out(CONTROL, counter << 6 | control);
    out(0x40 + counter, count & 0xFF);
    out(0x40 + counter, count >>> 8);
  }

  private int latched(int counter) {
    out(CONTROL, counter << 6);
    return in(0x40 + counter) | in(0x40 + counter) << 8;
  }

  private void runToTick(long tick) {
    bench.runTo(Clocks.nsOfTick(tick, I8254Pit.HZ));
  }

  @Test
  void modeZeroRisesOnceAtTheEnd() {
    load(0, 0x30, 1000);
    assertFalse(bench.line.high);
    runToTick(400);
    assertEquals(600, latched(0));
    runToTick(999);
    assertFalse(bench.line.high);
    runToTick(1000);
    assertTrue(bench.line.high);
    runToTick(1001);
    assertEquals(0xFFFF, latched(0), "it goes on counting");
    runToTick(200_000);
    assertEquals(1, bench.line.edges);
  }

  @Test
  void modeTwoRisesEveryPeriod() {
    load(0, 0x34, 100);
    int before = bench.line.edges;
    runToTick(1000);
    assertEquals(before + 10, bench.line.edges);
    assertEquals(100, latched(0));
    runToTick(1030);
    assertEquals(70, latched(0));
  }

  @Test
  void modeThreeIsASquareWaveThatCountsByTwo() {
    load(0, 0x36, 100);
    runToTick(10);
    assertEquals(80, latched(0));
    assertTrue(bench.line.high);
    runToTick(50);
    assertFalse(bench.line.high);
    runToTick(100);
    assertTrue(bench.line.high);
  }

  @Test
  void newCountOfAPeriodicModeWaitsForTheEndOfThePeriod() {
    load(0, 0x34, 100);
    runToTick(50);
    out(0x40, 30);
    out(0x40, 0);
    assertEquals(50, latched(0));
    runToTick(110);
    assertEquals(20, latched(0));
    runToTick(130);
    assertEquals(30, latched(0));
  }

  @Test
  void zeroMeansTheFullRange() {
    load(0, 0x34, 0);
    runToTick(1);
    assertEquals(65_535, latched(0));
    load(0, 0x35, 0);
    runToTick(2);
    assertEquals(0x9999, latched(0));
  }

  @Test
  void bcdCountsInDecimal() {
    load(0, 0x31, 0x0250);
    runToTick(51);
    assertEquals(0x0199, latched(0));
  }

  @Test
  void latchHoldsWhileTimePasses() {
    load(0, 0x34, 1000);
    runToTick(100);
    out(CONTROL, 0);
    runToTick(300);
    assertEquals(900, in(0x40) | in(0x40) << 8);
    assertEquals(700, latched(0));
  }

  @Test
  void readBackGivesStatusThenCount() {
    load(0, 0x34, 1000);
    runToTick(100);
    out(CONTROL, 0xC2);
    assertEquals(0xB4, in(0x40));
    assertEquals(900, in(0x40) | in(0x40) << 8);
  }

  @Test
  void gateTwoStartsAndStopsTheThirdCounter() {
    load(2, 0x30, 1000);
    runToTick(500);
    assertEquals(0, in(0x61) & 0x20);
    assertEquals(1000, latched(2), "the gate is low");
    out(0x61, 1);
    runToTick(700);
    assertEquals(800, latched(2));
    out(0x61, 0);
    runToTick(5000);
    assertEquals(800, latched(2));
    out(0x61, 1);
    runToTick(5800);
    assertEquals(0x20, in(0x61) & 0x20);
  }

  @Test
  void modeFiveWaitsForTheGate() {
    load(2, 0x3A, 100);
    runToTick(500);
    assertEquals(0x20, in(0x61) & 0x20);
    out(0x61, 1);
    runToTick(600);
    assertEquals(0, in(0x61) & 0x20, "low for one tick at the end");
    runToTick(601);
    assertEquals(0x20, in(0x61) & 0x20);
  }

  @Test
  void singleByteAccessLoadsAndReadsThatByte() {
    out(CONTROL, 0x14);
    out(0x40, 50);
    runToTick(10);
    assertEquals(40, in(0x40));
    assertEquals(40, in(0x40));
    out(CONTROL, 0x24);
    out(0x40, 1);
    runToTick(11);
    assertEquals(0, in(0x40));
  }
}
