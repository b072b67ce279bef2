package dev.backstep.emulator.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.control.ControlCall;
import dev.backstep.emulator.execution.CodeBlock;
import dev.backstep.emulator.listen.ExecutionListener;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.machine.MachineConfig.OnReset;
import dev.backstep.emulator.vcpu.Activity;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Linux Documentation/virt/kvm/api.rst, KVM_CREATE_VCPU; errata.rst, "x2APIC".
class HotPlugTest {
  /// mov dword [0x8000], code of "mov al, 7; out 0xf4, al"
  private static final String CODE_OF_AP = "c7 05 00800000 b007e6f4";

  /// IA32_APIC_BASE: enabled, x2APIC mode.
  private static final String TO_X2APIC = "b9 1b000000 0f 32 0d 000c0000 0f 30";

  /// INIT to the local APIC 300.
  private static final String INIT_300 = "b9 30080000 ba 2c010000 b8 00450000 0f 30";

  /// SIPI with vector 8 to the same.
  private static final String SIPI_300 = "b8 08460000 0f 30";

  private static final String SPIN = "eb fe";
  private static final String START_300 = CODE_OF_AP + TO_X2APIC + INIT_300 + SIPI_300 + SPIN;
  private static final long LIMIT = 60_000;

  private static final ControlCall WIDE_IDS = new ControlCall.EnableCapability("X2APIC_API", 1);

  /// Requests that are due at the beginning, or at a position.
  private static final class Requests extends TestMachines.Silence {
    private final Deque<ControlCall> left;
    private final long position;

    Requests(long position, ControlCall... calls) {
      this.position = position;
      left = new ArrayDeque<>(Arrays.asList(calls));
    }

    @Override
    public boolean hasControlCalls() {
      return true;
    }

    @Override
    public @Nullable ControlCall controlCall(long now) {
      return now < position ? null : left.poll();
    }

    @Override
    public long nextControlPosition() {
      return left.isEmpty() ? Long.MAX_VALUE : position;
    }
  }

  /// Keeps who ran, and the events.
  private static final class Log implements ExecutionListener {
    final List<MachineEvent> events = new ArrayList<>();
    final TreeSet<Integer> ran = new TreeSet<>();

    @Override
    public void blockBuilt(CodeBlock block) {}

    @Override
    public void executed(int vcpu, long firstPosition, int[] entries, int count, long executed) {
      ran.add(vcpu);
    }

    @Override
    public void event(MachineEvent event) {
      events.add(event);
    }

    MachineEvent firstRequest() {
      return events.stream()
          .filter(MachineEvent.Control.class::isInstance)
          .findFirst()
          .orElseThrow();
    }

    String results() {
      StringBuilder text = new StringBuilder();
      for (MachineEvent event : events) {
        if (event instanceof MachineEvent.Control control) {
          text.append(text.isEmpty() ? "" : " ").append(control.result());
        }
      }
      return text.toString();
    }
  }

  private static MachineConfig config(String code, int cpus, String platform, OnReset onReset) {
    return TestMachines.onPlatform(TestMachines.config(code, cpus, onReset, LIMIT), platform);
  }

  private static Machine machine(MachineConfig config, Requests requests, Log log)
      throws MachineConfigException {
    Machine machine = new Machine(config, requests, bytes -> {});
    machine.listen(log);
    return machine;
  }

  private static StopReason run(String code, Requests requests, Log log) throws Exception {
    try (Machine m = machine(config(code, 1, "kvm-intel", OnReset.STOP), requests, log)) {
      return m.run();
    }
  }

  @Test
  void startsByItsWideIdWithTheFlag() throws Exception {
    Log log = new Log();
    Requests requests = new Requests(0, WIDE_IDS, new ControlCall.CreateVcpu(300));
    assertEquals(new StopReason.DebugExit(7), run(START_300, requests, log));
    assertEquals("0 0", log.results());
    assertEquals(new TreeSet<>(List.of(0, 300)), log.ran);
  }

  @Test
  void cannotBeReachedWithoutTheFlag() throws Exception {
    Log log = new Log();
    Requests requests = new Requests(0, new ControlCall.CreateVcpu(300));
    assertEquals(new StopReason.InstructionLimit(), run(START_300, requests, log));
    assertEquals(new TreeSet<>(List.of(0)), log.ran);
  }

  /// KVM_MP_STATE_UNINITIALIZED: not yet INIT_RECEIVED.
  @Test
  void aStartupIpiWithoutInitIsLost() throws Exception {
    Log log = new Log();
    Requests requests = new Requests(0, WIDE_IDS, new ControlCall.CreateVcpu(300));
    String withoutInit =
        CODE_OF_AP + TO_X2APIC + "b9 30080000 ba 2c010000" + SIPI_300 + SIPI_300 + SPIN;
    assertEquals(new StopReason.InstructionLimit(), run(withoutInit, requests, log));
    assertEquals(new TreeSet<>(List.of(0)), log.ran);
  }

  @Test
  void joinsAMachineThatHasRunFor20000Instructions() throws Exception {
    Log log = new Log();
    Requests requests = new Requests(20_000, WIDE_IDS, new ControlCall.CreateVcpu(300));
    // mov esi, 15000; dec esi; jnz
    String later = "be 983a0000 4e 75 fd" + START_300;
    assertEquals(new StopReason.DebugExit(7), run(later, requests, log));
    assertEquals(20_000, log.firstRequest().at().position());
  }

  @Test
  void idsAreCheckedAsKvmDoes() throws Exception {
    Log log = new Log();
    Requests requests =
        new Requests(
            0,
            new ControlCall.CreateVcpu(0),
            new ControlCall.CreateVcpu(4095),
            new ControlCall.CreateVcpu(4095),
            new ControlCall.CreateVcpu(4096),
            new ControlCall.CreateVcpu(-1),
            new ControlCall.EnableCapability("X2APIC_API", 0x10));
    run(SPIN, requests, log);
    assertEquals("-EEXIST 0 -EEXIST -EINVAL -EINVAL -EINVAL", log.results());
  }

  @Test
  void thereAreAtMost1024() throws Exception {
    Log log = new Log();
    MachineConfig full = config(SPIN, 1024, "kvm-amd", OnReset.STOP);
    try (Machine m = machine(full, new Requests(0, new ControlCall.CreateVcpu(2000)), log)) {
      m.run();
      assertEquals("-EINVAL", log.results());
      assertEquals(1024, m.vcpus().size());
    }
  }

  /// The KVM virtual machine keeps them; the guest finds them as after power-up.
  @Test
  void staysWhenTheGuestResets() throws Exception {
    // cmp dword [0x180000], 1; je over; mov dword [0x180000], 1; mov al, 6; mov dx, 0xcf9; out dx,
    // al
    String resetOnce = "83 3d 00001800 01 74 13 c7 05 00001800 01000000 b0 06 66 ba f90c ee 90 90";
    Log log = new Log();
    Requests requests = new Requests(0, WIDE_IDS, new ControlCall.CreateVcpu(300));
    MachineConfig config = config(resetOnce + START_300, 1, "kvm-intel", OnReset.RESTART);
    try (Machine m = machine(config, requests, log)) {
      assertEquals(new StopReason.DebugExit(7), m.run());
      assertEquals(List.of(0, 300), m.vcpus().stream().map(c -> c.number).toList());
      assertEquals(1, log.events.stream().filter(MachineEvent.Reset.class::isInstance).count());
    }
  }

  @Test
  void runsAlikeEachTime() throws Exception {
    byte[][] digests = new byte[2][];
    for (int k = 0; k < digests.length; k++) {
      Requests requests = new Requests(9, WIDE_IDS, new ControlCall.CreateVcpu(77));
      MachineConfig config = config(START_300, 3, "kvm-intel", OnReset.STOP);
      try (Machine m = machine(config, requests, new Log())) {
        m.run();
        digests[k] = m.registerDigest();
      }
    }
    assertArrayEquals(digests[0], digests[1]);
  }

  @Test
  void countsTimeWithTheOthers() throws Exception {
    Requests requests = new Requests(30_000, new ControlCall.CreateVcpu(5));
    try (Machine m = machine(config(SPIN, 1, "kvm-intel", OnReset.STOP), requests, new Log())) {
      m.run();
      Vcpu added = m.vcpus().getLast();
      assertEquals(Activity.UNINITIALIZED, added.activity);
      assertEquals(m.vcpus().getFirst().msr.tscOffset, added.msr.tscOffset);
    }
  }
}
