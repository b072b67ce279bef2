package dev.backstep.emulator.interrupt;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The local APICs of the machine, found without looking at all of them. Each has a *place*: how
/// many were there before it. vCPU numbers, which are x2APIC IDs, may have gaps and come in any
/// order.
public final class ApicDirectory {
  private static final int XAPIC_IDS = 256;
  private static final int NO_ID = -1;

  private final List<Lapic> byPlace = new ArrayList<>();
  private @Nullable Lapic[] byNumber = new @Nullable Lapic[16];

  /// Those in xAPIC mode, by their current ID, each list in the order of places: several may share
  /// an ID.
  private final List<List<Lapic>> byXapicId = new ArrayList<>(XAPIC_IDS);

  private final List<Lapic> inXapicMode = new ArrayList<>();

  /// By place: the ID under which it is in [#byXapicId], or [#NO_ID].
  private int[] listedId = new int[16];

  ApicDirectory() {
    for (int id = 0; id < XAPIC_IDS; id++) {
      byXapicId.add(new ArrayList<>(1));
    }
  }

  public int size() {
    return byPlace.size();
  }

  public Lapic at(int place) {
    return byPlace.get(place);
  }

  /// The local APIC of the vCPU with this number, or null.
  @Nullable Lapic withNumber(long number) {
    return number < byNumber.length ? byNumber[(int) number] : null;
  }

  /// The local APIC in x2APIC mode that has this ID, or null.
  public @Nullable Lapic withX2apicId(long id) {
    Lapic lapic = withNumber(id);
    return lapic != null && lapic.mode() == ApicMode.X2APIC ? lapic : null;
  }

  /// Those in xAPIC mode that have this ID, 0 to 255.
  public List<Lapic> withXapicId(int id) {
    return byXapicId.get(id);
  }

  /// Those in xAPIC mode, in the order of places.
  public List<Lapic> inXapicMode() {
    return inXapicMode;
  }

  /// Takes those out of `targets` that will not accept the message.
  void keepAccepting(InterruptMessage message, BitSet targets) {
    boolean vectored = message.deliveryMode().isVectored();
    for (int k = targets.nextSetBit(0); k >= 0; k = targets.nextSetBit(k + 1)) {
      Lapic lapic = at(k);
      if (lapic.mode() == ApicMode.DISABLED || vectored && !lapic.isSoftwareEnabled()) {
        targets.clear(k);
      }
    }
  }

  /// The vCPU numbers of those at `places`, in the order of places.
  int[] numbersOf(BitSet places) {
    int[] numbers = new int[places.cardinality()];
    int next = 0;
    for (int k = places.nextSetBit(0); k >= 0; k = places.nextSetBit(k + 1)) {
      numbers[next++] = at(k).cpuNumber();
    }
    return numbers;
  }

  void add(Lapic lapic) {
    int number = lapic.cpuNumber();
    int place = lapic.place();
    if (place != byPlace.size() || withNumber(number) != null) {
      throw new AssertionError("vCPU " + number + " attached at " + place);
    }
    byPlace.add(lapic);
    if (number >= byNumber.length) {
      byNumber = Arrays.copyOf(byNumber, 2 * number);
    }
    byNumber[number] = lapic;
    if (place >= listedId.length) {
      listedId = Arrays.copyOf(listedId, 2 * place);
    }
    listedId[place] = NO_ID;
    refresh(lapic);
  }

  /// The mode or the xAPIC ID of a local APIC changed.
  void refresh(Lapic lapic) {
    int place = lapic.place();
    if (place >= byPlace.size()) {
      return;
    }
    int id = lapic.mode() == ApicMode.XAPIC ? lapic.xapicId() : NO_ID;
    int before = listedId[place];
    if (id == before) {
      return;
    }
    listedId[place] = id;
    if (before != NO_ID) {
      byXapicId.get(before).remove(lapic);
    } else {
      insert(inXapicMode, lapic);
    }
    if (id != NO_ID) {
      insert(byXapicId.get(id), lapic);
    } else {
      inXapicMode.remove(lapic);
    }
  }

  private static void insert(List<Lapic> ordered, Lapic lapic) {
    int at = ordered.size();
    while (at > 0 && ordered.get(at - 1).place() > lapic.place()) {
      at--;
    }
    ordered.add(at, lapic);
  }
}
