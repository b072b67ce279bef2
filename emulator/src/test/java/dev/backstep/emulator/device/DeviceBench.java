package dev.backstep.emulator.device;

import dev.backstep.emulator.bus.InterruptLine;
import dev.backstep.emulator.execution.CodeBlock;
import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.listen.ExecutionListener;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.time.EventQueue;
import dev.backstep.emulator.time.VirtualClock;
import java.util.ArrayList;
import java.util.List;

/// What devices are connected to, with time that stands still until a test moves it.
public final class DeviceBench implements ExecutionListener, MachineControl {
  long position;
  public final VirtualClock clock = new VirtualClock(() -> position);
  public final EventQueue queue = new EventQueue();
  final EventPort events = new EventPort();
  public final List<MachineEvent> heard = new ArrayList<>();
  public final List<String> requests = new ArrayList<>();
  final StringBuilder printed = new StringBuilder();
  final Line line = new Line();

  public DeviceBench() {
    events.connect(this);
  }

  /// An interrupt line that counts its rising edges.
  public static final class Line implements InterruptLine {
    public boolean high;
    public int edges;

    @Override
    public void raise() {
      if (!high) {
        edges++;
      }
      high = true;
    }

    @Override
    public void lower() {
      high = false;
    }
  }

  MachineEvent.At at() {
    return new MachineEvent.At(position, 0, 0, clock.nowNs());
  }

  /// Lets time pass to `ns` and fires timers on the way, each at its time.
  void runTo(long ns) {
    while (queue.nextNs() <= ns) {
      position = Math.max(position, queue.nextNs());
      queue.fireDue(position);
    }
    position = ns;
  }

  Uart16550 uart() {
    return new Uart16550(
        "com1", line, octet -> printed.append((char) octet), clock, queue, events, this::at);
  }

  @Override
  public void blockBuilt(CodeBlock block) {}

  @Override
  public void executed(int vcpu, long firstPosition, int[] entries, int count, long instructions) {}

  @Override
  public void event(MachineEvent event) {
    heard.add(event);
  }

  @Override
  public void powerOff(String source) {
    requests.add("off " + source);
  }

  @Override
  public void reset(String source) {
    requests.add("reset " + source);
  }

  @Override
  public void debugExit(int value) {
    requests.add("exit " + value);
  }
}
