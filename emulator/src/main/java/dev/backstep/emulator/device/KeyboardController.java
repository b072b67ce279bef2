package dev.backstep.emulator.device;

/// The keyboard controller (8042) without keyboard and mouse: what is left is its self-test, its
/// command byte, its output port, and the pulse that resets the machine. IBM PC AT Technical
/// Reference, "Keyboard Controller". Port 60h data, 64h status and commands. The A20 gate is open
/// and stays so.
public final class KeyboardController implements BytePorts, Stateful {
  public static final int DATA_PORT = 0x60;
  public static final int COMMAND_PORT = 0x64;

  private static final int STATUS_OUTPUT_FULL = 1;
  private static final int STATUS_SYSTEM = 1 << 2;
  private static final int STATUS_COMMAND = 1 << 3;
  private static final int STATUS_UNLOCKED = 1 << 4;

  private static final int READ_COMMAND_BYTE = 0x20;
  private static final int WRITE_COMMAND_BYTE = 0x60;
  private static final int SELF_TEST = 0xAA;
  private static final int SELF_TEST_PASSED = 0x55;
  private static final int INTERFACE_TEST = 0xAB;
  private static final int READ_OUTPUT_PORT = 0xD0;
  private static final int WRITE_OUTPUT_PORT = 0xD1;
  private static final int PULSE_RESET = 0xFE;

  /// Output port: reset line high, A20 open.
  private static final int OUTPUT_PORT = 0xCF;

  private static final int OUTPUT_NO_RESET = 1;

  private final MachineControl control;
  private int commandByte = 0x30;
  private int pendingCommand;
  private int output;
  private boolean outputFull;
  private boolean lastWasCommand;

  public KeyboardController(MachineControl control) {
    this.control = control;
  }

  @Override
  public String name() {
    return "i8042";
  }

  @Override
  public int readPort(int port) {
    if (port == COMMAND_PORT) {
      return STATUS_UNLOCKED
          | STATUS_SYSTEM
          | (lastWasCommand ? STATUS_COMMAND : 0)
          | (outputFull ? STATUS_OUTPUT_FULL : 0);
    }
    if (port != DATA_PORT) {
      return 0xFF;
    }
    outputFull = false;
    return output;
  }

  @Override
  public void writePort(int port, int value) {
    if (port == COMMAND_PORT) {
      lastWasCommand = true;
      command(value);
    } else if (port == DATA_PORT) {
      lastWasCommand = false;
      argument(value);
    }
  }

  private void command(int value) {
    pendingCommand = value;
    switch (value) {
      case READ_COMMAND_BYTE -> answer(commandByte);
      case SELF_TEST -> answer(SELF_TEST_PASSED);
      case INTERFACE_TEST -> answer(0);
      case READ_OUTPUT_PORT -> answer(OUTPUT_PORT);
      case PULSE_RESET -> control.reset("i8042");
      default -> {
        // Takes its argument from the data port, or concerns devices that are not there.
      }
    }
  }

  private void argument(int value) {
    if (pendingCommand == WRITE_COMMAND_BYTE) {
      commandByte = value;
    } else if (pendingCommand == WRITE_OUTPUT_PORT && (value & OUTPUT_NO_RESET) == 0) {
      control.reset("i8042");
    }
    pendingCommand = 0;
  }

  private void answer(int value) {
    output = value;
    outputFull = true;
  }

  @Override
  public void save(StateSink state) {
    state.putInt(commandByte);
    state.putInt(pendingCommand);
    state.putInt(output);
    state.putFlag(outputFull);
    state.putFlag(lastWasCommand);
  }
}
