package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;

/// Bit tests, scans, counts and byte swaps. SDM Vol. 2 "BT" to "BTS", "BSF", "BSR", "LZCNT",
/// "POPCNT", "TZCNT", "BSWAP", "CRC32".
public final class BitOps {
  /// CRC-32C of each byte value, for the reflected polynomial 11EDC6F41H.
  private static final int[] CRC32C = new int[256];

  static {
    for (int k = 0; k < 256; k++) {
      int crc = k;
      for (int bit = 0; bit < 8; bit++) {
        crc = crc >>> 1 ^ ((crc & 1) == 0 ? 0 : 0x82F63B78);
      }
      CRC32C[k] = crc;
    }
  }

  private BitOps() {}

  /// The bit's old value goes to CF; other flags stay. With a bit number from a register and the
  /// bits in memory, the number is signed and reaches beyond the operand. SDM Vol. 1 "Bit and Byte
  /// Instructions".
  public static void bt(Vcpu c, DecodedInstruction i) {
    long old =
        i.isMemory()
            ? Memory.load(c, i.segment, bitAddress(c, i), Operands.bytes(i.operand0))
            : c.gpr[i.register0];
    btImmediate(c, i, old, c.gpr[i.register1]);
  }

  public static void bts(Vcpu c, DecodedInstruction i) {
    storeBits(c, i, btsImmediate(c, i, bitsForWrite(c, i), c.gpr[i.register1]));
  }

  public static void btr(Vcpu c, DecodedInstruction i) {
    storeBits(c, i, btrImmediate(c, i, bitsForWrite(c, i), c.gpr[i.register1]));
  }

  public static void btc(Vcpu c, DecodedInstruction i) {
    storeBits(c, i, btcImmediate(c, i, bitsForWrite(c, i), c.gpr[i.register1]));
  }

  /// Immediate bit numbers are taken modulo the operand size.
  public static void btImmediate(Vcpu c, DecodedInstruction i, long a, long number) {
    takeBit(c, a, bit(i, number));
  }

  public static long btsImmediate(Vcpu c, DecodedInstruction i, long a, long number) {
    long bit = bit(i, number);
    takeBit(c, a, bit);
    return a | bit;
  }

  public static long btrImmediate(Vcpu c, DecodedInstruction i, long a, long number) {
    long bit = bit(i, number);
    takeBit(c, a, bit);
    return a & ~bit;
  }

  public static long btcImmediate(Vcpu c, DecodedInstruction i, long a, long number) {
    long bit = bit(i, number);
    takeBit(c, a, bit);
    return a ^ bit;
  }

  private static long bit(DecodedInstruction i, long number) {
    return 1L << (number & 8L * Operands.bytes(i.operand0) - 1);
  }

  private static void takeBit(Vcpu c, long a, long bit) {
    FlagOps.setCarry(c, (a & bit) != 0 ? 1 : 0);
  }

  private static long bitsForWrite(Vcpu c, DecodedInstruction i) {
    return i.isMemory()
        ? Memory.loadForWrite(c, i.segment, bitAddress(c, i), Operands.bytes(i.operand0))
        : c.gpr[i.register0];
  }

  private static void storeBits(Vcpu c, DecodedInstruction i, long value) {
    if (i.isMemory()) {
      Memory.store(c, i.segment, bitAddress(c, i), Operands.bytes(i.operand0), value);
      return;
    }
    Registers.store(c, i.operand0, value);
  }

  /// Effective address of the operand-sized word that holds the bit whose number is in operand 1.
  private static long bitAddress(Vcpu c, DecodedInstruction i) {
    long number = c.gpr[i.register1];
    long bytes =
        switch (Operands.bytes(i.operand0)) {
          case 2 -> (short) number >> 4 << 1;
          case 4 -> (int) number >> 5 << 2;
          default -> number >> 6 << 3;
        };
    return i.effectiveAddress(c.gpr) + bytes & i.addressMask;
  }

  /// For a zero source the destination, undefined in SDM Vol. 2 "BSF", stays as it is in all its 64
  /// bits: APM Vol. 3 says so, and processors of both makers do it.
  public static void bsf16(Vcpu c, DecodedInstruction i, long source) {
    scanned(c, i, source & 0xFFFF, Long.numberOfTrailingZeros(source));
  }

  public static void bsf32(Vcpu c, DecodedInstruction i, long source) {
    scanned(c, i, source & Registers.LOW_32, Long.numberOfTrailingZeros(source));
  }

  public static void bsf64(Vcpu c, DecodedInstruction i, long source) {
    scanned(c, i, source, Long.numberOfTrailingZeros(source));
  }

  public static void bsr16(Vcpu c, DecodedInstruction i, long source) {
    scanned(c, i, source & 0xFFFF, 63 - Long.numberOfLeadingZeros(source & 0xFFFF));
  }

  public static void bsr32(Vcpu c, DecodedInstruction i, long source) {
    scanned(
        c, i, source & Registers.LOW_32, 63 - Long.numberOfLeadingZeros(source & Registers.LOW_32));
  }

  public static void bsr64(Vcpu c, DecodedInstruction i, long source) {
    scanned(c, i, source, 63 - Long.numberOfLeadingZeros(source));
  }

  private static void scanned(Vcpu c, DecodedInstruction i, long source, int bit) {
    FlagOps.setZero(c, source == 0);
    if (source != 0) {
      Registers.store(c, i.operand0, bit);
    }
  }

  public static long tzcnt16(Vcpu c, long source) {
    return counted(c, Long.numberOfTrailingZeros(source | 1L << 16), 16);
  }

  public static long tzcnt32(Vcpu c, long source) {
    return counted(c, Integer.numberOfTrailingZeros((int) source), 32);
  }

  public static long tzcnt64(Vcpu c, long source) {
    return counted(c, Long.numberOfTrailingZeros(source), 64);
  }

  public static long lzcnt16(Vcpu c, long source) {
    return counted(c, Integer.numberOfLeadingZeros((int) source & 0xFFFF) - 16, 16);
  }

  public static long lzcnt32(Vcpu c, long source) {
    return counted(c, Integer.numberOfLeadingZeros((int) source), 32);
  }

  public static long lzcnt64(Vcpu c, long source) {
    return counted(c, Long.numberOfLeadingZeros(source), 64);
  }

  /// CF tells a zero source, ZF a zero result; the rest is undefined and kept.
  private static long counted(Vcpu c, int count, int width) {
    long others = Rflags.arithmetic(c) & ~(Rflags.CF | Rflags.ZF);
    long carry = count == width ? Rflags.CF : 0;
    Rflags.setArithmetic(c, others | carry | (count == 0 ? Rflags.ZF : 0));
    return count;
  }

  public static long popcnt16(Vcpu c, long source) {
    return popcnt64(c, source & 0xFFFF);
  }

  public static long popcnt32(Vcpu c, long source) {
    return popcnt64(c, source & Registers.LOW_32);
  }

  public static long popcnt64(Vcpu c, long source) {
    Rflags.setArithmetic(c, source == 0 ? Rflags.ZF : 0);
    return Long.bitCount(source);
  }

  /// Undefined in the manual for 16 bits; processors of both makers yield zero.
  public static long bswap16(Vcpu c, long a) {
    return 0;
  }

  public static long bswap32(Vcpu c, long a) {
    return Integer.reverseBytes((int) a);
  }

  public static long bswap64(Vcpu c, long a) {
    return Long.reverseBytes(a);
  }

  public static long crc32b(Vcpu c, long crc, long source) {
    return crc32c((int) crc, source, 1) & Registers.LOW_32;
  }

  public static long crc32w(Vcpu c, long crc, long source) {
    return crc32c((int) crc, source, 2) & Registers.LOW_32;
  }

  public static long crc32d(Vcpu c, long crc, long source) {
    return crc32c((int) crc, source, 4) & Registers.LOW_32;
  }

  public static long crc32q(Vcpu c, long crc, long source) {
    return crc32c((int) crc, source, 8) & Registers.LOW_32;
  }

  private static int crc32c(int crc, long source, int bytes) {
    int sum = crc;
    for (int k = 0; k < bytes; k++) {
      sum = sum >>> 8 ^ CRC32C[(sum ^ (int) (source >>> 8 * k)) & 0xFF];
    }
    return sum;
  }
}
