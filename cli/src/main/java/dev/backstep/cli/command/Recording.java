package dev.backstep.cli.command;

import dev.backstep.emulator.machine.MachineConfig;
import dev.backstep.emulator.machine.MachineConfigException;
import dev.backstep.emulator.machine.StopReason;
import dev.backstep.proto.v1.Manifest;
import dev.backstep.recorder.ControlScript;
import dev.backstep.recorder.RecordSession;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;

/// One recording from start to end, with its progress display: what `record`, `demo` and
/// `backstep-qemu` share.
///
/// @param folder where the trace goes
/// @param manifest what the trace says about its images and command line
/// @param errors standard error
record Recording(Path folder, Manifest manifest, PrintWriter errors) {
  /// @param script requests to the hypervisor
  /// @param stats whether to print figures at the end
  /// @return the exit status
  int run(MachineConfig config, ConsoleOptions.Console console, ControlScript script, boolean stats)
      throws IOException, MachineConfigException {
    try (RecordSession session =
        RecordSession.create(
            folder, manifest, config, console.inputs(), console.output(), script)) {
      long start = System.nanoTime();
      StopReason reason;
      try (Interruption _ = Interruption.of(session.machine());
          Progress _ = Progress.show(session.machine(), session::journalBytes)) {
        reason = session.run();
      }
      RunReport report = RunReport.of(session.machine(), reason, System.nanoTime() - start);
      RunReport.printUnmade(script, errors);
      int status = report.print(stats, errors);
      if (stats) {
        errors.printf(
            Locale.ROOT,
            "journal: %d bytes, %.4f bytes per instruction%n",
            session.journalBytes(),
            session.journalBytes() / (double) Math.max(1, report.instructions()));
      }
      return status;
    }
  }
}
