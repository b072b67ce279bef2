package dev.backstep.emulator.device;

import dev.backstep.emulator.bus.InterruptLine;
import dev.backstep.emulator.time.EventQueue;
import dev.backstep.emulator.time.VirtualClock;

/// The 8254 of a PC and the port that gates its third counter. Ports 40h to 42h counters, 43h
/// control, 61h: bit 0 gate 2, bit 1 speaker, bit 4 refresh, bit 5 OUT 2.
public final class I8254Pit implements BytePorts, Stateful {
  public static final int PORT = 0x40;
  public static final int PORTS = 4;
  public static final int SPEAKER_PORT = 0x61;
  public static final long HZ = 1_193_182;

  private static final int READ_BACK = 3;

  /// DRAM refresh requests: bit 4 of port 61h changes every 15 microseconds.
  private static final long REFRESH_NS = 15_085;

  private final VirtualClock clock;
  private final InterruptLine irq;
  private final EventQueue.Timer timer;
  private final PitCounter[] counters = {
    new PitCounter(true), new PitCounter(true), new PitCounter(false)
  };
  private int speaker;

  /// @param irq the line that OUT 0 drives: ISA IRQ 0
  public I8254Pit(VirtualClock clock, EventQueue queue, InterruptLine irq) {
    this.clock = clock;
    this.irq = irq;
    timer = queue.newTimer(this::update);
  }

  @Override
  public String name() {
    return "pit";
  }

  private long tick() {
    return clock.ticksAt(HZ);
  }

  @Override
  public int readPort(int port) {
    if (port == SPEAKER_PORT) {
      int out2 = counters[2].output(tick()) ? 1 << 5 : 0;
      int refresh = (int) (clock.nowNs() / REFRESH_NS & 1) << 4;
      return speaker | refresh | out2;
    }
    return port < PORT + 3 ? counters[port - PORT].read(tick()) : 0;
  }

  @Override
  public void writePort(int port, int value) {
    if (port == SPEAKER_PORT) {
      speaker = value & 3;
      counters[2].setGate((value & 1) != 0, tick());
      return;
    }
    if (port < PORT + 3) {
      counters[port - PORT].write(value, tick());
    } else if (value >>> 6 == READ_BACK) {
      readBack(value);
    } else if ((value >>> 4 & 3) == 0) {
      counters[value >>> 6].latchCount(tick());
    } else {
      counters[value >>> 6].writeControl(value);
    }
    update();
  }

  /// Bits 5 and 4 are active low: latch count, latch status.
  private void readBack(int value) {
    for (int k = 0; k < counters.length; k++) {
      if ((value & 2 << k) != 0) {
        if ((value & 1 << 5) == 0) {
          counters[k].latchCount(tick());
        }
        if ((value & 1 << 4) == 0) {
          counters[k].latchStatus(tick());
        }
      }
    }
  }

  private void update() {
    long tick = tick();
    if (counters[0].output(tick)) {
      irq.raise();
    } else {
      irq.lower();
    }
    long next = counters[0].nextChange(tick);
    if (next == PitCounter.NEVER) {
      timer.cancel();
    } else {
      timer.armAt(Clocks.nsOfTick(next, HZ));
    }
  }

  @Override
  public void save(StateSink state) {
    for (PitCounter counter : counters) {
      counter.save(state);
    }
    state.putInt(speaker);
    state.putLong(timer.deadlineNs());
  }
}
