package dev.backstep.emulator.machine;

import dev.backstep.emulator.execution.InterruptGate;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A board's vCPUs and whose turn it is: one after the other in the order in which they were made,
/// those that wait for something left out.
///
/// Who was found waiting is not asked again until something signals it, so that a thousand vCPUs
/// that wait cost nothing.
final class TurnOrder {
  private final List<Vcpu> vcpus = new ArrayList<>();
  private final List<Vcpu> view = Collections.unmodifiableList(vcpus);
  private @Nullable Vcpu[] byNumber = new @Nullable Vcpu[16];

  /// By place: those that run, and those that may have what makes them run.
  private final BitSet awake = new BitSet();

  private int last;

  void add(Vcpu c) {
    int place = vcpus.size();
    vcpus.add(c);
    if (c.number >= byNumber.length) {
      byNumber = Arrays.copyOf(byNumber, 2 * c.number);
    }
    byNumber[c.number] = c;
    awake.set(place);
    c.whenSignalled(() -> awake.set(place));
  }

  /// In the order of turns. Grows when a vCPU is added.
  List<Vcpu> vcpus() {
    return view;
  }

  /// The vCPU with this number, or null.
  @Nullable Vcpu find(int number) {
    return number >= 0 && number < byNumber.length ? byNumber[number] : null;
  }

  /// The vCPU with this number, which exists.
  Vcpu get(int number) {
    Vcpu c = find(number);
    if (c == null) {
      throw new AssertionError("no vCPU " + number);
    }
    return c;
  }

  /// Whoever has its turn now, or null if all wait.
  @Nullable Vcpu next() {
    for (int place = awake.nextSetBit(last + 1); place >= 0; place = awake.nextSetBit(place + 1)) {
      if (mayRun(place)) {
        return vcpus.get(place);
      }
    }
    for (int place = awake.nextSetBit(0);
        place >= 0 && place <= last;
        place = awake.nextSetBit(place + 1)) {
      if (mayRun(place)) {
        return vcpus.get(place);
      }
    }
    return null;
  }

  private boolean mayRun(int place) {
    if (InterruptGate.canWake(vcpus.get(place))) {
      last = place;
      return true;
    }
    awake.clear(place);
    return false;
  }

  /// Something from outside may have changed what any of them waits for.
  void reconsiderAll() {
    awake.set(0, vcpus.size());
  }
}
