package dev.backstep.emulator.device;

/// A keyboard on which nobody types: it answers commands. IBM PS/2 Hardware Interface Technical
/// Reference, "Keyboard and Auxiliary Device Controller".
final class Ps2Keyboard implements Stateful {
  /// No byte to send.
  static final int SILENT = -1;

  private static final int ACKNOWLEDGE = 0xFA;
  private static final int RESEND = 0xFE;
  private static final int SELF_TEST_PASSED = 0xAA;
  private static final int ECHO = 0xEE;
  private static final int FIRST_ID_BYTE = 0xAB;

  /// 83h, as the controller's translation shows it.
  private static final int SECOND_ID_BYTE = 0x41;

  private static final int SET_INDICATORS = 0xED;
  private static final int SELECT_SCAN_CODES = 0xF0;
  private static final int IDENTIFY = 0xF2;
  private static final int SET_TYPEMATIC = 0xF3;
  private static final int ENABLE = 0xF4;
  private static final int DISABLE = 0xF5;
  private static final int SET_DEFAULTS = 0xF6;
  private static final int RESET = 0xFF;
  private static final int MOST_REPLIES = 16;

  /// Replies that wait to be taken, the first in byte 0.
  private final int[] replies = new int[MOST_REPLIES];

  private int count;
  private boolean awaitsArgument;

  /// Takes a byte from the controller.
  void receive(int value) {
    if (awaitsArgument && value < SET_INDICATORS) {
      awaitsArgument = false;
      reply(ACKNOWLEDGE);
      return;
    }
    awaitsArgument = false;
    switch (value) {
      case SET_INDICATORS, SELECT_SCAN_CODES, SET_TYPEMATIC -> {
        awaitsArgument = true;
        reply(ACKNOWLEDGE);
      }
      case ECHO -> reply(ECHO);
      case IDENTIFY -> {
        reply(ACKNOWLEDGE);
        reply(FIRST_ID_BYTE);
        reply(SECOND_ID_BYTE);
      }
      case ENABLE, DISABLE, SET_DEFAULTS -> reply(ACKNOWLEDGE);
      case RESET -> {
        count = 0;
        reply(ACKNOWLEDGE);
        reply(SELF_TEST_PASSED);
      }
      default -> reply(RESEND);
    }
  }

  private void reply(int value) {
    if (count < MOST_REPLIES) {
      replies[count++] = value;
    }
  }

  /// The next byte to the controller, or [#SILENT].
  int take() {
    if (count == 0) {
      return SILENT;
    }
    int first = replies[0];
    count--;
    System.arraycopy(replies, 1, replies, 0, count);
    return first;
  }

  @Override
  public void save(StateSink state) {
    state.putInt(count);
    for (int k = 0; k < count; k++) {
      state.putInt(replies[k]);
    }
    state.putFlag(awaitsArgument);
  }
}
