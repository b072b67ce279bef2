package dev.backstep.emulator.bus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.bus.PhysicalBus.Writable;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PhysicalBusTest {
  private final Arena arena = Arena.ofConfined();
  private final GuestRam ram = new GuestRam(arena, 1 << 16);
  private final PhysicalBus bus = new PhysicalBus(ram);

  @AfterEach
  void close() {
    arena.close();
  }

  /// A device with one register that it gives back.
  private static final class Latch implements MmioDevice {
    private long value;

    @Override
    public String name() {
      return "latch";
    }

    @Override
    public long read(long offset, int bytes) {
      return value + offset;
    }

    @Override
    public void write(long offset, int bytes, long newValue) {
      value = newValue;
    }
  }

  @Test
  void ramIsReadAndWrittenInEverySize() {
    bus.mapRam(0x10000, 0x4000, 0x8000, Writable.YES);
    bus.write(0x10010, 8, 0x1122334455667788L);
    assertEquals(0x88, bus.read(0x10010, 1));
    assertEquals(0x7788, bus.read(0x10010, 2));
    assertEquals(0x55667788L, bus.read(0x10010, 4));
    assertEquals(0x1122334455667788L, bus.read(0x10010, 8));
    assertEquals(0x88, ram.getByte(0x8010) & 0xFF);
  }

  @Test
  void holesReadAsOnesAndSwallowWrites() {
    bus.write(0x5000_0000L, 4, 1);
    assertEquals(0xFFFF_FFFFL, bus.read(0x5000_0000L, 4));
    assertEquals(-1, bus.read(0x5000_0000L, 8));
  }

  @Test
  void romSwallowsWrites() {
    bus.mapRam(0xF0000, 0x1000, 0, Writable.NO);
    ram.putInt(0, 77);
    bus.write(0xF0000, 4, 1);
    assertEquals(77, bus.read(0xF0000, 4));
    assertEquals(PhysicalBus.NOT_RAM, bus.ramOffsetForWrite(0xF0000));
  }

  @Test
  void deviceHidesRamUntilItIsUnmapped() {
    bus.mapRam(0, 0x10000, 0, Writable.YES);
    Latch latch = new Latch();
    bus.mapDevice(0x2000, 0x1000, latch);
    bus.write(0x2000, 4, 40);
    assertEquals(42, bus.read(0x2002, 4));
    assertSame(latch, bus.deviceAt(0x2FFF));
    assertEquals(PhysicalBus.NOT_RAM, bus.ramOffsetForRead(0x2000));
    bus.unmapDevice(latch);
    assertNull(bus.deviceAt(0x2000));
    assertEquals(0, bus.read(0x2000, 4));
  }

  @Test
  void writesToPagesWithCodeAreTold() {
    bus.mapRam(0, 0x10000, 0, Writable.YES);
    List<Long> written = new ArrayList<>();
    ram.watchCode((ramOffset, bytes) -> written.add(ramOffset));
    bus.write(0x3008, 4, 1);
    ram.markCode(0x3000);
    bus.write(0x3008, 4, 2);
    assertEquals(List.of(0x3008L), written);
  }

  @Test
  void epochsNeverRepeat() {
    long first = bus.nextTranslationEpoch();
    assertTrue(bus.nextTranslationEpoch() > first);
  }
}
