package dev.backstep.emulator.interrupt;

import dev.backstep.emulator.device.StateSink;

/// One programmable interrupt controller. Intel 8259A data sheet; names of command words as there.
///
/// An edge stays latched in the IRR until it is acknowledged, even if the line falls before: as PC
/// chipsets' cores do it, and hypervisors.
final class Pic8259 {
  static final int NONE = -1;

  private static final int SPURIOUS_IRQ = 7;
  private static final int ICW1 = 1 << 4;
  private static final int ICW1_ICW4_NEEDED = 1;
  private static final int ICW1_SINGLE = 1 << 1;
  private static final int ICW1_LEVEL = 1 << 3;
  private static final int ICW4_AUTO_EOI = 1 << 1;
  private static final int ICW4_SPECIAL_FULLY_NESTED = 1 << 4;
  private static final int OCW3 = 1 << 3;

  private static final int ICW2_NEXT = 2;
  private static final int ICW3_NEXT = 3;
  private static final int ICW4_NEXT = 4;

  /// The input that another controller hangs on, or [#NONE].
  private final int cascadeInput;

  private final int levelWritable;

  private int lines;
  private int requests;
  private int inService;
  private int masked;
  private int level;
  private boolean allLevel;
  private int vectorBase;

  /// 0, or the number of the initialisation command word that comes next.
  private int expectedIcw;

  private int icw1;
  private boolean autoEoi;
  private boolean rotateOnAutoEoi;
  private boolean specialFullyNested;
  private boolean specialMask;
  private boolean readsInService;
  private boolean polling;
  private int lowestPriority = SPURIOUS_IRQ;

  /// @param cascadeInput the input of the other controller, or NONE
  /// @param levelWritable which bits of the edge/level register exist
  Pic8259(int cascadeInput, int levelWritable) {
    this.cascadeInput = cascadeInput;
    this.levelWritable = levelWritable;
  }

  void setLine(int input, int high) {
    int bit = 1 << input;
    boolean rises = high != 0 && (lines & bit) == 0;
    lines = high != 0 ? lines | bit : lines & ~bit;
    if (isLevel(bit)) {
      requests = high != 0 ? requests | bit : requests & ~bit;
    } else if (rises) {
      requests |= bit;
    } else if (high == 0 && input == cascadeInput) {
      // What the other controller no longer wants is not remembered.
      requests &= ~bit;
    }
  }

  private boolean isLevel(int bit) {
    return allLevel || (level & bit) != 0;
  }

  /// The input to be served next, or [#NONE]: the highest request that is not masked, if nothing of
  /// its priority or above is in service.
  int pending() {
    int open = requests & ~masked;
    if (open == 0) {
      return NONE;
    }
    int blocking = specialMask ? inService & ~masked : inService;
    if (specialFullyNested && cascadeInput != NONE) {
      blocking &= ~(1 << cascadeInput);
    }
    int request = priorityOf(open);
    return blocking == 0 || request < priorityOf(blocking) ? inputAt(request) : NONE;
  }

  /// The priority of the highest of the inputs in `set`: 0 is highest.
  private int priorityOf(int set) {
    int first = lowestPriority + 1 & 7;
    int rotated = (set >>> first | set << 8 - first) & 0xFF;
    return Integer.numberOfTrailingZeros(rotated);
  }

  private int inputAt(int priority) {
    return priority + lowestPriority + 1 & 7;
  }

  /// The acknowledge cycle: the input that is served, or 7 if the request vanished (a spurious
  /// interrupt, which sets no ISR bit).
  int acknowledge() {
    int input = pending();
    if (input == NONE) {
      return SPURIOUS_IRQ;
    }
    int bit = 1 << input;
    if (!isLevel(bit)) {
      requests &= ~bit;
    }
    if (!autoEoi) {
      inService |= bit;
    } else if (rotateOnAutoEoi) {
      lowestPriority = input;
    }
    return input;
  }

  int vectorOf(int input) {
    return vectorBase | input;
  }

  int readCommand() {
    if (polling) {
      return poll();
    }
    return readsInService ? inService : requests;
  }

  int readMask() {
    return polling ? poll() : masked;
  }

  /// OCW3's poll: the next read acknowledges and tells which input it was.
  private int poll() {
    polling = false;
    boolean any = pending() != NONE;
    int input = acknowledge();
    return any ? 0x80 | input : 0;
  }

  void writeCommand(int value) {
    if ((value & ICW1) != 0) {
      initialise(value);
    } else if ((value & OCW3) != 0) {
      writeOcw3(value);
    } else {
      writeOcw2(value);
    }
  }

  private void initialise(int value) {
    icw1 = value;
    expectedIcw = ICW2_NEXT;
    allLevel = (value & ICW1_LEVEL) != 0;
    masked = 0;
    inService = 0;
    // "The edge sense circuit is reset": lines that are high need a new edge.
    requests = 0;
    for (int input = 0; input < 8; input++) {
      if (isLevel(1 << input)) {
        requests |= lines & 1 << input;
      }
    }
    lowestPriority = SPURIOUS_IRQ;
    specialMask = false;
    readsInService = false;
    polling = false;
    autoEoi = false;
    rotateOnAutoEoi = false;
    specialFullyNested = false;
  }

  private void writeOcw3(int value) {
    polling = (value & 4) != 0;
    if ((value & 2) != 0) {
      readsInService = (value & 1) != 0;
    }
    if ((value & 0x40) != 0) {
      specialMask = (value & 0x20) != 0;
    }
  }

  private void writeOcw2(int value) {
    int input = value & 7;
    switch (value >>> 5) {
      case 0 -> rotateOnAutoEoi = false;
      case 1 -> endHighest();
      case 3 -> inService &= ~(1 << input);
      case 4 -> rotateOnAutoEoi = true;
      case 5 -> {
        int ended = endHighest();
        if (ended != NONE) {
          lowestPriority = ended;
        }
      }
      case 6 -> lowestPriority = input;
      case 7 -> {
        inService &= ~(1 << input);
        lowestPriority = input;
      }
      default -> {
        // 2: no operation.
      }
    }
  }

  private int endHighest() {
    int served = specialMask ? inService & ~masked : inService;
    if (served == 0) {
      return NONE;
    }
    int input = inputAt(priorityOf(served));
    inService &= ~(1 << input);
    return input;
  }

  void writeMask(int value) {
    switch (expectedIcw) {
      case ICW2_NEXT -> {
        vectorBase = value & 0xF8;
        expectedIcw = (icw1 & ICW1_SINGLE) == 0 ? ICW3_NEXT : afterIcw3();
      }
      case ICW3_NEXT -> expectedIcw = afterIcw3();
      case ICW4_NEXT -> {
        autoEoi = (value & ICW4_AUTO_EOI) != 0;
        specialFullyNested = (value & ICW4_SPECIAL_FULLY_NESTED) != 0;
        expectedIcw = 0;
      }
      default -> masked = value;
    }
  }

  private int afterIcw3() {
    return (icw1 & ICW1_ICW4_NEEDED) == 0 ? 0 : ICW4_NEXT;
  }

  int levelRegister() {
    return level;
  }

  void writeLevelRegister(int value) {
    level = value & levelWritable;
  }

  void save(StateSink sink) {
    sink.putInt(lines);
    sink.putInt(requests);
    sink.putInt(inService);
    sink.putInt(masked);
    sink.putInt(level);
    sink.putFlag(allLevel);
    sink.putInt(vectorBase);
    sink.putInt(expectedIcw);
    sink.putInt(icw1);
    sink.putFlag(autoEoi);
    sink.putFlag(rotateOnAutoEoi);
    sink.putFlag(specialFullyNested);
    sink.putFlag(specialMask);
    sink.putFlag(readsInService);
    sink.putFlag(polling);
    sink.putInt(lowestPriority);
  }
}
