package dev.backstep.emulator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.execution.CodeBlock;
import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.listen.ExecutionListener;
import dev.backstep.emulator.listen.MachineEvent;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class KvmControlTest {
  private static final MachineEvent.At MACHINE = new MachineEvent.At(100, 0, 0x1000, 7);

  private final List<MachineEvent> heard = new ArrayList<>();
  private final EventPort events = new EventPort();

  KvmControlTest() {
    events.connect(
        new ExecutionListener() {
          @Override
          public void blockBuilt(CodeBlock block) {
            throw new AssertionError("nothing runs");
          }

          @Override
          public void executed(int vcpu, long first, int[] entries, int count, long instructions) {
            throw new AssertionError("nothing runs");
          }

          @Override
          public void event(MachineEvent event) {
            heard.add(event);
          }
        });
  }

  /// vCPUs 0 and 300.
  private static final KvmControl.Vcpus VCPUS =
      new KvmControl.Vcpus() {
        @Override
        public boolean exists(int vcpu) {
          return vcpu == 0 || vcpu == 300;
        }

        @Override
        public MachineEvent.At at(int vcpu) {
          return new MachineEvent.At(100, vcpu, 0x2000, 7);
        }

        @Override
        public MachineEvent.At at() {
          return MACHINE;
        }
      };

  private void perform(KvmParts parts, String... calls) {
    KvmControl control = new KvmControl(parts, VCPUS, events);
    for (String call : calls) {
      control.perform(ControlCall.parse(call));
    }
  }

  private void expect(MachineEvent.At at, String call, String result, String reason) {
    ControlCall parsed = ControlCall.parse(call);
    assertEquals(
        new MachineEvent.Control(at, parsed.name(), parsed.arguments(), result, reason),
        heard.removeFirst());
  }

  @Test
  void givesEachRequestToItsPart() {
    KvmParts parts =
        new KvmParts()
            .msrs((vcpu, msr, value) -> new ControlAnswer("1", vcpu + " " + msr + " " + value))
            .messages((address, data) -> ControlAnswer.done(address + " " + data))
            .creation(id -> ControlAnswer.refused(Errno.EEXIST, "id " + id))
            .capability("TWO", flags -> ControlAnswer.done("2: " + flags))
            .capability("ONE", flags -> ControlAnswer.DONE);
    String[] calls = {
      "set-msr,vcpu=300,msr=0x10,value=5",
      "signal-msi,address=1,data=2",
      "create-vcpu,id=3",
      "enable-cap,cap=TWO,flags=9",
      "enable-cap,cap=ONE"
    };
    perform(parts, calls);
    expect(VCPUS.at(300), calls[0], "1", "300 16 5");
    expect(MACHINE, calls[1], "0", "1 2");
    expect(MACHINE, calls[2], "-EEXIST", "id 3");
    expect(MACHINE, calls[3], "0", "2: 9");
    expect(MACHINE, calls[4], "0", "");
  }

  @Test
  void asksNoPartForAVcpuThatWasNeverMade() {
    KvmParts parts =
        new KvmParts()
            .msrs(
                (vcpu, msr, value) -> {
                  throw new AssertionError("asked for vCPU " + vcpu);
                });
    String[] calls = {
      "set-msr,vcpu=1,msr=0x10,value=5", "get-vcpu-events,vcpu=299", "set-cpuid,vcpu=2,leaf=1"
    };
    perform(parts, calls);
    for (String call : calls) {
      int vcpu = ControlCall.parse(call).target();
      expect(
          MACHINE,
          call,
          "-ENOENT",
          "there is no vCPU %d: KVM_CREATE_VCPU never returned a file descriptor for it"
              .formatted(vcpu));
    }
  }

  @Test
  void aRequestWithoutAPartIsAnUnknownIoctl() {
    String[] calls = {
      "set-vcpu-events,vcpu=0,nr=3",
      "get-vcpu-events,vcpu=0",
      "get-supported-cpuid,leaf=7",
      "set-cpuid,vcpu=0,leaf=7",
      "set-msr,vcpu=0,msr=0x10,value=5",
      "signal-msi,address=1,data=2",
      "create-vcpu,id=3"
    };
    perform(new KvmParts(), calls);
    for (String call : calls) {
      String name = ControlCall.parse(call).name();
      boolean isForOne = ControlCall.parse(call).target() == 0;
      expect(isForOne ? VCPUS.at(0) : MACHINE, call, "-ENOTTY", "this KVM does not know " + name);
    }
  }

  @Test
  void anUnknownCapabilityIsInvalid() {
    perform(
        new KvmParts()
            .capability("B", f -> ControlAnswer.DONE)
            .capability("A", f -> ControlAnswer.DONE),
        "enable-cap,cap=C,flags=1");
    expect(
        MACHINE,
        "enable-cap,cap=C,flags=1",
        "-EINVAL",
        "there is no capability KVM_CAP_C here; there are A, B");
  }

  @Test
  void withoutAHypervisorEveryRequestFails() {
    new NoHypervisor(events, () -> MACHINE).perform(ControlCall.parse("create-vcpu,id=3"));
    expect(MACHINE, "create-vcpu,id=3", "-ENODEV", "there is no hypervisor");
  }
}
