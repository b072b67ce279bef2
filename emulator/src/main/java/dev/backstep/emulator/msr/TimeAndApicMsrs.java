package dev.backstep.emulator.msr;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.CpuidTable;
import dev.backstep.emulator.vcpu.Vcpu;

/// The time-stamp counter, and the local APIC's registers. SDM Vol. 3 "Time-Stamp Counter", "x2APIC
/// Register Address Space".
final class TimeAndApicMsrs {
  private static final int X2APIC_FIRST = 0x800;
  private static final int X2APIC_LAST = 0x8FF;

  private TimeAndApicMsrs() {}

  static void addTo(MsrList list, CpuidTable cpuid) {
    if (cpuid.has(CpuFeature.TSC)) {
      list.add(0x10, "IA32_TIME_STAMP_COUNTER", TimeAndApicMsrs::tsc, TimeAndApicMsrs::writeTsc);
    }
    if (cpuid.has(CpuFeature.TSC_ADJUST)) {
      list.add(
          0x3B,
          "IA32_TSC_ADJUST",
          c -> c.msr.tscAdjust,
          (c, value) -> moveTsc(c, value - c.msr.tscAdjust));
    }
    if (cpuid.has(CpuFeature.APIC)) {
      list.add(0x1B, "IA32_APIC_BASE", c -> c.apic.apicBase(), TimeAndApicMsrs::writeApicBase);
    }
    if (cpuid.has(CpuFeature.TSC_DEADLINE_TIMER)) {
      list.add(
          0x6E0,
          "IA32_TSC_DEADLINE",
          c -> c.apic.tscDeadline(),
          (c, value) -> c.apic.setTscDeadline(value));
    }
    if (cpuid.has(CpuFeature.X2APIC)) {
      for (int index = X2APIC_FIRST; index <= X2APIC_LAST; index++) {
        addX2apic(list, index);
      }
    }
  }

  private static long tsc(Vcpu c) {
    return c.clock.tscTicks() + c.msr.tscOffset;
  }

  private static void writeTsc(Vcpu c, long value) {
    moveTsc(c, value - tsc(c));
  }

  /// What is added to the counter is added to IA32_TSC_ADJUST. SDM Vol. 3 "IA32_TSC_ADJUST
  /// Register".
  private static void moveTsc(Vcpu c, long ticks) {
    c.msr.tscOffset += ticks;
    c.msr.tscAdjust += ticks;
    c.apic.tscOffsetChanged(c.msr.tscOffset);
  }

  private static void writeApicBase(Vcpu c, long value) {
    if (!c.apic.setApicBase(value)) {
      throw Msr.fault(c);
    }
    c.mmu.physicalMapChanged();
  }

  private static void addX2apic(MsrList list, int index) {
    list.add(
        index,
        x2apicName(index),
        c -> {
          if (!c.apic.readX2apic(index)) {
            throw Msr.fault(c);
          }
          return c.apic.x2apicValue();
        },
        (c, value) -> {
          if (!c.apic.writeX2apic(index, value)) {
            throw Msr.fault(c);
          }
        });
  }

  private static String x2apicName(int index) {
    int register = index & 0xFF;
    if (register >= 0x10 && register < 0x28) {
      String group = register < 0x18 ? "ISR" : register < 0x20 ? "TMR" : "IRR";
      return "IA32_X2APIC_" + group + (register & 7);
    }
    String name =
        switch (register) {
          case 0x02 -> "APICID";
          case 0x03 -> "VERSION";
          case 0x08 -> "TPR";
          case 0x0A -> "PPR";
          case 0x0B -> "EOI";
          case 0x0D -> "LDR";
          case 0x0F -> "SIVR";
          case 0x28 -> "ESR";
          case 0x2F -> "LVT_CMCI";
          case 0x30 -> "ICR";
          case 0x32 -> "LVT_TIMER";
          case 0x33 -> "LVT_THERMAL";
          case 0x34 -> "LVT_PMI";
          case 0x35 -> "LVT_LINT0";
          case 0x36 -> "LVT_LINT1";
          case 0x37 -> "LVT_ERROR";
          case 0x38 -> "INIT_COUNT";
          case 0x39 -> "CUR_COUNT";
          case 0x3E -> "DIV_CONF";
          case 0x3F -> "SELF_IPI";
          default -> "RESERVED_%02X".formatted(register);
        };
    return "IA32_X2APIC_" + name;
  }
}
