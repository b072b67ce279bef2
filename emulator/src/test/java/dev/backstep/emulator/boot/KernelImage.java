package dev.backstep.emulator.boot;

/// Small Multiboot kernels to load, and to damage.
final class KernelImage {
  static final int TEXT_GPA = 0x10_0000;
  static final int TEXT_OFFSET = 0x60;
  static final int BSS_GPA = 0x10_2000;
  static final long ENTRY = TEXT_GPA + 12;

  private KernelImage() {}

  /// An ELF32 with two segments: text of 64 bytes that starts with the header, and 4096 bytes of
  /// bss.
  static byte[] elf32() {
    var out = new ByteWriter();
    out.put8(0x7F).putText("ELF").put8(1).put8(1).put8(1).zeros(9);
    out.put16(2).put16(3).put32(1).put32(ENTRY).put32(52).put32(0).put32(0);
    out.put16(52).put16(32).put16(2).put16(0).put16(0).put16(0);
    segment(out, TEXT_OFFSET + 20 + 12, TEXT_GPA, 64, 64);
    segment(out, 0, BSS_GPA, 0, 4096);
    out.zeros(TEXT_OFFSET + 20 + 12 - out.size());
    header(out, 3);
    out.zeros(52);
    return out.toBytes();
  }

  private static void segment(ByteWriter out, int offset, int gpa, int file, int memory) {
    out.put32(1).put32(offset).put32(gpa).put32(gpa).put32(file).put32(memory).put32(5).put32(4);
  }

  private static void header(ByteWriter out, long flags) {
    out.put32(0x1BAD_B002L).put32(flags).put32(-(0x1BAD_B002L + flags));
  }

  /// A flat image: the header with load addresses at offset 16, then code.
  static byte[] flat(long loadEnd, long bssEnd) {
    var out = new ByteWriter();
    out.zeros(16);
    header(out, 1 << 16);
    out.put32(TEXT_GPA + 16).put32(TEXT_GPA).put32(loadEnd).put32(bssEnd).put32(TEXT_GPA + 48);
    out.zeros(64);
    return out.toBytes();
  }

  static void set16(byte[] image, int at, int value) {
    image[at] = (byte) value;
    image[at + 1] = (byte) (value >>> 8);
  }

  static void set32(byte[] image, int at, long value) {
    set16(image, at, (int) value);
    set16(image, at + 2, (int) (value >>> 16));
  }
}
