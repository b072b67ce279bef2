package dev.backstep.emulator.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.execution.CodeBlock;
import dev.backstep.emulator.listen.ExecutionListener;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.machine.MachineConfig.OnReset;
import dev.backstep.emulator.vcpu.Activity;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MachineTest {
  /// mov eax, 7; out 0xf4, eax
  private static final String EXIT_WITH_7 = "b8 07000000 e7 f4";

  /// jmp $
  private static final String SPIN = "eb fe";

  /// lidt with a limit of 0, then ud2: every delivery faults.
  private static final String TRIPLE_FAULT =
      "0f 01 1d 30001000 0f 0b 90 90 90 90 90 90 90 000000000000";

  /// Keeps what a machine says.
  private static final class Log implements ExecutionListener {
    final List<MachineEvent> events = new ArrayList<>();
    final List<Long> firstPositions = new ArrayList<>();
    long instructions;

    @Override
    public void blockBuilt(CodeBlock block) {}

    @Override
    public void executed(int vcpu, long firstPosition, int[] entries, int count, long executed) {
      firstPositions.add(firstPosition);
      assertEquals(instructions, firstPosition);
      instructions += executed;
    }

    @Override
    public void event(MachineEvent event) {
      events.add(event);
    }

    <T extends MachineEvent> List<T> of(Class<T> kind) {
      return events.stream().filter(kind::isInstance).map(kind::cast).toList();
    }
  }

  @Test
  void withoutAPitItsPortsFloat() throws Exception {
    // in al, 0x61; movzx eax, al; out 0xf4, eax
    MachineConfig config = TestMachines.config("e4 61 0f b6 c0 e7 f4", 1, OnReset.STOP, 1_000);
    try (Machine with = TestMachines.machine(config);
        Machine without = TestMachines.machine(TestMachines.withoutPit(config))) {
      assertNotEquals(new StopReason.DebugExit(0xFF), with.run());
      assertEquals(new StopReason.DebugExit(0xFF), without.run());
    }
  }

  @Test
  void debugExitEndsTheRunWithQemusStatus() throws Exception {
    try (Machine m = TestMachines.machine(EXIT_WITH_7)) {
      StopReason reason = m.run();
      assertEquals(new StopReason.DebugExit(7), reason);
      assertEquals(15, reason.exitStatus());
      assertEquals(2, m.position());
    }
  }

  @Test
  void instructionLimitStopsExactly() throws Exception {
    try (Machine m = TestMachines.machine(TestMachines.config(SPIN, 1, OnReset.STOP, 12_345))) {
      assertEquals(new StopReason.InstructionLimit(), m.run());
      assertEquals(12_345, m.position());
    }
  }

  @Test
  void everyInstructionIsReportedOnceInOrder() throws Exception {
    Log log = new Log();
    try (Machine m = TestMachines.machine(TestMachines.config(SPIN, 1, OnReset.STOP, 200_000))) {
      m.listen(log);
      m.run();
      assertEquals(200_000, log.instructions);
      assertTrue(log.firstPositions.size() > 1);
    }
  }

  @Test
  void twoRunsHaveTheSameDigests() throws Exception {
    byte[][] registers = new byte[2][];
    byte[][] memory = new byte[2][];
    for (int k = 0; k < 2; k++) {
      try (Machine m =
          TestMachines.machine(
              // inc eax; mov [0x180000], eax; jmp back
              TestMachines.config("40 a3 00001800 eb f8", 1, OnReset.STOP, 70_001))) {
        m.run();
        registers[k] = m.registerDigest();
        memory[k] = m.memoryDigest();
      }
    }
    assertArrayEquals(registers[0], registers[1]);
    assertArrayEquals(memory[0], memory[1]);
  }

  @Test
  void haltForEverIsIdle() throws Exception {
    // Both PICs masked, the PIT cannot wake: mov al,0xff; out 0x21,al; out 0xa1,al; cli; hlt
    try (Machine m = TestMachines.machine("b0 ff e6 21 e6 a1 fa f4")) {
      assertInstanceOf(StopReason.Idle.class, m.run());
    }
  }

  @Test
  void tripleFaultStopsWhereResetsStop() throws Exception {
    Log log = new Log();
    try (Machine m = TestMachines.machine(TRIPLE_FAULT)) {
      m.listen(log);
      assertInstanceOf(StopReason.Reset.class, m.run());
      assertEquals(
          List.of("triple-fault"),
          log.of(MachineEvent.Shutdown.class).stream().map(e -> e.reason()).toList());
    }
  }

  @Test
  void tripleFaultRestartsTheGuestOtherwise() throws Exception {
    Log log = new Log();
    try (Machine m =
        TestMachines.machine(TestMachines.config(TRIPLE_FAULT, 1, OnReset.RESTART, 10))) {
      m.listen(log);
      assertEquals(new StopReason.InstructionLimit(), m.run());
      assertTrue(log.of(MachineEvent.Reset.class).size() >= 2);
    }
  }

  @Test
  void vcpusThatWereNotStartedDoNotRun() throws Exception {
    try (Machine m = TestMachines.machine(TestMachines.config(SPIN, 3, OnReset.STOP, 5_000))) {
      m.run();
      for (Vcpu c : m.vcpus().subList(1, 3)) {
        assertEquals(0, c.gpr[Vcpu.RAX]);
        assertEquals(Activity.WAIT_FOR_SIPI, c.activity);
      }
    }
  }

  @Test
  void codeThatOverwritesTheNextInstructionRunsTheNewOne() throws Exception {
    // mov byte [next+1], 9; next: mov al, 1; movzx eax, al; out 0xf4, eax
    try (Machine m = TestMachines.machine("c6 05 28001000 09 b0 01 0f b6 c0 e7 f4")) {
      assertEquals(new StopReason.DebugExit(9), m.run());
    }
  }

  @Test
  void requestedStopEndsTheRun() throws Exception {
    try (Machine m = TestMachines.machine(SPIN)) {
      m.requestStop();
      assertEquals(new StopReason.Requested(), m.run());
    }
  }

  @Test
  void impossibleConfigurationsAreRefusedInOneLine() {
    assertMessage("give 1 to 1024 vCPUs", 0, 4 << 20);
    assertMessage("give 1 to 1024 vCPUs", 1025, 4 << 20);
    assertMessage("not a whole number of MiB", 1, (4 << 20) + 5);
    assertMessage("give 1M to 64G", 1, 0);
  }

  private static void assertMessage(String part, int cpus, long memory) {
    MachineConfig config =
        new MachineConfig(
            memory,
            cpus,
            "max",
            "bare-metal-intel",
            Map.of(),
            TestMachines.kernel(SPIN),
            List.of(),
            "",
            null,
            List.of(),
            true,
            false,
            OnReset.STOP,
            1);
    MachineConfigException e =
        assertThrows(MachineConfigException.class, () -> TestMachines.machine(config));
    assertTrue(String.valueOf(e.getMessage()).contains(part), e.getMessage());
  }
}
