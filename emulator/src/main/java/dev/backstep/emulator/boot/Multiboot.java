package dev.backstep.emulator.boot;

import dev.backstep.emulator.bus.GuestRam;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Loads kernels as a Multiboot boot loader does. Multiboot Specification version 0.6.96, "OS image
/// format", "Machine state", "Boot information format".
public final class Multiboot {
  private static final long HEADER_MAGIC = 0x1BAD_B002L;

  /// The header lies in the first 8 KiB of the file, 4-byte aligned.
  private static final int SEARCHED_BYTES = 8192;

  /// Page-aligned modules, memory information, video mode: what the loader must understand.
  private static final long FLAG_REQUIREMENTS = 0xFFFF;

  private static final long FLAGS_UNDERSTOOD = 0x7;
  private static final long FLAG_ADDRESSES = 1 << 16;

  private static final int INFO_BYTES = 88;
  private static final int MODULE_BYTES = 16;
  private static final int INFO_MEMORY = 1;
  private static final int INFO_BOOT_DEVICE = 1 << 1;
  private static final int INFO_COMMAND_LINE = 1 << 2;
  private static final int INFO_MODULES = 1 << 3;
  private static final int INFO_MEMORY_MAP = 1 << 6;
  private static final int INFO_LOADER_NAME = 1 << 9;
  private static final long NO_BOOT_DEVICE = 0x8000_FFFFL;
  private static final String LOADER_NAME = "backstep";

  /// A module (`-initrd`).
  ///
  /// @param file its content; its path is named in errors
  /// @param commandLine the string that the kernel gets with it
  public record Module(ImageFile file, String commandLine) {}

  private record Placed(long gpa, long end, String commandLine) {}

  private final BootMemory memory;

  private Multiboot(BootMemory memory) {
    this.memory = memory;
  }

  /// Whether `kernel` has a Multiboot header.
  public static boolean isMultiboot(ImageFile kernel) throws BootImageException {
    return findHeader(kernel) >= 0;
  }

  /// Loads a kernel and its modules, and writes the boot information.
  ///
  /// @param commandLine the whole command line, the kernel's name included
  public static MultibootEntry load(
      ImageFile kernel, String commandLine, List<Module> modules, GuestRam ram, MemoryLayout layout)
      throws BootImageException {
    return new Multiboot(new BootMemory(ram, layout)).load(kernel, commandLine, modules);
  }

  private MultibootEntry load(ImageFile kernel, String commandLine, List<Module> modules)
      throws BootImageException {
    long entryGpa = loadKernel(kernel);
    var placed = new ArrayList<Placed>();
    for (Module module : modules) {
      placed.add(loadModule(module));
    }
    return new MultibootEntry(entryGpa, writeInformation(kernel, commandLine, placed));
  }

  private static long findHeader(ImageFile kernel) throws BootImageException {
    int end = Math.min(SEARCHED_BYTES, kernel.size()) - 12;
    for (int offset = 0; offset <= end; offset += 4) {
      if (kernel.wordAt(offset) == HEADER_MAGIC) {
        long sum = HEADER_MAGIC + kernel.wordAt(offset + 4) + kernel.wordAt(offset + 8);
        if ((int) sum == 0) {
          return offset;
        }
      }
    }
    return -1;
  }

  private long loadKernel(ImageFile kernel) throws BootImageException {
    long header = findHeader(kernel);
    if (header < 0) {
      throw new BootImageException(
          kernel.path(), 0, "no Multiboot header in the first 8 KiB: not a Multiboot kernel");
    }
    long flags = kernel.wordAt(header + 4);
    long unknown = flags & FLAG_REQUIREMENTS & ~FLAGS_UNDERSTOOD;
    if (unknown != 0) {
      throw new BootImageException(
          kernel.path(),
          header + 4,
          "the header requires features 0x%x, which no loader knows".formatted(unknown));
    }
    if ((flags & FLAG_ADDRESSES) != 0) {
      return loadByAddresses(kernel, header);
    }
    if (!Elf32.isElf(kernel)) {
      throw new BootImageException(
          kernel.path(), 0, "neither an ELF image nor load addresses in the Multiboot header");
    }
    return Elf32.load(kernel, memory);
  }

  /// "The address fields of Multiboot header" (the a.out kludge).
  private long loadByAddresses(ImageFile kernel, long header) throws BootImageException {
    long headerGpa = kernel.wordAt(header + 12);
    long loadGpa = kernel.wordAt(header + 16);
    long loadEnd = kernel.wordAt(header + 20);
    long bssEnd = kernel.wordAt(header + 24);
    long offset = header - (headerGpa - loadGpa);
    if (headerGpa < loadGpa || offset < 0) {
      throw new BootImageException(
          kernel.path(), header + 12, "load address 0x%x makes no sense".formatted(loadGpa));
    }
    long fileBytes = loadEnd == 0 ? kernel.size() - offset : loadEnd - loadGpa;
    long memoryBytes = bssEnd == 0 ? fileBytes : bssEnd - loadGpa;
    kernel.within(offset, fileBytes);
    if (memoryBytes < fileBytes || !memory.isFree(loadGpa, memoryBytes)) {
      throw new BootImageException(
          kernel.path(),
          header + 24,
          "0x%x to 0x%x lies outside RAM (give more with -m) or is too short"
              .formatted(loadGpa, loadGpa + memoryBytes));
    }
    memory.load(loadGpa, memoryBytes, kernel.content(), (int) offset, (int) fileBytes);
    return kernel.wordAt(header + 28);
  }

  private Placed loadModule(Module module) throws BootImageException {
    byte[] content = module.file().content();
    long gpa = memory.placeForLarge(content.length);
    if (gpa < 0) {
      throw new BootImageException(
          module.file().path(),
          0,
          "no room for a module of %d bytes: give more RAM with -m".formatted(content.length));
    }
    memory.load(gpa, content.length, content, 0, content.length);
    return new Placed(gpa, gpa + content.length, module.commandLine());
  }

  /// Layout: information, module list, memory map, strings. Returns where it lies.
  private long writeInformation(ImageFile kernel, String commandLine, List<Placed> modules)
      throws BootImageException {
    byte[] map = memoryMap();
    long strings = INFO_BYTES + (long) modules.size() * MODULE_BYTES + map.length;
    long total = strings + LOADER_NAME.length() + 1 + latin1(commandLine).length + 1L;
    for (Placed module : modules) {
      total += latin1(module.commandLine).length + 1L;
    }
    long gpa = memory.placeForSmall(total);
    if (gpa < 0) {
      throw new BootImageException(
          kernel.path(), 0, "no room for the boot information: give more RAM with -m");
    }
    byte[] block = information(gpa, strings, map, commandLine, modules);
    memory.load(gpa, block.length, block, 0, block.length);
    return gpa;
  }

  private byte[] information(
      long gpa, long strings, byte[] map, String commandLine, List<Placed> modules) {
    var texts = new ByteWriter();
    long loaderName = gpa + strings;
    texts.putText(LOADER_NAME).put8(0);
    long commandLineGpa = gpa + strings + texts.size();
    texts.putAll(latin1(commandLine)).put8(0);
    long listGpa = gpa + INFO_BYTES;
    long mapGpa = listGpa + (long) modules.size() * MODULE_BYTES;
    var block = new ByteWriter();
    block.put32(
        INFO_MEMORY
            | INFO_BOOT_DEVICE
            | INFO_COMMAND_LINE
            | INFO_MODULES
            | INFO_MEMORY_MAP
            | INFO_LOADER_NAME);
    block.put32(MemoryLayout.BASE_MEMORY_END >>> 10);
    block.put32(memory.layout().lowEnd() - MemoryLayout.ONE_MIB >>> 10);
    block.put32(NO_BOOT_DEVICE).put32(commandLineGpa).put32(modules.size()).put32(listGpa);
    block.zeros(16); // Symbols: none.
    block.put32(map.length).put32(mapGpa);
    block.zeros(12); // Drives and configuration table: none.
    block.put32(loaderName);
    block.zeros(INFO_BYTES - block.size());
    for (Placed module : modules) {
      long text = gpa + strings + texts.size();
      texts.putAll(latin1(module.commandLine)).put8(0);
      block.put32(module.gpa).put32(module.end).put32(text).put32(0);
    }
    return block.putAll(map).putAll(texts.toBytes()).toBytes();
  }

  /// Entries of size (not counting itself), base, length, type.
  private byte[] memoryMap() {
    var map = new ByteWriter();
    for (MemoryLayout.Range range : memory.layout().ranges()) {
      map.put32(20).put64(range.gpa()).put64(range.bytes()).put32(range.type().e820());
    }
    return map.toBytes();
  }

  private static byte[] latin1(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
