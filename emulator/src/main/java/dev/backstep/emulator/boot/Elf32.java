package dev.backstep.emulator.boot;

/// Loads the segments of an ELF32 executable for i386. System V ABI, "Object Files", "Program
/// Loading".
final class Elf32 {
  private static final long MAGIC = 0x464C_457FL;
  private static final int CLASS_32 = 1;
  private static final int CLASS_64 = 2;
  private static final int LITTLE_ENDIAN = 1;
  private static final int MACHINE_386 = 3;
  private static final int PROGRAM_HEADER_BYTES = 32;
  private static final int MOST_PROGRAM_HEADERS = 256;
  private static final int PT_LOAD = 1;

  private Elf32() {}

  static boolean isElf(ImageFile file) throws BootImageException {
    return file.size() >= 4 && file.wordAt(0) == MAGIC;
  }

  /// Loads every PT_LOAD segment at its physical address.
  ///
  /// @return guest-physical address of the entry point
  static long load(ImageFile file, BootMemory memory) throws BootImageException {
    checkHeader(file);
    long entry = file.wordAt(24);
    long table = file.wordAt(28);
    int count = file.shortAt(44);
    if (count > MOST_PROGRAM_HEADERS) {
      throw new BootImageException(
          file.path(), 44, count + " program headers; at most " + MOST_PROGRAM_HEADERS);
    }
    file.within(table, (long) count * PROGRAM_HEADER_BYTES);
    long entryGpa = entry;
    int loaded = 0;
    for (int k = 0; k < count; k++) {
      long header = table + (long) k * PROGRAM_HEADER_BYTES;
      if (file.wordAt(header) == PT_LOAD && file.wordAt(header + 20) > 0) {
        loadSegment(file, header, memory);
        loaded++;
        long gva = file.wordAt(header + 8);
        if (entry >= gva && entry - gva < file.wordAt(header + 20)) {
          // The entry point is a virtual address; paging is off.
          entryGpa = entry - gva + file.wordAt(header + 12);
        }
      }
    }
    if (loaded == 0) {
      throw new BootImageException(file.path(), table, "no PT_LOAD segment: nothing to load");
    }
    return entryGpa;
  }

  private static void checkHeader(ImageFile file) throws BootImageException {
    if (file.byteAt(4) == CLASS_64) {
      throw new BootImageException(
          file.path(),
          4,
          "an ELF64 image; Multiboot loads ELF32 only: convert it with objcopy -O elf32-i386");
    }
    if (file.byteAt(4) != CLASS_32 || file.byteAt(5) != LITTLE_ENDIAN) {
      throw new BootImageException(file.path(), 4, "not a little-endian ELF32 image");
    }
    if (file.shortAt(18) != MACHINE_386) {
      throw new BootImageException(
          file.path(), 18, "ELF machine " + file.shortAt(18) + " is not i386 (3)");
    }
    if (file.shortAt(42) != PROGRAM_HEADER_BYTES) {
      throw new BootImageException(
          file.path(), 42, "program headers of " + file.shortAt(42) + " bytes instead of 32");
    }
  }

  private static void loadSegment(ImageFile file, long header, BootMemory memory)
      throws BootImageException {
    long offset = file.wordAt(header + 4);
    long gpa = file.wordAt(header + 12);
    long fileBytes = file.wordAt(header + 16);
    long memoryBytes = file.wordAt(header + 20);
    if (fileBytes > memoryBytes) {
      throw new BootImageException(
          file.path(),
          header + 16,
          "segment of 0x%x bytes in the file, but only 0x%x in memory"
              .formatted(fileBytes, memoryBytes));
    }
    file.within(offset, fileBytes);
    if (!memory.isFree(gpa, memoryBytes)) {
      throw new BootImageException(
          file.path(),
          header + 12,
          "segment 0x%x to 0x%x overlaps another or lies outside RAM (give more with -m)"
              .formatted(gpa, gpa + memoryBytes));
    }
    memory.load(gpa, memoryBytes, file.content(), (int) offset, (int) fileBytes);
  }
}
