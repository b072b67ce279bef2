package dev.backstep.emulator.device;

import dev.backstep.emulator.bus.PortDevice;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// QEMU's firmware configuration device, without DMA: docs/specs/fw_cfg. Port 510h takes a 16-bit
/// key, port 511h then gives that item's bytes, one a read, and zeros past its end.
public final class FwCfg implements PortDevice, Stateful {
  public static final int PORT = 0x510;
  public static final int PORTS = 2;

  private static final int KEYS = 0x40;
  private static final int KEY_SIGNATURE = 0x00;
  private static final int KEY_ID = 0x01;
  private static final int KEY_RAM_SIZE = 0x03;
  private static final int KEY_CPUS = 0x05;
  private static final int KEY_MOST_CPUS = 0x0F;
  private static final int KEY_DIRECTORY = 0x19;
  private static final int KEY_FIRST_FILE = 0x20;

  /// Bit 0: the traditional interface; no DMA.
  private static final int ID_TRADITIONAL = 1;

  private static final int NAME_BYTES = 56;
  private static final int DIRECTORY_ENTRY_BYTES = 64;

  /// A named item, such as `etc/e820`.
  public record File(String name, byte[] content) {}

  private final byte[] @Nullable [] items = new byte[KEYS][];
  private int selected;
  private int offset;

  public FwCfg(long ramBytes, int cpuCount, List<File> files) {
    items[KEY_SIGNATURE] = "QEMU".getBytes(StandardCharsets.US_ASCII);
    items[KEY_ID] = little(4).putInt(ID_TRADITIONAL).array();
    items[KEY_RAM_SIZE] = little(8).putLong(ramBytes).array();
    items[KEY_CPUS] = little(2).putShort((short) cpuCount).array();
    items[KEY_MOST_CPUS] = little(2).putShort((short) cpuCount).array();
    items[KEY_DIRECTORY] = directory(files);
    for (int k = 0; k < files.size(); k++) {
      items[KEY_FIRST_FILE + k] = files.get(k).content();
    }
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /// Big-endian: count; then of each file size, key, a reserved half-word, and its name.
  private static byte[] directory(List<File> files) {
    ByteBuffer out = ByteBuffer.allocate(4 + files.size() * DIRECTORY_ENTRY_BYTES);
    out.putInt(files.size());
    for (int k = 0; k < files.size(); k++) {
      byte[] name = files.get(k).name().getBytes(StandardCharsets.US_ASCII);
      out.putInt(files.get(k).content().length);
      out.putShort((short) (KEY_FIRST_FILE + k)).putShort((short) 0);
      out.put(Arrays.copyOf(name, NAME_BYTES));
    }
    return out.array();
  }

  @Override
  public String name() {
    return "fw_cfg";
  }

  @Override
  public int read(int port, int bytes) {
    if (port != PORT + 1) {
      return 0;
    }
    byte[] item = selected < KEYS ? items[selected] : null;
    if (item == null || offset >= item.length) {
      return 0;
    }
    return item[offset++] & 0xFF;
  }

  @Override
  public void write(int port, int bytes, int value) {
    if (port == PORT && bytes == 2) {
      selected = value & 0xFFFF;
      offset = 0;
    }
  }

  @Override
  public void save(StateSink state) {
    state.putInt(selected);
    state.putInt(offset);
  }
}
