package dev.backstep.emulator.cache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.device.DmaPath.Snooping;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Random loads, stores, fences, flushes and transfers of a device, compared with [NaiveCaches].
class RandomAccessesTest {
  private static final int CPUS = 3;
  private static final int LINES = 14;
  private static final int STEPS = 6_000;

  /// Lines of one set, so that they evict each other, and a few of the next.
  private static int lineAddress(int k) {
    int set = k < 10 ? 0 : 1;
    return (k * CacheLines.SETS + set) * CacheLines.LINE_BYTES;
  }

  private final CachedRam f = new CachedRam();
  private final NaiveCaches naive = new NaiveCaches(CachedRam.BYTES, CPUS);

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void agreeWithDrawnCaches(long seed) {
    var random = new SplittableRandom(seed);
    for (int step = 0; step < STEPS; step++) {
      step(random, "seed %d step %d".formatted(seed, step));
      if (step % 16 == 0) {
        compareAll("seed %d step %d".formatted(seed, step));
      }
    }
    compareAll("seed %d at the end".formatted(seed));
  }

  private void step(SplittableRandom random, String where) {
    int cpu = random.nextInt(CPUS);
    int count = 1 << random.nextInt(4);
    int at = lineAddress(random.nextInt(LINES)) + random.nextInt(64 - count + 1);
    CacheUse use = CacheUse.values()[random.nextInt(CacheUse.values().length)];
    // Mostly one type, so that lines stay cached for a while.
    use = random.nextInt(4) == 0 ? use : CacheUse.WRITE_BACK;
    long value = random.nextLong();
    ProcessorCache own = f.cpu(cpu);
    switch (random.nextInt(24)) {
      case 0, 1, 2, 3, 4, 5, 6 -> {
        long expected = naive.load(cpu, at, count, use);
        assertEquals(expected, own.load(at, count, use), where + " load " + use);
      }
      case 7, 8, 9, 10, 11, 12 -> {
        naive.store(cpu, at, count, value, use, false);
        own.store(at, count, value, use);
      }
      case 13, 14 -> {
        naive.store(cpu, at, count, value, use, true);
        own.beginNonTemporal();
        own.store(at, count, value, use);
        own.endNonTemporal();
      }
      case 15 -> {
        naive.drain(cpu);
        own.drain("sfence");
      }
      case 16 -> {
        naive.flush(cpu, at);
        own.flush(at);
      }
      case 17 -> {
        naive.cleanLine(cpu, at);
        own.writeBack(at);
      }
      case 18, 19 -> {
        boolean snoops = random.nextBoolean();
        naive.deviceWrites(at, count, value, snoops);
        f.deviceWrites(at, value, count, snoops ? Snooping.CACHES : Snooping.NOTHING);
      }
      case 20, 21 -> {
        boolean snoops = random.nextBoolean();
        Snooping snooping = snoops ? Snooping.CACHES : Snooping.NOTHING;
        long expected = naive.deviceReads(at, count, snoops);
        assertEquals(expected, f.deviceReads(at, count, snooping), where + " device");
      }
      default -> wholeCache(random.nextInt(12), cpu);
    }
  }

  /// Seldom: they leave nothing to be compared.
  private void wholeCache(int which, int cpu) {
    switch (which) {
      case 0 -> {
        naive.wbinvd(cpu);
        f.cpu(cpu).writeBackAndInvalidateAll();
      }
      case 1 -> {
        naive.wbnoinvd(cpu);
        f.cpu(cpu).writeBackAll();
      }
      case 2 -> {
        naive.invd(cpu);
        f.cpu(cpu).invalidateAll();
      }
      default -> {
        // Nothing.
      }
    }
  }

  private void compareAll(String where) {
    for (int k = 0; k < LINES; k++) {
      int at = lineAddress(k);
      byte[] seen = new byte[64];
      MemorySegment.copy(f.ram.segment(), ValueLayout.JAVA_BYTE, at, seen, 0, 64);
      assertArrayEquals(naive.seen(at / 64), seen, where + ": what processors see at " + at);
      byte[] held = new byte[64];
      f.model.read(at, held, 0, 64, Snooping.NOTHING);
      byte[] expected = new byte[64];
      System.arraycopy(naive.memory, at, expected, 0, 64);
      assertArrayEquals(expected, held, where + ": memory at " + at);
    }
  }
}
