package dev.backstep.emulator.platform;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.execution.CodeBlock;
import dev.backstep.emulator.vcpu.Vcpu;
import org.jspecify.annotations.Nullable;

/// What exits tell of the instruction that causes them, beyond its event.
final class ExecutingInstruction {
  private ExecutingInstruction() {}

  /// The instruction that is executing on `c`, or null between instructions.
  static @Nullable DecodedInstruction on(Vcpu c) {
    boolean executing = c.block != CodeBlock.NONE && c.blockIndex < c.block.count;
    return executing ? c.block.instructions[c.blockIndex] : null;
  }

  /// INS or OUTS.
  static boolean isString(@Nullable DecodedInstruction i) {
    return hasOperand(i, Operands.STRING_SOURCE) || hasOperand(i, Operands.STRING_DESTINATION);
  }

  static boolean isRepeated(@Nullable DecodedInstruction i) {
    return i != null
        && (i.has(DecodedInstruction.PREFIX_REP) || i.has(DecodedInstruction.PREFIX_REPNE));
  }

  static boolean hasImmediate(@Nullable DecodedInstruction i) {
    return hasOperand(i, Operands.IMMEDIATE);
  }

  static boolean isLmsw(@Nullable DecodedInstruction i) {
    return i != null && i.opcode.mnemonic().equals("LMSW");
  }

  /// The general register of a MOV to or from a control register.
  static int generalRegister(@Nullable DecodedInstruction i) {
    if (i == null) {
      return 0;
    }
    boolean first = Operands.kind(i.operand0) == Operands.GPR;
    return Operands.register(first ? i.operand0 : i.operand1);
  }

  private static boolean hasOperand(@Nullable DecodedInstruction i, int kind) {
    return i != null && (Operands.kind(i.operand0) == kind || Operands.kind(i.operand1) == kind);
  }
}
