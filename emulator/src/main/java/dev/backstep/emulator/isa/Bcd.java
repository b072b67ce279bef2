package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;

/// Decimal adjustment, outside 64-bit mode. SDM Vol. 2 "DAA", "DAS", "AAA", "AAS", "AAM", "AAD".
/// Undefined flags are cleared, except that SF, ZF and PF always follow AL.
public final class Bcd {
  private Bcd() {}

  public static void daa(Vcpu c, DecodedInstruction i) {
    adjustPacked(c, 1);
  }

  public static void das(Vcpu c, DecodedInstruction i) {
    adjustPacked(c, -1);
  }

  private static void adjustPacked(Vcpu c, int sign) {
    int al = (int) c.gpr[Vcpu.RAX] & 0xFF;
    boolean carry = Rflags.cf(c);
    boolean low = (al & 0xF) > 9 || Rflags.af(c);
    boolean high = al > 0x99 || carry;
    // DAS: a borrow out of the low digit's correction sets CF, too.
    boolean borrow = sign < 0 && low && al < 6;
    int adjusted = al + sign * ((low ? 6 : 0) + (high ? 0x60 : 0));
    Registers.store8(c, Vcpu.RAX, adjusted);
    flags(c, (high || borrow ? Rflags.CF : 0) | (low ? Rflags.AF : 0), (byte) adjusted);
  }

  public static void aaa(Vcpu c, DecodedInstruction i) {
    adjustUnpacked(c, 1);
  }

  public static void aas(Vcpu c, DecodedInstruction i) {
    adjustUnpacked(c, -1);
  }

  private static void adjustUnpacked(Vcpu c, int sign) {
    int ax = (int) c.gpr[Vcpu.RAX] & 0xFFFF;
    boolean adjust = (ax & 0xF) > 9 || Rflags.af(c);
    int adjusted = adjust ? ax + sign * 0x106 : ax;
    Registers.store16(c, Vcpu.RAX, adjusted & 0xFF0F);
    flags(c, adjust ? Rflags.CF | Rflags.AF : 0, adjusted & 0xF);
  }

  public static void aam(Vcpu c, DecodedInstruction i) {
    int base = (int) i.immediate & 0xFF;
    if (base == 0) {
      throw c.fault.withoutCode(GuestFault.DE);
    }
    int al = (int) c.gpr[Vcpu.RAX] & 0xFF;
    Registers.store16(c, Vcpu.RAX, al / base << 8 | al % base);
    flags(c, 0, (byte) (al % base));
  }

  public static void aad(Vcpu c, DecodedInstruction i) {
    int ax = (int) c.gpr[Vcpu.RAX];
    int al = (ax & 0xFF) + (ax >>> 8 & 0xFF) * ((int) i.immediate & 0xFF) & 0xFF;
    Registers.store16(c, Vcpu.RAX, al);
    flags(c, 0, (byte) al);
  }

  private static void flags(Vcpu c, int carries, long al) {
    Rflags.setArithmetic(
        c,
        carries
            | (al == 0 ? Rflags.ZF : 0)
            | (al < 0 ? Rflags.SF : 0)
            | ((Long.bitCount(al & 0xFF) & 1) == 0 ? Rflags.PF : 0));
  }
}
