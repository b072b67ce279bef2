package dev.backstep.emulator.interrupt;

import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Routing as processors do it. SDM Vol. 3 "Determining IPI Destination", "x2APIC Mode: Logical
/// Destination".
///
/// Each local APIC compares the destination with its own ID. One in xAPIC mode sees only the low 8
/// bits, so that an x2APIC destination above FFH reaches every xAPIC whose ID equals its low byte.
public final class ArchitecturalRouting implements ApicRouting {
  private static final long X2APIC_BROADCAST = 0xFFFF_FFFFL;
  private static final int XAPIC_BROADCAST = 0xFF;
  private static final int FLAT_MODEL = 0xF;
  private static final int ALL_CLUSTERS = 0xF;

  @Override
  public Route route(
      InterruptMessage message, @Nullable Lapic sender, ApicDirectory apics, BitSet targets) {
    String rule = match(message, sender, apics, targets);
    if (message.deliveryMode() == DeliveryMode.LOWEST_PRIORITY) {
      apics.keepAccepting(message, targets);
      if (targets.cardinality() > 1) {
        arbitrate(apics, targets);
        rule += ", lowest processor priority";
      }
    }
    return new Route(Route.Path.DIRECT, rule);
  }

  private static String match(
      InterruptMessage message, @Nullable Lapic sender, ApicDirectory apics, BitSet targets) {
    return switch (message.shorthand()) {
      case NONE -> matchDestination(message, apics, targets);
      case SELF -> {
        targets.set(placeOf(sender));
        yield "shorthand: self";
      }
      case ALL_INCLUDING_SELF -> {
        targets.set(0, apics.size());
        yield "shorthand: all including self";
      }
      case ALL_EXCLUDING_SELF -> {
        targets.set(0, apics.size());
        targets.clear(placeOf(sender));
        yield "shorthand: all excluding self";
      }
    };
  }

  private static int placeOf(@Nullable Lapic sender) {
    if (sender == null) {
      throw new AssertionError("only IPIs have shorthands");
    }
    return sender.place();
  }

  private static String matchDestination(
      InterruptMessage message, ApicDirectory apics, BitSet targets) {
    if (isBroadcast(message)) {
      targets.set(0, apics.size());
      return message.destinationMode().eventName() + " broadcast";
    }
    return switch (message.destinationMode()) {
      case PHYSICAL -> routePhysical(message.destination(), apics, targets);
      case LOGICAL -> routeLogical(message.destination(), apics, targets);
    };
  }

  private static boolean isBroadcast(InterruptMessage message) {
    return switch (message.origin()) {
      case X2APIC_IPI -> message.destination() == X2APIC_BROADCAST;
      case XAPIC_IPI -> message.destination() == XAPIC_BROADCAST;
      // 8 bits wide, and FFH to an APIC in x2APIC mode is the ID 255.
      case INTERRUPT_MESSAGE, HYPERCALL -> false;
    };
  }

  private static String routePhysical(long destination, ApicDirectory apics, BitSet targets) {
    @Nullable Lapic x2apic = apics.withX2apicId(destination);
    if (x2apic != null) {
      targets.set(x2apic.place());
    }
    int low = (int) destination & 0xFF;
    List<Lapic> xapics = low == XAPIC_BROADCAST ? apics.inXapicMode() : apics.withXapicId(low);
    for (int k = 0; k < xapics.size(); k++) {
      targets.set(xapics.get(k).place());
    }
    if (xapics.isEmpty()) {
      return "physical: x2APIC ID";
    }
    return destination > 0xFF ? "physical: xAPIC ID = low byte" : "physical: APIC ID";
  }

  private static String routeLogical(long destination, ApicDirectory apics, BitSet targets) {
    // x2APIC: bits 31:16 name the cluster, 15:0 its members; the logical ID follows from the ID.
    long cluster = destination >>> 16;
    for (int member = 0; member < 16; member++) {
      if ((destination >>> member & 1) != 0) {
        @Nullable Lapic lapic = apics.withX2apicId(cluster << 4 | member);
        if (lapic != null) {
          targets.set(lapic.place());
        }
      }
    }
    List<Lapic> xapics = apics.inXapicMode();
    String rule = "logical: x2APIC cluster";
    for (int k = 0; k < xapics.size(); k++) {
      Lapic lapic = xapics.get(k);
      boolean flat = lapic.destinationModel() == FLAT_MODEL;
      rule = flat ? "logical: flat" : "logical: cluster";
      if (matches(lapic.logicalDestination() >>> 24, (int) destination & 0xFF, flat)) {
        targets.set(lapic.place());
      }
    }
    return rule;
  }

  private static boolean matches(int logicalId, int destination, boolean flat) {
    if (destination == XAPIC_BROADCAST) {
      return true;
    }
    if (flat) {
      return (logicalId & destination) != 0;
    }
    int cluster = destination >>> 4;
    return (cluster == ALL_CLUSTERS || cluster == logicalId >>> 4)
        && (logicalId & destination & 0xF) != 0;
  }

  /// SDM Vol. 3 "Lowest Priority Delivery Mode": the one with the lowest processor priority; among
  /// equals, which the architecture leaves open, the first in the order of turns.
  private static void arbitrate(ApicDirectory apics, BitSet candidates) {
    int best = candidates.nextSetBit(0);
    for (int k = best; k >= 0; k = candidates.nextSetBit(k + 1)) {
      if (apics.at(k).processorPriority() < apics.at(best).processorPriority()) {
        best = k;
      }
    }
    candidates.clear();
    candidates.set(best);
  }

  @Override
  public void identityChanged() {
    // Every local APIC compares for itself.
  }

  @Override
  public void settle(ApicDirectory apics) {
    // Nothing is kept.
  }

  @Override
  public boolean servesHypercalls(ApicDirectory apics) {
    return false;
  }
}
