package dev.backstep.emulator.interrupt;

import org.jspecify.annotations.Nullable;

/// What KVM keeps to find the targets of a message at once: the local APICs by physical ID and by
/// logical ID. Linux arch/x86/kvm/lapic.c, kvm_recalculate_apic_map and what it calls.
///
/// | key | `USE_32BIT_IDS` set | clear |
/// |---|---|---|
/// | x2APIC ID | those in x2APIC mode, and those whose ID is above FFH; they override | those in x2APIC mode |
/// | xAPIC ID | those in xAPIC mode; the first one stays | those in xAPIC mode |
/// | two of one key | – | no map at all |
///
/// Local APICs that IA32_APIC_BASE disables are not in it; "first" is by places.
final class KvmApicMap {
  /// The IDs that it always has room for: all of xAPIC mode.
  private static final int LEAST_MAX_ID = 0xFF;

  private static final int XAPIC_IDS_END = 0x100;
  private static final int FLAT_MODEL = 0xF;
  private static final int FLAT_MEMBERS = 8;
  private static final int CLUSTERS = 16;
  private static final int CLUSTER_MEMBERS = 4;
  private static final int X2APIC_CLUSTER = 16;

  /// Which logical IDs the map knows: kvm_apic_logical_mode.
  enum LogicalMode {
    /// Software has enabled nobody that has a logical ID.
    NOBODY,
    FLAT,
    CLUSTER,
    X2APIC,
    /// Some differ in their mode, or their logical IDs are not one distinct bit each.
    UNUSABLE
  }

  /// Candidates of a logical destination: bit k of `mask` is for entry `first + k`, which may be
  /// empty.
  record Members(@Nullable Lapic[] from, int first, int mask, String name) {
    @Nullable Lapic at(int bit) {
      return from[first + bit];
    }
  }

  private final @Nullable Lapic[] byPhysicalId;
  private final @Nullable Lapic[] flat = new @Nullable Lapic[FLAT_MEMBERS];
  private final @Nullable Lapic[][] clusters = new @Nullable Lapic[CLUSTERS][CLUSTER_MEMBERS];
  private LogicalMode logicalMode = LogicalMode.NOBODY;
  private String flaw = "";
  private boolean isUsable = true;

  private KvmApicMap(int maxId) {
    byPhysicalId = new @Nullable Lapic[maxId + 1];
  }

  static KvmApicMap of(ApicDirectory apics, X2apicApi api) {
    int maxId = LEAST_MAX_ID;
    for (int k = 0; k < apics.size(); k++) {
      if (isPresent(apics.at(k))) {
        maxId = Math.max(maxId, apics.at(k).x2apicId());
      }
    }
    KvmApicMap map = new KvmApicMap(maxId);
    for (int k = 0; k < apics.size() && map.isUsable; k++) {
      Lapic lapic = apics.at(k);
      if (isPresent(lapic)) {
        map.addPhysical(lapic, api);
        map.addLogical(lapic);
      }
    }
    return map;
  }

  private static boolean isPresent(Lapic lapic) {
    return lapic.mode() != ApicMode.DISABLED;
  }

  private void addPhysical(Lapic lapic, X2apicApi api) {
    boolean x2apic = lapic.mode() == ApicMode.X2APIC;
    if (!api.uses32BitIds()) {
      addAlone(x2apic ? lapic.x2apicId() : lapic.xapicId(), lapic);
      return;
    }
    if (x2apic || lapic.x2apicId() >= XAPIC_IDS_END) {
      byPhysicalId[lapic.x2apicId()] = lapic;
    }
    if (!x2apic && byPhysicalId[lapic.xapicId()] == null) {
      byPhysicalId[lapic.xapicId()] = lapic;
    }
  }

  private void addAlone(int id, Lapic lapic) {
    Lapic there = byPhysicalId[id];
    if (there == null) {
      byPhysicalId[id] = lapic;
      return;
    }
    isUsable = false;
    flaw =
        "ID collision at %d, vCPUs %d and %d (APICv inhibited: PHYSICAL_ID_ALIASED)"
            .formatted(id, there.cpuNumber(), lapic.cpuNumber());
  }

  private void addLogical(Lapic lapic) {
    int ldr = lapic.logicalDestination();
    if (logicalMode == LogicalMode.UNUSABLE || !lapic.isSoftwareEnabled() || ldr == 0) {
      return;
    }
    LogicalMode mode = modeOf(lapic);
    if (logicalMode == LogicalMode.NOBODY) {
      logicalMode = mode;
    } else if (logicalMode != mode) {
      makeLogicalUnusable("logical modes differ at vCPU %d", lapic);
      return;
    }
    if (mode != LogicalMode.X2APIC) {
      // In x2APIC mode the logical ID follows from the ID: the physical map serves.
      addMember(ldr >>> 24, lapic);
    }
  }

  private static LogicalMode modeOf(Lapic lapic) {
    if (lapic.mode() == ApicMode.X2APIC) {
      return LogicalMode.X2APIC;
    }
    return lapic.destinationModel() == FLAT_MODEL ? LogicalMode.FLAT : LogicalMode.CLUSTER;
  }

  private void addMember(int logicalId, Lapic lapic) {
    Members members = members(logicalId);
    if (members.mask == 0) {
      return;
    }
    int bit = Integer.numberOfTrailingZeros(members.mask);
    if (Integer.bitCount(members.mask) > 1) {
      makeLogicalUnusable("the logical ID of vCPU %d has more than one bit", lapic);
    } else if (members.from[bit] != null) {
      makeLogicalUnusable("vCPU %d has the logical ID of another", lapic);
    } else {
      members.from[bit] = lapic;
    }
  }

  private void makeLogicalUnusable(String reason, Lapic lapic) {
    logicalMode = LogicalMode.UNUSABLE;
    flaw = reason.formatted(lapic.cpuNumber()) + " (APICv inhibited: LOGICAL_ID_ALIASED)";
  }

  /// Whether there is a map; if not, [#flaw] says why.
  boolean isUsable() {
    return isUsable;
  }

  LogicalMode logicalMode() {
    return logicalMode;
  }

  /// Why the map, or its logical part, cannot be used.
  String flaw() {
    return flaw;
  }

  int maxId() {
    return byPhysicalId.length - 1;
  }

  /// Who has this physical ID, at most [#maxId], or null.
  @Nullable Lapic withPhysicalId(long id) {
    return byPhysicalId[(int) id];
  }

  /// kvm_apic_map_get_logical_dest; not where the logical part is unusable.
  Members members(long destination) {
    return switch (logicalMode) {
      case NOBODY, UNUSABLE -> new Members(flat, 0, 0, "software has enabled nobody");
      case FLAT -> named(flat, 0, (int) destination & 0xFF, "flat");
      case CLUSTER -> {
        int cluster = (int) (destination >>> 4) & 0xF;
        yield named(clusters[cluster], 0, (int) destination & 0xF, "cluster " + cluster);
      }
      case X2APIC -> x2apicMembers(destination);
    };
  }

  private Members x2apicMembers(long destination) {
    int cluster = (int) (destination >>> 16);
    int first = cluster * X2APIC_CLUSTER;
    String name = "x2APIC cluster " + cluster;
    if (first > maxId()) {
      return named(byPhysicalId, 0, 0, name);
    }
    int size = Math.min(maxId() - first + 1, X2APIC_CLUSTER);
    return named(byPhysicalId, first, (int) destination & 0xFFFF >> X2APIC_CLUSTER - size, name);
  }

  private static Members named(@Nullable Lapic[] from, int first, int mask, String name) {
    return new Members(from, first, mask, name + " members 0x" + Integer.toHexString(mask));
  }
}
