package dev.backstep.emulator.interrupt;

import dev.backstep.emulator.bus.MmioDevice;
import dev.backstep.emulator.device.StateSink;
import dev.backstep.emulator.device.Stateful;
import java.util.Arrays;

/// The I/O APIC: 24 pins, version 20H (with an EOI register). Intel 82093AA data sheet; Intel ICH
/// data sheets, "I/O APIC EOI Register".
///
/// ```
/// offset 00h IOREGSEL | 10h IOWIN | 40h EOI      index 0 ID, 1 version, 2 arbitration, 10h + 2n, 11h + 2n RTE n
/// ```
///
/// A pin that is driven is asserted, whatever polarity the entry names: lines carry "asserted", not
/// volts.
public final class IoApic implements MmioDevice, ApicRouter.EoiListener, Stateful {
  public static final long GPA = 0xFEC0_0000L;
  public static final int BYTES = 4096;
  public static final int PINS = 24;

  private static final int VERSION = PINS - 1 << 16 | 0x20;
  private static final int FIRST_ENTRY = 0x10;

  private final ApicRouter router;
  private final RedirectionEntry[] entries = new RedirectionEntry[PINS];
  private int select;
  private int id;
  private int lines;

  public IoApic(ApicRouter router) {
    this.router = router;
    Arrays.fill(entries, RedirectionEntry.AFTER_RESET);
    router.addEoiListener(this);
  }

  @Override
  public String name() {
    return "ioapic";
  }

  void setLine(int pin, int high) {
    int bit = 1 << pin;
    boolean rises = high != 0 && (lines & bit) == 0;
    lines = high != 0 ? lines | bit : lines & ~bit;
    if (rises || entries[pin].isLevel()) {
      serve(pin);
    }
  }

  /// Sends the pin's interrupt, if it may. An edge at a masked pin is lost.
  private void serve(int pin) {
    RedirectionEntry entry = entries[pin];
    boolean high = (lines & 1 << pin) != 0;
    if (!high || entry.isMasked() || entry.isLevel() && entry.isRemoteIrr()) {
      return;
    }
    boolean accepted = router.deliver(entry.message(), InterruptSource.IOAPIC, pin);
    if (accepted && entry.isLevel()) {
      entries[pin] = entry.withRemoteIrr();
    }
  }

  @Override
  public void endOfInterrupt(int vector) {
    for (int pin = 0; pin < PINS; pin++) {
      RedirectionEntry entry = entries[pin];
      if (entry.isRemoteIrr() && entry.vector() == vector) {
        entries[pin] = entry.withoutRemoteIrr();
        serve(pin);
      }
    }
  }

  @Override
  public long read(long offset, int bytes) {
    long value =
        switch ((int) offset) {
          case 0x00 -> select;
          case 0x10 -> Integer.toUnsignedLong(register(select));
          default -> 0;
        };
    return bytes >= 4 ? value : value & (1L << 8 * bytes) - 1;
  }

  private int register(int index) {
    if (index >= FIRST_ENTRY && index < FIRST_ENTRY + 2 * PINS) {
      long raw = entries[index - FIRST_ENTRY >> 1].raw();
      return (int) ((index & 1) == 0 ? raw : raw >>> 32);
    }
    return switch (index) {
      case 0, 2 -> id << 24;
      case 1 -> VERSION;
      default -> 0;
    };
  }

  @Override
  public void write(long offset, int bytes, long value) {
    switch ((int) offset) {
      case 0x00 -> select = (int) value & 0xFF;
      case 0x10 -> writeRegister(select, value & 0xFFFF_FFFFL);
      case 0x40 -> endOfInterrupt((int) value & 0xFF);
      default -> {
        // Nothing there.
      }
    }
  }

  private void writeRegister(int index, long value) {
    if (index == 0) {
      id = (int) value >>> 24 & 0xF;
      return;
    }
    if (index < FIRST_ENTRY || index >= FIRST_ENTRY + 2 * PINS) {
      return;
    }
    int pin = index - FIRST_ENTRY >> 1;
    long raw = entries[pin].raw();
    long written = (index & 1) == 0 ? raw & -1L << 32 | value : raw & 0xFFFF_FFFFL | value << 32;
    entries[pin] = entries[pin].written(written);
    if (entries[pin].isLevel()) {
      serve(pin);
    }
  }

  @Override
  public void save(StateSink sink) {
    sink.putInt(select);
    sink.putInt(id);
    sink.putInt(lines);
    for (RedirectionEntry entry : entries) {
      sink.putLong(entry.raw());
    }
  }
}
