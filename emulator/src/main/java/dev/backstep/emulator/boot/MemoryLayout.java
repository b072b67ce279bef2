package dev.backstep.emulator.boot;

import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.bus.PhysicalBus.Writable;
import java.util.ArrayList;
import java.util.List;

/// Where a PC of a given RAM size has what, in guest-physical addresses and in RAM offsets.
///
/// ```
/// gpa 0        A0000h    C0000h     E0000h     100000h        low end        4 GiB
///     | RAM    | (VGA)   | RAM      | ROM      | RAM          | devices      | RAM
/// ```
///
/// RAM offsets equal guest-physical addresses below the low end; RAM above 4 GiB follows; the ROM
/// comes last.
///
/// @param ramBytes size of the guest's RAM, a multiple of 1 MiB
public record MemoryLayout(long ramBytes) {
  public static final long ONE_MIB = 1L << 20;
  public static final long FOUR_GIB = 1L << 32;

  /// The system ROM below 1 MiB.
  public static final long ROM_GPA = 0xE_0000;

  public static final int ROM_BYTES = 0x2_0000;

  /// Base memory ends here; the rest up to A0000h is the extended BIOS data area.
  public static final long BASE_MEMORY_END = 0x9_FC00;

  private static final long VGA_GPA = 0xA_0000;
  private static final long SHADOW_GPA = 0xC_0000;

  /// More RAM than this leaves no room for devices below 4 GiB: it is then split at 3 GiB, as
  /// QEMU's pc machine does.
  private static final long MOST_LOW_BYTES = 0xE000_0000L;

  private static final long SPLIT = 0xC000_0000L;

  /// What the firmware tells the operating system about a range.
  public enum RangeType {
    USABLE(1),
    RESERVED(2);

    private final int e820;

    RangeType(int e820) {
      this.e820 = e820;
    }

    /// The number in INT 15h AX=E820h and in Multiboot memory maps.
    public int e820() {
      return e820;
    }
  }

  /// A range of the memory map.
  public record Range(long gpa, long bytes, RangeType type) {}

  public MemoryLayout {
    if (ramBytes < ONE_MIB || (ramBytes & ONE_MIB - 1) != 0) {
      throw new AssertionError("RAM of " + ramBytes + " bytes");
    }
  }

  /// How much [dev.backstep.emulator.bus.GuestRam] to allocate: RAM and the ROM.
  public long allocatedBytes() {
    return ramBytes + ROM_BYTES;
  }

  public long romOffset() {
    return ramBytes;
  }

  /// First guest-physical address below 4 GiB that is no RAM.
  public long lowEnd() {
    return ramBytes <= MOST_LOW_BYTES ? ramBytes : SPLIT;
  }

  public long highBytes() {
    return ramBytes - lowEnd();
  }

  /// The guest-physical address of a RAM offset.
  public long gpaOf(long ramOffset) {
    if (ramOffset >= romOffset()) {
      return ROM_GPA + ramOffset - romOffset();
    }
    return ramOffset < lowEnd() ? ramOffset : FOUR_GIB + ramOffset - lowEnd();
  }

  /// Where the hole for devices below 4 GiB begins, as MTRRs and chipset know it: above all low
  /// RAM, aligned.
  public long holeStart() {
    return lowEnd() <= SPLIT ? SPLIT : MOST_LOW_BYTES;
  }

  /// Maps RAM and ROM.
  public void mapInto(PhysicalBus bus) {
    bus.mapRam(0, VGA_GPA, 0, Writable.YES);
    bus.mapRam(SHADOW_GPA, lowEnd() - SHADOW_GPA, SHADOW_GPA, Writable.YES);
    bus.mapRam(ROM_GPA, ROM_BYTES, romOffset(), Writable.NO);
    if (highBytes() > 0) {
      bus.mapRam(FOUR_GIB, highBytes(), lowEnd(), Writable.YES);
    }
  }

  /// The memory map for the operating system, in ascending order.
  public List<Range> ranges() {
    var ranges = new ArrayList<Range>();
    ranges.add(new Range(0, BASE_MEMORY_END, RangeType.USABLE));
    ranges.add(new Range(BASE_MEMORY_END, VGA_GPA - BASE_MEMORY_END, RangeType.RESERVED));
    ranges.add(new Range(ROM_GPA, ROM_BYTES, RangeType.RESERVED));
    if (lowEnd() > ONE_MIB) {
      ranges.add(new Range(ONE_MIB, lowEnd() - ONE_MIB, RangeType.USABLE));
    }
    if (highBytes() > 0) {
      ranges.add(new Range(FOUR_GIB, highBytes(), RangeType.USABLE));
    }
    return ranges;
  }

  /// fw_cfg's file `etc/e820`, for firmware that makes the memory map itself: base, length and type
  /// of the RAM only, holes below 1 MiB included.
  public byte[] e820Table() {
    var table = new ByteWriter();
    table.put64(0).put64(lowEnd()).put32(RangeType.USABLE.e820());
    if (highBytes() > 0) {
      table.put64(FOUR_GIB).put64(highBytes()).put32(RangeType.USABLE.e820());
    }
    return table.toBytes();
  }
}
