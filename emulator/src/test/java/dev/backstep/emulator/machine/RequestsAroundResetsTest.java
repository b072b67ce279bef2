package dev.backstep.emulator.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.control.ControlCall;
import dev.backstep.emulator.execution.CodeBlock;
import dev.backstep.emulator.listen.ExecutionListener;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.machine.MachineConfig.OnReset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// What a hypervisor's user does before and after the guest is reset.
class RequestsAroundResetsTest {
  private static final String SPIN = "eb fe";
  private static final long AT = 1_000;
  private static final long LIMIT = 5_000;

  private static final ControlCall TRIPLE_FAULT =
      ControlCall.parse("set-vcpu-events,vcpu=0,flags=0x20,triple-fault-pending=on");

  /// Makes one list of requests at a position and one after each reset.
  private static final class Script extends TestMachines.Silence implements ExecutionListener {
    final List<String> results = new ArrayList<>();
    int resets;
    private final Deque<ControlCall> due = new ArrayDeque<>();
    private final Deque<List<ControlCall>> lists;
    private boolean begun;

    Script(List<List<ControlCall>> lists) {
      this.lists = new ArrayDeque<>(lists);
    }

    @Override
    public boolean hasControlCalls() {
      return true;
    }

    @Override
    public @Nullable ControlCall controlCall(long position) {
      if (!begun && position >= AT) {
        begun = true;
        due.addAll(lists.remove());
      }
      return due.poll();
    }

    @Override
    public long nextControlPosition() {
      return begun ? Long.MAX_VALUE : AT;
    }

    @Override
    public void event(MachineEvent event) {
      if (event instanceof MachineEvent.Control control) {
        results.add(control.result());
      }
      if (event instanceof MachineEvent.Reset) {
        resets++;
        if (!lists.isEmpty()) {
          due.addAll(lists.remove());
        }
      }
    }

    @Override
    public void blockBuilt(CodeBlock block) {}

    @Override
    public void executed(int vcpu, long firstPosition, int[] entries, int count, long executed) {}
  }

  private static StopReason run(Script script, int cpus) throws MachineConfigException {
    try (Machine machine = machine(script, cpus)) {
      return machine.run();
    }
  }

  private static Machine machine(Script script, int cpus) throws MachineConfigException {
    MachineConfig config = TestMachines.config(SPIN, cpus, OnReset.RESTART, LIMIT);
    Machine machine =
        new Machine(TestMachines.onPlatform(config, "kvm-intel"), script, bytes -> {});
    machine.listen(script);
    return machine;
  }

  /// Two resets with no instruction between them are not the guest's doing.
  @Test
  void aGuestThatIsResetTwiceAtOnePositionByItsUserIsNotStuck() throws Exception {
    ControlCall capability = ControlCall.parse("enable-cap,cap=X86_TRIPLE_FAULT_EVENT,flags=1");
    Script script =
        new Script(List.of(List.of(capability, TRIPLE_FAULT), List.of(TRIPLE_FAULT), List.of()));
    assertEquals(new StopReason.InstructionLimit(), run(script, 1));
    assertEquals(2, script.resets);
  }

  /// What KVM keeps for its user outlives resets too, and is part of what two runs must agree on.
  @Test
  void whatItsUserAskedForIsPartOfTheDigest() throws Exception {
    TreeSet<String> digests = new TreeSet<>();
    List<String> calls =
        List.of(
            "get-supported-cpuid,leaf=1",
            "enable-cap,cap=X2APIC_API,flags=1",
            "enable-cap,cap=X2APIC_API,flags=2",
            "enable-cap,cap=DISABLE_QUIRKS2,flags=0x20",
            "enable-cap,cap=EXCEPTION_PAYLOAD,flags=1",
            "enable-cap,cap=X86_TRIPLE_FAULT_EVENT,flags=1",
            "set-cpuid,vcpu=1,leaf=0x40000010,eax=5",
            "set-cpuid,vcpu=1,leaf=0x40000010,eax=6");
    for (String call : calls) {
      Script script = new Script(List.of(List.of(ControlCall.parse(call))));
      try (Machine machine = machine(script, 2)) {
        assertEquals(new StopReason.InstructionLimit(), machine.run());
        assertEquals(List.of("0"), script.results);
        digests.add(HexFormat.of().formatHex(machine.registerDigest()));
      }
    }
    assertEquals(calls.size(), digests.size());
  }

  /// KVM's vCPUs outlive the guest's reset, and with them whether they were ever entered: Linux
  /// arch/x86/kvm/cpuid.c, kvm_set_cpuid.
  @Test
  void aVcpuThatNeverRanTakesCpuidAfterAResetToo() throws Exception {
    ControlCall capability = ControlCall.parse("enable-cap,cap=X86_TRIPLE_FAULT_EVENT,flags=1");
    Script script =
        new Script(
            List.of(
                List.of(capability, TRIPLE_FAULT),
                List.of(
                    ControlCall.parse("set-cpuid,vcpu=0,leaf=0x40000010,eax=5"),
                    ControlCall.parse("set-cpuid,vcpu=1,leaf=0x40000010,eax=5"))));
    assertEquals(new StopReason.InstructionLimit(), run(script, 2));
    assertEquals(List.of("0", "0", "-EINVAL", "0"), script.results);
  }
}
