package dev.backstep.emulator.bus;

/// A wire from a device to an interrupt controller input.
public interface InterruptLine {
  /// A line that goes nowhere.
  InterruptLine UNCONNECTED =
      new InterruptLine() {
        @Override
        public void raise() {}

        @Override
        public void lower() {}
      };

  void raise();

  void lower();

  /// A rising edge followed by a falling one.
  default void pulse() {
    raise();
    lower();
  }
}
