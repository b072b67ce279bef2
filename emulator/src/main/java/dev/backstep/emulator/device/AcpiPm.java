package dev.backstep.emulator.device;

import dev.backstep.emulator.bus.InterruptLine;
import dev.backstep.emulator.bus.PortDevice;
import dev.backstep.emulator.time.EventQueue;
import dev.backstep.emulator.time.VirtualClock;

/// Power management of the PIIX4: event and control registers, the 24-bit timer, the SMI command
/// port. ACPI Specification 3.0 "ACPI Hardware Specification"; Intel 82371AB data sheet.
///
/// ```
/// +0 PM1_STS 16 | +2 PM1_EN 16 | +4 PM1_CNT 16 | +8 PM_TMR 32 | ports B2h SMI command, B3h status
/// ```
///
/// The PCI function says where the [#PORTS] ports are: a multiple of as many, [#BASE_PORT] as a
/// rule.
public final class AcpiPm implements PortDevice, Stateful {
  public static final int BASE_PORT = 0x600;
  public static final int PORTS = 64;
  public static final int SMI_COMMAND_PORT = 0xB2;
  public static final int SMI_PORTS = 2;

  /// Written to the SMI command port, they switch ACPI mode on and off.
  public static final int ENABLE_COMMAND = 0xF1;

  public static final int DISABLE_COMMAND = 0xF0;
  public static final long TIMER_HZ = 3_579_545;

  private static final int EVENT = 0;
  private static final int CONTROL = 4;
  private static final int TIMER = 8;
  public static final int EVENT_PORT = BASE_PORT + EVENT;
  public static final int CONTROL_PORT = BASE_PORT + CONTROL;
  public static final int TIMER_PORT = BASE_PORT + TIMER;

  private static final int STATUS_TIMER = 1;
  private static final int STATUS_WRITABLE = 0x8F31;
  private static final int ENABLE_WRITABLE = 0x0721;
  private static final int CONTROL_SCI_ENABLE = 1;
  private static final int CONTROL_SLEEP_TYPE_SHIFT = 10;
  private static final int CONTROL_SLEEP_ENABLE = 1 << 13;
  private static final int SLEEP_TYPE_SOFT_OFF = 0;
  private static final int TIMER_MASK = 0xFF_FFFF;

  /// The timer's status bit is set each time its bit 23 changes.
  private static final long HALF_WRAP = 1 << 23;

  private final VirtualClock clock;
  private final InterruptLine sci;
  private final MachineControl control;
  private final EventQueue.Timer overflow;

  private int status;
  private int enable;
  private int controlRegister;
  private int smiCommand;
  private int smiStatus;

  /// The half period, counted from power-up, that the status bit has seen.
  private long halfWrapsSeen;

  public AcpiPm(VirtualClock clock, EventQueue queue, InterruptLine sci, MachineControl control) {
    this.clock = clock;
    this.sci = sci;
    this.control = control;
    overflow = queue.newTimer(this::update);
    halfWrapsSeen = clock.ticksAt(TIMER_HZ) / HALF_WRAP;
  }

  @Override
  public String name() {
    return "acpi-pm";
  }

  @Override
  public int read(int port, int bytes) {
    int value = 0;
    for (int k = 0; k < bytes; k++) {
      value |= (register(port + k & ~3) >>> 8 * (port + k & 3) & 0xFF) << 8 * k;
    }
    return value;
  }

  /// The 32-bit register that starts at `port`.
  private int register(int port) {
    if (port == (SMI_COMMAND_PORT & ~3)) {
      return (smiCommand | smiStatus << 8) << 16;
    }
    return switch (port & PORTS - 1) {
      case EVENT -> {
        update();
        yield status | enable << 16;
      }
      case CONTROL -> controlRegister;
      case TIMER -> (int) clock.ticksAt(TIMER_HZ) & TIMER_MASK;
      default -> 0;
    };
  }

  @Override
  public void write(int port, int bytes, int value) {
    for (int k = 0; k < bytes; k++) {
      int octet = value >>> 8 * k & 0xFF;
      switch (port + k) {
        case SMI_COMMAND_PORT -> command(octet);
        case SMI_COMMAND_PORT + 1 -> smiStatus = octet;
        default -> writeOctet(port + k & PORTS - 1, octet);
      }
    }
    update();
  }

  private void writeOctet(int offset, int octet) {
    switch (offset) {
      case EVENT -> clearStatus(octet);
      case EVENT + 1 -> clearStatus(octet << 8);
      case EVENT + 2 -> enable = enable & 0xFF00 | octet & ENABLE_WRITABLE;
      case EVENT + 3 -> enable = enable & 0xFF | octet << 8 & ENABLE_WRITABLE;
      case CONTROL -> controlRegister = controlRegister & 0xFF00 | octet & 7;
      case CONTROL + 1 -> writeControlHigh(octet << 8);
      default -> {
        // Reserved, or the timer, which is read-only.
      }
    }
  }

  private void clearStatus(int bits) {
    update();
    status &= ~(bits & STATUS_WRITABLE);
  }

  private void writeControlHigh(int value) {
    controlRegister = controlRegister & 0xFF | value & ~CONTROL_SLEEP_ENABLE & 0xFF00;
    int sleepType = value >>> CONTROL_SLEEP_TYPE_SHIFT & 7;
    if ((value & CONTROL_SLEEP_ENABLE) != 0 && sleepType == SLEEP_TYPE_SOFT_OFF) {
      control.powerOff("acpi");
    }
  }

  /// What firmware's SMI routine would do.
  private void command(int value) {
    smiCommand = value;
    if (value == ENABLE_COMMAND) {
      controlRegister |= CONTROL_SCI_ENABLE;
    } else if (value == DISABLE_COMMAND) {
      controlRegister &= ~CONTROL_SCI_ENABLE;
    }
  }

  /// Notes timer carries that happened since, drives the SCI, and arms for the next carry if anyone
  /// wants to hear of it.
  private void update() {
    long halfWraps = clock.ticksAt(TIMER_HZ) / HALF_WRAP;
    if (halfWraps != halfWrapsSeen) {
      halfWrapsSeen = halfWraps;
      status |= STATUS_TIMER;
    }
    if ((status & enable) != 0 && (controlRegister & CONTROL_SCI_ENABLE) != 0) {
      sci.raise();
    } else {
      sci.lower();
    }
    if ((enable & STATUS_TIMER) != 0 && (status & STATUS_TIMER) == 0) {
      overflow.armAt(Clocks.nsOfTick((halfWraps + 1) * HALF_WRAP, TIMER_HZ));
    } else {
      overflow.cancel();
    }
  }

  @Override
  public void save(StateSink state) {
    state.putInt(status);
    state.putInt(enable);
    state.putInt(controlRegister);
    state.putInt(smiCommand);
    state.putInt(smiStatus);
    state.putLong(halfWrapsSeen);
    state.putLong(overflow.deadlineNs());
  }
}
