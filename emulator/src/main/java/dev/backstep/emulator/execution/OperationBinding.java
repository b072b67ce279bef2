package dev.backstep.emulator.execution;

import dev.backstep.emulator.decode.DecodedInstruction;

/// The last word about the operation of an instruction, when a block is bound.
public interface OperationBinding {
  /// Operations as the opcode tables have them.
  OperationBinding PLAIN = (i, plain) -> plain;

  /// What executes `i`, for which `plain` does what the tables say.
  Operation bind(DecodedInstruction i, Operation plain);

  /// Operations that also do what they do to write-combining buffers.
  static OperationBinding withStoreOrder() {
    return new StoreOrder();
  }
}
