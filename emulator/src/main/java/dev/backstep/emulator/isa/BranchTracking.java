package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.ControlFlowState;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Vcpu;

/// Indirect branch tracking: after an indirect JMP or CALL comes ENDBR64, or ENDBR32 outside 64-bit
/// mode. SDM Vol. 1 "Indirect Branch Tracking", "Legacy Compatibility Treatment".
public final class BranchTracking {
  private BranchTracking() {}

  /// Whether branches of that privilege level, outside virtual-8086 mode, are tracked.
  static boolean isEnabledAt(Vcpu c, int cpl) {
    return c.cr4(ControlBits.CR4_CET)
        && (c.cet.control(cpl) & ControlFlowState.ENDBRANCH_ENABLE) != 0;
  }

  /// A far transfer or an event to privilege `cpl`: whatever was suppressed, an ENDBRANCH must
  /// come.
  static void expectEndbranch(Vcpu c, int cpl) {
    if (isEnabledAt(c, cpl)) {
      c.cet.change(cpl, ControlFlowState.TRACKER, ControlFlowState.SUPPRESS);
    }
  }

  /// A near indirect JMP or CALL. Prefix 3E exempts it where IA32_U_CET or IA32_S_CET says so.
  static void nearIndirect(Vcpu c, DecodedInstruction i) {
    if (!c.branchTrackingActive) {
      return;
    }
    long control = c.cet.control(c.cpl);
    boolean exempt =
        i.has(DecodedInstruction.PREFIX_NOTRACK)
            && (control & ControlFlowState.NO_TRACK_ENABLE) != 0;
    if (!exempt && (control & ControlFlowState.SUPPRESS) == 0) {
      c.cet.change(c.cpl, ControlFlowState.TRACKER, 0);
    }
  }

  public static void endbr64(Vcpu c, DecodedInstruction i) {
    arrive(c, c.mode == CpuMode.LONG64);
  }

  public static void endbr32(Vcpu c, DecodedInstruction i) {
    arrive(c, c.mode != CpuMode.LONG64);
  }

  private static void arrive(Vcpu c, boolean ofThisMode) {
    if (c.branchTrackingActive && ofThisMode) {
      c.cet.change(c.cpl, 0, ControlFlowState.TRACKER | ControlFlowState.SUPPRESS);
    }
  }

  /// Before an instruction: #CP(ENDBRANCH) if an ENDBRANCH must come and `i` is none. INT3 and INT1
  /// are let through, for debuggers, and the expectation stays.
  public static void check(Vcpu c, DecodedInstruction i) {
    if ((c.cet.control(c.cpl) & ControlFlowState.TRACKER) == 0 || isAllowed(c, i)) {
      return;
    }
    if (!isLegacyCode(c, i)) {
      throw ShadowStack.fault(c, ShadowStack.CP_ENDBRANCH);
    }
    long control = c.cet.control(c.cpl);
    boolean suppresses = (control & ControlFlowState.SUPPRESS_DISABLE) == 0;
    c.cet.change(c.cpl, suppresses ? ControlFlowState.SUPPRESS : 0, ControlFlowState.TRACKER);
  }

  private static boolean isAllowed(Vcpu c, DecodedInstruction i) {
    return switch (i.opcode.mnemonic()) {
      case "ENDBR64" -> c.mode == CpuMode.LONG64;
      case "ENDBR32" -> c.mode != CpuMode.LONG64;
      case "INT3", "INT1" -> true;
      default -> false;
    };
  }

  /// Whether the bitmap of legacy code pages has the bit of the instruction's page.
  private static boolean isLegacyCode(Vcpu c, DecodedInstruction i) {
    long control = c.cet.control(c.cpl);
    if ((control & ControlFlowState.LEGACY_ENABLE) == 0) {
      return false;
    }
    long gva = ShadowStack.linear(c, i.rip);
    long address = c.isLongModeActive() ? gva & 0x01FF_FFFF_FFFF_FFFFL : gva & 0xFFFF_FFFFL;
    if (!c.cr4(ControlBits.CR4_LA57)) {
      address &= 0xFFFF_FFFF_FFFFL;
    }
    long at = (control & ControlFlowState.BITMAP_BASE) + (address >>> 15);
    long bits = c.mmu.readLinear(at, 1, c.cpl);
    return (bits >>> (address >>> 12 & 7) & 1) != 0;
  }
}
