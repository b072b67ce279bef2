package dev.backstep.emulator.msr;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.CpuidTable;
import dev.backstep.emulator.vcpu.ControlFlowState;
import dev.backstep.emulator.vcpu.Vcpu;

/// Control-flow enforcement. SDM Vol. 1 "CET MSRs" and Vol. 4.
final class ControlFlowMsrs {
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
    long allowed = (stacks ? SHADOW_STACK_BITS : 0) | (tracking ? TRACKING_BITS : 0);
    list.add(
        0x6A0,
        "IA32_U_CET",
        c -> c.cet.user,
        (c, value) -> {
          checkControl(c, value, allowed);
          c.cet.user = value;
          c.updateControlFlow();
        });
    list.add(
        0x6A2,
        "IA32_S_CET",
        c -> c.cet.supervisor,
        (c, value) -> {
          checkControl(c, value, allowed);
          c.cet.supervisor = value;
          c.updateControlFlow();
        });
    if (stacks) {
      addPointers(list);
    }
  }

  /// SUPPRESS cannot be set while an ENDBRANCH is waited for.
  private static void checkControl(Vcpu c, long value, long allowed) {
    long both = ControlFlowState.SUPPRESS | ControlFlowState.TRACKER;
    Msr.checkReserved(c, value, allowed);
    Msr.checkCanonical(c, value & ControlFlowState.BITMAP_BASE);
    if ((value & both) == both) {
      throw Msr.fault(c);
    }
  }

  private static void addPointers(MsrList list) {
    for (int level = 0; level < LEVELS; level++) {
      int k = level;
      list.add(
          0x6A4 + k,
          "IA32_PL" + k + "_SSP",
          c -> c.cet.privilegeSsp[k],
          (c, value) -> {
            // Shadow stack pointers are aligned to 4 bytes.
            Msr.checkReserved(c, value, ~3L);
            Msr.checkCanonical(c, value);
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
