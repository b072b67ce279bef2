package dev.backstep.emulator.interrupt;

import dev.backstep.emulator.interrupt.Icr.Shorthand;
import dev.backstep.emulator.interrupt.InterruptMessage.Origin;
import dev.backstep.emulator.interrupt.KvmApicMap.LogicalMode;
import dev.backstep.emulator.interrupt.KvmApicMap.Members;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/// Routing as KVM does it: by a map where it can, else by asking each local APIC. The two do not
/// always agree with one another, nor with processors. Linux arch/x86/kvm/lapic.c,
/// __kvm_irq_delivery_to_apic; errata.rst, "x2APIC".
public final class KvmRouting implements ApicRouting {
  private static final long X2APIC_BROADCAST = 0xFFFF_FFFFL;
  private static final int XAPIC_BROADCAST = 0xFF;
  private static final int FLAT_MODEL = 0xF;
  private static final int CLUSTER_MODEL = 0;

  private final X2apicApi api;
  private final LowestPriority choice;
  private @Nullable KvmApicMap map;

  /// @param api what the hypervisor's user asked for
  /// @param choice how one is chosen for lowest priority
  public KvmRouting(X2apicApi api, LowestPriority choice) {
    this.api = api;
    this.choice = choice;
  }

  @Override
  public void identityChanged() {
    map = null;
  }

  @Override
  public boolean servesHypercalls(ApicDirectory apics) {
    return map(apics).isUsable();
  }

  /// KVM builds its map at each change of an identity; here it is built when it is needed, which
  /// only a change of [X2apicApi] in between can tell.
  @Override
  public void settle(ApicDirectory apics) {
    map(apics);
  }

  private KvmApicMap map(ApicDirectory apics) {
    KvmApicMap current = map;
    if (current == null) {
      current = KvmApicMap.of(apics, api);
      map = current;
    }
    return current;
  }

  @Override
  public Route route(
      InterruptMessage message, @Nullable Lapic sender, ApicDirectory apics, BitSet targets) {
    Route route = find(message, sender, apics, targets);
    if (message.deliveryMode() == DeliveryMode.LOWEST_PRIORITY && !isTurnedFixed(message, route)) {
      for (int k = targets.nextSetBit(0); k >= 0; k = targets.nextSetBit(k + 1)) {
        apics.at(k).requests().countLowestPriority();
      }
    }
    return route;
  }

  private Route find(
      InterruptMessage message, @Nullable Lapic sender, ApicDirectory apics, BitSet targets) {
    if (message.shorthand() == Shorthand.SELF && sender != null) {
      targets.set(sender.place());
      return direct("shorthand: self");
    }
    KvmApicMap current = map(apics);
    String whyNot = whyNotByMap(message, current);
    if (whyNot.isEmpty()) {
      return message.destinationMode() == DestinationMode.PHYSICAL
          ? routePhysical(message, current, targets)
          : routeLogical(message, current, targets);
    }
    return search(whyNot, message, sender, apics, targets);
  }

  private static Route direct(String rule) {
    return new Route(Route.Path.DIRECT, rule);
  }

  /// Why the map does not decide; empty if it does. kvm_apic_map_get_dest_lapic.
  private String whyNotByMap(InterruptMessage message, KvmApicMap current) {
    switch (message.shorthand()) {
      case ALL_INCLUDING_SELF -> {
        return "shorthand: all including self";
      }
      case ALL_EXCLUDING_SELF -> {
        return "shorthand: all excluding self";
      }
      case NONE, SELF -> {
        // A destination.
      }
    }
    if (!current.isUsable()) {
      return "slow: " + current.flaw();
    }
    if (isBroadcast(message, current)) {
      return "slow: broadcast";
    }
    boolean physical = message.destinationMode() == DestinationMode.PHYSICAL;
    return physical || current.logicalMode() != LogicalMode.UNUSABLE
        ? ""
        : "slow: " + current.flaw();
  }

  /// kvm_apic_is_broadcast_dest.
  private boolean isBroadcast(InterruptMessage message, KvmApicMap current) {
    long destination = message.destination();
    if (message.origin() == Origin.HYPERCALL) {
      return false;
    }
    if (api.isBroadcastQuirkDisabled()) {
      return destination == X2APIC_BROADCAST
          || destination == XAPIC_BROADCAST && current.logicalMode() != LogicalMode.X2APIC;
    }
    return destination
        == (message.origin() == Origin.X2APIC_IPI ? X2APIC_BROADCAST : XAPIC_BROADCAST);
  }

  private static Route routePhysical(InterruptMessage message, KvmApicMap map, BitSet targets) {
    long id = message.destination();
    String prefix = message.origin() == Origin.HYPERCALL ? "hypercall, map: " : "map: ";
    if (id > map.maxId()) {
      return direct(prefix + id + " is above max_apic_id " + map.maxId() + ": dropped");
    }
    Lapic target = map.withPhysicalId(id);
    if (target == null) {
      return direct(prefix + "phys_map[" + id + "] is empty: dropped");
    }
    targets.set(target.place());
    return direct(prefix + "phys_map[" + id + "]");
  }

  private Route routeLogical(InterruptMessage message, KvmApicMap map, BitSet targets) {
    Members members = map.members(message.destination());
    String rule = "map: " + members.name();
    if (members.mask() == 0) {
      return direct(rule + ": dropped");
    }
    if (message.isForLowestPriority()) {
      return direct(rule + chooseMember(message, members, targets));
    }
    for (int left = members.mask(); left != 0; left &= left - 1) {
      add(members.at(Integer.numberOfTrailingZeros(left)), targets);
    }
    return direct(targets.isEmpty() ? rule + ": dropped" : rule);
  }

  private static void add(@Nullable Lapic lapic, BitSet targets) {
    if (lapic != null) {
      targets.set(lapic.place());
    }
  }

  /// Hashing counts the bits of the destination, those that nobody has included: then the message
  /// is lost. Arbitration passes over these.
  private String chooseMember(InterruptMessage message, Members members, BitSet targets) {
    int count = Integer.bitCount(members.mask());
    return switch (choice) {
      case VECTOR_HASHING -> {
        int bit = nthBit(members.mask(), message.vector() % count);
        Lapic chosen = members.at(bit);
        add(chosen, targets);
        yield hashed(message, count) + " = bit " + bit + (chosen == null ? ": dropped" : "");
      }
      case ARBITRATION -> {
        Lapic lowest = null;
        for (int left = members.mask(); left != 0; left &= left - 1) {
          lowest = lower(lowest, members.at(Integer.numberOfTrailingZeros(left)));
        }
        add(lowest, targets);
        yield lowest == null ? ": dropped" : ", lowest arb_prio";
      }
    };
  }

  private static String hashed(InterruptMessage message, int count) {
    return ", hashed: vector %d %% %d".formatted(message.vector(), count);
  }

  private static int nthBit(int mask, int index) {
    int left = mask;
    for (int k = 0; k < index; k++) {
      left &= left - 1;
    }
    return Integer.numberOfTrailingZeros(left);
  }

  /// The one that took fewer; the first of equals.
  private static @Nullable Lapic lower(@Nullable Lapic first, @Nullable Lapic second) {
    if (first == null || second == null) {
      return first == null ? second : first;
    }
    int count = first.requests().lowestPriorityCount();
    return second.requests().lowestPriorityCount() < count ? second : first;
  }

  private Route search(
      String why,
      InterruptMessage message,
      @Nullable Lapic sender,
      ApicDirectory apics,
      BitSet targets) {
    for (int k = 0; k < apics.size(); k++) {
      Lapic lapic = apics.at(k);
      if (lapic.mode() != ApicMode.DISABLED && matches(lapic, message, sender)) {
        targets.set(k);
      }
    }
    Route found = new Route(Route.Path.SEARCHED, why);
    if (isTurnedFixed(message, found)) {
      return new Route(Route.Path.SEARCHED, why + ", lowest priority becomes fixed");
    }
    return message.isForLowestPriority()
        ? new Route(Route.Path.SEARCHED, why + chooseFound(message, apics, targets))
        : found;
  }

  /// A lowest-priority message to everybody goes to everybody, unless a hint says otherwise.
  private static boolean isTurnedFixed(InterruptMessage message, Route route) {
    return route.path() == Route.Path.SEARCHED
        && message.deliveryMode() == DeliveryMode.LOWEST_PRIORITY
        && message.redirection() == InterruptMessage.Redirection.NONE
        && message.destinationMode() == DestinationMode.PHYSICAL
        && message.destination() == XAPIC_BROADCAST;
  }

  /// Chooses among those found whom software has enabled.
  private String chooseFound(InterruptMessage message, ApicDirectory apics, BitSet targets) {
    for (int k = targets.nextSetBit(0); k >= 0; k = targets.nextSetBit(k + 1)) {
      if (!apics.at(k).isSoftwareEnabled()) {
        targets.clear(k);
      }
    }
    int count = targets.cardinality();
    if (count == 0) {
      return ": software has enabled nobody";
    }
    int chosen = targets.nextSetBit(0);
    switch (choice) {
      case VECTOR_HASHING -> {
        for (int left = message.vector() % count; left > 0; left--) {
          chosen = targets.nextSetBit(chosen + 1);
        }
      }
      case ARBITRATION -> chosen = lowestOf(apics, targets);
    }
    targets.clear();
    targets.set(chosen);
    return choice == LowestPriority.VECTOR_HASHING ? hashed(message, count) : ", lowest arb_prio";
  }

  private static int lowestOf(ApicDirectory apics, BitSet candidates) {
    int best = candidates.nextSetBit(0);
    for (int k = best; k >= 0; k = candidates.nextSetBit(k + 1)) {
      if (lower(apics.at(best), apics.at(k)) == apics.at(k)) {
        best = k;
      }
    }
    return best;
  }

  /// kvm_apic_match_dest.
  private boolean matches(Lapic lapic, InterruptMessage message, @Nullable Lapic sender) {
    long destination = destinationFor(lapic, message);
    return switch (message.shorthand()) {
      case NONE ->
          isBroadcastTo(lapic, destination)
              || (message.destinationMode() == DestinationMode.PHYSICAL
                  ? matchesPhysically(lapic, destination)
                  : matchesLogically(lapic, destination));
      case SELF -> lapic == sender;
      case ALL_INCLUDING_SELF -> true;
      case ALL_EXCLUDING_SELF -> lapic != sender;
    };
  }

  /// kvm_apic_mda: without interrupt remapping a device could not address all in x2APIC mode.
  private long destinationFor(Lapic lapic, InterruptMessage message) {
    boolean rewritten =
        !api.isBroadcastQuirkDisabled()
            && message.origin() == Origin.INTERRUPT_MESSAGE
            && message.destination() == XAPIC_BROADCAST
            && lapic.mode() == ApicMode.X2APIC;
    return rewritten ? X2APIC_BROADCAST : message.destination();
  }

  private static boolean isBroadcastTo(Lapic lapic, long destination) {
    return destination == (lapic.mode() == ApicMode.X2APIC ? X2APIC_BROADCAST : XAPIC_BROADCAST);
  }

  /// An ID that xAPIC mode cannot express is one of x2APIC mode, whatever mode its owner is in.
  private static boolean matchesPhysically(Lapic lapic, long destination) {
    return lapic.mode() == ApicMode.X2APIC || destination > 0xFF
        ? destination == lapic.x2apicId()
        : destination == lapic.xapicId();
  }

  private static boolean matchesLogically(Lapic lapic, long destination) {
    int ldr = lapic.logicalDestination();
    if (lapic.mode() == ApicMode.X2APIC) {
      return ldr >>> 16 == destination >>> 16 && (ldr & destination & 0xFFFF) != 0;
    }
    int logicalId = ldr >>> 24;
    return switch (lapic.destinationModel()) {
      case FLAT_MODEL -> (logicalId & destination) != 0;
      case CLUSTER_MODEL ->
          logicalId >>> 4 == destination >>> 4 && (logicalId & destination & 0xF) != 0;
      default -> false;
    };
  }
}
