package dev.backstep.emulator.interrupt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.bus.InterruptLine;
import dev.backstep.emulator.device.StateSink;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Whatever a guest writes to its interrupt controllers: no exception, no illegal vector in an IRR,
/// and the same outcome each time.
class HostileGuestTest {
  private static final long SEED = 20261122;
  private static final int CPUS = 5;
  private static final int STEPS = 50_000;

  private final Random random = new Random(SEED);
  private final ApicBench bench = new ApicBench(CPUS).enabled();
  private final PicPair pics = new PicPair(bench.router);
  private final IoApic ioApic = new IoApic(bench.router);
  private final List<InterruptLine> lines = new ArrayList<>();
  private final ByteArrayOutputStream outcome = new ByteArrayOutputStream();

  HostileGuestTest() {
    bench.router.connectExternalController(pics);
    bench.events.connect(null);
    var wiring = new PcInterruptWiring(pics, ioApic);
    for (int k = 0; k < PcInterruptWiring.LINES; k++) {
      lines.add(wiring.connect(k));
    }
  }

  @Test
  void randomAccessesEndureAndRepeat() {
    byte[] first = new HostileGuestTest().run();
    assertArrayEquals(first, new HostileGuestTest().run(), "seed " + SEED);
  }

  private byte[] run() {
    for (int step = 0; step < STEPS; step++) {
      Lapic apic = bench.apic(random.nextInt(CPUS));
      step(apic);
      if (step % 16 == 0) {
        acknowledge(apic);
      }
      bench.position += random.nextInt(100);
      bench.queue.fireDue(bench.position);
      for (FakeCpu cpu : bench.cpus) {
        cpu.signals.clear();
      }
    }
    var sink = new ByteSink(outcome);
    for (int k = 0; k < CPUS; k++) {
      bench.apic(k).save(sink);
      for (int vector = 0; vector < 16; vector++) {
        assertFalse(bench.apic(k).requests().irr.get(vector));
      }
    }
    pics.save(sink);
    ioApic.save(sink);
    return outcome.toByteArray();
  }

  private void step(Lapic apic) {
    switch (random.nextInt(9)) {
      case 0, 1 -> apic.writeMmio(register(), 4, random.nextInt());
      case 2 -> outcome.write((int) apic.readMmio(random.nextInt(4096), 1 << random.nextInt(4)));
      case 3 -> apic.writeX2apic(0x800 + random.nextInt(0x40), random.nextInt() & 0x7_FFFFL);
      case 4 -> outcome.write(apic.readX2apic(0x800 + random.nextInt(0x100)) ? 1 : 0);
      case 5 -> ioApic.write(random.nextInt(5) << 4, 4, random.nextInt());
      case 6 ->
          pics.write((random.nextInt(2) << 7 | 0x20) + random.nextInt(2), 1, random.nextInt());
      case 7 -> {
        InterruptLine line = lines.get(random.nextInt(lines.size()));
        if (random.nextBoolean()) {
          line.raise();
        } else {
          line.lower();
        }
      }
      default -> rare(apic);
    }
  }

  private void rare(Lapic apic) {
    switch (random.nextInt(40)) {
      case 0 -> apic.setApicBase(ApicBench.PAGE | random.nextInt(16) << 8);
      case 1 -> apic.init();
      case 2 -> apic.setTscDeadline(bench.clock.tscTicks() + random.nextInt(10_000));
      case 3 -> apic.tscOffsetChanged(random.nextInt());
      case 4 -> apic.setTaskPriorityClass(random.nextInt(16));
      default -> apic.writeMmio(0xF0, 4, 0x1FF);
    }
  }

  private int register() {
    return random.nextInt(0x40) << 4;
  }

  private void acknowledge(Lapic apic) {
    if (apic.hasDeliverable()) {
      int vector = apic.acknowledge();
      assertTrue(vector >= 0 && vector <= 0xFF, () -> "vector " + vector);
      outcome.write(vector);
    }
  }

  private record ByteSink(ByteArrayOutputStream out) implements StateSink {
    @Override
    public void putInt(int value) {
      out.writeBytes(ByteBuffer.allocate(4).putInt(value).array());
    }

    @Override
    public void putLong(long value) {
      out.writeBytes(ByteBuffer.allocate(8).putLong(value).array());
    }

    @Override
    public void putBytes(byte[] values) {
      out.writeBytes(values);
    }
  }
}
