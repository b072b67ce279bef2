package dev.backstep.emulator.execution;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.Vcpu;

/// What executes an instruction: operands fetched, the semantics called, the result stored. One
/// subclass per table form, width and operand shape is spun at first use by [OperationFactory].
public abstract class Operation {
  /// Executes `instruction` on `c`. Branches set `c.rip`; others leave it alone.
  ///
  /// @throws dev.backstep.emulator.vcpu.GuestFault with nothing committed
  public abstract void execute(Vcpu c, DecodedInstruction instruction);
}
