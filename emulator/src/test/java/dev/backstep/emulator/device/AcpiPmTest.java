package dev.backstep.emulator.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/// ACPI Specification 3.0 "ACPI Hardware Specification".
class AcpiPmTest {
  private final DeviceBench bench = new DeviceBench();
  private final AcpiPm pm = new AcpiPm(bench.clock, bench.queue, bench.line, bench);

  @Test
  void timerCountsIn24Bits() {
    bench.runTo(1_000_000_000L);
    assertEquals(3_579_545, pm.read(AcpiPm.TIMER_PORT, 4));
    assertEquals(3_579_545 >>> 8 & 0xFF, pm.read(AcpiPm.TIMER_PORT + 1, 1));
    bench.runTo(5_000_000_000L);
    assertEquals(5 * 3_579_545 & 0xFF_FFFF, pm.read(AcpiPm.TIMER_PORT, 4));
  }

  @Test
  void softOffSwitchesThePowerOff() {
    pm.write(AcpiPm.CONTROL_PORT, 2, 0x2001);
    assertEquals(List.of("off acpi"), bench.requests);
    assertEquals(1, pm.read(AcpiPm.CONTROL_PORT, 2));
  }

  @Test
  void otherSleepTypesDoNothing() {
    pm.write(AcpiPm.CONTROL_PORT, 2, 0x2000 | 1 << 10);
    assertEquals(List.of(), bench.requests);
  }

  @Test
  void timerCarryInterruptsWhenEnabled() {
    pm.write(AcpiPm.SMI_COMMAND_PORT, 1, AcpiPm.ENABLE_COMMAND);
    assertEquals(1, pm.read(AcpiPm.CONTROL_PORT, 2));
    pm.write(AcpiPm.EVENT_PORT + 2, 2, 1);
    bench.runTo(2_300_000_000L);
    assertFalse(bench.line.high);
    bench.runTo(2_400_000_000L);
    assertTrue(bench.line.high);
    assertEquals(1, pm.read(AcpiPm.EVENT_PORT, 2));
    pm.write(AcpiPm.EVENT_PORT, 2, 1);
    assertFalse(bench.line.high);
    assertEquals(0, pm.read(AcpiPm.EVENT_PORT, 2));
  }

  @Test
  void carryIsNotedWithoutInterrupt() {
    bench.runTo(2_400_000_000L);
    assertEquals(1, pm.read(AcpiPm.EVENT_PORT, 2));
    assertFalse(bench.line.high);
  }
}
