package dev.backstep.emulator.device;

import dev.backstep.emulator.bus.InterruptLine;
import dev.backstep.emulator.listen.EventOrigin;
import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.time.EventQueue;
import dev.backstep.emulator.time.VirtualClock;
import java.util.Arrays;

/// A serial port: National Semiconductor PC16550D data sheet, with 16-byte FIFOs. Transmission
/// takes no time; reception takes bytes whenever there is room.
///
/// ```
/// port  0          1     2         3    4    5    6    7
/// read  RBR/DLL  IER/DLM IIR      LCR  MCR  LSR  MSR  SCR
/// write THR/DLL  IER/DLM FCR      LCR  MCR   -    -   SCR
/// ```
public final class Uart16550 implements BytePorts, Stateful {
  public static final int PORTS = 8;

  private static final int FIFO_BYTES = 16;
  private static final int EVENT_BYTES = 256;

  private static final int IER_RECEIVED = 1;
  private static final int IER_TRANSMITTER_EMPTY = 1 << 1;
  private static final int IER_LINE_STATUS = 1 << 2;
  private static final int IER_MODEM_STATUS = 1 << 3;

  private static final int IIR_NONE = 1;
  private static final int IIR_MODEM_STATUS = 0;
  private static final int IIR_TRANSMITTER_EMPTY = 2;
  private static final int IIR_RECEIVED = 4;
  private static final int IIR_LINE_STATUS = 6;
  private static final int IIR_TIMEOUT = 0xC;
  private static final int IIR_FIFOS = 0xC0;

  private static final int FCR_ENABLE = 1;
  private static final int FCR_CLEAR_RECEIVER = 1 << 1;

  private static final int LCR_DIVISOR_LATCH = 1 << 7;
  private static final int MCR_OUT2 = 1 << 3;
  private static final int MCR_LOOPBACK = 1 << 4;

  private static final int LSR_DATA_READY = 1;
  private static final int LSR_OVERRUN = 1 << 1;
  private static final int LSR_TRANSMITTER_EMPTY = 3 << 5;

  /// Clear to send, data set ready, carrier detect: somebody listens.
  private static final int MSR_CONNECTED = 0xB0;

  private static final int[] TRIGGER_LEVELS = {1, 4, 8, 14};

  /// One character of ten bits at divisor 1 (115,200 baud), four of which are the FIFO's time-out.
  private static final long CHARACTER_NS = 86_806;

  private final String name;
  private final InterruptLine irq;
  private final ConsoleSink sink;
  private final VirtualClock clock;
  private final EventPort events;
  private final EventOrigin origin;
  private final EventQueue.Timer receiveTimeout;

  private final byte[] fifo = new byte[FIFO_BYTES];
  private int fifoHead;
  private int fifoCount;
  private int divisor = 1;
  private int interruptEnable;
  private int fifoControl;
  private int lineControl;
  private int modemControl;
  private int modemDelta;
  private int scratch;
  private boolean overrun;
  private boolean transmitterInterrupt;
  private boolean timedOut;

  private final byte[] unsent = new byte[EVENT_BYTES];
  private int unsentCount;

  /// @param name what events call it: com1
  /// @param irq its interrupt line
  /// @param sink takes what the guest prints
  /// @param origin where and when console events happen: the running vCPU
  public Uart16550(
      String name,
      InterruptLine irq,
      ConsoleSink sink,
      VirtualClock clock,
      EventQueue queue,
      EventPort events,
      EventOrigin origin) {
    this.name = name;
    this.irq = irq;
    this.sink = sink;
    this.clock = clock;
    this.events = events;
    this.origin = origin;
    receiveTimeout = queue.newTimer(this::characterTimeout);
  }

  @Override
  public String name() {
    return name;
  }

  /// Whether there is room for a byte of console input.
  public boolean canReceive() {
    return (modemControl & MCR_LOOPBACK) == 0 && fifoCount < capacity();
  }

  /// A byte arrives from the console; ask [#canReceive()] before.
  public void receive(int octet) {
    flush();
    if (events.isOn()) {
      events.emit(new MachineEvent.Input(origin.at(), new byte[] {(byte) octet}, name));
    }
    enqueue(octet);
    updateInterrupt();
  }

  /// Emits what was printed since the last event, for instance because the run ends.
  public void flush() {
    if (unsentCount == 0) {
      return;
    }
    byte[] text = Arrays.copyOf(unsent, unsentCount);
    unsentCount = 0;
    if (events.isOn()) {
      events.emit(new MachineEvent.Console(origin.at(), text, name));
    }
  }

  @Override
  public int readPort(int port) {
    int value =
        switch (port & 7) {
          case 0 -> isDivisorLatched() ? divisor & 0xFF : dequeue();
          case 1 -> isDivisorLatched() ? divisor >>> 8 : interruptEnable;
          case 2 -> readIdentification();
          case 3 -> lineControl;
          case 4 -> modemControl;
          case 5 -> readLineStatus();
          case 6 -> readModemStatus();
          default -> scratch;
        };
    updateInterrupt();
    return value;
  }

  @Override
  public void writePort(int port, int value) {
    switch (port & 7) {
      case 0 -> {
        if (isDivisorLatched()) {
          divisor = divisor & 0xFF00 | value;
        } else {
          transmit(value);
        }
      }
      case 1 -> {
        if (isDivisorLatched()) {
          divisor = divisor & 0xFF | value << 8;
        } else {
          writeInterruptEnable(value);
        }
      }
      case 2 -> writeFifoControl(value);
      case 3 -> lineControl = value;
      case 4 -> writeModemControl(value & 0x1F);
      case 5, 6 -> {
        // Line and modem status are read-only.
      }
      default -> scratch = value;
    }
    updateInterrupt();
  }

  private boolean isDivisorLatched() {
    return (lineControl & LCR_DIVISOR_LATCH) != 0;
  }

  private boolean hasFifos() {
    return (fifoControl & FCR_ENABLE) != 0;
  }

  private int capacity() {
    return hasFifos() ? FIFO_BYTES : 1;
  }

  private void transmit(int octet) {
    transmitterInterrupt = true;
    if ((modemControl & MCR_LOOPBACK) != 0) {
      enqueue(octet);
      return;
    }
    sink.write(octet);
    unsent[unsentCount++] = (byte) octet;
    if (octet == '\n' || unsentCount == EVENT_BYTES) {
      flush();
    }
  }

  private void enqueue(int octet) {
    if (fifoCount == capacity()) {
      overrun = true;
      return;
    }
    fifo[(fifoHead + fifoCount++) % FIFO_BYTES] = (byte) octet;
    restartTimeout();
  }

  private int dequeue() {
    if (fifoCount == 0) {
      return 0;
    }
    int octet = fifo[fifoHead] & 0xFF;
    fifoHead = (fifoHead + 1) % FIFO_BYTES;
    fifoCount--;
    restartTimeout();
    return octet;
  }

  /// Data sheet, "FIFO Interrupt Mode Operation": bytes below the trigger level interrupt when none
  /// came or went for four characters' time.
  private void restartTimeout() {
    timedOut = false;
    if (hasFifos() && fifoCount > 0) {
      receiveTimeout.armAt(clock.nowNs() + 4 * CHARACTER_NS * Math.max(divisor, 1));
    } else {
      receiveTimeout.cancel();
    }
  }

  private void characterTimeout() {
    timedOut = true;
    updateInterrupt();
  }

  private void writeInterruptEnable(int value) {
    boolean enables = (value & ~interruptEnable & IER_TRANSMITTER_EMPTY) != 0;
    interruptEnable = value & 0xF;
    if (enables) {
      transmitterInterrupt = true;
    }
  }

  private void writeFifoControl(int value) {
    boolean toggles = ((value ^ fifoControl) & FCR_ENABLE) != 0;
    fifoControl = value & 0xC9;
    if (toggles || (value & FCR_CLEAR_RECEIVER) != 0) {
      fifoCount = 0;
      fifoHead = 0;
      restartTimeout();
    }
  }

  private void writeModemControl(int value) {
    int before = modemLines();
    modemControl = value;
    int changed = (before ^ modemLines()) >>> 4;
    // The ring indicator's delta bit notes its trailing edge only.
    int ring = changed & 4 & before >>> 4;
    modemDelta |= changed & 0xB | ring;
  }

  /// MSR bits 7:4. In loopback DCD, RI, DSR, CTS follow OUT2, OUT1, DTR, RTS.
  private int modemLines() {
    if ((modemControl & MCR_LOOPBACK) == 0) {
      return MSR_CONNECTED;
    }
    int rtsToCts = modemControl >>> 1 & 1;
    int dtrToDsr = modemControl & 1;
    return (modemControl & 0xC | dtrToDsr << 1 | rtsToCts) << 4;
  }

  private int readModemStatus() {
    int value = modemLines() | modemDelta;
    modemDelta = 0;
    return value;
  }

  private int readLineStatus() {
    int value = LSR_TRANSMITTER_EMPTY;
    value |= fifoCount > 0 ? LSR_DATA_READY : 0;
    value |= overrun ? LSR_OVERRUN : 0;
    overrun = false;
    return value;
  }

  private int readIdentification() {
    int cause = pendingCause();
    if (cause == IIR_TRANSMITTER_EMPTY) {
      transmitterInterrupt = false;
    }
    return hasFifos() ? cause | IIR_FIFOS : cause;
  }

  /// The pending interrupt of the highest priority. Data sheet, "Interrupt Control Functions".
  private int pendingCause() {
    if (isEnabled(IER_LINE_STATUS) && overrun) {
      return IIR_LINE_STATUS;
    }
    if (isEnabled(IER_RECEIVED) && fifoCount >= triggerLevel()) {
      return IIR_RECEIVED;
    }
    if (isEnabled(IER_RECEIVED) && timedOut) {
      return IIR_TIMEOUT;
    }
    if (isEnabled(IER_TRANSMITTER_EMPTY) && transmitterInterrupt) {
      return IIR_TRANSMITTER_EMPTY;
    }
    return isEnabled(IER_MODEM_STATUS) && modemDelta != 0 ? IIR_MODEM_STATUS : IIR_NONE;
  }

  private boolean isEnabled(int bit) {
    return (interruptEnable & bit) != 0;
  }

  private int triggerLevel() {
    return hasFifos() ? TRIGGER_LEVELS[fifoControl >>> 6] : 1;
  }

  /// On a PC the OUT2 pin gates the interrupt.
  private void updateInterrupt() {
    if (pendingCause() != IIR_NONE && (modemControl & MCR_OUT2) != 0) {
      irq.raise();
    } else {
      irq.lower();
    }
  }

  @Override
  public void save(StateSink sink) {
    sink.putBytes(fifo);
    sink.putInt(fifoHead);
    sink.putInt(fifoCount);
    sink.putInt(divisor);
    sink.putInt(interruptEnable);
    sink.putInt(fifoControl);
    sink.putInt(lineControl);
    sink.putInt(modemControl);
    sink.putInt(modemDelta);
    sink.putInt(scratch);
    sink.putFlag(overrun);
    sink.putFlag(transmitterInterrupt);
    sink.putFlag(timedOut);
    sink.putLong(receiveTimeout.deadlineNs());
    sink.putBytes(unsent);
    sink.putInt(unsentCount);
  }
}
