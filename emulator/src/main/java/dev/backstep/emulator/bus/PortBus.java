package dev.backstep.emulator.bus;

import java.util.Arrays;

/// The 65,536 I/O ports. A port nobody decodes reads as all ones and swallows writes, as on a PC.
public final class PortBus {
  private static final int PORTS = 0x10000;
  private static final String UNASSIGNED = "unassigned";

  private final PortDevice[] devices = new PortDevice[PORTS];
  private final PortDevice unassigned = new Unassigned();

  public PortBus() {
    Arrays.fill(devices, unassigned);
  }

  /// Gives `count` ports from `first` to a device.
  ///
  /// @throws IllegalStateException if another device already decodes one of them
  public void attach(int first, int count, PortDevice device) {
    for (int port = first; port < first + count; port++) {
      if (devices[port] != unassigned) {
        throw new IllegalStateException(
            "port 0x%x: %s and %s".formatted(port, devices[port].name(), device.name()));
      }
      devices[port] = device;
    }
  }

  /// Takes ports back from a device, as when a PCI base address register moves.
  public void detach(PortDevice device) {
    for (int port = 0; port < PORTS; port++) {
      if (devices[port] == device) {
        devices[port] = unassigned;
      }
    }
  }

  /// Whether no device decodes any of `count` ports from `first`.
  public boolean isFree(int first, int count) {
    for (int port = first; port < first + count; port++) {
      if (!(devices[port] instanceof Unassigned)) {
        return false;
      }
    }
    return true;
  }

  /// Reads 1, 2 or 4 bytes; the result is zero-extended.
  public int read(int port, int bytes) {
    return devices[port & 0xFFFF].read(port & 0xFFFF, bytes);
  }

  public void write(int port, int bytes, int value) {
    devices[port & 0xFFFF].write(port & 0xFFFF, bytes, value);
  }

  /// The name of the device that decodes `port`.
  public String deviceName(int port) {
    return devices[port & 0xFFFF].name();
  }

  private static final class Unassigned implements PortDevice {
    @Override
    public String name() {
      return UNASSIGNED;
    }

    @Override
    public int read(int port, int bytes) {
      return bytes == 4 ? -1 : (1 << 8 * bytes) - 1;
    }

    @Override
    public void write(int port, int bytes, int value) {}
  }
}
