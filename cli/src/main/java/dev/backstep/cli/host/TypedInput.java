package dev.backstep.cli.host;

/// A source of console bytes.
public interface TypedInput {
  /// No byte is there yet.
  int NOTHING = -1;

  /// The next byte for the guest, or [#NOTHING].
  int poll(long position);

  /// Waits until [#poll] has a byte.
  ///
  /// @return false if it never will
  boolean await(long position);
}
