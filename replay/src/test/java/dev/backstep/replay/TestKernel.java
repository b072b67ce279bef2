package dev.backstep.replay;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/// Writes Multiboot kernels of a few instructions: 32-bit protected mode, paging off, no IDT.
final class TestKernel {
  /// Where the code lies and is entered.
  static final int ENTRY = 0x10_0010;

  private static final int HEADERS = 52 + 32;
  private static final int MULTIBOOT_MAGIC = 0x1BADB002;
  private static final int LOAD_ADDRESS = ENTRY - 16;

  private TestKernel() {}

  /// @param code machine code in hex; blanks are ignored
  static Path write(Path file, String... code) throws IOException {
    byte[] bytes = HexFormat.of().parseHex(String.join("", code).replace(" ", ""));
    int size = 16 + bytes.length;
    ByteBuffer elf = ByteBuffer.allocate(HEADERS + size).order(ByteOrder.LITTLE_ENDIAN);
    // ELF header: 32-bit, little-endian, executable, i386. System V ABI "ELF Header".
    elf.putInt(0x464C457F).putInt(0x00010101).putLong(0);
    elf.putShort((short) 2).putShort((short) 3).putInt(1).putInt(ENTRY).putInt(52).putInt(0);
    elf.putInt(0).putShort((short) 52).putShort((short) 32).putShort((short) 1);
    elf.putShort((short) 40).putShort((short) 0).putShort((short) 0);
    // One loaded segment with everything.
    elf.putInt(1).putInt(HEADERS).putInt(LOAD_ADDRESS).putInt(LOAD_ADDRESS);
    elf.putInt(size).putInt(size).putInt(7).putInt(4);
    elf.putInt(MULTIBOOT_MAGIC).putInt(0).putInt(-MULTIBOOT_MAGIC).putInt(0);
    elf.put(bytes);
    return Files.write(file, elf.array());
  }
}
