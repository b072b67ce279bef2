package dev.backstep.emulator.boot;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.bus.PhysicalBus.Writable;
import dev.backstep.emulator.device.pci.MemoryController.SystemRom;

/// Maps a firmware image (`-bios`) so that it ends at 4 GiB, and its last 128 KiB also at E0000h. A
/// vCPU starts in it by its reset vector, FFFFFFF0h.
public final class FirmwareBoot {
  private static final int GRANULE = 64 << 10;
  private static final int MOST_BYTES = 16 << 20;

  private FirmwareBoot() {}

  /// How much RAM the image needs beyond [MemoryLayout#allocatedBytes()].
  ///
  /// @throws BootImageException if no ROM can hold it
  public static int romBytes(ImageFile image) throws BootImageException {
    int size = image.size();
    if (size == 0 || size % GRANULE != 0 || size > MOST_BYTES) {
      throw new BootImageException(
          image.path(),
          size,
          "%d bytes: a firmware image is a multiple of 64 KiB, up to 16 MiB".formatted(size));
    }
    return size;
  }

  /// Where the image's end lies below 1 MiB.
  public static SystemRom systemRom(ImageFile image, MemoryLayout layout) {
    int low = Math.min(image.size(), MemoryLayout.ROM_BYTES);
    return new SystemRom(MemoryLayout.ONE_MIB - low, layout.allocatedBytes() + image.size() - low);
  }

  /// Copies the image to RAM offset [MemoryLayout#allocatedBytes()] and maps it; call it after
  /// [MemoryLayout#mapInto].
  public static void map(ImageFile image, GuestRam ram, PhysicalBus bus, MemoryLayout layout)
      throws BootImageException {
    int size = romBytes(image);
    long romOffset = layout.allocatedBytes();
    for (int k = 0; k < size; k++) {
      ram.putByte(romOffset + k, image.content()[k]);
    }
    bus.mapRam(MemoryLayout.FOUR_GIB - size, size, romOffset, Writable.NO);
    SystemRom low = systemRom(image, layout);
    bus.mapRam(low.gpa(), MemoryLayout.ONE_MIB - low.gpa(), low.ramOffset(), Writable.NO);
  }
}
