package dev.backstep.emulator.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.listen.MachineEvent.MemoryTypeChosen;
import dev.backstep.emulator.listen.MachineEvent.TlbFlush;
import dev.backstep.emulator.mmu.VcpuFixture;
import dev.backstep.emulator.vcpu.ControlBits;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What the platforms make of CR0.CD, for pages that are translated already and for others.
class CacheDisableTest {
  private static final int DS = 3;
  private static final long SMALL_PAGE = 0x40_0000;

  /// 64-bit mode; linear 7000H is RAM, 4 KiB; linear 1 GiB is RAM, 2 MiB; MTRRs say WB.
  private static VcpuFixture started(String platform, Map<String, Boolean> quirks) {
    var f = new VcpuFixture("max", platform, quirks);
    f.ram.putLong(0x1000, 0x2007);
    f.ram.putLong(0x2000, 0x3007);
    f.ram.putLong(0x2008, 0x5007);
    f.ram.putLong(0x3000, 0x4007);
    f.ram.putLong(0x4038, SMALL_PAGE | 7);
    f.ram.putLong(0x5000, 0x20_0087);
    f.long64(0, 0x1000);
    f.c.msrTable.write(f.c, 0x2FF, 0x806);
    f.c.mmu.load8(DS, 0x7000);
    f.c.mmu.load8(DS, 0x4000_0000);
    f.c.mmu.load8(DS, 0x4000_5000);
    f.events.clear();
    return f;
  }

  private static List<MemoryTypeChosen> set(VcpuFixture f, long bits) {
    f.events.clear();
    f.c.cr0 = f.c.cr0 & ~(ControlBits.CR0_CD | ControlBits.CR0_NW) | bits;
    f.c.updateMode();
    return f.eventsOf(MemoryTypeChosen.class);
  }

  private static String outcome(String platform, Map<String, Boolean> quirks) {
    var f = started(platform, quirks);
    List<MemoryTypeChosen> atChange = set(f, ControlBits.CR0_CD);
    assertEquals(2, atChange.size(), "a 2 MiB page and one of 4 KiB");
    for (MemoryTypeChosen e : atChange) {
      assertTrue(e.cr0Cd());
      assertEquals(atChange.getFirst().rule(), e.rule());
    }
    assertEquals(List.of(), f.eventsOf(TlbFlush.class), "translations stay");
    return atChange.getFirst().effective() + " " + atChange.getFirst().rule();
  }

  @Test
  void isDecidedForExistingMappingsWhenItChanges() {
    assertEquals("UC cr0-cd-no-fill", outcome("bare-metal-intel", Map.of()));
    assertEquals("UC cr0-cd-no-fill", outcome("bare-metal-amd", Map.of()));
    assertEquals("WB ept-wb-ignore-guest-pat", outcome("kvm-intel", Map.of()));
    assertEquals("WB npt-wb-yields-to-guest-pat", outcome("kvm-amd", Map.of()));
    assertEquals("UC cr0-cd-no-fill", outcome("kvm-amd", Map.of("CD_NW_CLEARED", false)));
    String dma = "kvm-intel,kernel=6.10,noncoherent-dma=on";
    assertEquals("WB ept-wb-cd-nw-cleared", outcome(dma, Map.of()));
    assertEquals("UC ept-uc-guest-cd", outcome(dma, Map.of("CD_NW_CLEARED", false)));
    String since611 = "kvm-intel,kernel=6.11,noncoherent-dma=on";
    assertEquals("WB ept-wb-yields-to-guest-pat", outcome(since611, Map.of()));
  }

  @Test
  void showsEachPageOnceAndWhole() {
    var f = started("bare-metal-intel", Map.of());
    List<MemoryTypeChosen> events = set(f, ControlBits.CR0_CD);
    MemoryTypeChosen large = events.get(0);
    MemoryTypeChosen small = events.get(1);
    assertEquals(0x4000_0000L, large.gva());
    assertEquals(0x20_0000L, large.gpa());
    assertEquals(2 << 20, large.size());
    assertEquals(0x7000, small.gva());
    assertEquals(SMALL_PAGE, small.gpa());
    assertEquals(4096, small.size());
  }

  @Test
  void isDecidedAgainWhenItIsCleared() {
    var f = started("bare-metal-intel", Map.of());
    set(f, ControlBits.CR0_CD | ControlBits.CR0_NW);
    assertEquals(List.of(), set(f, ControlBits.CR0_CD), "NW alone changes no type");
    List<MemoryTypeChosen> cleared = set(f, 0);
    assertEquals(2, cleared.size());
    assertEquals("mtrr-wb-yields-to-pat", cleared.getFirst().rule());
  }

  @Test
  void isDecidedForTheCurrentAddressSpaceOnly() {
    var f = started("bare-metal-intel", Map.of());
    f.ram.putLong(0x6000, 0x2007);
    f.c.cr4 |= ControlBits.CR4_PCIDE;
    f.c.updateMode();
    f.c.mmu.flushAll("test");
    f.c.mmu.load8(DS, 0x7000);
    f.c.cr3 = 0x6005;
    f.c.mmu.translations().addressSpaceChanged();
    f.c.mmu.load8(DS, 0x4000_0000);
    List<MemoryTypeChosen> events = set(f, ControlBits.CR0_CD);
    assertEquals(1, events.size());
    assertEquals(0x4000_0000L, events.getFirst().gva());
  }

  @Test
  void boundsEventsByWhatTheTlbHolds() {
    var f = started("bare-metal-intel", Map.of());
    for (int page = 0; page < 512; page++) {
      f.ram.putLong(0x4000 + 8 * page, 0x1000L * page | 7);
    }
    f.c.mmu.flushAll("test");
    for (int page = 0; page < 512; page++) {
      f.c.mmu.load8(DS, 0x1000L * page);
    }
    assertEquals(512, set(f, ControlBits.CR0_CD).size());
    f.c.mmu.flushAll("test");
    assertEquals(0, set(f, 0).size());
  }

  @Test
  void decidesNothingForMappingsThatPagingDrops() {
    var f = started("bare-metal-intel", Map.of());
    f.events.clear();
    f.c.cr0 = f.c.cr0 & ~ControlBits.CR0_PG | ControlBits.CR0_CD;
    f.c.efer &= ~ControlBits.EFER_LMA;
    f.c.updateMode();
    assertEquals(List.of(), f.eventsOf(MemoryTypeChosen.class));
  }
}
