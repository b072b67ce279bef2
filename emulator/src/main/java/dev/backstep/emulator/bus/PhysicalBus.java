package dev.backstep.emulator.bus;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The guest-physical address space: RAM, ROM and devices' registers. An address nobody decodes
/// reads as all ones and swallows writes.
public final class PhysicalBus {
  /// No RAM behind an address.
  public static final long NOT_RAM = -1;

  /// Whether a RAM region can be written by the guest.
  public enum Writable {
    YES,
    NO
  }

  /// @param readOffset where reads go in RAM, or [#NOT_RAM]
  /// @param writeOffset where writes go in RAM, or [#NOT_RAM]
  private record RamRegion(long gpa, long bytes, long readOffset, long writeOffset) {}

  private record DeviceRegion(long gpa, long bytes, MmioDevice device) {}

  private final GuestRam ram;
  private final List<RamRegion> ramRegions = new ArrayList<>();
  private final List<DeviceRegion> deviceRegions = new ArrayList<>();
  private long translationEpoch;
  private Runnable mapWatch = () -> {};

  public PhysicalBus(GuestRam ram) {
    this.ram = ram;
  }

  public GuestRam ram() {
    return ram;
  }

  /// Maps RAM (or ROM) at `gpa`; all numbers are multiples of 4096. Later regions hide earlier
  /// ones.
  public void mapRam(long gpa, long bytes, long ramOffset, Writable writable) {
    long writeOffset = writable == Writable.YES ? ramOffset : NOT_RAM;
    ramRegions.addFirst(new RamRegion(gpa, bytes, ramOffset, writeOffset));
  }

  /// Sends reads and writes of a range to RAM of their own (or to [#NOT_RAM]), as chipsets do that
  /// shadow ROM by RAM. What was said before of exactly this range is void.
  public void routeRam(long gpa, long bytes, long readOffset, long writeOffset) {
    ramRegions.removeIf(r -> r.gpa == gpa && r.bytes == bytes);
    ramRegions.addFirst(new RamRegion(gpa, bytes, readOffset, writeOffset));
    mapWatch.run();
  }

  /// Maps a device's registers at `gpa`; they hide RAM.
  public void mapDevice(long gpa, long bytes, MmioDevice device) {
    deviceRegions.addFirst(new DeviceRegion(gpa, bytes, device));
    mapWatch.run();
  }

  /// Takes a device's registers out of the address space, as when a PCI base address register
  /// moves.
  public void unmapDevice(MmioDevice device) {
    deviceRegions.removeIf(r -> r.device == device);
    mapWatch.run();
  }

  /// Has every later change of the map told to `watch`: what translations remember is then void.
  public void watchMap(Runnable watch) {
    mapWatch = watch;
  }

  /// A number that no translation epoch of any vCPU on this bus had before.
  public long nextTranslationEpoch() {
    return ++translationEpoch;
  }

  /// The device whose registers cover `gpa`, or null for RAM and holes.
  public @Nullable MmioDevice deviceAt(long gpa) {
    for (int k = 0; k < deviceRegions.size(); k++) {
      DeviceRegion r = deviceRegions.get(k);
      if (gpa >= r.gpa && gpa - r.gpa < r.bytes) {
        return r.device;
      }
    }
    return null;
  }

  /// Whether one region, or none, covers all of the naturally aligned range: a large page's
  /// translation can be kept whole then.
  public boolean isUniform(long gpa, long bytes) {
    for (int k = 0; k < deviceRegions.size(); k++) {
      DeviceRegion r = deviceRegions.get(k);
      if (cuts(r.gpa, r.bytes, gpa, bytes)) {
        return false;
      }
    }
    for (int k = 0; k < ramRegions.size(); k++) {
      RamRegion r = ramRegions.get(k);
      if (cuts(r.gpa, r.bytes, gpa, bytes)) {
        return false;
      }
    }
    return true;
  }

  /// Whether a region covers a part of a range, and not the whole.
  private static boolean cuts(long regionGpa, long regionBytes, long gpa, long bytes) {
    boolean touches = regionGpa < gpa + bytes && gpa < regionGpa + regionBytes;
    boolean covers = regionGpa <= gpa && gpa + bytes <= regionGpa + regionBytes;
    return touches && !covers;
  }

  /// The RAM offset of a byte that a vCPU reads as plain memory, or [#NOT_RAM].
  public long ramOffsetForRead(long gpa) {
    RamRegion r = ramRegionAt(gpa);
    return r == null || r.readOffset == NOT_RAM ? NOT_RAM : r.readOffset + (gpa - r.gpa);
  }

  /// The RAM offset of a byte that a vCPU writes as plain memory, or [#NOT_RAM]. It can differ from
  /// that for reads: see [#routeRam].
  public long ramOffsetForWrite(long gpa) {
    RamRegion r = ramRegionAt(gpa);
    return r == null || r.writeOffset == NOT_RAM ? NOT_RAM : r.writeOffset + (gpa - r.gpa);
  }

  private @Nullable RamRegion ramRegionAt(long gpa) {
    if (deviceAt(gpa) != null) {
      return null;
    }
    for (int k = 0; k < ramRegions.size(); k++) {
      RamRegion r = ramRegions.get(k);
      if (gpa >= r.gpa && gpa - r.gpa < r.bytes) {
        return r;
      }
    }
    return null;
  }

  /// Reads 1, 2, 4 or 8 bytes that lie within one page, from RAM or a device.
  public long read(long gpa, int bytes) {
    long offset = ramOffsetForRead(gpa);
    if (offset != NOT_RAM) {
      return ram.load(offset, bytes);
    }
    DeviceRegion r = regionAt(gpa);
    if (r != null) {
      return r.device.read(gpa - r.gpa, bytes);
    }
    return bytes == 8 ? -1 : (1L << 8 * bytes) - 1;
  }

  /// Writes 1, 2, 4 or 8 bytes that lie within one page, to RAM or a device.
  public void write(long gpa, int bytes, long value) {
    long offset = ramOffsetForWrite(gpa);
    if (offset == NOT_RAM) {
      DeviceRegion r = regionAt(gpa);
      if (r != null) {
        r.device.write(gpa - r.gpa, bytes, value);
      }
      return;
    }
    ram.store(offset, bytes, value);
    ram.wrote(offset, bytes);
  }

  private @Nullable DeviceRegion regionAt(long gpa) {
    for (int k = 0; k < deviceRegions.size(); k++) {
      DeviceRegion r = deviceRegions.get(k);
      if (gpa >= r.gpa && gpa - r.gpa < r.bytes) {
        return r;
      }
    }
    return null;
  }
}
