package dev.backstep.replay;

import com.google.protobuf.ByteString;
import dev.backstep.emulator.input.ExternalInputs;
import dev.backstep.emulator.machine.MachineConfig;
import dev.backstep.emulator.machine.MachineConfig.DeviceConfig;
import dev.backstep.emulator.machine.MachineConfigException;
import dev.backstep.emulator.machine.StopReason;
import dev.backstep.proto.journal.FileDigest;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.v1.Image;
import dev.backstep.proto.v1.Manifest;
import dev.backstep.recorder.ControlScript;
import dev.backstep.recorder.RecordSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// A guest and the machine it runs on, to be recorded.
///
/// @param kernel its file
/// @param cpus number of vCPUs
/// @param platform name of the platform
/// @param append its arguments
/// @param hasCacheModel whether caches are modelled
/// @param onReset what a reset does
/// @param maxInstructions where the run ends at the latest
record GuestRun(
    Path kernel,
    int cpus,
    String platform,
    String append,
    boolean hasCacheModel,
    MachineConfig.OnReset onReset,
    long maxInstructions) {
  private static final Path BUILT_IN = Path.of("../cli/src/main/resources/dev/backstep/cli/guests");
  private static final long MEMORY = 32 << 20;

  /// A built-in guest on one vCPU of bare metal.
  static GuestRun builtIn(String name) {
    return of(BUILT_IN.resolve(name + ".elf"));
  }

  static GuestRun of(Path kernel) {
    return new GuestRun(
        kernel,
        1,
        "bare-metal-intel",
        "",
        false,
        MachineConfig.OnReset.STOP,
        MachineConfig.UNLIMITED);
  }

  GuestRun withCpus(int count) {
    return new GuestRun(kernel, count, platform, append, hasCacheModel, onReset, maxInstructions);
  }

  GuestRun on(String newPlatform) {
    return new GuestRun(kernel, cpus, newPlatform, append, hasCacheModel, onReset, maxInstructions);
  }

  GuestRun withArguments(String arguments) {
    return new GuestRun(kernel, cpus, platform, arguments, hasCacheModel, onReset, maxInstructions);
  }

  GuestRun withCaches() {
    return new GuestRun(kernel, cpus, platform, append, true, onReset, maxInstructions);
  }

  GuestRun restarting() {
    return new GuestRun(
        kernel,
        cpus,
        platform,
        append,
        hasCacheModel,
        MachineConfig.OnReset.RESTART,
        maxInstructions);
  }

  GuestRun upTo(long position) {
    return new GuestRun(kernel, cpus, platform, append, hasCacheModel, onReset, position);
  }

  MachineConfig config() throws IOException {
    return new MachineConfig(
        MEMORY,
        cpus,
        "max",
        platform,
        Map.of(),
        new MachineConfig.Image(String.valueOf(kernel.getFileName()), Files.readAllBytes(kernel)),
        List.of(),
        append,
        null,
        List.of(new DeviceConfig("isa-debug-exit", Map.of("iobase", "0xf4", "iosize", "4"))),
        true,
        hasCacheModel,
        onReset,
        maxInstructions);
  }

  Manifest manifest() throws IOException {
    return Manifest.newBuilder()
        .setBackstepVersion("test")
        .addImages(
            Image.newBuilder()
                .setRole("kernel")
                .setPath(kernel.toAbsolutePath().toString())
                .setSize(Files.size(kernel))
                .setSha256(ByteString.copyFrom(FileDigest.sha256(kernel))))
        .build();
  }

  /// Records the run into `trace`.
  StopReason record(Path trace, ExternalInputs inputs) throws IOException, MachineConfigException {
    return record(trace, inputs, ControlScript.none());
  }

  /// The same with requests to the hypervisor.
  StopReason record(Path trace, ExternalInputs inputs, ControlScript script)
      throws IOException, MachineConfigException {
    try (RecordSession session =
        RecordSession.create(trace, manifest(), config(), inputs, bytes -> {}, script)) {
      return session.run();
    }
  }

  StopReason record(Path trace) throws IOException, MachineConfigException {
    return record(trace, ScriptedInputs.none());
  }

  /// Replays `trace`.
  static ReplayResult replay(Path trace) throws IOException, ReplayException {
    try (TraceReader reader = TraceReader.open(trace);
        ReplaySession session = new ReplaySession(reader, bytes -> {})) {
      return session.run();
    }
  }

  /// Replays `trace`, which must be identical, and shows the divergence if it is not.
  static ReplayResult.Identical replayIdentically(Path trace) throws IOException, ReplayException {
    return switch (replay(trace)) {
      case ReplayResult.Identical identical -> identical;
      case ReplayResult.Diverged d ->
          throw new AssertionError(d + System.lineSeparator() + String.join("\n", d.before()));
    };
  }
}
