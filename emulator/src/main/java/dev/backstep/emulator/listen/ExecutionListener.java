package dev.backstep.emulator.listen;

import dev.backstep.emulator.execution.CodeBlock;

/// Hears what a machine executes. Calls come on the machine's thread, in the order of execution.
public interface ExecutionListener {
  /// Most entries in one call of [#executed].
  int MOST_ENTRIES = 1 << 14;

  /// A block was decoded and got its number; called before the number's first use in a sequence.
  /// Not called again when the same block (mode, address, bytes) comes back after it was
  /// overwritten.
  void blockBuilt(CodeBlock block);

  /// One vCPU's turn, or a part of it, is over. A part may hold no entries: much happened to the
  /// vCPU and nothing was retired.
  ///
  /// An entry `e >= 0` is the number of a block that ran to its end; an entry `~k < 0` follows the
  /// number of a block that was left after its first `k` instructions, `0 <= k < n`. The machine's
  /// state is consistent during the call: digests may be taken.
  ///
  /// @param vcpu whose turn
  /// @param firstPosition instructions the machine had retired before the first one of this call
  /// @param entries the sequence; reused after the call
  /// @param count entries that count
  /// @param instructions how many instructions they retired
  void executed(int vcpu, long firstPosition, int[] entries, int count, long instructions);

  /// An event happened. Its position lies within the sequence that the next [#executed] reports, or
  /// at its end.
  void event(MachineEvent event);
}
