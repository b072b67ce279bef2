package dev.backstep.emulator.msr;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.mmu.VcpuFixture;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The registers of the time-stamp counter and of the local APIC are there as CPUID says. SDM Vol.
/// 4 "Architectural MSRs".
class TimeAndApicMsrsTest {
  private static final int TIME_STAMP_COUNTER = 0x10;
  private static final int APIC_BASE = 0x1B;

  private static String access(String cpu, int msr) {
    var f = new VcpuFixture(cpu, "bare-metal-intel", Map.of());
    String read = VcpuFixture.faultOf(() -> f.c.msrTable.read(f.c, msr));
    long value = msr == APIC_BASE ? f.lapic.base : 0;
    return read + " " + VcpuFixture.faultOf(() -> f.c.msrTable.write(f.c, msr, value));
  }

  @Test
  void apicBaseNeedsAnApic() {
    assertEquals("none none", access("max", APIC_BASE));
    assertEquals("13:0 13:0", access("max,-apic", APIC_BASE));
  }

  @Test
  void counterNeedsOne() {
    assertEquals("none none", access("max", TIME_STAMP_COUNTER));
    assertEquals("13:0 13:0", access("max,-tsc", TIME_STAMP_COUNTER));
  }
}
