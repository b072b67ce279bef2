package dev.backstep.emulator.boot;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.bus.GuestRam;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Damaged kernels load or fail with one line; nothing else comes out.
class DamagedImagesTest {
  private static final long SEED = 20261122;
  private static final int ROUNDS = 5_000;
  private static final MemoryLayout LAYOUT = new MemoryLayout(4 << 20);

  /// Values that break careless arithmetic.
  private static final long[] EDGES = {
    0, 1, 0x7FFF_FFFFL, 0x8000_0000L, 0xFFFF_FFFFL, 0xFFFF_F000L, 0x10_0000, 0x40_0000
  };

  @Test
  void mutatedImagesEndInAnEntryOrAOneLineError() {
    var random = new Random(SEED);
    int loaded = 0;
    int failed = 0;
    try (Arena arena = Arena.ofConfined()) {
      GuestRam ram = new GuestRam(arena, LAYOUT.allocatedBytes());
      for (int round = 0; round < ROUNDS; round++) {
        byte[] image = damaged(random);
        try {
          Multiboot.load(new ImageFile("k", image), "k", List.of(), ram, LAYOUT);
          loaded++;
        } catch (BootImageException e) {
          failed++;
          String message = String.valueOf(e.getMessage());
          assertTrue(message.startsWith("failed to load k: offset 0x"), message);
          assertFalse(message.contains("\n"), message);
        }
      }
    }
    assertTrue(loaded > 100 && failed > 100, loaded + " loaded, " + failed + " failed");
  }

  private static byte[] damaged(Random random) {
    byte[] image =
        random.nextBoolean()
            ? KernelImage.elf32()
            : KernelImage.flat(0, KernelImage.TEXT_GPA + 4096L);
    int hits = 1 + random.nextInt(3);
    for (int k = 0; k < hits; k++) {
      int at = random.nextInt(image.length - 4);
      switch (random.nextInt(3)) {
        case 0 -> image[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> KernelImage.set32(image, at & ~3, EDGES[random.nextInt(EDGES.length)]);
        default -> image = Arrays.copyOf(image, Math.max(8, at));
      }
    }
    return image;
  }
}
