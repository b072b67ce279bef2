package dev.backstep.emulator.bus;

/// The pins by which processors with CR0.NE clear report x87 exceptions to the board, FERR# and
/// IGNNE#. SDM Vol. 1 "MS-DOS Compatibility Sub-mode", Vol. 3 "Control Registers", CR0.NE.
public interface NumericErrorPins {
  /// What a waiting x87 or MMX instruction does while an exception is pending.
  enum Answer {
    /// It raises #MF as if CR0.NE were set.
    EXCEPTION,

    /// It waits for an interrupt before it is tried again.
    FREEZE,

    /// It runs: IGNNE# is asserted.
    IGNORE
  }

  /// Pins that lead nowhere: the processor freezes.
  NumericErrorPins UNCONNECTED = new Fixed(Answer.FREEZE);

  /// No pins: the processor knows #MF only.
  NumericErrorPins ABSENT = new Fixed(Answer.EXCEPTION);

  /// vCPU `number` asserts FERR#, which it had negated: an exception is pending and a waiting
  /// instruction comes.
  void errorAsserted(int number);

  /// What vCPU `number` does, whose FERR# is asserted.
  Answer answer(int number);

  /// An answer that is always the same.
  record Fixed(Answer always) implements NumericErrorPins {
    @Override
    public void errorAsserted(int number) {}

    @Override
    public Answer answer(int number) {
      return always;
    }
  }
}
