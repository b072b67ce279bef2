package dev.backstep.emulator.testing;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Decoder;
import dev.backstep.emulator.execution.OperationFactory;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.HexFormat;
import java.util.Set;

/// Executes single instructions, given as hex, in a vCPU's current mode.
public final class InstructionRunner {
  /// RIP of every instruction executed.
  public static final long RIP = 0x100;

  /// No exception was raised.
  public static final int NO_FAULT = -1;

  private final Decoder decoder = new Decoder(Set.of());
  private final OperationFactory factory = new OperationFactory();

  /// Executes one instruction. RIP is what the interpreter would make it: the following
  /// instruction's, unless the instruction changes it; after a fault its own.
  ///
  /// @return the vector of the exception raised, or [#NO_FAULT]
  public int run(Vcpu c, String hex) {
    byte[] code = HexFormat.ofDelimiter(" ").parseHex(hex);
    DecodedInstruction i = decoder.decode(code, 0, code.length, c.mode, RIP);
    if (i == null || i.length != code.length) {
      throw new AssertionError(hex + " does not decode in mode " + c.mode);
    }
    c.rip = i.nextRip;
    try {
      factory.operationFor(i).execute(c, i);
      return NO_FAULT;
    } catch (GuestFault fault) {
      c.rip = i.rip;
      return fault.vector();
    }
  }
}
