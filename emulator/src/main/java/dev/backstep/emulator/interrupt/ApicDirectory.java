package dev.backstep.emulator.interrupt;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The local APICs of the machine, found by vCPU number or by ID without looking at all of them.
public final class ApicDirectory {
  private static final int XAPIC_IDS = 256;

  private final List<Lapic> byNumber = new ArrayList<>();

  /// Those in xAPIC mode, by their current ID, each list in the order of vCPU numbers: several may
  /// share an ID.
  private final List<List<Lapic>> byXapicId = new ArrayList<>(XAPIC_IDS);

  private final List<Lapic> inXapicMode = new ArrayList<>();

  ApicDirectory() {
    for (int id = 0; id < XAPIC_IDS; id++) {
      byXapicId.add(new ArrayList<>(1));
    }
  }

  public int size() {
    return byNumber.size();
  }

  public Lapic at(int cpuNumber) {
    return byNumber.get(cpuNumber);
  }

  /// The local APIC in x2APIC mode that has this ID, or null.
  public @Nullable Lapic withX2apicId(long id) {
    if (id >= byNumber.size()) {
      return null;
    }
    Lapic lapic = byNumber.get((int) id);
    return lapic.mode() == ApicMode.X2APIC ? lapic : null;
  }

  /// Those in xAPIC mode that have this ID, 0 to 255.
  public List<Lapic> withXapicId(int id) {
    return byXapicId.get(id);
  }

  /// Those in xAPIC mode, in the order of vCPU numbers.
  public List<Lapic> inXapicMode() {
    return inXapicMode;
  }

  void add(Lapic lapic) {
    if (lapic.cpuNumber() != byNumber.size()) {
      throw new AssertionError("vCPU " + lapic.cpuNumber() + " attached out of order");
    }
    byNumber.add(lapic);
    refresh(lapic);
  }

  /// The mode or the xAPIC ID of a local APIC changed.
  void refresh(Lapic lapic) {
    if (lapic.cpuNumber() >= byNumber.size()) {
      return;
    }
    for (int id = 0; id < XAPIC_IDS; id++) {
      byXapicId.get(id).remove(lapic);
    }
    inXapicMode.remove(lapic);
    if (lapic.mode() == ApicMode.XAPIC) {
      insert(byXapicId.get(lapic.xapicId()), lapic);
      insert(inXapicMode, lapic);
    }
  }

  private static void insert(List<Lapic> ordered, Lapic lapic) {
    int at = ordered.size();
    while (at > 0 && ordered.get(at - 1).cpuNumber() > lapic.cpuNumber()) {
      at--;
    }
    ordered.add(at, lapic);
  }
}
