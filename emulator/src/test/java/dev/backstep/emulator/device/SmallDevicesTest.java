package dev.backstep.emulator.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.bus.InterruptLine;
import java.util.List;
import org.junit.jupiter.api.Test;

class SmallDevicesTest {
  private final DeviceBench bench = new DeviceBench();

  @Test
  void debugExitEndsTheRunAtAnyWidth() {
    var exit = new DebugExit(bench);
    exit.write(0xF4, 4, 0x10);
    exit.write(0xF4, 1, 3);
    assertEquals(List.of("exit 16", "exit 3"), bench.requests);
  }

  @Test
  void resetsComeFromTheirPorts() {
    var reset = new ResetPort(bench);
    reset.write(0xCF9, 1, 2);
    assertEquals(List.of(), bench.requests);
    reset.write(0xCF9, 1, 6);
    new KeyboardController(bench, bench.line).write(0x64, 1, 0xFE);
    new SystemControlPort(bench).write(0x92, 1, 3);
    assertEquals(List.of("reset port-cf9", "reset i8042", "reset port-92"), bench.requests);
  }

  @Test
  void keyboardControllerPassesItsSelfTest() {
    var keyboard = new KeyboardController(bench, bench.line);
    assertEquals(0, keyboard.read(0x64, 1) & 1);
    keyboard.write(0x64, 1, 0xAA);
    assertEquals(1, keyboard.read(0x64, 1) & 1);
    assertEquals(0x55, keyboard.read(0x60, 1));
    keyboard.write(0x64, 1, 0x60);
    keyboard.write(0x60, 1, 0x47);
    keyboard.write(0x64, 1, 0x20);
    assertEquals(0x47, keyboard.read(0x60, 1));
  }

  @Test
  void keyboardAnswersCommandsAndInterrupts() {
    var controller = new KeyboardController(bench, bench.line);
    controller.write(0x64, 1, 0x60);
    controller.write(0x60, 1, 0x01);
    controller.write(0x60, 1, 0xFF);
    assertTrue(bench.line.high);
    assertEquals(0xFA, controller.read(0x60, 1));
    assertEquals(0xAA, controller.read(0x60, 1));
    assertFalse(bench.line.high);
    assertEquals(2, bench.line.edges);
    assertEquals(0, controller.read(0x64, 1) & 1);
    for (int value : new int[] {0xED, 0x07, 0xF4}) {
      controller.write(0x60, 1, value);
      assertEquals(0xFA, controller.read(0x60, 1));
    }
    controller.write(0x60, 1, 0x00);
    assertEquals(0xFE, controller.read(0x60, 1), "no such command");
    controller.write(0x60, 1, 0xF2);
    controller.write(0x64, 1, 0xAD);
    assertEquals(0xFA, controller.read(0x60, 1));
    assertEquals(0, controller.read(0x64, 1) & 1, "the interface is off");
    controller.write(0x64, 1, 0xAE);
    assertEquals(0xAB, controller.read(0x60, 1));
    assertEquals(0x41, controller.read(0x60, 1));
  }

  @Test
  void debugConsolePrintsAndSaysThatItIsThere() {
    var printed = new StringBuilder();
    var device = new DebugConsole(octet -> printed.append((char) octet));
    assertEquals(0xE9, device.read(0x402, 1));
    device.write(0x402, 1, 'a');
    device.write(0x402, 1, 'b');
    assertEquals("ab", printed.toString());
  }

  @Test
  void testDevicePortsStoreAtEachWidth() {
    var device = new PcTestDevice(List.of());
    device.write(0xE0, 4, 0x1234_5678);
    assertEquals(0x1234_5678, device.read(0xE0, 4));
    assertEquals(0x5678, device.read(0xE0, 2));
    assertEquals(0x56, device.read(0xE1, 1));
    device.write(0xE4, 4, 0xFFFF_FFFF);
    assertEquals(0, device.read(0xE4, 4), "a flush stores nothing");
  }

  @Test
  void testDeviceDrivesLines() {
    InterruptLine[] lines = {InterruptLine.UNCONNECTED, bench.line};
    var device = new PcTestDevice(List.of(lines));
    device.write(0x2001, 4, 1);
    assertTrue(bench.line.high);
    device.write(0x2001, 1, 0);
    assertFalse(bench.line.high);
  }

  @Test
  void fwCfgGivesItemsByteByByteAndZerosAfter() {
    var fwCfg = new FwCfg(128 << 20, 3, List.of(new FwCfg.File("etc/x", new byte[] {7})));
    fwCfg.write(0x510, 2, 5);
    assertEquals(3, fwCfg.read(0x511, 1));
    assertEquals(0, fwCfg.read(0x511, 1));
    assertEquals(0, fwCfg.read(0x511, 1));
    fwCfg.write(0x510, 2, 0);
    assertEquals('Q', fwCfg.read(0x511, 1));
    fwCfg.write(0x510, 2, 3);
    long size = 0;
    for (int k = 0; k < 8; k++) {
      size |= (long) fwCfg.read(0x511, 1) << 8 * k;
    }
    assertEquals(128 << 20, size);
    fwCfg.write(0x510, 2, 0xFFFF);
    assertEquals(0, fwCfg.read(0x511, 1));
    fwCfg.write(0x510, 2, 0x19);
    int[] directory = new int[68];
    for (int k = 0; k < directory.length; k++) {
      directory[k] = fwCfg.read(0x511, 1);
    }
    assertEquals(1, directory[3]);
    assertEquals(1, directory[7]);
    assertEquals(0x20, directory[9]);
    assertEquals('e', directory[12]);
    fwCfg.write(0x510, 2, 0x20);
    assertEquals(7, fwCfg.read(0x511, 1));
  }
}
