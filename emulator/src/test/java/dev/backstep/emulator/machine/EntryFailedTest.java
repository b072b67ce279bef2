package dev.backstep.emulator.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.backstep.emulator.control.ControlCall;
import dev.backstep.emulator.control.VcpuEvents;
import dev.backstep.emulator.control.VcpuEvents.PendingException;
import dev.backstep.emulator.machine.MachineConfig.OnReset;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// A machine whose user sets a vCPU's events: KVM_EXIT_FAIL_ENTRY ends the run.
class EntryFailedTest {
  /// JMP to itself.
  private static final String SPIN = "EB FE";

  private static final long AT = 1_000;

  /// Asks once, at a position.
  private static final class Request extends TestMachines.Silence {
    private @Nullable ControlCall call;

    Request(int vcpu, int vector, boolean hasErrorCode) {
      var exception = new PendingException(true, false, vector, hasErrorCode, 0, false, 0);
      call = new ControlCall.SetVcpuEvents(vcpu, VcpuEvents.of(exception));
    }

    @Override
    public boolean hasControlCalls() {
      return true;
    }

    @Override
    public @Nullable ControlCall controlCall(long position) {
      ControlCall due = position >= AT ? call : null;
      call = due == null ? call : null;
      return due;
    }

    @Override
    public long nextControlPosition() {
      return call == null ? Long.MAX_VALUE : AT;
    }
  }

  private static MachineConfig on(String platform, String cpu, int cpus) {
    MachineConfig c = TestMachines.config(SPIN, cpus, OnReset.STOP, 10_000);
    return new MachineConfig(
        c.memoryBytes(),
        c.cpuCount(),
        cpu,
        platform,
        Map.of(),
        c.kernel(),
        c.modules(),
        c.append(),
        c.firmware(),
        c.devices(),
        c.hasPit(),
        c.hasCacheModel(),
        c.onReset(),
        c.maxInstructions());
  }

  private static StopReason run(String platform, String cpu, int vector, boolean hasErrorCode)
      throws MachineConfigException {
    try (Machine machine =
        new Machine(on(platform, cpu, 1), new Request(0, vector, hasErrorCode), bytes -> {})) {
      StopReason reason = machine.run();
      if (reason instanceof StopReason.EntryFailed) {
        assertEquals(AT, machine.position());
      }
      return reason;
    }
  }

  @Test
  void strictProcessorsEndTheRun() throws MachineConfigException {
    var failed = new StopReason.EntryFailed(0, 7);
    assertEquals(failed, run("kvm-intel", "Skylake-Server", 13, false));
    assertEquals(failed, run("kvm-intel", "Skylake-Server", 6, true));
    assertEquals(failed, run("kvm-intel", "Haswell", 3, false));
    assertEquals("entry-failed", failed.label());
    assertEquals(1, failed.exitStatus());
  }

  @Test
  void processorsWithCetAndAmdsDoNot() throws MachineConfigException {
    for (String cpu : new String[] {"SapphireRapids", "max"}) {
      assertFalse(run("kvm-intel", cpu, 13, false) instanceof StopReason.EntryFailed, cpu);
      assertFalse(run("kvm-intel", cpu, 6, true) instanceof StopReason.EntryFailed, cpu);
    }
    assertFalse(run("kvm-amd", "EPYC", 13, false) instanceof StopReason.EntryFailed);
    assertFalse(run("kvm-intel", "Skylake-Server", 3, false) instanceof StopReason.EntryFailed);
  }

  @Test
  void theProcessorsAbilitiesCanBeSetAlone() throws MachineConfigException {
    var failed = new StopReason.EntryFailed(0, 7);
    assertEquals(failed, run("kvm-intel,vmx-any-errcode=off", "SapphireRapids", 13, false));
    assertEquals(failed, run("kvm-intel,vmx-zero-len-inject=off", "SapphireRapids", 3, false));
    assertFalse(
        run("kvm-intel,vmx-any-errcode=on", "Skylake-Server", 13, false)
            instanceof StopReason.EntryFailed);
  }

  @Test
  void whatWaitsIsPartOfTheDigest() throws MachineConfigException {
    byte[][] digests = new byte[2][];
    for (int k = 0; k < 2; k++) {
      // vCPU 1 is never started.
      Request request = new Request(1, k == 0 ? 6 : 13, false);
      try (Machine machine = new Machine(on("kvm-amd", "EPYC", 2), request, bytes -> {})) {
        assertEquals(new StopReason.InstructionLimit(), machine.run());
        digests[k] = machine.registerDigest();
      }
    }
    assertFalse(Arrays.equals(digests[0], digests[1]));
  }
}
