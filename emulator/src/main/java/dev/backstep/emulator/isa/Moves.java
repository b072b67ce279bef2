package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;

/// Data movement between general registers and memory, and conversions of width. SDM Vol. 2 "MOV"
/// and the entries named.
public final class Moves {
  private Moves() {}

  /// MOV, and, as operands come sign-extended, MOVSX and MOVSXD.
  public static long mov(Vcpu c, long a) {
    return a;
  }

  /// MOVZX from a byte.
  public static long movzxByte(Vcpu c, long a) {
    return a & 0xFF;
  }

  /// MOVZX from a word.
  public static long movzxWord(Vcpu c, long a) {
    return a & 0xFFFF;
  }

  public static void lea16(Vcpu c, DecodedInstruction i) {
    Registers.store16(c, i.register0, i.effectiveAddress(c.gpr));
  }

  public static void lea32(Vcpu c, DecodedInstruction i) {
    Registers.store32(c, i.register0, i.effectiveAddress(c.gpr));
  }

  public static void lea64(Vcpu c, DecodedInstruction i) {
    c.gpr[i.register0] = i.effectiveAddress(c.gpr);
  }

  /// NOP, PAUSE, fences and hints: they access nothing and fault on nothing.
  public static void nop(Vcpu c, DecodedInstruction i) {}

  /// PREFETCH and PREFETCHW with mod = 3.
  public static void prefetchRegister(Vcpu c, DecodedInstruction i) {
    if (c.cpuid.vendor().refusesPrefetchOfRegister()) {
      throw c.fault.undefinedOpcode();
    }
  }

  /// Operand 0 is stored last: it wins where both are one register.
  public static long xchg(Vcpu c, DecodedInstruction i, long a, long b) {
    Registers.store(c, i.operand1, a);
    return b;
  }

  public static long xadd8(Vcpu c, DecodedInstruction i, long a, long b) {
    Registers.store(c, i.operand1, a);
    return IntAlu.add8(c, a, b);
  }

  public static long xadd16(Vcpu c, DecodedInstruction i, long a, long b) {
    Registers.store(c, i.operand1, a);
    return IntAlu.add16(c, a, b);
  }

  public static long xadd32(Vcpu c, DecodedInstruction i, long a, long b) {
    Registers.store(c, i.operand1, a);
    return IntAlu.add32(c, a, b);
  }

  public static long xadd64(Vcpu c, DecodedInstruction i, long a, long b) {
    Registers.store(c, i.operand1, a);
    return IntAlu.add64(c, a, b);
  }

  /// The destination is written in either case: with the source, or with what it held. SDM Vol. 2
  /// "CMPXCHG".
  public static long cmpxchg8(Vcpu c, long a, long b) {
    if (IntAlu.sub8(c, (byte) c.gpr[Vcpu.RAX], a) == 0) {
      return b;
    }
    Registers.store8(c, Vcpu.RAX, a);
    return a;
  }

  public static long cmpxchg16(Vcpu c, long a, long b) {
    if (IntAlu.sub16(c, (short) c.gpr[Vcpu.RAX], a) == 0) {
      return b;
    }
    Registers.store16(c, Vcpu.RAX, a);
    return a;
  }

  /// With a register for destination and unequal operands nothing is stored, so that the register
  /// keeps its upper half: measured on AMD Zen.
  public static void cmpxchg32(Vcpu c, DecodedInstruction i) {
    boolean memory = i.isMemory();
    long ea = memory ? i.effectiveAddress(c.gpr) : 0;
    int a = memory ? c.mmu.loadForWrite32(i.segment, ea) : (int) c.gpr[i.register0];
    boolean equal = IntAlu.sub32(c, (int) c.gpr[Vcpu.RAX], a) == 0;
    if (memory) {
      c.mmu.store32(i.segment, ea, equal ? (int) c.gpr[i.register1] : a);
    } else if (equal) {
      Registers.store32(c, i.register0, c.gpr[i.register1]);
    }
    if (!equal) {
      Registers.store32(c, Vcpu.RAX, a);
    }
  }

  public static long cmpxchg64(Vcpu c, long a, long b) {
    if (IntAlu.sub64(c, c.gpr[Vcpu.RAX], a) == 0) {
      return b;
    }
    c.gpr[Vcpu.RAX] = a;
    return a;
  }

  public static void cmpxchg8b(Vcpu c, DecodedInstruction i) {
    long ea = i.effectiveAddress(c.gpr);
    long old = c.mmu.loadForWrite64(i.segment, ea);
    long expected = pair(c, Vcpu.RDX, Vcpu.RAX);
    FlagOps.setZero(c, old == expected);
    if (old == expected) {
      c.mmu.store64(i.segment, ea, pair(c, Vcpu.RCX, Vcpu.RBX));
      return;
    }
    c.mmu.store64(i.segment, ea, old);
    Registers.store32(c, Vcpu.RAX, old);
    Registers.store32(c, Vcpu.RDX, old >>> 32);
  }

  private static long pair(Vcpu c, int high, int low) {
    return c.gpr[high] << 32 | c.gpr[low] & Registers.LOW_32;
  }

  public static void cmpxchg16b(Vcpu c, DecodedInstruction i) {
    long ea = i.effectiveAddress(c.gpr);
    VectorState.requireAligned16(c, i, ea);
    c.mmu.probeWrite(i.segment, ea, 16);
    long low = c.mmu.load64(i.segment, ea);
    long high = c.mmu.load64(i.segment, ea + 8);
    boolean equal = low == c.gpr[Vcpu.RAX] && high == c.gpr[Vcpu.RDX];
    FlagOps.setZero(c, equal);
    c.mmu.store64(i.segment, ea, equal ? c.gpr[Vcpu.RBX] : low);
    c.mmu.store64(i.segment, ea + 8, equal ? c.gpr[Vcpu.RCX] : high);
    if (!equal) {
      c.gpr[Vcpu.RAX] = low;
      c.gpr[Vcpu.RDX] = high;
    }
  }

  public static long movbe16(Vcpu c, long a) {
    return Short.reverseBytes((short) a);
  }

  public static long movbe32(Vcpu c, long a) {
    return Integer.reverseBytes((int) a);
  }

  public static long movbe64(Vcpu c, long a) {
    return Long.reverseBytes(a);
  }

  /// The source is read, and a 32-bit destination zero-extended, whether or not the condition
  /// holds.
  public static long cmov(Vcpu c, int condition, long a, long b) {
    return Rflags.condition(c, condition) ? b : a;
  }

  public static long setcc(Vcpu c, int condition) {
    return Rflags.condition(c, condition) ? 1 : 0;
  }

  public static void xlat(Vcpu c, DecodedInstruction i) {
    long ea = c.gpr[Vcpu.RBX] + (c.gpr[Vcpu.RAX] & 0xFF) & i.addressMask;
    Registers.store8(c, Vcpu.RAX, c.mmu.load8(i.segment, ea));
  }

  /// CBW, CWDE, CDQE.
  public static void cbw16(Vcpu c, DecodedInstruction i) {
    Registers.store16(c, Vcpu.RAX, (byte) c.gpr[Vcpu.RAX]);
  }

  public static void cbw32(Vcpu c, DecodedInstruction i) {
    Registers.store32(c, Vcpu.RAX, (short) c.gpr[Vcpu.RAX]);
  }

  public static void cbw64(Vcpu c, DecodedInstruction i) {
    c.gpr[Vcpu.RAX] = (int) c.gpr[Vcpu.RAX];
  }

  /// CWD, CDQ, CQO.
  public static void cwd16(Vcpu c, DecodedInstruction i) {
    Registers.store16(c, Vcpu.RDX, (short) c.gpr[Vcpu.RAX] >> 15);
  }

  public static void cwd32(Vcpu c, DecodedInstruction i) {
    Registers.store32(c, Vcpu.RDX, (int) c.gpr[Vcpu.RAX] >> 31);
  }

  public static void cwd64(Vcpu c, DecodedInstruction i) {
    c.gpr[Vcpu.RDX] = c.gpr[Vcpu.RAX] >> 63;
  }
}
