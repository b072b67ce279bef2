package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.Vcpu;

/// SSE4a: bit fields of the low quadword of XMM registers. APM Vol. 4 "EXTRQ", "INSERTQ". The high
/// quadword of the result, and a field that reaches beyond bit 63, are undefined there.
public final class Sse4aFields {
  private static final int SIX_BITS = 0x3F;

  private Sse4aFields() {}

  /// Length and place from the immediates, or the low bytes of operand 1.
  public static void extrq(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    long field = i.immediate & 0xFF | (i.immediate2 & 0xFF) << 8;
    boolean inRegister = i.opcode.operands().size() == 2;
    extract(c, i.register0, inRegister ? c.fpu.xmm[2 * i.register1] : field);
  }

  private static void extract(Vcpu c, int register, long field) {
    long low = c.fpu.xmm[2 * register] >>> place(field) & mask(field);
    VectorState.storeXmm(c, register, low, 0);
  }

  /// Length and place from the immediates, or the low bytes of operand 1's high quadword.
  public static void insertq(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    long field = i.immediate & 0xFF | (i.immediate2 & 0xFF) << 8;
    boolean inRegister = i.opcode.operands().size() == 2;
    long where = inRegister ? c.fpu.xmm[2 * i.register1 + 1] : field;
    long mask = mask(where) << place(where);
    long source = c.fpu.xmm[2 * i.register1] << place(where);
    long low = c.fpu.xmm[2 * i.register0] & ~mask | source & mask;
    VectorState.storeXmm(c, i.register0, low, 0);
  }

  private static int place(long field) {
    return (int) (field >>> 8) & SIX_BITS;
  }

  /// As many bits as the field's length says; 0 stands for 64.
  private static long mask(long field) {
    return -1L >>> (64 - field & SIX_BITS);
  }
}
