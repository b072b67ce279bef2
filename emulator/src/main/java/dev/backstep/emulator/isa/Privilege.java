package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Vcpu;

/// Privilege checks that many system instructions share. SDM Vol. 3 "Privileged Instructions".
final class Privilege {
  private Privilege() {}

  /// #GP(0) unless CPL is 0. (CPL is 0 in real-address mode and 3 in virtual-8086 mode.)
  static void requireZero(Vcpu c) {
    if (c.cpl != 0) {
      throw c.fault.generalProtection(0);
    }
  }

  /// #UD unless CPL is 0.
  static void requireZeroOrUndefined(Vcpu c) {
    if (c.cpl != 0) {
      throw c.fault.undefinedOpcode();
    }
  }

  /// User-mode instruction prevention: SGDT, SIDT, SLDT, STR and SMSW outside CPL 0. SDM Vol. 3
  /// "Control Registers", CR4.UMIP.
  static void requireNoUserPrevention(Vcpu c) {
    if (c.cpl != 0 && c.cr4(ControlBits.CR4_UMIP)) {
      throw c.fault.generalProtection(0);
    }
  }
}
