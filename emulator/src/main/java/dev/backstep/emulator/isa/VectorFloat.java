package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;

/// What frames the floating-point operations on the lanes of a vector. SDM Vol. 1 "Handling SIMD
/// Floating-Point Exceptions"; Vol. 3 "SIMD Floating-Point Exceptions".
///
/// Public for spun code.
public final class VectorFloat {
  private VectorFloat() {}

  /// Before the first lane: no exceptions yet; rounding, masks, DAZ and FTZ from MXCSR.
  public static void begin(Vcpu c) {
    c.fpu.environment.begin(c.fpu.mxcsr);
  }

  /// After the last lane, with nothing stored: the flags of all lanes go into MXCSR. If one is not
  /// masked, #XM, or #UD where the system does not expect that.
  public static void finish(Vcpu c) {
    c.fpu.mxcsr |= c.fpu.environment.reported();
    if (c.fpu.environment.faults()) {
      throw c.cr4(ControlBits.CR4_OSXMMEXCPT)
          ? c.fault.withoutCode(GuestFault.XM)
          : c.fault.undefinedOpcode();
    }
  }
}
