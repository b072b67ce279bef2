package dev.backstep.emulator.device;

import dev.backstep.emulator.bus.InterruptLine;
import dev.backstep.emulator.bus.NumericErrorPins;

/// Port F0h and the pins FERR# and IGNNE#: FERR# of the bootstrap processor raises interrupt 13; a
/// write to the port lowers that and asserts IGNNE# until FERR# is negated. Intel 82371SB data
/// sheet, "Coprocessor Error Register". Only the bootstrap processor's pins are connected:
/// MultiProcessor Specification 1.4, "Floating Point Exception Interrupt".
///
/// That FERR# was negated shows when it is asserted again; in between IGNNE# matters to nobody.
public final class CoprocessorErrorPort implements BytePorts, NumericErrorPins, Stateful {
  public static final int PORT = 0xF0;
  public static final int IRQ = 13;

  private static final int BOOTSTRAP_PROCESSOR = 0;

  private final InterruptLine line;
  private boolean asserted;
  private boolean ignored;

  public CoprocessorErrorPort(InterruptLine line) {
    this.line = line;
  }

  @Override
  public String name() {
    return "coprocessor-error";
  }

  @Override
  public int readPort(int port) {
    return 0xFF;
  }

  @Override
  public void writePort(int port, int value) {
    if (port == PORT) {
      ignored = asserted;
      line.lower();
    }
  }

  @Override
  public void errorAsserted(int number) {
    if (number == BOOTSTRAP_PROCESSOR) {
      asserted = true;
      ignored = false;
      line.raise();
    }
  }

  @Override
  public Answer answer(int number) {
    return number == BOOTSTRAP_PROCESSOR && ignored ? Answer.IGNORE : Answer.FREEZE;
  }

  @Override
  public void save(StateSink state) {
    state.putInt((asserted ? 1 : 0) | (ignored ? 2 : 0));
  }
}
