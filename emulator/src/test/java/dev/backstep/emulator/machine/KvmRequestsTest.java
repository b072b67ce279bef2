package dev.backstep.emulator.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.control.ControlCall;
import dev.backstep.emulator.control.ControlCall.CpuidEntry;
import dev.backstep.emulator.control.ControlCall.EnableCapability;
import dev.backstep.emulator.control.ControlCall.GetSupportedCpuid;
import dev.backstep.emulator.control.ControlCall.SetCpuid;
import dev.backstep.emulator.control.ControlCall.SetMsr;
import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.machine.MachineConfig.OnReset;
import dev.backstep.emulator.testing.EventLog;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Requests to KVM that are about CPUID, registers and capabilities, as a machine's user makes
/// them.
class KvmRequestsTest {
  private static final String SPIN = "EB FE";

  /// OUT to port 7EH, and a reset by the keyboard controller.
  private static final String OUT_AND_RESET = "E6 7E B0 FE E6 64 EB FE";

  private static final int FDP_EXCPTN_ONLY = CpuFeature.FDP_EXCPTN_ONLY.mask();

  /// What is asked, by position.
  private static final class Requests extends TestMachines.Silence {
    private final TreeMap<Long, ControlCall> calls;

    Requests(Map<Long, ControlCall> calls) {
      this.calls = new TreeMap<>(calls);
    }

    @Override
    public boolean hasControlCalls() {
      return true;
    }

    @Override
    public @Nullable ControlCall controlCall(long position) {
      boolean due = !calls.isEmpty() && calls.firstKey() <= position;
      return due ? calls.pollFirstEntry().getValue() : null;
    }

    @Override
    public long nextControlPosition() {
      return calls.isEmpty() ? Long.MAX_VALUE : calls.firstKey();
    }
  }

  private static EventLog run(String code, Map<Long, ControlCall> calls)
      throws MachineConfigException {
    MachineConfig config =
        TestMachines.onPlatform(TestMachines.config(code, 2, OnReset.RESTART, 10_000), "kvm-intel");
    EventLog log = new EventLog();
    try (Machine machine = new Machine(config, new Requests(calls), bytes -> {})) {
      machine.listen(log);
      machine.run();
    }
    return log;
  }

  private static List<String> results(Map<Long, ControlCall> calls) throws MachineConfigException {
    return run(SPIN, calls).of(MachineEvent.Control.class).stream()
        .map(MachineEvent.Control::result)
        .toList();
  }

  private static ControlCall cpuid(int vcpu, int leaf, int eax) {
    return new SetCpuid(vcpu, List.of(new CpuidEntry(leaf, 0, eax, 0, 0, 0)));
  }

  @Test
  void cpuidCannotBeChangedOnceTheVcpuHasRun() throws MachineConfigException {
    assertEquals(
        List.of("0", "-EINVAL", "0", "0"),
        results(
            Map.of(
                0L, cpuid(0, 0x16, 5),
                1_000L, cpuid(0, 0x16, 6),
                2_000L, cpuid(0, 0x16, 5), // What it is anyway.
                3_000L, cpuid(1, 0x16, 6)))); // Nobody has started vCPU 1.
  }

  @Test
  void linearAddressesHave48Or57Bits() throws MachineConfigException {
    assertEquals(List.of("-EINVAL"), results(Map.of(0L, cpuid(0, 0x8000_0008, 0x2F27))));
    assertEquals(List.of("0"), results(Map.of(0L, cpuid(0, 0x8000_0008, 0x3927))));
    assertEquals(List.of("0"), results(Map.of(0L, cpuid(0, 0x8000_0008, 0))));
  }

  @Test
  void registersThatCannotBeWrittenAreNotCounted() throws MachineConfigException {
    assertEquals(
        List.of("1", "0", "0"),
        results(
            Map.of(
                0L, new SetMsr(0, 0xCE, 1),
                1L, new SetMsr(0, 0x480, 1),
                2L, new SetMsr(0, 0x277, 2))));
  }

  @Test
  void supportedCpuidIsTheHardwares() throws MachineConfigException {
    EventLog log =
        run(SPIN, Map.of(0L, new GetSupportedCpuid(7, 0), 1L, new GetSupportedCpuid(1, 0)));
    List<MachineEvent.Control> answers = log.of(MachineEvent.Control.class);
    assertTrue((register(answers.get(0), "ebx") & FDP_EXCPTN_ONLY) != 0);
    int basic = register(answers.get(1), "ecx");
    assertTrue((basic & CpuFeature.X2APIC.mask()) != 0);
    assertTrue((basic & CpuFeature.HYPERVISOR.mask()) != 0);
    assertEquals(0, basic & CpuFeature.TSC_DEADLINE_TIMER.mask());
    EventLog none = run(SPIN, Map.of(0L, new GetSupportedCpuid(0x2FFF_FFFF, 0)));
    assertEquals("no entry", none.of(MachineEvent.Control.class).getFirst().reason());
  }

  private static int register(MachineEvent.Control answer, String name) {
    int at = answer.reason().indexOf(name + "=0x") + name.length() + 3;
    int end = answer.reason().indexOf(' ', at);
    return Integer.parseUnsignedInt(
        answer.reason().substring(at, end < 0 ? answer.reason().length() : end), 16);
  }

  @Test
  void whatWasSwitchedOffOutlivesAReset() throws MachineConfigException {
    EventLog log = run(OUT_AND_RESET, Map.of(0L, new EnableCapability("DISABLE_QUIRKS2", 1 << 3)));
    List<Long> rips =
        log.of(MachineEvent.VmExit.class).stream()
            .filter(e -> e.name().equals("KVM_EXIT_IO"))
            .map(e -> e.at().rip())
            .limit(3)
            .toList();
    assertEquals(List.of(TestMachines.CODE, TestMachines.CODE, TestMachines.CODE), rips);
  }
}
