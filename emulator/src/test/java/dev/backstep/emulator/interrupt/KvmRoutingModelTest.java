package dev.backstep.emulator.interrupt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.interrupt.Icr.Shorthand;
import dev.backstep.emulator.interrupt.InterruptMessage.Origin;
import dev.backstep.emulator.interrupt.InterruptMessage.Redirection;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/// Random machines and messages: KVM's routing against a plain account of its slow path, which asks
/// every local APIC. They must agree wherever the map makes no difference by design; where it does,
/// the difference is one of those listed in [#excusesOfTheMap].
class KvmRoutingModelTest {
  private static final long SEED = 20261122;
  private static final int MACHINES = 1_500;
  private static final int MESSAGES = 12;

  /// A local APIC as the model sees it.
  private record Apic(
      int id, int xapicId, boolean x2apic, boolean present, boolean enabled, int ldr, int dfr) {
    boolean hears(long destination, boolean logical, Origin origin, boolean quirk) {
      long mda = destination;
      if (quirk && origin == Origin.INTERRUPT_MESSAGE && destination == 0xFF && x2apic) {
        mda = 0xFFFF_FFFFL;
      }
      if (mda == (x2apic ? 0xFFFF_FFFFL : 0xFF)) {
        return true;
      }
      if (!logical) {
        return mda == (x2apic || mda > 0xFF ? id : xapicId);
      }
      if (x2apic) {
        return mda >> 16 == id >> 4 && (mda >> (id & 15) & 1) == 1;
      }
      return switch (dfr) {
        case 15 -> (ldr & mda) != 0;
        case 0 -> ldr >> 4 == mda >> 4 && (ldr & mda & 15) != 0;
        default -> false;
      };
    }
  }

  private final Random random = new Random(SEED);
  private final Set<String> pathsSeen = new TreeSet<>();

  @Test
  void findsWhomTheSlowPathFindsOrDiffersForAKnownReason() {
    int agreed = 0;
    for (int machine = 0; machine < MACHINES; machine++) {
      var flags = new KvmRoutingTest.Flags(random.nextBoolean(), random.nextInt(4) == 0);
      ApicBench bench = machine(flags);
      List<Apic> model = modelOf(bench);
      KvmRouting routing = new KvmRouting(flags, LowestPriority.VECTOR_HASHING);
      for (int k = 0; k < MESSAGES; k++) {
        InterruptMessage message = message(bench);
        BitSet found = new BitSet();
        Route route = routing.route(message, null, bench.router.apics(), found);
        Set<Integer> wanted = slowPath(model, message, !flags.isBroadcastQuirkDisabled());
        String excuse = excusesOfTheMap(model, message, flags, route);
        String text = message + " to " + model + " by " + route;
        if (excuse.isEmpty()) {
          assertEquals(wanted, placesIn(found), text);
          agreed++;
        }
        pathsSeen.add(route.rule().split("[:,]", 2)[0] + "/" + excuse);
      }
    }
    assertTrue(agreed > MACHINES * MESSAGES / 2, agreed + " agreed");
    assertTrue(
        pathsSeen.containsAll(Set.of("map/", "slow/", "map/alias", "map/hotplug")), pathsSeen + "");
  }

  private static Set<Integer> placesIn(BitSet found) {
    Set<Integer> places = new HashSet<>();
    found.stream().forEach(places::add);
    return places;
  }

  private static Set<Integer> slowPath(List<Apic> model, InterruptMessage m, boolean quirk) {
    boolean logical = m.destinationMode() == DestinationMode.LOGICAL;
    Set<Integer> reached = new HashSet<>();
    List<Integer> candidates = new ArrayList<>();
    boolean hinted = m.redirection() == Redirection.HINTED;
    boolean turnedFixed = !logical && m.destination() == 0xFF && !hinted;
    boolean one = hinted || m.deliveryMode() == DeliveryMode.LOWEST_PRIORITY && !turnedFixed;
    for (int place = 0; place < model.size(); place++) {
      Apic apic = model.get(place);
      if (apic.present && apic.hears(m.destination(), logical, m.origin(), quirk)) {
        reached.add(place);
        if (apic.enabled) {
          candidates.add(place);
        }
      }
    }
    if (!one) {
      return reached;
    }
    return candidates.isEmpty() ? Set.of() : Set.of(candidates.get(m.vector() % candidates.size()));
  }

  /// Why the map may say something else than the slow path; empty if it must not.
  private static String excusesOfTheMap(
      List<Apic> model, InterruptMessage m, KvmRoutingTest.Flags flags, Route route) {
    if (route.path() == Route.Path.SEARCHED) {
      return "";
    }
    long dest = m.destination();
    boolean logical = m.destinationMode() == DestinationMode.LOGICAL;
    if (dest == 0xFF || dest == 0xFFFF_FFFFL) {
      return "broadcast of another width";
    }
    if (m.isForLowestPriority()) {
      // The map counts the bits of a logical destination, and leaves out a choice of one.
      return "one of several";
    }
    if (logical) {
      boolean allEnabled = model.stream().allMatch(a -> a.enabled && a.present);
      boolean narrow = dest <= 0xFF || model.stream().allMatch(Apic::x2apic);
      // The map takes every model but the flat one for the cluster model.
      boolean known = model.stream().allMatch(a -> a.x2apic || a.dfr == 15 || a.dfr == 0);
      return allEnabled && narrow && known ? "" : "enabled by software, width or model";
    }
    if (dest > 0xFF) {
      Apic wide = model.stream().filter(a -> a.id == dest && !a.x2apic).findAny().orElse(null);
      return wide != null && !flags.uses32BitIds() ? "hotplug" : "";
    }
    return flags.uses32BitIds() && countOf(model, (int) dest) > 1 ? "alias" : "";
  }

  private static long countOf(List<Apic> model, int id) {
    return model.stream()
        .filter(a -> a.present && (a.x2apic ? a.id == id : a.xapicId == id))
        .count();
  }

  private ApicBench machine(KvmRoutingTest.Flags flags) {
    int count = 1 + random.nextInt(7);
    Set<Integer> ids = new HashSet<>();
    while (ids.size() < count) {
      ids.add(random.nextInt(4) * 256 % 768 + random.nextInt(20));
    }
    int[] numbers = ids.stream().mapToInt(Integer::intValue).toArray();
    ApicBench bench = new ApicBench(new KvmRouting(flags, LowestPriority.VECTOR_HASHING), numbers);
    int style = random.nextInt(4);
    for (int place = 0; place < count; place++) {
      configure(bench, place, style);
    }
    return bench;
  }

  /// Mostly alike, so that maps of each kind come about.
  private void configure(ApicBench bench, int place, int style) {
    boolean orderly = random.nextInt(8) != 0;
    if (orderly || random.nextBoolean()) {
      bench.write(place, 0xF0, 0x1FF);
    }
    if (!orderly) {
      bench.write(place, 0x20, (long) random.nextInt(20) << 24);
    }
    boolean cluster = orderly ? style == 1 : random.nextBoolean();
    long model = random.nextInt(20) == 0 ? 0x7FFF_FFFFL : cluster ? 0x0FFF_FFFFL : 0xFFFF_FFFFL;
    bench.write(place, 0xE0, model);
    int ldr = cluster ? 1 + place / 4 << 4 | 1 << place % 4 : 1 << place;
    bench.write(place, 0xD0, (long) (orderly ? ldr : random.nextInt(256)) << 24);
    if (orderly ? style == 2 : random.nextBoolean()) {
      bench.x2apic(place);
    } else if (!orderly && random.nextInt(3) == 0) {
      bench.apic(place).setApicBase(bench.apic(place).apicBase() & ~ApicBench.EN);
    }
  }

  private static List<Apic> modelOf(ApicBench bench) {
    List<Apic> model = new ArrayList<>();
    for (int place = 0; place < bench.cpus.size(); place++) {
      Lapic lapic = bench.apic(place);
      boolean x2apic = lapic.mode() == ApicMode.X2APIC;
      model.add(
          new Apic(
              bench.cpus.get(place).cpuNumber(),
              lapic.xapicId(),
              x2apic,
              lapic.mode() != ApicMode.DISABLED,
              lapic.isSoftwareEnabled(),
              x2apic ? 0 : lapic.logicalDestination() >>> 24,
              lapic.destinationModel()));
    }
    return model;
  }

  private InterruptMessage message(ApicBench bench) {
    Origin origin = Origin.values()[random.nextInt(3)];
    int id = bench.cpus.get(random.nextInt(bench.cpus.size())).cpuNumber();
    long destination =
        switch (random.nextInt(6)) {
          case 0 -> 0xFF;
          case 1 -> random.nextInt(256);
          case 2 -> id & 0xFF;
          case 3 -> (long) (id >> 4) << 16 | random.nextInt(1 << 16);
          case 4 -> 0xFFFF_FFFFL;
          default -> id;
        };
    if (origin == Origin.XAPIC_IPI) {
      destination &= 0xFF;
    }
    boolean msi = origin == Origin.INTERRUPT_MESSAGE;
    return new InterruptMessage(
        16 + random.nextInt(240),
        random.nextInt(4) == 0 ? DeliveryMode.LOWEST_PRIORITY : DeliveryMode.FIXED,
        TriggerMode.EDGE,
        random.nextBoolean() ? DestinationMode.LOGICAL : DestinationMode.PHYSICAL,
        destination,
        Shorthand.NONE,
        msi && random.nextInt(6) == 0 ? Redirection.HINTED : Redirection.NONE,
        origin);
  }
}
