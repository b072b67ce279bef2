package dev.backstep.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.machine.StopReason;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.journal.TraceVerifier;
import dev.backstep.proto.v1.End;
import dev.backstep.proto.v1.KindCount;
import dev.backstep.replay.listing.TraceListing;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Every built-in guest: recorded twice, replayed, listed.
class GuestRoundTripTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "compute, 20000",
    "faults, ''",
    "paging32, ''",
    "protection, ''",
    "real, ''",
    "smc, ''",
    "tally, ''",
    "tour, ''",
    "uptime, ''"
  })
  void everyGuestReplaysIdentically(String name, String arguments) throws Exception {
    GuestRun run = GuestRun.builtIn(name).withArguments(arguments);
    check(run);
    check(run.withCpus(2).on("kvm-intel"));
  }

  /// Caches are transparent to whoever has no device behind them.
  @ParameterizedTest
  @CsvSource({"faults, 1", "paging32, 1", "protection, 1", "smc, 1", "tally, 4", "tour, 2"})
  void everyGuestDoesTheSameWithCachesModelled(String name, int cpus) throws Exception {
    GuestRun run = GuestRun.builtIn(name).withCpus(cpus);
    Path plain = folder.resolve(name + "-plain");
    run.record(plain);
    Path cached = folder.resolve(name + "-cached");
    assertEquals(new StopReason.DebugExit(0), run.withCaches().record(cached));
    assertEquals(end(plain).getFinalPosition(), end(cached).getFinalPosition());
    GuestRun.replayIdentically(cached);
  }

  @Tag("heavy")
  @ParameterizedTest
  @CsvSource({
    "compute, 20000",
    "faults, ''",
    "paging32, ''",
    "protection, ''",
    "real, ''",
    "sieve, 1",
    "smc, ''",
    "tally, ''",
    "tour, ''",
    "uptime, ''"
  })
  void everyGuestReplaysIdenticallyOnEveryPlatform(String name, String arguments) throws Exception {
    for (String platform :
        new String[] {"bare-metal-intel", "bare-metal-amd", "kvm-intel", "kvm-amd"}) {
      for (int cpus : new int[] {1, 2, 8}) {
        check(GuestRun.builtIn(name).withArguments(arguments).on(platform).withCpus(cpus));
      }
    }
  }

  private void check(GuestRun run) throws Exception {
    String name = run.kernel().getFileName() + "-" + run.cpus() + "-" + run.platform();
    Path first = folder.resolve(name + "-1");
    Path second = folder.resolve(name + "-2");
    StopReason reason = run.record(first);
    assertEquals(new StopReason.DebugExit(0), reason, name);
    run.record(second);
    End end = end(first);
    assertEquals(end.getFinalPosition(), end(second).getFinalPosition(), name);
    assertEquals(end.getFinalDigest(), end(second).getFinalDigest(), name);
    assertEquals(end, end(second), name);

    ReplayResult.Identical identical = GuestRun.replayIdentically(first);
    assertEquals(end.getFinalPosition(), identical.position());
    assertTrue(identical.wholeRun());
    assertEquals(
        end.getKindCountsList().stream().mapToLong(KindCount::getCount).sum(), identical.events());
    assertListsEverything(first, end.getFinalPosition());
  }

  private static End end(Path trace) throws IOException {
    try (TraceReader reader = TraceReader.open(trace)) {
      assertTrue(TraceVerifier.verify(reader).complete());
      return reader.manifest().getEnd();
    }
  }

  private static void assertListsEverything(Path trace, long instructions) throws IOException {
    long[] next = {0};
    try (TraceReader reader = TraceReader.open(trace)) {
      new TraceListing(reader)
          .from(
              0,
              i -> {
                if (i.position() != next[0]) {
                  throw new IOException(i.position() + " follows " + (next[0] - 1));
                }
                next[0]++;
                return true;
              });
    }
    assertEquals(instructions, next[0]);
  }
}
