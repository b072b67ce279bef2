package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;

/// RDRAND and RDSEED, from the machine's one source of entropy: a recording keeps what they
/// yielded. SDM Vol. 2 "RDRAND", "RDSEED".
///
/// Each ends its block, so that no chunk of a journal holds more random numbers than blocks.
public final class RandomNumbers {
  private RandomNumbers() {}

  /// A random number is always there: CF is set, the other flags are cleared.
  public static long rdrand(Vcpu c) {
    Rflags.setArithmetic(c, Rflags.CF);
    return c.inputs.entropy();
  }

  public static long rdseed(Vcpu c) {
    return rdrand(c);
  }
}
