package dev.backstep.benchmarks;

import dev.backstep.emulator.input.ExternalInputs;
import dev.backstep.emulator.machine.Machine;
import dev.backstep.emulator.machine.MachineConfig;
import dev.backstep.emulator.machine.MachineConfigException;
import dev.backstep.emulator.machine.StopReason;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// Instructions a second, without a recorder: guest `compute`, which stays in its loop.
///
/// The score of `turns` is turns of the vCPU; that of `turns:instructions` is what they retired.
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(3)
public class InterpreterBenchmark {
  private static final String GUEST = "/dev/backstep/cli/guests/compute.elf";
  private static final long MEMORY_BYTES = 16 << 20;

  /// More than any run lasts: 17 instructions each.
  private static final String ITERATIONS = "1000000000000";

  /// What was retired in an iteration of the measurement.
  @State(Scope.Thread)
  @AuxCounters
  public static class Retired {
    public long instructions;
  }

  /// A machine in the guest's loop.
  @State(Scope.Thread)
  public static class Guest {
    private @Nullable Machine machine;

    @Setup(Level.Trial)
    public void powerUp() throws IOException, MachineConfigException {
      machine = new Machine(config(), new NoInputs(), bytes -> {});
    }

    @TearDown(Level.Trial)
    public void powerDown() {
      machine().close();
    }

    private Machine machine() {
      return Objects.requireNonNull(machine);
    }
  }

  @Benchmark
  public void turns(Guest guest, Retired retired) {
    Machine machine = guest.machine();
    long before = machine.position();
    StopReason stop = machine.runTurn();
    if (stop != null) {
      throw new IllegalStateException("the guest ended: " + stop);
    }
    retired.instructions += machine.position() - before;
  }

  private static MachineConfig config() throws IOException {
    return new MachineConfig(
        MEMORY_BYTES,
        1,
        "max",
        "bare-metal-intel",
        Map.of(),
        new MachineConfig.Image("compute.elf", guestFile()),
        List.of(),
        ITERATIONS,
        null,
        List.of(),
        true,
        false,
        MachineConfig.OnReset.STOP,
        MachineConfig.UNLIMITED);
  }

  private static byte[] guestFile() throws IOException {
    try (InputStream in = InterpreterBenchmark.class.getResourceAsStream(GUEST)) {
      return Objects.requireNonNull(in, GUEST).readAllBytes();
    }
  }

  /// A machine that nobody talks to.
  private static final class NoInputs implements ExternalInputs {
    @Override
    public long realTimeClockSeconds() {
      return 0;
    }

    @Override
    public long entropy() {
      return 0;
    }

    @Override
    public int consoleByte(long position) {
      return NOTHING;
    }

    @Override
    public boolean awaitConsole(long position) {
      return false;
    }
  }
}
