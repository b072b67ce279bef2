package dev.backstep.emulator.device.pci;

import dev.backstep.emulator.bus.MmioDevice;
import dev.backstep.emulator.bus.PortDevice;
import dev.backstep.emulator.device.BusMaster;
import dev.backstep.emulator.device.BusMaster.Outcome;
import dev.backstep.emulator.device.DmaPath.Snooping;
import dev.backstep.emulator.device.StateSink;
import java.util.function.Function;

/// A DMA engine that does not snoop caches unless it is told to: `-device noncoherent-dma`. BAR 0
/// is 4 KiB of memory, BAR 1 is 64 I/O ports; both show the same registers, little-endian, for
/// accesses of 4 bytes (8 in memory) that are aligned. See docs/noncoherent-dma.md.
///
/// ```
/// 00h identity "NDMA", read-only | 04h status, read-only: 1 done, 2 aborted, 4 refused
/// 08h source | 10h destination | 18h length | 1Ch command | 20h pattern | 24h checksum, read-only
/// 28h first 8 bytes of the last transfer, read-only
/// ```
///
/// A write of the command register carries the command out at once. Bits 2:0: 1 reads the source, 2
/// writes the pattern to the destination, 3 copies. Bit 4: snoops the processors' caches. The
/// checksum is the sum of the bytes transferred, modulo 2^32.
public final class NoncoherentDmaDevice extends PciFunction {
  public static final String NAME = "noncoherent-dma";

  /// Most bytes of one command.
  public static final int MOST_BYTES = 0x1_0000;

  private static final int MEMORY_BYTES = 4096;
  private static final int PORT_BYTES = 64;
  private static final int IDENTITY = 0x414D_444E;

  /// One of those that QEMU's docs/specs/pci-ids leaves to experiments; the class is that of a DMA
  /// controller.
  private static final Identity PCI_IDENTITY = new Identity(QEMU_VENDOR, 0x10F0, 0x08_0180, 1);

  private static final int DONE = 1;
  private static final int ABORTED = 1 << 1;
  private static final int REFUSED = 1 << 2;

  private static final int READ = 1;
  private static final int FILL = 2;
  private static final int COPY = 3;
  private static final int OPERATION = 7;
  private static final int SNOOP = 1 << 4;

  private final BusMaster master;
  private final byte[] buffer = new byte[MOST_BYTES];
  private long source;
  private long destination;
  private int length;
  private int pattern;
  private int status;
  private int checksum;
  private long first;

  /// @param masters makes the device's way to memory, given its name
  public NoncoherentDmaDevice(Function<String, BusMaster> masters) {
    super(NAME, PCI_IDENTITY);
    master = masters.apply(NAME);
    setSubsystem(QEMU_VENDOR, QEMU_DEVICE);
    Registers registers = new Registers();
    addBar(new PciBar.Memory(0, MEMORY_BYTES, registers));
    addBar(new PciBar.Ports(1, PORT_BYTES, registers));
  }

  private int register(int offset) {
    return switch (offset) {
      case 0x00 -> IDENTITY;
      case 0x04 -> status;
      case 0x08 -> (int) source;
      case 0x0C -> (int) (source >>> 32);
      case 0x10 -> (int) destination;
      case 0x14 -> (int) (destination >>> 32);
      case 0x18 -> length;
      case 0x20 -> pattern;
      case 0x24 -> checksum;
      case 0x28 -> (int) first;
      case 0x2C -> (int) (first >>> 32);
      default -> 0;
    };
  }

  private void setRegister(int offset, int value) {
    long low = Integer.toUnsignedLong(value);
    switch (offset) {
      case 0x08 -> source = source >>> 32 << 32 | low;
      case 0x0C -> source = (int) source & 0xFFFF_FFFFL | low << 32;
      case 0x10 -> destination = destination >>> 32 << 32 | low;
      case 0x14 -> destination = (int) destination & 0xFFFF_FFFFL | low << 32;
      case 0x18 -> length = value;
      case 0x1C -> command(value);
      case 0x20 -> pattern = value;
      default -> {
        // Read-only registers and gaps.
      }
    }
  }

  /// Refuses what it cannot do: no bus mastering, no such operation, nothing or too much to
  /// transfer, an address beyond 63 bits.
  private void command(int command) {
    int operation = command & OPERATION;
    boolean possible =
        isBusMaster()
            && operation >= READ
            && operation <= COPY
            && length > 0
            && length <= MOST_BYTES
            && (operation == FILL || isInSpace(source))
            && (operation == READ || isInSpace(destination));
    if (!possible) {
      status = REFUSED;
      return;
    }
    Snooping snooping = (command & SNOOP) != 0 ? Snooping.CACHES : Snooping.NOTHING;
    status = DONE | (transfer(operation, snooping) == Outcome.COMPLETE ? 0 : ABORTED);
    summarise();
  }

  private boolean isInSpace(long gpa) {
    return gpa >= 0 && gpa + length - 1 >= 0;
  }

  private Outcome transfer(int operation, Snooping snooping) {
    Outcome read = Outcome.COMPLETE;
    if (operation == FILL) {
      for (int k = 0; k < length; k++) {
        buffer[k] = (byte) (pattern >>> 8 * (k & 3));
      }
    } else {
      read = master.read(source, buffer, length, snooping);
    }
    if (operation == READ) {
      return read;
    }
    Outcome written = master.write(destination, buffer, length, snooping);
    return read == Outcome.COMPLETE ? written : read;
  }

  private void summarise() {
    checksum = 0;
    first = 0;
    for (int k = 0; k < length; k++) {
      checksum += buffer[k] & 0xFF;
      first |= k < 8 ? (buffer[k] & 0xFFL) << 8 * k : 0;
    }
  }

  @Override
  public void save(StateSink state) {
    super.save(state);
    state.putLong(source);
    state.putLong(destination);
    state.putInt(length);
    state.putInt(pattern);
    state.putInt(status);
    state.putInt(checksum);
    state.putLong(first);
  }

  /// The registers, in memory and at ports.
  private final class Registers implements MmioDevice, PortDevice {
    @Override
    public String name() {
      return NAME;
    }

    @Override
    public int read(int port, int bytes) {
      return (int) read(port & PORT_BYTES - 1L, bytes);
    }

    @Override
    public void write(int port, int bytes, int value) {
      write(port & PORT_BYTES - 1L, bytes, Integer.toUnsignedLong(value));
    }

    /// Not the pieces of 5 to 7 bytes that an access across pages leaves.
    private static boolean isRegisterAccess(long offset, int bytes) {
      return (bytes == 4 || bytes == 8) && (offset & bytes - 1) == 0;
    }

    /// Other sizes read as all ones.
    @Override
    public long read(long offset, int bytes) {
      if (!isRegisterAccess(offset, bytes)) {
        return -1L >>> 64 - 8 * bytes;
      }
      long low = Integer.toUnsignedLong(register((int) offset));
      return bytes == 4 ? low : low | (long) register((int) offset + 4) << 32;
    }

    /// Other sizes are ignored.
    @Override
    public void write(long offset, int bytes, long value) {
      if (!isRegisterAccess(offset, bytes)) {
        return;
      }
      setRegister((int) offset, (int) value);
      if (bytes == 8) {
        setRegister((int) offset + 4, (int) (value >>> 32));
      }
    }
  }
}
