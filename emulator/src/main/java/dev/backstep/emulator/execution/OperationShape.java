package dev.backstep.emulator.execution;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.Vcpu;

/// What spun code depends on besides the method it calls: two instructions of one shape share one
/// class.
///
/// ```
/// operands   63..48     47..32     31..16     15..0        each: bytes << 8 | kind
///            operand 3  operand 2  operand 1  operand 0
/// form       11   10..7  6      5       4        3..0
///            VEX  width  based  masked  indexed  condition
/// ```
///
/// @param operands kinds and sizes; 0 for methods that fetch and store by themselves
/// @param form how the memory operand is addressed, the condition code, which of the methods of one
///   name is meant (its width in bytes, or 0), and whether the encoding is VEX
record OperationShape(long operands, int form) {
  private static final int CONDITION = 0xF;
  private static final int INDEXED = 1 << 4;
  private static final int MASKED = 1 << 5;
  private static final int BASED = 1 << 6;
  private static final int WIDTH_SHIFT = 7;
  private static final int VEX = 1 << 11;

  /// The shape of `i` for `method`, the one for `width` bytes.
  static OperationShape of(DecodedInstruction i, SemanticsMethod method, int width) {
    int form = width << WIDTH_SHIFT | (method.takesCondition() ? i.condition() : 0);
    if (method.doesEverything()) {
      return new OperationShape(0, form);
    }
    form |= i.isVex() ? VEX : 0;
    long operands = 0;
    for (int k = 3; k >= 0; k--) {
      operands = operands << 16 | kindAndBytes(i.operand(k));
      if (Operands.kind(i.operand(k)) == Operands.MEMORY) {
        form |= addressing(i);
      }
    }
    return new OperationShape(operands, form);
  }

  private static int kindAndBytes(int operand) {
    return Operands.kind(operand) | Operands.bytes(operand) << 8;
  }

  private static int addressing(DecodedInstruction i) {
    return (i.index == Vcpu.NO_REGISTER ? 0 : INDEXED)
        | (i.base == Vcpu.NO_REGISTER ? 0 : BASED)
        | (i.addressMask == -1 ? 0 : MASKED);
  }

  int kind(int operand) {
    return (int) (operands >>> 16 * operand) & 0xFF;
  }

  int bytes(int operand) {
    return (int) (operands >>> 16 * operand + 8) & 0xFF;
  }

  int count() {
    int n = 0;
    while (n < 4 && kind(n) != Operands.NONE) {
      n++;
    }
    return n;
  }

  /// How many operands there are but for the immediate, which stands last.
  int countBeforeImmediate() {
    int n = count();
    return n > 0 && kind(n - 1) == Operands.IMMEDIATE ? n - 1 : n;
  }

  /// Whether some operand is of this kind.
  boolean has(int kind) {
    for (int k = 0; k < 4; k++) {
      if (kind(k) == kind) {
        return true;
      }
    }
    return false;
  }

  boolean isVex() {
    return (form & VEX) != 0;
  }

  int condition() {
    return form & CONDITION;
  }

  /// Whether the memory operand has an index register.
  boolean indexed() {
    return (form & INDEXED) != 0;
  }

  /// Whether the memory operand has a base register.
  boolean based() {
    return (form & BASED) != 0;
  }

  /// Whether effective addresses are narrower than 64 bits.
  boolean masked() {
    return (form & MASKED) != 0;
  }

  boolean hasMemory() {
    return has(Operands.MEMORY);
  }
}
