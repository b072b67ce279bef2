package dev.backstep.emulator.interrupt;

/// The 8259 pair as the LINT0 pins see it: SDM Vol. 3 "Local Interrupts and ExtINT delivery".
public interface ExternalInterruptController {
  /// Whether INTR is high.
  boolean isRequesting();

  /// Runs the interrupt-acknowledge cycle: the vector, spurious if the request has vanished.
  int acknowledge();

  /// The IRQ that the last acknowledge cycle took, 0 to 15.
  int acknowledgedIrq();
}
