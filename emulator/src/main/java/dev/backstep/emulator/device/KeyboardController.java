package dev.backstep.emulator.device;

import dev.backstep.emulator.bus.InterruptLine;

/// The keyboard controller (8042) with a keyboard on which nobody types, and no mouse; the pulse
/// that resets the machine. IBM PC AT Technical Reference, "Keyboard Controller". Port 60h data,
/// 64h status and commands. The A20 gate is open and stays so.
///
/// ```
/// command byte: 6 translate | 5 mouse off | 4 keyboard off | 2 system flag | 0 interrupt
/// ```
public final class KeyboardController implements BytePorts, Stateful {
  public static final int DATA_PORT = 0x60;
  public static final int COMMAND_PORT = 0x64;

  private static final int STATUS_OUTPUT_FULL = 1;
  private static final int STATUS_SYSTEM = 1 << 2;
  private static final int STATUS_COMMAND = 1 << 3;
  private static final int STATUS_UNLOCKED = 1 << 4;

  private static final int KEYBOARD_INTERRUPT = 1;
  private static final int KEYBOARD_OFF = 1 << 4;
  private static final int MOUSE_OFF = 1 << 5;

  private static final int READ_COMMAND_BYTE = 0x20;
  private static final int WRITE_COMMAND_BYTE = 0x60;
  private static final int TURN_MOUSE_OFF = 0xA7;
  private static final int TURN_MOUSE_ON = 0xA8;
  private static final int SELF_TEST = 0xAA;
  private static final int SELF_TEST_PASSED = 0x55;
  private static final int INTERFACE_TEST = 0xAB;
  private static final int TURN_KEYBOARD_OFF = 0xAD;
  private static final int TURN_KEYBOARD_ON = 0xAE;
  private static final int READ_OUTPUT_PORT = 0xD0;
  private static final int WRITE_OUTPUT_PORT = 0xD1;
  private static final int WRITE_KEYBOARD_OUTPUT = 0xD2;
  private static final int WRITE_MOUSE_OUTPUT = 0xD3;
  private static final int WRITE_MOUSE = 0xD4;
  private static final int PULSE_RESET = 0xFE;

  /// Output port: reset line high, A20 open.
  private static final int OUTPUT_PORT = 0xCF;

  private static final int OUTPUT_NO_RESET = 1;

  private static final int NO_COMMAND = 0;

  private final MachineControl control;
  private final InterruptLine irq;
  private final Ps2Keyboard keyboard = new Ps2Keyboard();
  private int commandByte = KEYBOARD_OFF | MOUSE_OFF;
  private int pendingCommand;
  private int output;
  private boolean outputFull;
  private boolean lastWasCommand;

  public KeyboardController(MachineControl control, InterruptLine irq) {
    this.control = control;
    this.irq = irq;
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
    irq.lower();
    int value = output;
    takeFromKeyboard();
    return value;
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
    pendingCommand = NO_COMMAND;
    switch (value) {
      case READ_COMMAND_BYTE -> answer(commandByte);
      case SELF_TEST -> answer(SELF_TEST_PASSED);
      case INTERFACE_TEST -> answer(0);
      case READ_OUTPUT_PORT -> answer(OUTPUT_PORT);
      case TURN_MOUSE_OFF -> commandByte |= MOUSE_OFF;
      case TURN_MOUSE_ON -> commandByte &= ~MOUSE_OFF;
      case TURN_KEYBOARD_OFF -> commandByte |= KEYBOARD_OFF;
      case TURN_KEYBOARD_ON -> commandByte &= ~KEYBOARD_OFF;
      case PULSE_RESET -> control.reset("i8042");
      case WRITE_COMMAND_BYTE,
          WRITE_OUTPUT_PORT,
          WRITE_KEYBOARD_OUTPUT,
          WRITE_MOUSE_OUTPUT,
          WRITE_MOUSE ->
          pendingCommand = value;
      default -> {
        // Concerns what is not there.
      }
    }
    takeFromKeyboard();
  }

  private void argument(int value) {
    int command = pendingCommand;
    pendingCommand = NO_COMMAND;
    switch (command) {
      case WRITE_COMMAND_BYTE -> commandByte = value;
      case WRITE_OUTPUT_PORT -> {
        if ((value & OUTPUT_NO_RESET) == 0) {
          control.reset("i8042");
        }
      }
      case WRITE_KEYBOARD_OUTPUT -> answer(value);
      case WRITE_MOUSE_OUTPUT, WRITE_MOUSE -> {
        // There is no mouse.
      }
      default -> {
        commandByte &= ~KEYBOARD_OFF; // What is sent to the keyboard turns its interface on.
        keyboard.receive(value);
      }
    }
    takeFromKeyboard();
  }

  /// Moves a byte from the keyboard to the output buffer, if that is free.
  private void takeFromKeyboard() {
    if (outputFull || (commandByte & KEYBOARD_OFF) != 0) {
      return;
    }
    int value = keyboard.take();
    if (value != Ps2Keyboard.SILENT) {
      answer(value);
    }
  }

  private void answer(int value) {
    output = value;
    outputFull = true;
    if ((commandByte & KEYBOARD_INTERRUPT) != 0) {
      irq.raise();
    }
  }

  @Override
  public void save(StateSink state) {
    state.putInt(commandByte);
    state.putInt(pendingCommand);
    state.putInt(output);
    state.putFlag(outputFull);
    state.putFlag(lastWasCommand);
    keyboard.save(state);
  }
}
