package dev.backstep.emulator.injection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.vcpu.Rflags;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// SDM Vol. 3 "Checks on Guest RIP, RFLAGS, and SSP" and "Checks on Guest Non-Register State", as
/// far as they concern events.
class VmxGuestChecksTest {
  private static final int STI = 1;
  private static final int MOV_SS = 2;
  private static final int BS = 1 << 14;

  private static InterruptionInformation event(int type, int vector) {
    return type < 0
        ? InterruptionInformation.NONE
        : new InterruptionInformation(1 << 31 | type << 8 | vector);
  }

  private static String failure(VmxGuestState g, InterruptionInformation i) {
    FailedCheck failed = VmxGuestChecks.firstFailure(g, i);
    return failed == null ? "-" : failed.name();
  }

  @ParameterizedTest
  @CsvSource({
    // activity, interruptibility, pending debug, IF, TF, type (-1: none), vector, result
    "0, 0, 0, 0, 0, -1, 0, -",
    "0, 0, 0, 0, 0, 0, 0x20, rflags-if",
    "0, 0, 0, 1, 0, 0, 0x20, -",
    "0, 1, 0, 1, 0, 0, 0x20, interruptibility",
    "0, 2, 0, 1, 0, 0, 0x20, interruptibility",
    "0, 1, 0, 1, 0, 3, 13, -",
    "0, 2, 0, 0, 0, 3, 13, -",
    "0, 3, 0, 1, 0, -1, 0, interruptibility",
    "0, 1, 0, 0, 0, -1, 0, interruptibility",
    "0, 2, 0, 0, 0, -1, 0, -",
    "0, 2, 0, 1, 0, 2, 2, interruptibility",
    "0, 1, 0, 1, 0, 2, 2, -",
    "0, 8, 0, 1, 0, 2, 2, interruptibility",
    "0, 8, 0, 1, 0, 0, 0x20, -",
    "0, 8, 0, 0, 0, 3, 6, -",
    "0, 1, 0, 1, 1, -1, 0, pending-debug-exceptions",
    "0, 1, 0x4000, 1, 1, -1, 0, -",
    "0, 2, 0x4000, 0, 0, -1, 0, pending-debug-exceptions",
    "0, 0, 0, 0, 1, -1, 0, -",
    "1, 0, 0, 1, 0, 0, 0x20, -",
    "1, 0, 0, 1, 0, 2, 2, -",
    "1, 0, 0, 1, 0, 3, 1, -",
    "1, 0, 0, 1, 0, 3, 18, -",
    "1, 0, 0, 1, 0, 3, 13, activity-state",
    "1, 0, 0, 1, 0, 6, 3, activity-state",
    "1, 0, 0, 1, 0, 7, 0, -",
    "1, 2, 0, 1, 0, -1, 0, activity-state",
    "1, 0, 0, 1, 1, -1, 0, pending-debug-exceptions",
    "2, 0, 0, 1, 0, 2, 2, -",
    "2, 0, 0, 1, 0, 3, 18, -",
    "2, 0, 0, 1, 0, 3, 1, activity-state",
    "2, 0, 0, 1, 0, 0, 0x20, activity-state",
    "3, 0, 0, 1, 0, 2, 2, activity-state",
    "3, 0, 0, 1, 0, -1, 0, -",
  })
  void checksStateAgainstEvent(
      int activity,
      int interruptibility,
      String pending,
      int interruptFlag,
      int trapFlag,
      int type,
      String vector,
      String expected) {
    long rflags = (interruptFlag != 0 ? Rflags.IF : 0) | (trapFlag != 0 ? Rflags.TF : 0);
    var state =
        new VmxGuestState(activity, interruptibility, Long.decode(pending), rflags, false, true);
    assertEquals(expected, failure(state, event(type, Integer.decode(vector))));
  }

  @Test
  void steppingOnBranchesPendsNoSingleStep() {
    var stepping = new VmxGuestState(0, MOV_SS, 0, Rflags.TF, true, true);
    assertEquals("-", failure(stepping, InterruptionInformation.NONE));
    var pending = new VmxGuestState(0, MOV_SS, BS, Rflags.TF, true, true);
    assertEquals("pending-debug-exceptions", failure(pending, InterruptionInformation.NONE));
  }

  @Test
  void blockingByNmiIsForVirtualNmis() {
    var state = new VmxGuestState(0, 8, 0, 0, false, false);
    assertEquals("-", failure(state, event(2, 2)));
  }

  /// The rules once more, plainly.
  private static boolean isValid(VmxGuestState g, InterruptionInformation i) {
    boolean valid = i.raw() < 0;
    int type = valid ? i.raw() >> 8 & 7 : -1;
    int vector = i.raw() & 0xFF;
    boolean sti = (g.interruptibility() & STI) != 0;
    boolean movSs = (g.interruptibility() & MOV_SS) != 0;
    boolean interrupts = (g.rflags() & Rflags.IF) != 0;
    boolean steps = (g.rflags() & Rflags.TF) != 0 && !g.stepsOnBranches();
    boolean bs = (g.pendingDebugExceptions() & BS) != 0;
    boolean stateAdmits =
        switch (g.activity()) {
          case 0 -> true;
          case 1 ->
              type == -1
                  || type == 0
                  || type == 2
                  || type == 3 && (vector == 1 || vector == 18)
                  || type == 7 && vector == 0;
          case 2 -> type == -1 || type == 2 || type == 3 && vector == 18;
          default -> type == -1;
        };
    return (type != 0 || interrupts && !sti && !movSs)
        && stateAdmits
        && (g.activity() == 0 || !sti && !movSs)
        && !(sti && movSs)
        && (!sti || interrupts)
        && (type != 2 || !movSs && !(g.isVirtualNmis() && (g.interruptibility() & 8) != 0))
        && (!sti && !movSs && g.activity() != 1 || bs == steps);
  }

  @Test
  void agreesWithAPlainModelOnRandomStates() {
    Random random = new Random(33);
    int valid = 0;
    int rounds = 200_000;
    for (int k = 0; k < rounds; k++) {
      long rflags = (random.nextBoolean() ? Rflags.IF : 0) | (random.nextBoolean() ? Rflags.TF : 0);
      var state =
          new VmxGuestState(
              random.nextBoolean() ? 0 : random.nextInt(4),
              random.nextInt(4) | (random.nextBoolean() ? 8 : 0),
              random.nextBoolean() ? BS : 0,
              rflags,
              random.nextInt(4) == 0,
              random.nextInt(4) != 0);
      int[] types = {-1, 0, 2, 3, 4, 5, 6, 7};
      InterruptionInformation i = event(types[random.nextInt(8)], random.nextInt(20));
      boolean expected = isValid(state, i);
      valid += expected ? 1 : 0;
      assertEquals(expected, VmxGuestChecks.firstFailure(state, i) == null, () -> state + " " + i);
    }
    assertTrue(valid > rounds / 20 && valid < rounds * 19 / 20, "both outcomes must be common");
  }
}
