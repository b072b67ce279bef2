package dev.backstep.emulator.device;

import dev.backstep.emulator.bus.InterruptLine;
import dev.backstep.emulator.bus.MmioDevice;
import dev.backstep.emulator.bus.PortDevice;
import java.util.List;

/// QEMU's pc-testdev, as kvm-unit-tests use it.
///
/// ```
/// E0h-E3h storage | E4h-E7h a page's address to flush from the host's caches: nothing to do here
/// E8h-EBh storage | 2000h + n drives interrupt line n | FF000000h 64 KiB of storage
/// ```
public final class PcTestDevice implements PortDevice, MmioDevice, Stateful {
  public static final int PORT = 0xE0;
  public static final int PORTS = 12;
  public static final int LINES_PORT = 0x2000;
  public static final long GPA = 0xFF00_0000L;
  public static final int BYTES = 0x1_0000;

  private static final int FLUSH_PORT = 0xE4;
  private static final int FLUSH_PORTS = 4;

  private final List<InterruptLine> lines;
  private final byte[] portStorage = new byte[PORTS];
  private final byte[] memory = new byte[BYTES];

  /// @param lines those that ports 2000h and up drive, in order: 24 on a PC with an IOAPIC
  public PcTestDevice(List<InterruptLine> lines) {
    this.lines = List.copyOf(lines);
  }

  /// How many ports from [#LINES_PORT] on are its own.
  public int linePorts() {
    return lines.size();
  }

  @Override
  public String name() {
    return "pc-testdev";
  }

  @Override
  public int read(int port, int bytes) {
    return port >= LINES_PORT ? 0 : (int) load(portStorage, port - PORT, bytes);
  }

  @Override
  public void write(int port, int bytes, int value) {
    if (port >= LINES_PORT) {
      InterruptLine line = lines.get(port - LINES_PORT);
      if (value != 0) {
        line.raise();
      } else {
        line.lower();
      }
      return;
    }
    boolean isFlush = port >= FLUSH_PORT && port < FLUSH_PORT + FLUSH_PORTS;
    if (!isFlush) {
      store(portStorage, port - PORT, bytes, value);
    }
  }

  @Override
  public long read(long offset, int bytes) {
    return load(memory, (int) offset, bytes);
  }

  @Override
  public void write(long offset, int bytes, long value) {
    store(memory, (int) offset, bytes, value);
  }

  private static long load(byte[] from, int offset, int bytes) {
    long value = 0;
    for (int k = 0; k < bytes && offset + k < from.length; k++) {
      value |= (from[offset + k] & 0xFFL) << 8 * k;
    }
    return value;
  }

  private static void store(byte[] to, int offset, int bytes, long value) {
    for (int k = 0; k < bytes && offset + k < to.length; k++) {
      to[offset + k] = (byte) (value >>> 8 * k);
    }
  }

  @Override
  public void save(StateSink state) {
    state.putBytes(portStorage);
    state.putBytes(memory);
  }
}
