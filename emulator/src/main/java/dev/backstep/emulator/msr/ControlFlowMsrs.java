package dev.backstep.emulator.msr;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.CpuidTable;
import dev.backstep.emulator.vcpu.ControlFlowState;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;

/// Control-flow enforcement, and what its registers may hold, however they are loaded. SDM Vol. 1
/// "CET MSRs" and Vol. 4.
public final class ControlFlowMsrs {
  private static final long SHADOW_STACK_BITS =
      ControlFlowState.SHADOW_STACK_ENABLE | ControlFlowState.WRITE_ENABLE;

  private static final long TRACKING_BITS =
      ControlFlowState.ENDBRANCH_ENABLE
          | ControlFlowState.LEGACY_ENABLE
          | ControlFlowState.NO_TRACK_ENABLE
          | ControlFlowState.SUPPRESS_DISABLE
          | ControlFlowState.SUPPRESS
          | ControlFlowState.TRACKER
          | ControlFlowState.BITMAP_BASE;

  private static final int LEVELS = 4;

  private ControlFlowMsrs() {}

  static void addTo(MsrList list, CpuidTable cpuid) {
    boolean stacks = cpuid.has(CpuFeature.CET_SS);
    boolean tracking = cpuid.has(CpuFeature.CET_IBT);
    if (!stacks && !tracking) {
      return;
    }
    list.add(
        0x6A0,
        "IA32_U_CET",
        c -> c.cet.user,
        (c, value) -> {
          checkControl(c, value);
          c.cet.user = value;
          c.updateControlFlow();
        });
    list.add(
        0x6A2,
        "IA32_S_CET",
        c -> c.cet.supervisor,
        (c, value) -> {
          checkControl(c, value);
          c.cet.supervisor = value;
          c.updateControlFlow();
        });
    if (stacks) {
      addPointers(list);
    }
  }

  /// A value of IA32_U_CET or IA32_S_CET. SUPPRESS cannot be set while an ENDBRANCH is waited for.
  ///
  /// @throws GuestFault #GP(0)
  public static void checkControl(Vcpu c, long value) {
    long allowed = c.cpuid.has(CpuFeature.CET_SS) ? SHADOW_STACK_BITS : 0;
    allowed |= c.cpuid.has(CpuFeature.CET_IBT) ? TRACKING_BITS : 0;
    long both = ControlFlowState.SUPPRESS | ControlFlowState.TRACKER;
    Msr.checkReserved(c, value, allowed);
    Msr.checkCanonical(c, value & ControlFlowState.BITMAP_BASE);
    if ((value & both) == both) {
      throw Msr.fault(c);
    }
  }

  /// A value of IA32_PL0_SSP to IA32_PL3_SSP: canonical, and aligned to 4 bytes.
  ///
  /// @throws GuestFault #GP(0)
  public static void checkPointer(Vcpu c, long value) {
    Msr.checkReserved(c, value, ~3L);
    Msr.checkCanonical(c, value);
  }

  private static void addPointers(MsrList list) {
    for (int level = 0; level < LEVELS; level++) {
      int k = level;
      list.add(
          0x6A4 + k,
          "IA32_PL" + k + "_SSP",
          c -> c.cet.privilegeSsp[k],
          (c, value) -> {
            checkPointer(c, value);
            c.cet.privilegeSsp[k] = value;
          });
    }
    list.add(
        0x6A8,
        "IA32_INTERRUPT_SSP_TABLE_ADDR",
        c -> c.cet.interruptSspTable,
        (c, value) -> {
          Msr.checkCanonical(c, value);
          c.cet.interruptSspTable = value;
        });
  }
}
