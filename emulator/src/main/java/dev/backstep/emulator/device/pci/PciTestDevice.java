package dev.backstep.emulator.device.pci;

import dev.backstep.emulator.bus.MmioDevice;
import dev.backstep.emulator.bus.PortDevice;
import dev.backstep.emulator.device.StateSink;

/// QEMU's pci-testdev (docs/specs/pci-testdev): BAR 0 memory, BAR 1 ports, each with the same
/// registers, which count accesses.
///
/// ```
/// 0 test (write: selects) | 1 width | 4 offset | 8 value | 12 count | 16 name
/// ```
///
/// A write of `value` at `offset` counts. All tests are "no eventfd": there is no host to notify.
public final class PciTestDevice extends PciFunction {
  private static final int MEMORY_BYTES = 4096;
  private static final int PORT_BYTES = 256;
  private static final int TESTS = 3;
  private static final String[] VARIANTS = {"no-eventfd", "wildcard-eventfd", "datamatch-eventfd"};

  private final Range memory = new Range("mmio-", MEMORY_BYTES / 2);
  private final Range ports = new Range("portio-", PORT_BYTES / 2);

  public PciTestDevice() {
    super("pci-testdev", new Identity(0x1B36, 0x0005, 0xFF_0000, 0));
    setSubsystem(QEMU_VENDOR, QEMU_DEVICE);
    addBar(new PciBar.Memory(0, MEMORY_BYTES, memory));
    addBar(new PciBar.Ports(1, PORT_BYTES, ports));
  }

  @Override
  public void save(StateSink state) {
    super.save(state);
    memory.save(state);
    ports.save(state);
  }

  /// One BAR's registers.
  private static final class Range implements MmioDevice, PortDevice {
    private static final int HEADER_BYTES = 16;
    private static final int WIDTH = 1;
    private static final int VALUE = 0xFA;

    private final String prefix;
    private final int base;
    private int test;
    private int count;

    Range(String prefix, int base) {
      this.prefix = prefix;
      this.base = base;
    }

    @Override
    public String name() {
      return "pci-testdev";
    }

    @Override
    public int read(int port, int bytes) {
      return (int) read(port & PORT_BYTES - 1L, bytes);
    }

    @Override
    public void write(int port, int bytes, int value) {
      write(port & PORT_BYTES - 1L, bytes, Integer.toUnsignedLong(value));
    }

    @Override
    public long read(long offset, int bytes) {
      long value = 0;
      for (int k = 0; k < bytes; k++) {
        value |= (long) register((int) offset + k) << 8 * k;
      }
      return value;
    }

    /// The byte at an offset; a test that does not exist has width 0 and no name.
    private int register(int offset) {
      boolean exists = test < TESTS;
      if (offset >= HEADER_BYTES) {
        String text = exists ? prefix + VARIANTS[test] : "";
        return offset - HEADER_BYTES < text.length() ? text.charAt(offset - HEADER_BYTES) : 0;
      }
      int shift = 8 * (offset & 3);
      return switch (offset >> 2) {
        case 0 -> offset == 0 ? test : exists && offset == 1 ? WIDTH : 0;
        case 1 -> target() >>> shift & 0xFF;
        case 2 -> VALUE >>> shift & 0xFF;
        default -> count >>> shift & 0xFF;
      };
    }

    private int target() {
      return base + test * WIDTH;
    }

    @Override
    public void write(long offset, int bytes, long value) {
      if (offset == 0) {
        test = (int) value & 0xFF;
        count = 0;
      } else if (test < TESTS && offset == target() && (value & 0xFF) == VALUE) {
        count++;
      }
    }

    void save(StateSink state) {
      state.putInt(test);
      state.putInt(count);
    }
  }
}
