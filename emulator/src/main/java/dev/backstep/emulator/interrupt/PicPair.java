package dev.backstep.emulator.interrupt;

import dev.backstep.emulator.bus.PortDevice;
import dev.backstep.emulator.device.StateSink;
import dev.backstep.emulator.device.Stateful;

/// The two 8259s of a PC, the second on input 2 of the first. Ports 20h, 21h, A0h, A1h, and the
/// edge/level registers 4D0h, 4D1h (EISA; Intel 82371SB data sheet, "ELCR").
public final class PicPair implements PortDevice, ExternalInterruptController, Stateful {
  public static final int FIRST_PORT = 0x20;
  public static final int SECOND_PORT = 0xA0;
  public static final int PORTS = 2;
  public static final int LEVEL_PORT = 0x4D0;

  private static final int CASCADE = 2;

  private final Pic8259 first = new Pic8259(CASCADE, 0xF8);
  private final Pic8259 second = new Pic8259(Pic8259.NONE, 0xDE);
  private final ApicRouter router;

  private boolean requesting;
  private int acknowledgedIrq = InterruptSource.FROM_NOBODY;

  /// @param router carries INTR to the LINT0 pins
  public PicPair(ApicRouter router) {
    this.router = router;
  }

  @Override
  public String name() {
    return "pic";
  }

  /// Drives input `irq`, 0 to 15.
  void setLine(int irq, int high) {
    if (irq < 8) {
      first.setLine(irq, high);
    } else {
      second.setLine(irq - 8, high);
    }
    update();
  }

  private void update() {
    first.setLine(CASCADE, second.pending() == Pic8259.NONE ? 0 : 1);
    boolean before = requesting;
    requesting = first.pending() != Pic8259.NONE;
    if (requesting && !before) {
      router.externalInterruptRose();
    }
  }

  @Override
  public boolean isRequesting() {
    return requesting;
  }

  @Override
  public int acknowledge() {
    int input = first.acknowledge();
    int vector = first.vectorOf(input);
    acknowledgedIrq = input;
    if (input == CASCADE) {
      int inner = second.acknowledge();
      vector = second.vectorOf(inner);
      acknowledgedIrq = 8 + inner;
      // The cycle lets the second chip's INT fall: what it still requests is a new edge.
      first.setLine(CASCADE, 0);
    }
    requesting = false;
    update();
    return vector;
  }

  @Override
  public int acknowledgedIrq() {
    return acknowledgedIrq;
  }

  @Override
  public int read(int port, int bytes) {
    int value =
        switch (port) {
          case FIRST_PORT -> first.readCommand();
          case FIRST_PORT + 1 -> first.readMask();
          case SECOND_PORT -> second.readCommand();
          case SECOND_PORT + 1 -> second.readMask();
          case LEVEL_PORT -> first.levelRegister();
          case LEVEL_PORT + 1 -> second.levelRegister();
          default -> 0xFF;
        };
    update();
    return bytes == 1 ? value : value | read(port + 1, bytes - 1) << 8;
  }

  @Override
  public void write(int port, int bytes, int value) {
    int octet = value & 0xFF;
    switch (port) {
      case FIRST_PORT -> first.writeCommand(octet);
      case FIRST_PORT + 1 -> first.writeMask(octet);
      case SECOND_PORT -> second.writeCommand(octet);
      case SECOND_PORT + 1 -> second.writeMask(octet);
      case LEVEL_PORT -> first.writeLevelRegister(octet);
      case LEVEL_PORT + 1 -> second.writeLevelRegister(octet);
      default -> {
        // Beyond the chip.
      }
    }
    update();
    if (bytes > 1) {
      write(port + 1, bytes - 1, value >>> 8);
    }
  }

  @Override
  public void save(StateSink sink) {
    first.save(sink);
    second.save(sink);
    sink.putFlag(requesting);
    sink.putInt(acknowledgedIrq);
  }
}
