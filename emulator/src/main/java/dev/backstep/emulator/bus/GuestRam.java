package dev.backstep.emulator.bus;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// The guest's RAM (and ROM) as one flat segment. Offsets are RAM offsets, not guest-physical
/// addresses: [PhysicalBus] maps one to the other. Little-endian, unaligned.
///
/// Each 4 KiB page has a mark that says whether code blocks were decoded from it; whoever writes a
/// marked page must say so to the [CodeWatch]: [Mmu] and [PhysicalBus] do.
public final class GuestRam {
  public static final int PAGE_SHIFT = 12;

  private static final ValueLayout.OfByte LE8 = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort LE16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt LE32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LE64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MemorySegment segment;
  private final boolean[] codePages;
  private CodeWatch codeWatch = (ramOffset, bytes) -> {};

  /// @param arena owns the memory
  /// @param bytes size, a multiple of 4096
  public GuestRam(Arena arena, long bytes) {
    segment = arena.allocate(bytes, 4096);
    codePages = new boolean[Math.toIntExact(bytes >>> PAGE_SHIFT)];
  }

  public long size() {
    return segment.byteSize();
  }

  /// The memory itself, for digests, loaders and device DMA of whole ranges. Writers see to
  /// [#codeWritten].
  public MemorySegment segment() {
    return segment;
  }

  public void watchCode(CodeWatch watch) {
    codeWatch = watch;
  }

  public boolean holdsCode(long ramOffset) {
    return codePages[(int) (ramOffset >>> PAGE_SHIFT)];
  }

  public void markCode(long ramOffset) {
    codePages[(int) (ramOffset >>> PAGE_SHIFT)] = true;
  }

  public void unmarkCode(long ramOffset) {
    codePages[(int) (ramOffset >>> PAGE_SHIFT)] = false;
  }

  /// Tells the watch, if the page of `ramOffset` holds code. The range lies within one page.
  public void wrote(long ramOffset, int bytes) {
    if (codePages[(int) (ramOffset >>> PAGE_SHIFT)]) {
      codeWatch.codeWritten(ramOffset, bytes);
    }
  }

  public byte getByte(long ramOffset) {
    return segment.get(LE8, ramOffset);
  }

  public short getShort(long ramOffset) {
    return segment.get(LE16, ramOffset);
  }

  public int getInt(long ramOffset) {
    return segment.get(LE32, ramOffset);
  }

  public long getLong(long ramOffset) {
    return segment.get(LE64, ramOffset);
  }

  public void putByte(long ramOffset, byte value) {
    segment.set(LE8, ramOffset, value);
  }

  public void putShort(long ramOffset, short value) {
    segment.set(LE16, ramOffset, value);
  }

  public void putInt(long ramOffset, int value) {
    segment.set(LE32, ramOffset, value);
  }

  public void putLong(long ramOffset, long value) {
    segment.set(LE64, ramOffset, value);
  }

  /// Reads 1 to 8 bytes, zero-extended.
  public long load(long ramOffset, int bytes) {
    return switch (bytes) {
      case 1 -> getByte(ramOffset) & 0xFF;
      case 2 -> getShort(ramOffset) & 0xFFFF;
      case 4 -> getInt(ramOffset) & 0xFFFF_FFFFL;
      case 8 -> getLong(ramOffset);
      default -> {
        long value = 0;
        for (int k = bytes - 1; k >= 0; k--) {
          value = value << 8 | getByte(ramOffset + k) & 0xFF;
        }
        yield value;
      }
    };
  }

  /// Writes 1 to 8 bytes; see [#wrote].
  public void store(long ramOffset, int bytes, long value) {
    switch (bytes) {
      case 1 -> putByte(ramOffset, (byte) value);
      case 2 -> putShort(ramOffset, (short) value);
      case 4 -> putInt(ramOffset, (int) value);
      case 8 -> putLong(ramOffset, value);
      default -> {
        for (int k = 0; k < bytes; k++) {
          putByte(ramOffset + k, (byte) (value >>> 8 * k));
        }
      }
    }
  }

  /// Copies within RAM that holds no code where it is written, as if through a buffer.
  public void copy(long fromOffset, long toOffset, long bytes) {
    MemorySegment.copy(segment, fromOffset, segment, toOffset, bytes);
  }
}
