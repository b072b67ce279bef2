package dev.backstep.emulator.interrupt;

import dev.backstep.emulator.bus.InterruptLine;
import dev.backstep.emulator.device.StateSink;
import dev.backstep.emulator.device.Stateful;

/// The interrupt wires of a PC with an IOAPIC: line n (a "GSI") goes to PIC input n and IOAPIC pin
/// n, but IRQ 0 goes to pin 2; lines from 16 on reach the IOAPIC only. Several devices may share a
/// line, which is then high while any of them drives it.
public final class PcInterruptWiring implements Stateful {
  public static final int LINES = IoApic.PINS;

  private static final int ISA_IRQS = 16;
  private static final int CASCADE = 2;
  private static final int TIMER_PIN = 2;

  private final PicPair pics;
  private final IoApic ioApic;

  /// How many devices drive each line.
  private final int[] drivers = new int[LINES];

  public PcInterruptWiring(PicPair pics, IoApic ioApic) {
    this.pics = pics;
    this.ioApic = ioApic;
  }

  /// A new connection to line `gsi`, for one device.
  public InterruptLine connect(int gsi) {
    if (gsi < 0 || gsi >= LINES) {
      throw new AssertionError("GSI " + gsi);
    }
    return new Tap(gsi);
  }

  private void add(int gsi, int change) {
    int before = drivers[gsi];
    drivers[gsi] = before + change;
    if ((before == 0) != (drivers[gsi] == 0)) {
      drive(gsi, before == 0 ? 1 : 0);
    }
  }

  private void drive(int gsi, int high) {
    if (gsi < ISA_IRQS && gsi != CASCADE) {
      pics.setLine(gsi, high);
    }
    if (gsi != CASCADE) {
      ioApic.setLine(gsi == 0 ? TIMER_PIN : gsi, high);
    }
  }

  @Override
  public void save(StateSink sink) {
    for (int count : drivers) {
      sink.putInt(count);
    }
  }

  private final class Tap implements InterruptLine {
    private final int gsi;
    private boolean high;

    Tap(int gsi) {
      this.gsi = gsi;
    }

    @Override
    public void raise() {
      if (!high) {
        high = true;
        add(gsi, 1);
      }
    }

    @Override
    public void lower() {
      if (high) {
        high = false;
        add(gsi, -1);
      }
    }
  }
}
