package dev.backstep.emulator.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.bus.GuestRam;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Multiboot Specification 0.6.96.
class MultibootTest {
  private static final MemoryLayout LAYOUT = new MemoryLayout(16 << 20);

  private final Arena arena = Arena.ofConfined();
  private final GuestRam ram = new GuestRam(arena, LAYOUT.allocatedBytes());

  @AfterEach
  void close() {
    arena.close();
  }

  private MultibootEntry load(byte[] kernel, List<Multiboot.Module> modules)
      throws BootImageException {
    return Multiboot.load(new ImageFile("k.flat", kernel), "k.flat arg", modules, ram, LAYOUT);
  }

  private String failure(byte[] kernel) {
    return String.valueOf(
        assertThrows(BootImageException.class, () -> load(kernel, List.of())).getMessage());
  }

  private String text(long gpa) {
    var out = new StringBuilder();
    for (long at = gpa; ram.getByte(at) != 0; at++) {
      out.append((char) ram.getByte(at));
    }
    return out.toString();
  }

  @Test
  void loadsElfSegmentsAndZeroesBss() throws BootImageException {
    ram.putInt(KernelImage.BSS_GPA, -1);
    ram.putInt(KernelImage.BSS_GPA + 4092, -1);
    MultibootEntry entry = load(KernelImage.elf32(), List.of());
    assertEquals(KernelImage.ENTRY, entry.entryGpa());
    assertEquals(0x1BAD_B002, ram.getInt(KernelImage.TEXT_GPA));
    assertEquals(0, ram.getInt(KernelImage.BSS_GPA));
    assertEquals(0, ram.getInt(KernelImage.BSS_GPA + 4092));
  }

  @Test
  void entryPointIsTranslatedWithItsSegment() throws BootImageException {
    byte[] image = KernelImage.elf32();
    KernelImage.set32(image, 24, 0xC010_000CL);
    KernelImage.set32(image, 52 + 8, 0xC010_0000L);
    assertEquals(KernelImage.ENTRY, load(image, List.of()).entryGpa());
  }

  @Test
  void informationTellsOfMemoryCommandLineAndModules() throws BootImageException {
    byte[] content = "A=1\n".getBytes(StandardCharsets.US_ASCII);
    var module = new Multiboot.Module(new ImageFile("/tmp/env", content), "/tmp/env x");
    long gpa = load(KernelImage.elf32(), List.of(module)).informationGpa();
    assertEquals(0x24F, ram.getInt(gpa));
    assertEquals(639, ram.getInt(gpa + 4));
    assertEquals(15 << 10, ram.getInt(gpa + 8));
    assertEquals("k.flat arg", text(ram.getInt(gpa + 16)));
    assertEquals(1, ram.getInt(gpa + 20));
    long list = ram.getInt(gpa + 24);
    long start = ram.getInt(list);
    assertEquals(0, start % 4096);
    assertTrue(start >= KernelImage.BSS_GPA + 4096);
    assertEquals(start + 4, ram.getInt(list + 4));
    assertEquals('A', ram.getByte(start));
    assertEquals("/tmp/env x", text(ram.getInt(list + 8)));
    long map = ram.getInt(gpa + 48);
    assertEquals(20, ram.getInt(map));
    assertEquals(0, ram.getLong(map + 4));
    assertEquals(0x9_FC00, ram.getLong(map + 12));
    assertEquals(1, ram.getInt(map + 20));
    assertEquals(4 * 24, ram.getInt(gpa + 44));
    assertEquals("backstep", text(ram.getInt(gpa + 64)));
  }

  @Test
  void informationAvoidsAKernelInLowMemory() throws BootImageException {
    byte[] image = KernelImage.elf32();
    KernelImage.set32(image, 52 + 12, 0x8000);
    KernelImage.set32(image, 84 + 12, 0x9000);
    KernelImage.set32(image, 84 + 20, 0x5000);
    long gpa = load(image, List.of()).informationGpa();
    assertTrue(gpa >= 0xE000, () -> Long.toHexString(gpa));
  }

  @Test
  void loadsByTheAddressesOfTheHeader() throws BootImageException {
    MultibootEntry entry = load(KernelImage.flat(0, 0), List.of());
    assertEquals(KernelImage.TEXT_GPA + 48, entry.entryGpa());
    assertEquals(0x1BAD_B002, ram.getInt(KernelImage.TEXT_GPA + 16));
  }

  @Test
  void headerAddressesBoundWhatIsLoadedAndCleared() throws BootImageException {
    ram.putInt(KernelImage.TEXT_GPA + 48, -1);
    ram.putInt(KernelImage.TEXT_GPA + 1020, -1);
    load(KernelImage.flat(KernelImage.TEXT_GPA + 48, KernelImage.TEXT_GPA + 1024), List.of());
    assertEquals(0, ram.getInt(KernelImage.TEXT_GPA + 48));
    assertEquals(0, ram.getInt(KernelImage.TEXT_GPA + 1020));
  }

  @Test
  void namesWhatIsWrongAndWhere() {
    assertEquals(
        "failed to load k.flat: offset 0x0: no Multiboot header in the first 8 KiB: not a Multiboot"
            + " kernel",
        failure(new byte[100]));
    assertTrue(failure(new byte[0]).contains("no Multiboot header"));
    byte[] elf64 = KernelImage.elf32();
    elf64[4] = 2;
    assertTrue(failure(elf64).contains("objcopy -O elf32-i386"));
    byte[] other = KernelImage.elf32();
    KernelImage.set16(other, 18, 40);
    assertTrue(failure(other).contains("ELF machine 40 is not i386"));
  }

  @Test
  void refusesSegmentsOutsideRamOrOverEachOther() {
    byte[] outside = KernelImage.elf32();
    KernelImage.set32(outside, 52 + 12, 0xFFFF_FFF0L);
    assertTrue(failure(outside).contains("outside RAM"));
    byte[] rom = KernelImage.elf32();
    KernelImage.set32(rom, 52 + 12, 0xF_0000);
    assertTrue(failure(rom).contains("outside RAM"));
    byte[] overlapping = KernelImage.elf32();
    KernelImage.set32(overlapping, 84 + 12, KernelImage.TEXT_GPA + 32);
    assertTrue(failure(overlapping).contains("overlaps another"));
    byte[] huge = KernelImage.elf32();
    KernelImage.set32(huge, 84 + 20, 0xFFFF_FFFFL);
    assertTrue(failure(huge).contains("outside RAM"));
    byte[] negative = KernelImage.elf32();
    KernelImage.set32(negative, 52 + 16, 0x8000_0000L);
    assertTrue(failure(negative).contains("only 0x40 in memory"));
  }

  @Test
  void refusesHeaderTablesBeyondTheFile() {
    byte[] far = KernelImage.elf32();
    KernelImage.set32(far, 28, 0xFFFF_FFF0L);
    assertTrue(failure(far).contains("offset 0xfffffff0"));
    byte[] many = KernelImage.elf32();
    KernelImage.set16(many, 44, 0xFFFF);
    assertTrue(failure(many).contains("65535 program headers"));
  }

  @Test
  void refusesFlatImagesThatMakeNoSense() {
    assertTrue(failure(KernelImage.flat(KernelImage.TEXT_GPA - 1, 0)).contains("expected"));
    assertTrue(failure(KernelImage.flat(0, KernelImage.TEXT_GPA + 8)).contains("too short"));
    assertTrue(failure(KernelImage.flat(0, 0xFFFF_FFFFL)).contains("outside RAM"));
    assertTrue(failure(KernelImage.flat(0xFFFF_FFFFL, 0)).contains("bytes expected"));
  }

  @Test
  void refusesModulesThatDoNotFit() {
    var module = new Multiboot.Module(new ImageFile("big", new byte[16 << 20]), "big");
    var e =
        assertThrows(BootImageException.class, () -> load(KernelImage.elf32(), List.of(module)));
    assertEquals(
        "failed to load big: offset 0x0: no room for a module of 16777216 bytes: give more RAM with"
            + " -m",
        e.getMessage());
  }

  @Test
  void tellsMultibootKernelsFromOthers() throws BootImageException {
    assertTrue(Multiboot.isMultiboot(new ImageFile("k", KernelImage.elf32())));
    assertFalse(Multiboot.isMultiboot(new ImageFile("k", new byte[8192])));
    assertFalse(Multiboot.isMultiboot(new ImageFile("k", new byte[3])));
  }
}
