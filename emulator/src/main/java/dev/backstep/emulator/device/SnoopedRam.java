package dev.backstep.emulator.device;

import dev.backstep.emulator.bus.GuestRam;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The way of devices to RAM on a machine whose caches are not modelled: processors and devices
/// always see the same.
public final class SnoopedRam implements DmaPath {
  private final GuestRam ram;

  public SnoopedRam(GuestRam ram) {
    this.ram = ram;
  }

  @Override
  public int read(long ramOffset, byte[] into, int at, int length, Snooping snooping) {
    MemorySegment.copy(ram.segment(), ValueLayout.JAVA_BYTE, ramOffset, into, at, length);
    return 0;
  }

  @Override
  public int write(long ramOffset, byte[] from, int at, int length, Snooping snooping) {
    MemorySegment.copy(from, at, ram.segment(), ValueLayout.JAVA_BYTE, ramOffset, length);
    ram.wrote(ramOffset, length);
    return 0;
  }
}
