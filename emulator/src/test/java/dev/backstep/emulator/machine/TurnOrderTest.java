package dev.backstep.emulator.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.backstep.emulator.execution.InterruptGate;
import dev.backstep.emulator.testing.BareVcpu;
import dev.backstep.emulator.vcpu.Activity;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TurnOrderTest {
  private static final Activity[] ACTIVITIES = Activity.values();

  private final List<Vcpu> all = new ArrayList<>();
  private int last;

  private Vcpu add(Arena arena, TurnOrder turns) {
    Vcpu c = new BareVcpu(arena, 1 << 16).vcpu;
    c.activity = Activity.WAIT_FOR_SIPI;
    all.add(c);
    turns.add(c);
    return c;
  }

  /// Asks everybody, beginning behind the last one.
  private @Nullable Vcpu nextOfAll() {
    for (int k = 1; k <= all.size(); k++) {
      int place = (last + k) % all.size();
      if (InterruptGate.canWake(all.get(place))) {
        last = place;
        return all.get(place);
      }
    }
    return null;
  }

  @Test
  void isThatOfAskingEverybodyInTurn() {
    Random random = new Random(20261122);
    TurnOrder turns = new TurnOrder();
    try (Arena arena = Arena.ofConfined()) {
      add(arena, turns);
      for (int step = 0; step < 20_000; step++) {
        if (all.size() < 24 && random.nextInt(400) == 0) {
          add(arena, turns);
        }
        signal(all.get(random.nextInt(all.size())), random.nextInt(8));
        Vcpu wanted = nextOfAll();
        assertSame(wanted, turns.next(), "step " + step);
        if (wanted != null) {
          run(wanted, random);
        }
      }
    }
    assertEquals(24, turns.vcpus().size());
  }

  /// What a vCPU may do in its own turn.
  private static void run(Vcpu c, Random random) {
    c.initPending = false;
    c.nmiPending = false;
    c.sipiVector = Vcpu.NO_SIPI;
    c.nmiBlocked = random.nextBoolean();
    c.activity = ACTIVITIES[random.nextInt(ACTIVITIES.length)];
  }

  private static void signal(Vcpu c, int what) {
    switch (what) {
      case 0 -> c.raiseInit();
      case 1 -> c.raiseStartup(8);
      case 2 -> c.raiseNmi();
      default -> {
        // Nothing happens.
      }
    }
  }

  @Test
  void asksThoseAgainWhoseStateWasChangedFromOutside() {
    TurnOrder turns = new TurnOrder();
    try (Arena arena = Arena.ofConfined()) {
      Vcpu c = add(arena, turns);
      assertNull(turns.next());
      c.activity = Activity.RUNNING;
      assertNull(turns.next());
      turns.reconsiderAll();
      assertNotNull(turns.next());
    }
  }
}
