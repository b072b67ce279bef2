package dev.backstep.emulator.isa;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.mmu.Mmu;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// REP MOVS and REP STOS many elements at a time, where both ends lie in plain RAM and go upwards.
///
/// The outcome is that of the single steps: a run ends with its page, and nothing in it can fault
/// or be seen by anyone.
final class StringRuns {
  /// Fewer elements than this are left to the single steps.
  private static final int WORTHWHILE = 4;

  private static final int ES = SegmentRegister.ES;

  private StringRuns() {}

  /// Copies up to `most` elements and advances RSI and RDI.
  ///
  /// @return how many; 0 means that one single step must come first
  static int copy(Vcpu c, DecodedInstruction i, int bytes, int most) {
    if (most < WORTHWHILE || c.flag(Rflags.DF)) {
      return 0;
    }
    long mask = i.addressMask;
    long source = c.gpr[Vcpu.RSI] & mask;
    long target = c.gpr[Vcpu.RDI] & mask;
    Mmu mmu = c.mmu;
    int run = Math.min(mmu.plainReadRun(i.segment, source), mmu.plainWriteRun(ES, target));
    run = Math.min(Math.min(run, beforeWrap(source, mask)), beforeWrap(target, mask));
    int elements = Math.min(run / bytes, most);
    if (elements == 0) {
      return 0;
    }
    long length = (long) elements * bytes;
    long from = mmu.ramOffsetForRead(i.segment, source);
    long to = mmu.ramOffsetForWrite(ES, target);
    // An overlap upwards repeats a pattern, which a copy of the whole would not.
    if (to > from && to < from + length) {
      return 0;
    }
    mmu.ram().copy(from, to, length);
    Strings.advance(c, Vcpu.RSI, length, mask);
    Strings.advance(c, Vcpu.RDI, length, mask);
    return elements;
  }

  /// Fills up to `most` elements with RAX and advances RDI; the same result.
  static int fill(Vcpu c, DecodedInstruction i, int bytes, int most) {
    if (most < WORTHWHILE || c.flag(Rflags.DF)) {
      return 0;
    }
    long mask = i.addressMask;
    long target = c.gpr[Vcpu.RDI] & mask;
    int run = Math.min(c.mmu.plainWriteRun(ES, target), beforeWrap(target, mask));
    int elements = Math.min(run / bytes, most);
    if (elements == 0) {
      return 0;
    }
    int length = elements * bytes;
    fill(c.mmu.ram(), c.mmu.ramOffsetForWrite(ES, target), length, pattern(c.gpr[Vcpu.RAX], bytes));
    Strings.advance(c, Vcpu.RDI, length, mask);
    return elements;
  }

  private static void fill(GuestRam ram, long offset, int length, long pattern) {
    int done = 0;
    for (; done <= length - 8; done += 8) {
      ram.putLong(offset + done, pattern);
    }
    for (; done < length; done++) {
      ram.putByte(offset + done, (byte) (pattern >>> 8 * (done & 7)));
    }
  }

  /// `value`, one element, repeated to eight bytes.
  private static long pattern(long value, int bytes) {
    return switch (bytes) {
      case 1 -> (value & 0xFF) * 0x0101_0101_0101_0101L;
      case 2 -> (value & 0xFFFF) * 0x0001_0001_0001_0001L;
      case 4 -> (value & 0xFFFF_FFFFL) * 0x0000_0001_0000_0001L;
      default -> value;
    };
  }

  /// Bytes from `ea` to where it wraps, as far as a page matters.
  private static int beforeWrap(long ea, long mask) {
    return mask == -1 ? 4096 : (int) Math.min(mask - ea + 1, 4096);
  }
}
