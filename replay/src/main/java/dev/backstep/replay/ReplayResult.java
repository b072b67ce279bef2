package dev.backstep.replay;

import java.util.List;

/// How a replay ended.
public sealed interface ReplayResult {
  /// Every fact that was journaled happened again.
  ///
  /// @param position instructions compared
  /// @param events events compared
  /// @param wholeRun false if the trace is incomplete: what it holds is identical
  record Identical(long position, long events, boolean wholeRun) implements ReplayResult {}

  /// The first fact that did not.
  ///
  /// @param position instructions that agreed
  /// @param vcpu which vCPU was running
  /// @param fact what kind of fact differs: one of the constants below
  /// @param expected as journaled, one line
  /// @param found as re-executed, one line
  /// @param before the last instructions that agreed, oldest first, a line each
  record Diverged(
      long position, int vcpu, String fact, String expected, String found, List<String> before)
      implements ReplayResult {
    public static final String INSTRUCTION = "instruction";
    public static final String CODE = "code";
    public static final String TURN = "turn";
    public static final String EVENT = "event";
    public static final String INPUT = "input";
    public static final String REGISTERS = "registers";
    public static final String MEMORY = "memory";
    public static final String END = "end";

    public Diverged {
      before = List.copyOf(before);
    }
  }
}
