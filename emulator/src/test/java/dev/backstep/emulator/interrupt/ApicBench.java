package dev.backstep.emulator.interrupt;

import dev.backstep.emulator.execution.CodeBlock;
import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.listen.ExecutionListener;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.time.EventQueue;
import dev.backstep.emulator.time.VirtualClock;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.IntStream;

/// Some vCPUs' local APICs on one router, with time that stands still until a test moves it.
final class ApicBench implements ExecutionListener {
  static final long EN = 1 << 11;
  static final long EXTD = 1 << 10;
  static final long PAGE = 0xFEE0_0000L;

  long position;
  final VirtualClock clock = new VirtualClock(() -> position);
  final EventQueue queue = new EventQueue();
  final EventPort events = new EventPort();
  final ApicRouter router;
  final List<FakeCpu> cpus = new ArrayList<>();
  final List<MachineEvent> heard = new ArrayList<>();

  ApicBench(int count) {
    this(count, EnumSet.allOf(LapicFeature.class));
  }

  ApicBench(int count, EnumSet<LapicFeature> features) {
    this(new ArchitecturalRouting(), features, IntStream.range(0, count).toArray());
  }

  /// vCPUs with these numbers, in this order.
  ApicBench(ApicRouting routing, int... numbers) {
    this(routing, EnumSet.allOf(LapicFeature.class), numbers);
  }

  private ApicBench(ApicRouting routing, EnumSet<LapicFeature> features, int[] numbers) {
    router = new ApicRouter(new LapicModel(40, features), routing, clock, queue, events);
    for (int number : numbers) {
      FakeCpu cpu = new FakeCpu(number);
      cpus.add(cpu);
      router.attach(cpu);
    }
    events.connect(this);
  }

  Lapic apic(int cpu) {
    return router.apics().at(cpu);
  }

  /// Sets SVR bit 8 on all.
  ApicBench enabled() {
    for (int k = 0; k < cpus.size(); k++) {
      write(k, 0xF0, 0x1FF);
    }
    return this;
  }

  /// All in x2APIC mode and software-enabled.
  ApicBench x2apic() {
    enabled();
    for (int k = 0; k < cpus.size(); k++) {
      x2apic(k);
    }
    heard.clear();
    return this;
  }

  /// The one at this place alone in x2APIC mode.
  void x2apic(int place) {
    if (!apic(place).setApicBase(apic(place).apicBase() | EXTD)) {
      throw new AssertionError("no x2APIC");
    }
  }

  void write(int cpu, int offset, long value) {
    apic(cpu).writeMmio(offset, 4, value);
  }

  int read(int cpu, int offset) {
    return (int) apic(cpu).readMmio(offset, 4);
  }

  /// RDMSR in x2APIC mode that must succeed.
  long rdmsr(int cpu, int msr) {
    if (!apic(cpu).readX2apic(msr)) {
      throw new AssertionError("#GP at MSR 0x" + Integer.toHexString(msr));
    }
    return apic(cpu).x2apicValue();
  }

  /// Lets time pass to `ns` and fires timers on the way, each at its time.
  void runTo(long ns) {
    while (queue.nextNs() <= ns) {
      position = Math.max(position, queue.nextNs());
      queue.fireDue(position);
    }
    position = ns;
  }

  List<Integer> holding(int vector) {
    var numbers = new ArrayList<Integer>();
    for (int k = 0; k < cpus.size(); k++) {
      if (apic(k).requests().irr.get(vector)) {
        numbers.add(k);
      }
    }
    return numbers;
  }

  MachineEvent.Ipi lastIpi() {
    return (MachineEvent.Ipi) heard.getLast();
  }

  @Override
  public void blockBuilt(CodeBlock block) {}

  @Override
  public void executed(int vcpu, long firstPosition, int[] entries, int count, long instructions) {}

  @Override
  public void event(MachineEvent event) {
    heard.add(event);
  }
}
