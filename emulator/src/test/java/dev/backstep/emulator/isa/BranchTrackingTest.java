package dev.backstep.emulator.isa;

import static dev.backstep.emulator.isa.ControlFlowBench.TRACKING;
import static dev.backstep.emulator.testing.SystemBench.CODE_AT;
import static dev.backstep.emulator.testing.SystemBench.SCRATCH;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlFlowState;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Indirect branch tracking. SDM Vol. 1 "Indirect Branch Tracking", "No-track Prefix", "Legacy
/// Compatibility Treatment".
class BranchTrackingTest {
  private static final List<String> NONE = List.of();
  private static final List<String> CP = List.of("#CP(3)");
  private static final long TARGET = CODE_AT + 0x20;
  private static final int[] ENDBR64 = {0xF3, 0x0F, 0x1E, 0xFA};
  private static final int[] ENDBR32 = {0xF3, 0x0F, 0x1E, 0xFB};
  private static final int[] NOP = {0x90};

  private final ControlFlowBench f = new ControlFlowBench();
  private final SystemBench b = f.b;
  private final Vcpu c = f.c;

  private void target(int... bytes) {
    for (int k = 0; k < bytes.length; k++) {
      b.ram.putByte(TARGET + k, (byte) bytes[k]);
      b.ram.wrote(TARGET + k, 1);
    }
  }

  /// Runs a branch to TARGET in RAX, and what is there.
  private List<String> branch(long control, int[] there, int... code) {
    f.user(control, 0);
    target(there);
    c.gpr[Vcpu.RAX] = TARGET;
    b.code(code).run(1);
    b.step();
    return b.exceptions();
  }

  @ParameterizedTest
  @CsvSource({"E0", "D0"})
  void indirectBranchesMustReachAnEndbranch(String modrm) {
    int branch = Integer.parseInt(modrm, 16);
    assertEquals(CP, branch(TRACKING, NOP, 0xFF, branch));
    // The expectation stays in the MSR: the handler sees it.
    assertTrue(f.waits(3));
    assertEquals(TARGET, b.stack64(1));
    assertEquals(NONE, branch(TRACKING, ENDBR64, 0xFF, branch));
    assertFalse(f.waits(3));
    assertEquals(CP, branch(TRACKING, ENDBR32, 0xFF, branch));
    assertEquals(NONE, branch(0, NOP, 0xFF, branch));
  }

  @Test
  void directBranchesAndReturnsAreNotTracked() {
    assertEquals(NONE, branch(TRACKING, NOP, 0xEB, 0x1E));
    assertEquals(NONE, branch(TRACKING, NOP, 0xE8, 0x1B, 0, 0, 0));
    f.user(TRACKING, 0);
    b.ram.putLong(c.gpr[Vcpu.RSP], TARGET);
    b.code(0xC3).run(1);
    assertFalse(f.waits(3));
  }

  @Test
  void noTrackPrefixExemptsWhereItIsEnabled() {
    long noTrack = TRACKING | ControlFlowState.NO_TRACK_ENABLE;
    assertEquals(NONE, branch(noTrack, NOP, 0x3E, 0xFF, 0xE0));
    assertEquals(CP, branch(TRACKING, NOP, 0x3E, 0xFF, 0xE0));
    // The last segment prefix counts.
    assertEquals(CP, branch(noTrack, NOP, 0x3E, 0x64, 0xFF, 0xE0));
    assertEquals(NONE, branch(noTrack, NOP, 0x64, 0x3E, 0xFF, 0xE0));
  }

  @Test
  void breakpointsAreLetThrough() {
    assertEquals(List.of("#BP"), branch(TRACKING, new int[] {0xCC}, 0xFF, 0xE0));
    assertTrue(f.waits(3));
  }

  @Test
  void endbranchIsAnOrdinaryInstructionOtherwise() {
    f.user(TRACKING, 0);
    b.code(0x90, 0xF3, 0x0F, 0x1E, 0xFA, 0x90).run(3);
    assertEquals(NONE, b.exceptions());
  }

  /// The bitmap has a bit for each page of code without ENDBRANCH. Reaching one suppresses tracking
  /// until the next ENDBRANCH.
  @Test
  void legacyPagesAreLetThrough() {
    long control = TRACKING | ControlFlowState.LEGACY_ENABLE | SCRATCH;
    // The target lies in the first page of its 32 KiB.
    b.ram.putByte(SCRATCH + (TARGET >>> 15), (byte) 1);
    assertEquals(NONE, branch(control, NOP, 0xFF, 0xE0));
    assertEquals(control | ControlFlowState.SUPPRESS, c.cet.user);
    c.gpr[Vcpu.RAX] = TARGET;
    b.code(0xFF, 0xE0).run(1);
    assertFalse(f.waits(3));
    long strict = control | ControlFlowState.SUPPRESS_DISABLE;
    assertEquals(NONE, branch(strict, NOP, 0xFF, 0xE0));
    assertEquals(strict, c.cet.user);
    b.ram.putByte(SCRATCH + (TARGET >>> 15), (byte) 0);
    assertEquals(CP, branch(control, NOP, 0xFF, 0xE0));
  }

  @Test
  void endbranchEndsSuppression() {
    f.user(TRACKING | ControlFlowState.SUPPRESS, 0);
    b.code(0xF3, 0x0F, 0x1E, 0xFA).run(1);
    assertEquals(TRACKING, c.cet.user);
  }

  /// Events and SYSCALL lead to an ENDBRANCH too, those of the supervisor's setting.
  @Test
  void handlersMustBeginWithAnEndbranch() {
    f.user(0, TRACKING);
    b.code(0xCD, 0x33).run(1);
    assertTrue(f.waits(0));
    assertFalse(f.waits(3));
    for (int vector : new int[] {0x33, 21, 8}) {
      b.ram.putByte(SystemBench.handler(vector), (byte) 0x90);
    }
    b.run(1);
    // The handler of #CP, which is contributory, has none either.
    assertEquals("#CP(3)", b.exceptions().getFirst());
  }

  @Test
  void userKeepsItsStateWhileTheSupervisorRuns() {
    f.user(TRACKING, 0);
    target(NOP);
    c.gpr[Vcpu.RAX] = TARGET;
    b.code(0xFF, 0xE0).run(1);
    assertTrue(f.waits(3));
    b.c.raiseNmi();
    b.run(1);
    assertEquals(0, c.cpl);
    assertTrue(f.waits(3));
  }

  @Test
  void farJumpsAreTrackedWithoutRegardToSuppression() {
    f.start(0, TRACKING | ControlFlowState.SUPPRESS);
    b.ram.putInt(SCRATCH, (int) TARGET);
    b.put16(SCRATCH + 4, SystemBench.CODE64);
    target(ENDBR64);
    c.gpr[Vcpu.RBX] = SCRATCH;
    b.code(0xFF, 0x2B).run(1);
    assertTrue(f.waits(0));
    assertEquals(0, c.cet.supervisor & ControlFlowState.SUPPRESS);
    b.run(1);
    assertEquals(NONE, b.exceptions());
    assertFalse(f.waits(0));
  }
}
