package dev.backstep.emulator.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// MC146818A data sheet.
class CmosRtcTest {
  /// 2001-09-09 01:46:40 UTC, a Sunday.
  private static final long BILLION = 1_000_000_000;

  private static final long SECOND = 1_000_000_000L;

  private final DeviceBench bench = new DeviceBench();
  private final CmosRtc rtc =
      new CmosRtc(BILLION, 5L << 30, 3, bench.clock, bench.queue, bench.line);

  private int in(int register) {
    rtc.write(0x70, 1, register);
    return rtc.read(0x71, 1);
  }

  private void out(int register, int value) {
    rtc.write(0x70, 1, register);
    rtc.write(0x71, 1, value);
  }

  @Test
  void showsBcdTimeIn24Hours() {
    int[] registers = {0x32, 9, 8, 7, 6, 4, 2, 0};
    int[] expected = {0x20, 0x01, 0x09, 0x09, 0x01, 0x01, 0x46, 0x40};
    for (int k = 0; k < registers.length; k++) {
      assertEquals(expected[k], in(registers[k]), "register " + registers[k]);
    }
    bench.runTo(25 * SECOND);
    assertEquals(0x05, in(0));
    assertEquals(0x47, in(2));
  }

  @Test
  void showsBinaryTimeIn12Hours() {
    out(0xB, 4);
    assertEquals(46, in(2));
    bench.runTo(12 * 3600 * SECOND);
    assertEquals(0x81, in(4));
    bench.runTo(23 * 3600 * SECOND);
    assertEquals(12, in(4), "midnight");
  }

  @Test
  void setStopsTheClockAndStartsItFromItsRegisters() {
    out(0xB, 0x82);
    out(0x32, 0x19);
    out(9, 0x99);
    out(8, 0x12);
    out(7, 0x31);
    out(4, 0x23);
    out(2, 0x59);
    out(0, 0x58);
    bench.runTo(10 * SECOND);
    assertEquals(0x58, in(0));
    out(0xB, 0x02);
    bench.runTo(12 * SECOND);
    assertEquals(0x00, in(0));
    assertEquals(0x20, in(0x32));
    assertEquals(0x00, in(9));
    assertEquals(0x01, in(7));
  }

  @Test
  void nonsenseInTheTimeRegistersIsIgnored() {
    out(8, 0x77);
    assertEquals(0x09, in(8));
  }

  @Test
  void updateInProgressPrecedesTheSecond() {
    bench.runTo(SECOND - 300_000);
    assertEquals(0x26, in(0xA));
    bench.runTo(SECOND - 100_000);
    assertEquals(0xA6, in(0xA));
    bench.runTo(SECOND);
    assertEquals(0x26, in(0xA));
  }

  @Test
  void periodicInterruptComesAtItsRate() {
    out(0xB, 0x42);
    bench.runTo(SECOND / 1024 + 1);
    assertTrue(bench.line.high);
    assertEquals(0xC0, in(0xC));
    assertFalse(bench.line.high);
    assertEquals(0, in(0xC));
    for (int k = 0; k < 100; k++) {
      bench.runTo(bench.clock.nowNs() + SECOND / 1024 + 1);
      in(0xC);
    }
    assertEquals(101, bench.line.edges);
  }

  @Test
  void updateInterruptComesEachSecond() {
    out(0xB, 0x12);
    bench.runTo(SECOND);
    assertEquals(0xD0, in(0xC) | 0x40, "the periodic flag is set as well");
    assertEquals(1, bench.line.edges);
  }

  @Test
  void alarmMatchesItsFieldsAndDontCares() {
    out(1, 0x05);
    out(3, 0xFF);
    out(5, 0xC0);
    out(0xA, 0x20);
    out(0xB, 0x22);
    bench.runTo(24 * SECOND);
    assertFalse(bench.line.high);
    bench.runTo(25 * SECOND);
    assertTrue(bench.line.high);
    assertEquals(0xB0, in(0xC));
  }

  @Test
  void memorySizesAreWhereFirmwareKeepsThem() {
    assertEquals(640, in(0x15) | in(0x16) << 8);
    assertEquals(0xFFFF, in(0x30) | in(0x31) << 8);
    assertEquals(0xC000 - 0x100, in(0x34) | in(0x35) << 8);
    assertEquals((5L << 30) - 0xC000_0000L >>> 16, in(0x5B) | in(0x5C) << 8 | in(0x5D) << 16);
    assertEquals(2, in(0x5F));
    out(0x40, 0x5A);
    assertEquals(0x5A, in(0x40));
    assertEquals(0x80, in(0xD));
  }
}
