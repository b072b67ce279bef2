package dev.backstep.emulator.bus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class PortBusTest {
  private final PortBus ports = new PortBus();

  private static PortDevice answering(int value) {
    return new PortDevice() {
      @Override
      public String name() {
        return "device" + value;
      }

      @Override
      public int read(int port, int bytes) {
        return value;
      }

      @Override
      public void write(int port, int bytes, int written) {}
    };
  }

  @Test
  void portsNobodyDecodesReadAsOnes() {
    assertEquals(0xFF, ports.read(0x1234, 1));
    assertEquals(0xFFFF, ports.read(0x1234, 2));
    assertEquals(-1, ports.read(0x1234, 4));
    assertEquals("unassigned", ports.deviceName(0x1234));
  }

  @Test
  void twoDevicesCannotShareAPort() {
    ports.attach(0x60, 4, answering(1));
    IllegalStateException e =
        assertThrows(IllegalStateException.class, () -> ports.attach(0x63, 1, answering(2)));
    assertEquals("port 0x63: device1 and device2", e.getMessage());
  }

  @Test
  void detachedPortsAreFreeAgain() {
    PortDevice device = answering(5);
    ports.attach(0x60, 4, device);
    ports.detach(device);
    ports.attach(0x60, 1, answering(6));
    assertEquals(6, ports.read(0x60, 1));
    assertEquals(0xFF, ports.read(0x61, 1));
  }
}
