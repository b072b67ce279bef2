package dev.backstep.emulator.msr;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.mmu.MemoryType;
import dev.backstep.emulator.mmu.VcpuFixture;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// APM Vol. 2 "Extended Fixed-Range MTRR Type-Field Encodings".
class FixedRangeDirectionsTest {
  private static final int SYSCFG = 0xC001_0010;
  private static final int FIX64K = 0x250;
  private static final long MODIFIABLE = 1 << 19;
  private static final long TYPES = 0x0606_0605_0401_0006L;
  private static final long WITH_DIRECTIONS = 0x1E1E_1E15_0C01_1806L;

  private static VcpuFixture on(String platform) {
    return new VcpuFixture("max", platform, Map.of());
  }

  private static String write(VcpuFixture f, int msr, long value) {
    return VcpuFixture.faultOf(() -> f.c.msrTable.write(f.c, msr, value));
  }

  @Test
  void keepsDirectionsWhileTheyMayBeModified() {
    var f = on("bare-metal-amd");
    assertEquals("none", write(f, SYSCFG, MODIFIABLE));
    assertEquals("none", write(f, FIX64K, WITH_DIRECTIONS));
    assertEquals(WITH_DIRECTIONS, f.c.msrTable.read(f.c, FIX64K));
    assertEquals(TYPES, f.c.mmu.mtrrs().fixed(0), "types are apart");
    f.c.msrTable.write(f.c, 0x2FF, 0xC00);
    assertEquals(MemoryType.WB, f.c.mmu.mtrrs().resolve(0).type());
    assertEquals(MemoryType.WT, f.c.mmu.mtrrs().resolve(0x3_0000).type());
  }

  @Test
  void hidesAndKeepsDirectionsOtherwise() {
    var f = on("bare-metal-amd");
    write(f, SYSCFG, MODIFIABLE);
    write(f, FIX64K, WITH_DIRECTIONS);
    write(f, SYSCFG, 0);
    assertEquals(TYPES, f.c.msrTable.read(f.c, FIX64K));
    assertEquals("none", write(f, FIX64K, 0x1E1E_1E1E_1E1E_1E1EL));
    assertEquals(0x0606_0606_0606_0606L, f.c.msrTable.read(f.c, FIX64K));
    write(f, SYSCFG, MODIFIABLE);
    long directions = WITH_DIRECTIONS & ~TYPES;
    assertEquals(0x0606_0606_0606_0606L | directions, f.c.msrTable.read(f.c, FIX64K));
  }

  @Test
  void refusesReservedBits() {
    var f = on("bare-metal-amd");
    assertEquals("13:0", write(f, SYSCFG, 1 << 17));
    assertEquals("13:0", write(f, SYSCFG, 1 << 23));
    write(f, SYSCFG, MODIFIABLE);
    assertEquals("13:0", write(f, FIX64K, 0x20));
    assertEquals("13:0", write(f, FIX64K, 0x1A));
  }

  @Test
  void areNotThereElsewhere() {
    for (String platform : new String[] {"bare-metal-intel", "kvm-intel", "kvm-amd"}) {
      var f = on(platform);
      assertEquals("13:0", write(f, SYSCFG, MODIFIABLE), platform);
      assertEquals("13:0", write(f, FIX64K, WITH_DIRECTIONS), platform);
    }
    var f = on("kvm-amd");
    assertEquals(0, f.c.msrTable.read(f.c, SYSCFG), "kvm_get_msr_common");
  }
}
