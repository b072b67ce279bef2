package dev.backstep.replay;

import dev.backstep.recorder.RecordSession;
import java.nio.file.Path;

/// A recorder that records a guest until it is killed. It says so when the guest starts.
final class KilledRecorder {
  private KilledRecorder() {}

  /// @param arguments the trace's folder and the number of vCPUs
  public static void main(String[] arguments) throws Exception {
    GuestRun run =
        GuestRun.builtIn("sieve").withCpus(Integer.parseInt(arguments[1])).withArguments("1000000");
    try (RecordSession session =
        RecordSession.create(
            Path.of(arguments[0]),
            run.manifest(),
            run.config(),
            ScriptedInputs.none(),
            bytes -> {})) {
      System.out.println("recording");
      session.run();
    }
  }
}
