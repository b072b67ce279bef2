package dev.backstep.emulator.device.pci;

import dev.backstep.emulator.bus.MmioDevice;
import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.bus.PortBus;
import dev.backstep.emulator.bus.PortDevice;

/// A base address register: how large a range it decodes, and what is behind it. PCI Local Bus
/// Specification 3.0, "Base Addresses".
sealed interface PciBar {
  /// What it decodes; the ordinal is the bit of the command register that enables it.
  enum Space {
    IO,
    MEMORY
  }

  /// 0 to 5.
  int index();

  Space space();

  /// A power of two.
  int bytes();

  /// Bits that the guest can set.
  default long addressMask() {
    return 0xFFFF_FFFFL & -bytes();
  }

  /// The read-only low bits.
  default int typeBits() {
    return space() == Space.IO ? 1 : 0;
  }

  /// Puts the range on its bus.
  ///
  /// @return false if something else is there
  boolean map(long at, PhysicalBus memory, PortBus ports);

  void unmap(PhysicalBus memory, PortBus ports);

  /// A range of memory, 32-bit, not prefetchable.
  record Memory(int index, int bytes, MmioDevice device) implements PciBar {
    @Override
    public Space space() {
      return Space.MEMORY;
    }

    @Override
    public boolean map(long at, PhysicalBus memory, PortBus ports) {
      memory.mapDevice(at, bytes, device);
      return true;
    }

    @Override
    public void unmap(PhysicalBus memory, PortBus ports) {
      memory.unmapDevice(device);
    }
  }

  /// A range of I/O ports.
  record Ports(int index, int bytes, PortDevice device) implements PciBar {
    @Override
    public Space space() {
      return Space.IO;
    }

    @Override
    public boolean map(long at, PhysicalBus memory, PortBus ports) {
      if (!ports.isFree((int) at, bytes)) {
        return false;
      }
      ports.attach((int) at, bytes, device);
      return true;
    }

    @Override
    public void unmap(PhysicalBus memory, PortBus ports) {
      ports.detach(device);
    }
  }
}
