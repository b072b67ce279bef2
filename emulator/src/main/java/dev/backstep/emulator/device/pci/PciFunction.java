package dev.backstep.emulator.device.pci;

import dev.backstep.emulator.device.StateSink;
import dev.backstep.emulator.device.Stateful;
import java.util.ArrayList;
import java.util.List;

/// One PCI function: its configuration space and its base address registers. PCI Local Bus
/// Specification 3.0, "Configuration Space".
///
/// ```
/// 00h vendor | 02h device | 04h command | 06h status | 08h revision | 09h class (3) | 0Eh header type
/// 10h-27h BARs | 2Ch subsystem vendor | 2Eh subsystem | 3Ch interrupt line | 3Dh interrupt pin
/// ```
public abstract class PciFunction implements Stateful {
  static final int CONFIG_BYTES = 256;

  /// The subsystem IDs of QEMU's devices: its docs/specs/pci-ids.
  static final int QEMU_VENDOR = 0x1AF4;

  static final int QEMU_DEVICE = 0x1100;

  private static final int COMMAND = 0x04;
  private static final int HEADER_TYPE = 0x0E;
  private static final int FIRST_BAR = 0x10;
  private static final int SUBSYSTEM = 0x2C;
  private static final int INTERRUPT_LINE = 0x3C;
  private static final int INTERRUPT_PIN = 0x3D;
  private static final int BUS_MASTER = 1 << 2;
  private static final int COMMAND_WRITABLE = 0x0147;
  private static final int MULTI_FUNCTION = 0x80;

  /// The identity of a function.
  ///
  /// @param classCode base class, subclass and interface, 24 bits
  public record Identity(int vendor, int device, int classCode, int revision) {}

  private final String name;
  private final byte[] config = new byte[CONFIG_BYTES];
  private final byte[] writable = new byte[CONFIG_BYTES];
  private final List<PciBar> bars = new ArrayList<>();

  protected PciFunction(String name, Identity identity) {
    this.name = name;
    set16(0, identity.vendor());
    set16(2, identity.device());
    config[8] = (byte) identity.revision();
    config[9] = (byte) identity.classCode();
    set16(10, identity.classCode() >>> 8);
    allowWrites16(COMMAND, COMMAND_WRITABLE);
    allowWrites(INTERRUPT_LINE, 0xFF);
  }

  /// What events call it.
  public final String name() {
    return name;
  }

  final List<PciBar> bars() {
    return bars;
  }

  protected final void set(int offset, int value) {
    config[offset] = (byte) value;
  }

  protected final void set16(int offset, int value) {
    config[offset] = (byte) value;
    config[offset + 1] = (byte) (value >>> 8);
  }

  protected final void allowWrites(int offset, int bits) {
    writable[offset] = (byte) bits;
  }

  protected final void allowWrites16(int offset, int bits) {
    allowWrites(offset, bits);
    allowWrites(offset + 1, bits >>> 8);
  }

  protected final void setSubsystem(int vendor, int device) {
    set16(SUBSYSTEM, vendor);
    set16(SUBSYSTEM + 2, device);
  }

  protected final void setMultiFunction() {
    set(HEADER_TYPE, MULTI_FUNCTION);
  }

  /// INTA# to INTD#: 1 to 4.
  protected final void setInterruptPin(int pin) {
    set(INTERRUPT_PIN, pin);
  }

  /// Adds BAR number `bar.index()`.
  protected final void addBar(PciBar bar) {
    bars.add(bar);
    int offset = FIRST_BAR + 4 * bar.index();
    long mask = bar.addressMask();
    for (int k = 0; k < 4; k++) {
      writable[offset + k] = (byte) (mask >>> 8 * k);
    }
    set(offset, bar.typeBits());
  }

  /// The byte at `offset`.
  protected final int configByte(int offset) {
    return config[offset] & 0xFF;
  }

  final int readConfig(int offset, int bytes) {
    int value = 0;
    for (int k = 0; k < bytes && offset + k < CONFIG_BYTES; k++) {
      value |= configByte(offset + k) << 8 * k;
    }
    return value;
  }

  final void writeConfig(int offset, int bytes, int value) {
    for (int k = 0; k < bytes && offset + k < CONFIG_BYTES; k++) {
      int at = offset + k;
      int bits = writable[at];
      config[at] = (byte) (config[at] & ~bits | value >>> 8 * k & bits);
    }
    configWritten(offset, bytes);
  }

  /// Called after a write of configuration space, as a hook for chips whose registers do something.
  protected void configWritten(int offset, int bytes) {}

  /// The address a BAR holds now.
  final long barAddress(PciBar bar) {
    return readConfig(FIRST_BAR + 4 * bar.index(), 4) & bar.addressMask();
  }

  /// Sets a BAR's address, as firmware does.
  final void assign(PciBar bar, long address) {
    writeConfig(FIRST_BAR + 4 * bar.index(), 4, (int) address);
  }

  final void enable(PciBar.Space space) {
    config[COMMAND] |= (byte) (1 << space.ordinal());
  }

  /// Whether the command register lets the function decode a space.
  final boolean decodes(PciBar.Space space) {
    return (config[COMMAND] >> space.ordinal() & 1) != 0;
  }

  /// Whether the command register lets the function access memory itself.
  protected final boolean isBusMaster() {
    return (config[COMMAND] & BUS_MASTER) != 0;
  }

  @Override
  public void save(StateSink state) {
    state.putBytes(config);
  }
}
