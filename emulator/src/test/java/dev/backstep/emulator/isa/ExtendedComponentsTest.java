package dev.backstep.emulator.isa;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.ControlFlowState;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;

/// XRSTORS of the state of control-flow enforcement takes what WRMSR takes, and all of a component
/// or nothing. SDM Vol. 1 "CET State".
class ExtendedComponentsTest {
  private static final long AREA = SystemBench.SCRATCH;
  private static final long COMPONENTS = AREA + 576;
  private static final int USER = 11;
  private static final int SUPERVISOR = 12;
  private static final List<String> NONE = List.of();
  private static final List<String> GP = List.of("#GP(0)");

  /// An area with `values` as component `k`, restored.
  private static SystemBench restore(String cpu, int k, long... values) {
    SystemBench b = new SystemBench(cpu).longMode();
    Vcpu c = b.c;
    c.cr4 |= ControlBits.CR4_OSXSAVE | ControlBits.CR4_CET;
    c.msr.xss = c.cpuid.supervisorStates();
    c.updateMode();
    b.ram.putLong(AREA + 512, 1L << k);
    b.ram.putLong(AREA + 520, 1L << 63 | 1L << k);
    for (int index = 0; index < values.length; index++) {
      b.ram.putLong(COMPONENTS + 8L * index, values[index]);
    }
    c.gpr[Vcpu.RAX] = 1L << k;
    c.gpr[Vcpu.RDX] = 0;
    c.gpr[Vcpu.RBX] = AREA;
    return b.code(0x0F, 0xC7, 0x1B).step();
  }

  @Test
  void controlOfWhatTheProcessorHasNotIsRefused() {
    long tracking = ControlFlowState.ENDBRANCH_ENABLE;
    long stacks = ControlFlowState.SHADOW_STACK_ENABLE;
    assertEquals(NONE, restore("max", USER, tracking | stacks, 0).exceptions());
    SystemBench without = restore("max,-ibt", USER, tracking, 0);
    assertEquals(GP, without.exceptions());
    assertEquals(0, without.c.cet.user);
    assertEquals(NONE, restore("max,-ibt", USER, stacks, 0).exceptions());
    assertEquals(GP, restore("max,-shstk", USER, stacks, 0).exceptions());
    assertEquals(NONE, restore("max,-shstk", USER, tracking, 0).exceptions());
  }

  @Test
  void controlHasItsRules() {
    long both = ControlFlowState.SUPPRESS | ControlFlowState.TRACKER;
    assertEquals(GP, restore("max", USER, 1 << 6, 0).exceptions());
    assertEquals(GP, restore("max", USER, both, 0).exceptions());
    assertEquals(GP, restore("max", USER, 1L << 62, 0).exceptions());
    assertEquals(GP, restore("max", USER, 0, 2).exceptions());
  }

  @Test
  void allPointersAreCheckedBeforeOneIsLoaded() {
    SystemBench good = restore("max", SUPERVISOR, 0x1000, 0x2000, 0x3000);
    assertEquals(NONE, good.exceptions());
    assertArrayEquals(new long[] {0x1000, 0x2000, 0x3000, 0}, good.c.cet.privilegeSsp);
    SystemBench bad = restore("max", SUPERVISOR, 0x1000, 0x2000, 0x3001);
    assertEquals(GP, bad.exceptions());
    assertArrayEquals(new long[4], bad.c.cet.privilegeSsp);
  }
}
