package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.mmu.Translations;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// Instructions that invalidate translations or set the rights of protection keys. SDM Vol. 2 under
/// the instructions' names.
public final class PagingOps {
  private static final long PCID_MASK = 0xFFF;
  private static final int INDIVIDUAL_ADDRESS = 0;
  private static final int SINGLE_CONTEXT = 1;
  private static final int ALL_WITH_GLOBALS = 2;
  private static final int ALL_CONTEXTS = 3;

  private PagingOps() {}

  /// INVLPG. A non-canonical address does nothing; linear-address masking does not apply.
  public static void invlpg(Vcpu c, DecodedInstruction i) {
    Privilege.requireZero(c);
    long gva = linear(c, i.segment, i.effectiveAddress(c.gpr));
    if (c.mode != CpuMode.LONG64 || c.mmu.isCanonical(gva)) {
      c.mmu.translations().flushPage(gva, "invlpg");
    }
  }

  /// Linear address of an operand that is not accessed.
  private static long linear(Vcpu c, int segment, long ea) {
    SegmentRegister s = c.segments[segment];
    if (c.mode != CpuMode.LONG64) {
      return s.base + ea & 0xFFFFFFFFL;
    }
    return segment >= SegmentRegister.FS ? s.base + ea : ea;
  }

  /// INVPCID with its descriptor in memory:
  ///
  /// ```
  /// 127..64         63..12    11..0
  /// linear address  reserved  PCID
  /// ```
  public static void invpcid(Vcpu c, DecodedInstruction i) {
    Privilege.requireZero(c);
    long type = ControlRegisters.width(c, c.gpr[Operands.register(i.operand0)]);
    long ea = i.effectiveAddress(c.gpr);
    long pcid = c.mmu.load64(i.segment, ea);
    long gva = c.mmu.load64(i.segment, ea + 8 & i.addressMask);
    boolean namesPcid = type == INDIVIDUAL_ADDRESS || type == SINGLE_CONTEXT;
    boolean illegal =
        Long.compareUnsigned(type, ALL_CONTEXTS) > 0
            || (pcid & ~PCID_MASK) != 0
            || namesPcid && pcid != 0 && !c.cr4(ControlBits.CR4_PCIDE)
            || type == INDIVIDUAL_ADDRESS && !c.mmu.isLoadable(gva);
    if (illegal) {
      throw c.fault.generalProtection(0);
    }
    Translations translations = c.mmu.translations();
    switch ((int) type) {
      case INDIVIDUAL_ADDRESS -> translations.flushPage(gva, (int) pcid, "invpcid-address");
      case SINGLE_CONTEXT -> translations.flushContext((int) pcid, "invpcid-context");
      case ALL_WITH_GLOBALS -> translations.flushAll("invpcid-all");
      default -> translations.flushNonGlobal("invpcid-non-global");
    }
  }

  public static void rdpkru(Vcpu c, DecodedInstruction i) {
    requireProtectionKeys(c);
    c.gpr[Vcpu.RAX] = Integer.toUnsignedLong(c.pkru);
    c.gpr[Vcpu.RDX] = 0;
  }

  public static void wrpkru(Vcpu c, DecodedInstruction i) {
    requireProtectionKeys(c);
    if ((int) c.gpr[Vcpu.RDX] != 0) {
      throw c.fault.generalProtection(0);
    }
    c.mmu.translations().setPkru((int) c.gpr[Vcpu.RAX]);
  }

  private static void requireProtectionKeys(Vcpu c) {
    if (!c.cr4(ControlBits.CR4_PKE)) {
      throw c.fault.undefinedOpcode();
    }
    if ((int) c.gpr[Vcpu.RCX] != 0) {
      throw c.fault.generalProtection(0);
    }
  }
}
