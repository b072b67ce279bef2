package dev.backstep.emulator.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.bus.PhysicalBus;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

class FirmwareBootTest {
  @Test
  void imageEndsAtFourGibAndAtOneMib() throws BootImageException {
    byte[] content = new byte[256 << 10];
    content[content.length - 16] = 0x11;
    content[content.length - (128 << 10)] = 0x22;
    content[0] = 0x33;
    var image = new ImageFile("bios", content);
    var layout = new MemoryLayout(2 << 20);
    try (Arena arena = Arena.ofConfined()) {
      var ram = new GuestRam(arena, layout.allocatedBytes() + FirmwareBoot.romBytes(image));
      var bus = new PhysicalBus(ram);
      layout.mapInto(bus);
      FirmwareBoot.map(image, ram, bus, layout);
      assertEquals(0x11, bus.read(0xFFFF_FFF0L, 1));
      assertEquals(0x11, bus.read(0xF_FFF0, 1));
      assertEquals(0x22, bus.read(0xE_0000, 1));
      assertEquals(0x33, bus.read(0xFFFC_0000L, 1));
    }
  }

  @Test
  void refusesOddSizes() {
    for (int size : new int[] {0, 1, 65_537, 17 << 20}) {
      assertThrows(
          BootImageException.class,
          () -> FirmwareBoot.romBytes(new ImageFile("bios", new byte[size])));
    }
  }
}
