package dev.backstep.emulator.interrupt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.interrupt.InterruptMessage.Origin;
import dev.backstep.emulator.interrupt.InterruptMessage.Redirection;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Linux arch/x86/kvm/lapic.c; errata.rst, "x2APIC".
class KvmRoutingTest {
  private static final int VECTOR = 0x51;
  private static final int FIXED = 0x4000 | VECTOR;
  private static final int LOWEST = 0x4100 | VECTOR;
  private static final int NMI = 0x4400;
  private static final int LOGICAL = 1 << 11;
  private static final int ALL_BUT_SELF = 3 << 18;
  private static final int ALL = 2 << 18;

  /// Who decides where an IPI goes.
  enum On {
    BARE_METAL,
    FLAG_CLEAR,
    FLAG_SET
  }

  private static ApicBench bench(On on, int... numbers) {
    ApicRouting routing =
        switch (on) {
          case BARE_METAL -> new ArchitecturalRouting();
          case FLAG_CLEAR -> kvm(Flags.NONE, LowestPriority.VECTOR_HASHING);
          case FLAG_SET -> kvm(Flags.WIDE, LowestPriority.VECTOR_HASHING);
        };
    return new ApicBench(routing, numbers).enabled();
  }

  private static ApicRouting kvm(X2apicApi flags, LowestPriority choice) {
    return new KvmRouting(flags, choice);
  }

  /// KVM_CAP_X2APIC_API.
  record Flags(boolean uses32BitIds, boolean isBroadcastQuirkDisabled) implements X2apicApi {
    static final Flags NONE = new Flags(false, false);
    static final Flags WIDE = new Flags(true, false);
    static final Flags NO_BROADCAST_QUIRK = new Flags(false, true);
  }

  /// The place of the last vCPU is the sender's.
  private static String reachedBy(ApicBench bench, long destination, int low) {
    int sender = bench.cpus.size() - 1;
    if (bench.apic(sender).mode() == ApicMode.X2APIC) {
      assertTrue(bench.apic(sender).writeX2apic(0x830, destination << 32 | low));
    } else {
      bench.write(sender, 0x310, destination << 24);
      bench.write(sender, 0x300, low);
    }
    return reached(bench);
  }

  private static String reached(ApicBench bench) {
    StringBuilder text = new StringBuilder();
    for (int number : bench.lastIpi().targets()) {
      text.append(text.isEmpty() ? "" : " ").append(number);
    }
    return text.toString();
  }

  private static String hardware(ApicBench bench) {
    return Arrays.toString(bench.lastIpi().hardwareTargets());
  }

  private static String rule(ApicBench bench) {
    return bench.lastIpi().rule();
  }

  @ParameterizedTest
  @CsvSource({"BARE_METAL,1 2", "FLAG_CLEAR,1 2", "FLAG_SET,1"})
  void scenarioAtwoThatShareAnXapicId(On on, String expected) {
    ApicBench bench = bench(on, 0, 1, 2, 3);
    bench.write(2, 0x20, 1L << 24);
    assertEquals(expected, reachedBy(bench, 1, FIXED));
    assertEquals("[1, 2]", hardware(bench));
    switch (on) {
      case BARE_METAL -> assertEquals("physical: APIC ID", rule(bench));
      case FLAG_CLEAR ->
          assertEquals(
              "slow: ID collision at 1, vCPUs 1 and 2 (APICv inhibited: PHYSICAL_ID_ALIASED)",
              rule(bench));
      case FLAG_SET -> assertEquals("map: phys_map[1]", rule(bench));
    }
  }

  @ParameterizedTest
  @CsvSource({"BARE_METAL,300", "FLAG_CLEAR,''", "FLAG_SET,300"})
  void scenarioBaWideIdInXapicMode(On on, String expected) {
    ApicBench bench = bench(on, 0, 300, 1);
    bench.x2apic(2);
    assertEquals(expected, reachedBy(bench, 300, FIXED));
    assertEquals("[300]", hardware(bench));
    switch (on) {
      case BARE_METAL -> assertEquals("physical: xAPIC ID = low byte", rule(bench));
      case FLAG_CLEAR -> assertEquals("map: phys_map[300] is empty: dropped", rule(bench));
      case FLAG_SET -> assertEquals("map: phys_map[300]", rule(bench));
    }
  }

  @Test
  void scenarioCcollidesAtTheLowByte() {
    ApicBench bench = bench(On.FLAG_CLEAR, 0, 44, 300, 1);
    bench.x2apic(3);
    reachedBy(bench, 300, FIXED);
    assertTrue(rule(bench).startsWith("slow: ID collision at 44, vCPUs 44 and 300"));
  }

  /// Columns: vCPUs in the order in which they were made, the sender last; those in x2APIC mode;
  /// destination; whom it reaches on processors, with the flag clear, and with the flag set.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          C, 44 in xAPIC mode    | 0 44 300 1 | 1    | 300 | 44 300 | 300    | 300
          C, 44 in x2APIC mode   | 0 44 300 1 | 44 1 | 300 | 300    | 300    | 300
          D, 44 in x2APIC mode   | 0 44 300 1 | 44 1 | 44  | 44 300 | 44 300 | 44
          D, 300 was made first  | 0 300 44 1 | 44 1 | 44  | 300 44 | 300 44 | 44
          E, both in xAPIC mode  | 0 44 300 1 |      | 44  | 44 300 | 44 300 | 44
          E, 300 steals the IPI  | 0 300 44 1 |      | 44  | 300 44 | 300 44 | 300
          """)
  void scenariosOfAWideIdAndItsLowByte(
      String name,
      String made,
      @Nullable String x2apic,
      int to,
      String bare,
      String clear,
      String set) {
    int[] numbers = Arrays.stream(made.split(" ", -1)).mapToInt(Integer::parseInt).toArray();
    String[] expected = {bare, clear, set};
    for (On on : On.values()) {
      ApicBench bench = bench(on, numbers);
      for (int place = 0; place < numbers.length; place++) {
        if (x2apic != null && List.of(x2apic.split(" ", -1)).contains("" + numbers[place])) {
          bench.x2apic(place);
        }
      }
      assertEquals(expected[on.ordinal()], reachedBy(bench, to, FIXED), name + " " + on);
    }
  }

  @ParameterizedTest
  @EnumSource(On.class)
  void scenarioFbroadcast(On on) {
    ApicBench bench = bench(on, 0, 44, 300, 1);
    assertEquals("0 44 300 1", reachedBy(bench, 0xFF, FIXED));
    bench.x2apic(1);
    bench.x2apic(3);
    assertEquals(
        on == On.BARE_METAL ? "0 44 300 1" : "44 1",
        reachedBy(bench, 0xFFFF_FFFFL, FIXED),
        "FFFFFFFFH is no broadcast to KVM's local APICs in xAPIC mode");
  }

  @Test
  void theMapDropsWhatIsAboveTheHighestId() {
    ApicBench bench = bench(On.FLAG_SET, 0, 44, 1);
    bench.x2apic(2);
    assertEquals("", reachedBy(bench, 4096, FIXED));
    assertEquals("map: 4096 is above max_apic_id 255: dropped", rule(bench));
  }

  /// Whom IA32_APIC_BASE disables has no place in the map, and no ID to collide.
  @Test
  void aDisabledLocalApicDoesNotCollide() {
    ApicBench bench = bench(On.FLAG_CLEAR, 0, 44, 300, 1);
    assertTrue(bench.apic(2).setApicBase(bench.apic(2).apicBase() & ~ApicBench.EN));
    assertEquals("44", reachedBy(bench, 44, FIXED));
    assertEquals("map: phys_map[44]", rule(bench));
  }

  @Test
  void nmisReachThoseThatSoftwareHasNotEnabled() {
    ApicBench bench = bench(On.FLAG_CLEAR, 0, 1, 2);
    bench.write(1, 0xF0, 0xFF);
    assertEquals("", reachedBy(bench, 1, FIXED));
    assertEquals("1", reachedBy(bench, 1, NMI));
    assertEquals(List.of("nmi"), bench.cpus.get(1).signals);
  }

  @Test
  void flatLogicalIdsAreInTheMap() {
    ApicBench bench = logical(On.FLAG_CLEAR, 0xFFFF_FFFFL, 1, 2, 4, 8);
    assertEquals("1 2", reachedBy(bench, 6, FIXED | LOGICAL));
    assertEquals("map: flat members 0x6", rule(bench));
    assertEquals("", reachedBy(bench, 0x30, FIXED | LOGICAL));
    assertEquals("map: flat members 0x30: dropped", rule(bench));
  }

  @Test
  void clusterLogicalIdsAreInTheMap() {
    ApicBench bench = logical(On.FLAG_CLEAR, 0x0FFF_FFFFL, 0x11, 0x12, 0x21, 0x22);
    assertEquals("3", reachedBy(bench, 0x22, FIXED | LOGICAL));
    assertEquals("map: cluster 2 members 0x2", rule(bench));
    // The SDM's cluster 15 is all clusters; KVM knows only FFH.
    assertEquals("", reachedBy(bench, 0xF1, FIXED | LOGICAL));
    assertEquals("[0, 2]", hardware(bench));
    assertEquals("0 1 2 3", reachedBy(bench, 0xFF, FIXED | LOGICAL));
    assertEquals("slow: broadcast", rule(bench));
  }

  @Test
  void x2apicLogicalIdsUseThePhysicalMap() {
    ApicBench bench = bench(On.FLAG_CLEAR, 0, 17, 20, 260, 1);
    bench.x2apic();
    assertEquals("17 20", reachedBy(bench, 0x1_8012L, FIXED | LOGICAL));
    assertEquals("map: x2APIC cluster 1 members 0x8012", rule(bench));
    assertEquals("260", reachedBy(bench, 0x10_FFFFL, FIXED | LOGICAL));
    assertEquals("map: x2APIC cluster 16 members 0x1f", rule(bench), "max_apic_id is 260");
    assertEquals("", reachedBy(bench, 0x11_FFFFL, FIXED | LOGICAL));
  }

  @Test
  void logicalIdsOfSeveralBitsNeedASearch() {
    ApicBench bench = logical(On.FLAG_CLEAR, 0xFFFF_FFFFL, 1, 6, 4, 8);
    assertEquals("1 2", reachedBy(bench, 4, FIXED | LOGICAL));
    assertEquals(
        "slow: the logical ID of vCPU 1 has more than one bit"
            + " (APICv inhibited: LOGICAL_ID_ALIASED)",
        rule(bench));
    assertEquals("2", reachedBy(bench, 2, FIXED), "physical destinations still use the map");
    assertEquals("map: phys_map[2]", rule(bench));
  }

  @Test
  void logicalIdsThatTwoHaveNeedASearch() {
    ApicBench bench = logical(On.FLAG_CLEAR, 0xFFFF_FFFFL, 1, 2, 2, 8);
    assertEquals("1 2", reachedBy(bench, 2, FIXED | LOGICAL));
    assertTrue(rule(bench).startsWith("slow: vCPU 2 has the logical ID of another"));
  }

  @Test
  void logicalModesThatDifferNeedASearch() {
    ApicBench bench = logical(On.FLAG_CLEAR, 0xFFFF_FFFFL, 1, 2, 4, 8);
    bench.write(2, 0xE0, 0x0FFF_FFFFL);
    assertEquals("1", reachedBy(bench, 2, FIXED | LOGICAL));
    assertTrue(rule(bench).startsWith("slow: logical modes differ at vCPU 2"));
    assertEquals("2", reachedBy(bench, 4, FIXED | LOGICAL), "cluster 0, member 2");
  }

  /// What software has not enabled is not in the logical map; a search would have found it.
  @Test
  void theMapKnowsNoLogicalIdsOfThoseThatSoftwareHasNotEnabled() {
    ApicBench bench = logical(On.FLAG_CLEAR, 0xFFFF_FFFFL, 1, 2, 4, 8);
    bench.write(1, 0xF0, 0xFF);
    assertEquals("", reachedBy(bench, 2, NMI | LOGICAL));
    assertEquals("[1]", hardware(bench));
    bench.write(2, 0xD0, 1L << 24);
    assertEquals("1", reachedBy(bench, 2, NMI | LOGICAL));
  }

  @Test
  void withNobodyEnabledTheLogicalMapDropsAll() {
    ApicBench bench = logical(On.FLAG_CLEAR, 0xFFFF_FFFFL, 1, 2);
    bench.write(0, 0xF0, 0xFF);
    bench.write(1, 0xF0, 0xFF);
    assertEquals("", reachedBy(bench, 3, NMI | LOGICAL));
    assertEquals("map: software has enabled nobody: dropped", rule(bench));
  }

  @ParameterizedTest
  @CsvSource({"0x50,2", "0x51,0", "0x52,1"})
  void theVectorChoosesWhoTakesALowestPriorityInterrupt(String vector, String expected) {
    ApicBench bench = logical(On.FLAG_CLEAR, 0xFFFF_FFFFL, 1, 2, 4, 8);
    assertEquals(expected, reachedBy(bench, 7, LOWEST & ~0xFF | Integer.decode(vector) | LOGICAL));
  }

  /// The bits of the destination are counted, not those that are there.
  @Test
  void aHashThatFallsOnNobodyLosesTheInterrupt() {
    ApicBench bench = logical(On.FLAG_CLEAR, 0xFFFF_FFFFL, 1, 2, 4);
    // 0x51 = 81 is 1 modulo 4: of bits 1, 2, 3 and 4 the second.
    assertEquals("2", reachedBy(bench, 0x1E, LOWEST | LOGICAL));
    assertEquals("map: flat members 0x1e, hashed: vector 81 % 4 = bit 2", rule(bench));
    assertEquals("", reachedBy(bench, 0x1A, LOWEST + 1 | LOGICAL));
    assertEquals("map: flat members 0x1a, hashed: vector 82 % 3 = bit 3: dropped", rule(bench));
  }

  @Test
  void arbitrationPassesOverNobodyAndTakesTurns() {
    ApicBench bench = new ApicBench(kvm(Flags.NONE, LowestPriority.ARBITRATION), 0, 1, 2).enabled();
    for (int k = 0; k < 3; k++) {
      bench.write(k, 0xD0, 1L << 24 + k);
    }
    assertEquals("1", reachedBy(bench, 0x1E, LOWEST | LOGICAL));
    assertEquals("2", reachedBy(bench, 0x1E, LOWEST | LOGICAL));
    assertEquals("1", reachedBy(bench, 0x1E, LOWEST | LOGICAL));
    assertEquals("map: flat members 0x1e, lowest arb_prio", rule(bench));
    bench.apic(2).init();
    bench.write(2, 0xF0, 0x1FF);
    bench.write(2, 0xD0, 4L << 24);
    assertEquals("2", reachedBy(bench, 6, LOWEST | LOGICAL), "INIT clears arb_prio");
  }

  @Test
  void aLowestPriorityInterruptToAllPhysicallyIsFixed() {
    ApicBench bench = bench(On.FLAG_CLEAR, 0, 1, 2);
    assertEquals("0 1 2", reachedBy(bench, 0xFF, LOWEST));
    assertEquals("slow: broadcast, lowest priority becomes fixed", rule(bench));
  }

  @Test
  void aSearchHashesAmongThoseThatItFinds() {
    ApicBench bench = bench(On.FLAG_CLEAR, 0, 1, 2, 3);
    bench.write(1, 0xF0, 0xFF);
    // 81 is 0 modulo 3: of 0, 2 and 3 the first; of 0 and 2 alone the second.
    assertEquals("0", reachedBy(bench, 0, LOWEST | ALL));
    assertEquals("shorthand: all including self, hashed: vector 81 % 3", rule(bench));
    assertEquals("2", reachedBy(bench, 0, LOWEST | ALL_BUT_SELF));
  }

  private static ApicBench logical(On on, long model, int... ids) {
    int[] numbers = new int[ids.length];
    for (int k = 0; k < ids.length; k++) {
      numbers[k] = k;
    }
    ApicBench bench = bench(on, numbers);
    for (int k = 0; k < ids.length; k++) {
      bench.write(k, 0xE0, model);
      bench.write(k, 0xD0, (long) ids[k] << 24);
    }
    return bench;
  }

  private static InterruptMessage message(DeliveryMode mode, DestinationMode to, long destination) {
    return new InterruptMessage(
        VECTOR, mode, TriggerMode.EDGE, to, destination, Origin.INTERRUPT_MESSAGE);
  }

  @Test
  void devicesReachAllInX2apicModeByFf() {
    ApicBench bench =
        new ApicBench(kvm(Flags.NONE, LowestPriority.VECTOR_HASHING), 0, 1, 255).enabled();
    bench.x2apic();
    var toFf = message(DeliveryMode.FIXED, DestinationMode.PHYSICAL, 0xFF);
    assertTrue(bench.router.deliver(toFf, InterruptSource.IOAPIC, 3));
    assertEquals(List.of(0, 1, 2), bench.holding(VECTOR));
  }

  @Test
  void withoutTheBroadcastQuirkFfIsAnId() {
    ApicBench bench =
        new ApicBench(kvm(Flags.NO_BROADCAST_QUIRK, LowestPriority.VECTOR_HASHING), 0, 1, 9, 255)
            .enabled();
    bench.x2apic();
    var toFf = message(DeliveryMode.FIXED, DestinationMode.PHYSICAL, 0xFF);
    assertTrue(bench.router.deliver(toFf, InterruptSource.IOAPIC, 3));
    assertEquals(List.of(3), bench.holding(VECTOR));
    bench.apic(3).acknowledge();
    var logical = message(DeliveryMode.FIXED, DestinationMode.LOGICAL, 0xFF);
    assertTrue(bench.router.deliver(logical, InterruptSource.IOAPIC, 3));
    assertEquals(List.of(0, 1), bench.holding(VECTOR), "cluster 0, members 0 to 7");
  }

  @Test
  void aHintedMessageGoesToOne() {
    ApicBench bench = logical(On.FLAG_CLEAR, 0xFFFF_FFFFL, 1, 2, 4);
    InterruptMessage hinted = InterruptMessage.ofMsi(0xFEE0_700CL, VECTOR);
    assertEquals(Redirection.HINTED, hinted.redirection());
    ApicRouter.Signalled signalled = bench.router.signal(hinted);
    assertEquals(1, signalled.count());
    assertEquals(0, signalled.targets()[0]);
    assertEquals("map: flat members 0x7, hashed: vector 81 % 3 = bit 0", signalled.rule());
  }

  @Test
  void hypercallsNeedAMap() {
    ApicBench bench = bench(On.FLAG_CLEAR, 0, 44, 300, 1);
    assertEquals(false, bench.apic(0).canSendForGuest());
    bench.x2apic(2);
    assertTrue(bench.apic(0).canSendForGuest());
    assertTrue(bench.apic(0).sendForGuest(300, VECTOR));
    assertEquals("hypercall, map: phys_map[300]", rule(bench));
    assertEquals(false, bench.apic(0).sendForGuest(0xFFFF_FFFFL, VECTOR));
    assertEquals("hypercall, map: 4294967295 is above max_apic_id 300: dropped", rule(bench));
    assertEquals(false, bench.apic(0).sendForGuest(1L << 32, VECTOR));
  }

  /// Requests change what the next change of an identity builds.
  @Test
  void aMapStaysAsItWasBuiltUntilAnIdentityChanges() {
    boolean[] wide = {false};
    X2apicApi api =
        new X2apicApi() {
          @Override
          public boolean uses32BitIds() {
            return wide[0];
          }

          @Override
          public boolean isBroadcastQuirkDisabled() {
            return false;
          }
        };
    ApicBench bench = new ApicBench(kvm(api, LowestPriority.VECTOR_HASHING), 0, 300, 1).enabled();
    bench.x2apic(2);
    bench.router.settleRoutes();
    wide[0] = true;
    assertEquals("", reachedBy(bench, 300, NMI));
    bench.write(0, 0xF0, 0xFF);
    assertEquals("300", reachedBy(bench, 300, NMI));
  }

  @Test
  void aThousandAndMoreAreFoundByTheirIds() {
    int[] numbers = new int[1024];
    for (int k = 0; k < numbers.length; k++) {
      numbers[k] = (k * 517 + 3) % 4096;
    }
    ApicBench bench = bench(On.FLAG_SET, numbers);
    bench.x2apic();
    for (int k = 0; k < numbers.length; k += 7) {
      assertEquals(Integer.toString(numbers[k]), reachedBy(bench, numbers[k], FIXED));
    }
    reachedBy(bench, 0xFFFF_FFFFL, FIXED);
    assertEquals(1024, bench.lastIpi().targets().length);
  }
}
