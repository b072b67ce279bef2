package dev.backstep.emulator.interrupt;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.control.ControlAnswer;
import org.junit.jupiter.api.Test;

/// Linux api.rst, "KVM_SIGNAL_MSI".
class KvmMessagesTest {
  private static final long TO_44 = 0xFEE2_C000L;
  private static final long BITS_31_TO_8_OF_300 = 1L << 40;

  private static ControlAnswer signal(KvmRoutingTest.Flags flags, long address) {
    var routing = new KvmRouting(flags, LowestPriority.VECTOR_HASHING);
    ApicBench bench = new ApicBench(routing, 0, 44, 300).enabled();
    bench.x2apic();
    return new KvmMessages(bench.router, flags).signal(address, 0x51);
  }

  @Test
  void countsThoseThatItReaches() {
    assertEquals(
        new ControlAnswer("1", "map: phys_map[44]; reached vCPUs [44]"),
        signal(KvmRoutingTest.Flags.NONE, TO_44));
    assertEquals(
        new ControlAnswer("3", "slow: broadcast; reached vCPUs [0, 44, 300]"),
        signal(KvmRoutingTest.Flags.NONE, 0xFEEF_F000L));
  }

  @Test
  void reachesNobodyByAnIdThatNobodyHas() {
    assertEquals(
        new ControlAnswer("0", "map: phys_map[45] is empty: dropped; reached nobody"),
        signal(KvmRoutingTest.Flags.NONE, 0xFEE2_D000L));
  }

  @Test
  void aSearchInVainIsMinusOne() {
    var routing = new KvmRouting(KvmRoutingTest.Flags.NONE, LowestPriority.VECTOR_HASHING);
    ApicBench bench = new ApicBench(routing, 0, 44, 300).enabled();
    assertEquals(
        "-1",
        new KvmMessages(bench.router, KvmRoutingTest.Flags.NONE)
            .signal(0xFEE2_D000L, 0x51)
            .result());
  }

  @Test
  void wideDestinationsNeedTheFlag() {
    assertEquals(
        "map: phys_map[300]; reached vCPUs [300]",
        signal(KvmRoutingTest.Flags.WIDE, TO_44 | BITS_31_TO_8_OF_300).reason());
    assertEquals(
        "map: phys_map[44]; reached vCPUs [44]",
        signal(KvmRoutingTest.Flags.NONE, TO_44 | BITS_31_TO_8_OF_300).reason());
  }

  @Test
  void bits39To32AreZeroOrRefused() {
    assertEquals("-EINVAL", signal(KvmRoutingTest.Flags.WIDE, TO_44 | 1L << 32).result());
    assertEquals("1", signal(KvmRoutingTest.Flags.NONE, TO_44 | 1L << 32).result());
  }
}
