package dev.backstep.emulator.device;

import dev.backstep.emulator.bus.InterruptLine;
import dev.backstep.emulator.time.EventQueue;
import dev.backstep.emulator.time.VirtualClock;

/// The real-time clock and its battery-backed memory: MC146818A data sheet; memory-size bytes as PC
/// firmware keeps them. Port 70h index, 71h value.
///
/// Its time is a given second at power-up and virtual time since.
public final class CmosRtc implements BytePorts, Stateful {
  public static final int PORT = 0x70;
  public static final int PORTS = 2;

  private static final int BYTES = 128;
  private static final int REGISTER_A = 0xA;
  private static final int REGISTER_B = 0xB;
  private static final int REGISTER_C = 0xC;
  private static final int REGISTER_D = 0xD;

  private static final int A_UPDATING = 0x80;
  private static final int A_32768_HZ = 0x20;
  private static final int A_DIVIDER = 0x70;
  private static final int A_RATE = 0xF;
  private static final int B_SET = 0x80;
  private static final int B_BINARY = 4;
  private static final int B_24_HOURS = 2;
  private static final int C_REQUEST = 0x80;
  private static final int C_PERIODIC = 0x40;
  private static final int C_ALARM = 0x20;
  private static final int C_UPDATED = 0x10;
  private static final int D_VALID = 0x80;

  private static final int ALARM_ANY = 0xC0;
  private static final long NS_PER_S = 1_000_000_000L;
  private static final long CRYSTAL_HZ = 32_768;
  private static final long SECONDS_PER_DAY = 86_400;

  /// UIP is set this long before the registers change.
  private static final long UPDATE_NOTICE_NS = 244_000;

  private final VirtualClock clock;
  private final InterruptLine irq;
  private final EventQueue.Timer timer;
  private final byte[] registers = new byte[BYTES];
  private int index;

  /// What the clock shows minus virtual time.
  private long offsetNs;

  /// The offset at power-up, which is an external input: the state is what became of it since.
  private final long powerUpOffsetNs;

  /// Until when periods, seconds and alarms have been noted in register C.
  private long settledNs;

  /// @param secondsAtPowerUp since 1970, UTC
  /// @param irq ISA IRQ 8
  public CmosRtc(
      long secondsAtPowerUp,
      long ramBytes,
      int cpuCount,
      VirtualClock clock,
      EventQueue queue,
      InterruptLine irq) {
    this.clock = clock;
    this.irq = irq;
    timer = queue.newTimer(this::settle);
    powerUpOffsetNs = secondsAtPowerUp * NS_PER_S - clock.nowNs();
    offsetNs = powerUpOffsetNs;
    settledNs = clock.nowNs();
    registers[REGISTER_A] = 0x26;
    registers[REGISTER_B] = B_24_HOURS;
    fillMemory(ramBytes, cpuCount);
  }

  /// Sizes as PC firmware leaves them: KiB of base memory, KiB above 1 MiB, 64 KiB units above 16
  /// MiB, 64 KiB units above 4 GiB; and, as QEMU has it, the number of other vCPUs.
  private void fillMemory(long ramBytes, int cpuCount) {
    long aboveOneMib = Math.min(ramBytes - (1 << 20) >>> 10, 0xFFFF);
    long low = Math.min(ramBytes, 0xC000_0000L);
    long above16Mib = Math.min(Math.max(low - (16 << 20), 0) >>> 16, 0xFFFF);
    long above4Gib = ramBytes > 0xE000_0000L ? ramBytes - 0xC000_0000L >>> 16 : 0;
    put16(0x15, 640);
    put16(0x17, aboveOneMib);
    put16(0x30, aboveOneMib);
    put16(0x34, above16Mib);
    put16(0x5B, above4Gib);
    registers[0x5D] = (byte) (above4Gib >>> 16);
    registers[0x5F] = (byte) (cpuCount - 1);
    registers[0x14] = 2; // Equipment: a coprocessor.
  }

  private void put16(int at, long value) {
    registers[at] = (byte) value;
    registers[at + 1] = (byte) (value >>> 8);
  }

  @Override
  public String name() {
    return "rtc";
  }

  @Override
  public int readPort(int port) {
    if (port == PORT) {
      return 0xFF;
    }
    settle();
    int value =
        switch (index) {
          case REGISTER_A -> registers[REGISTER_A] & 0x7F | (isUpdating() ? A_UPDATING : 0);
          case REGISTER_D -> D_VALID;
          case REGISTER_C -> takeFlags();
          default -> isShown() ? time().show(index, seconds()) : registers[index] & 0xFF;
        };
    schedule();
    return value;
  }

  /// Whether the selected register shows running time.
  private boolean isShown() {
    return RtcTime.isTimeRegister(index) && !isSetting();
  }

  private boolean isSetting() {
    return (registers[REGISTER_B] & B_SET) != 0;
  }

  private boolean isUpdating() {
    return !isSetting() && Math.floorMod(nowNs(), NS_PER_S) >= NS_PER_S - UPDATE_NOTICE_NS;
  }

  private RtcTime time() {
    return new RtcTime(
        (registers[REGISTER_B] & B_BINARY) != 0, (registers[REGISTER_B] & B_24_HOURS) != 0);
  }

  private long nowNs() {
    return clock.nowNs() + offsetNs;
  }

  private long seconds() {
    return Math.floorDiv(nowNs(), NS_PER_S);
  }

  private int takeFlags() {
    int flags = registers[REGISTER_C] & 0xFF;
    registers[REGISTER_C] = 0;
    return flags;
  }

  @Override
  public void writePort(int port, int value) {
    if (port == PORT) {
      index = value & 0x7F;
      return;
    }
    settle();
    switch (index) {
      case REGISTER_A -> registers[REGISTER_A] = (byte) (value & 0x7F);
      case REGISTER_B -> writeB(value);
      case REGISTER_C, REGISTER_D -> {
        // Read-only.
      }
      default -> writeTimeOrMemory(value);
    }
    schedule();
  }

  private void writeTimeOrMemory(int value) {
    if (!isShown()) {
      registers[index] = (byte) value;
      return;
    }
    copyTimeToRegisters();
    registers[index] = (byte) value;
    takeTimeFromRegisters();
  }

  /// SET stops the clock for its registers to be written; clearing it starts it from them.
  private void writeB(int value) {
    boolean wasSetting = isSetting();
    boolean nowSetting = (value & B_SET) != 0;
    if (!wasSetting && nowSetting) {
      copyTimeToRegisters();
    }
    // "UIE is cleared when SET goes high."
    registers[REGISTER_B] = (byte) (nowSetting ? value & ~C_UPDATED : value);
    if (wasSetting && !nowSetting) {
      takeTimeFromRegisters();
    }
  }

  private void copyTimeToRegisters() {
    RtcTime time = time();
    for (int k = 0; k <= RtcTime.CENTURY; k++) {
      if (RtcTime.isTimeRegister(k)) {
        registers[k] = (byte) time.show(k, seconds());
      }
    }
  }

  private void takeTimeFromRegisters() {
    long within = Math.floorMod(nowNs(), NS_PER_S);
    long newSeconds = time().read(registers, seconds());
    offsetNs = newSeconds * NS_PER_S + within - clock.nowNs();
  }

  /// Notes in register C what happened since it was last looked at, and drives the interrupt.
  private void settle() {
    long now = clock.nowNs();
    int flags = 0;
    long period = periodTicks();
    if (period != 0 && ticks(now) / period != ticks(settledNs) / period) {
      flags |= C_PERIODIC;
    }
    long last = Math.floorDiv(settledNs + offsetNs, NS_PER_S);
    if (!isSetting() && seconds() != last) {
      flags |= C_UPDATED;
      flags |= alarmBetween(last + 1, seconds()) ? C_ALARM : 0;
    }
    settledNs = now;
    registers[REGISTER_C] |= (byte) flags;
    schedule();
  }

  private static long ticks(long ns) {
    return ns / NS_PER_S * CRYSTAL_HZ + ns % NS_PER_S * CRYSTAL_HZ / NS_PER_S;
  }

  /// Data sheet, "Periodic Interrupt Rate"; 0 where the divider or the rate is off.
  private long periodTicks() {
    int rate = registers[REGISTER_A] & A_RATE;
    if (rate == 0 || (registers[REGISTER_A] & A_DIVIDER) != A_32768_HZ) {
      return 0;
    }
    return 1L << (rate < 3 ? rate + 6 : rate - 1);
  }

  private boolean alarmBetween(long first, long last) {
    if (last - first >= SECONDS_PER_DAY) {
      return true;
    }
    RtcTime time = time();
    for (long second = first; second <= last; second++) {
      if (alarmMatches(1, time.show(RtcTime.SECONDS, second))
          && alarmMatches(3, time.show(RtcTime.MINUTES, second))
          && alarmMatches(5, time.show(RtcTime.HOURS, second))) {
        return true;
      }
    }
    return false;
  }

  private boolean alarmMatches(int register, int shown) {
    int alarm = registers[register] & 0xFF;
    return (alarm & ALARM_ANY) == ALARM_ANY || alarm == shown;
  }

  private void schedule() {
    int enabled = registers[REGISTER_B] & (C_PERIODIC | C_ALARM | C_UPDATED);
    if ((registers[REGISTER_C] & enabled) != 0) {
      registers[REGISTER_C] |= (byte) C_REQUEST;
      irq.raise();
    } else {
      irq.lower();
    }
    long next = EventQueue.NEVER;
    long period = periodTicks();
    long now = clock.nowNs();
    if ((enabled & C_PERIODIC) != 0 && period != 0) {
      next = Clocks.nsOfTick((ticks(now) / period + 1) * period, CRYSTAL_HZ);
    }
    if ((enabled & (C_ALARM | C_UPDATED)) != 0 && !isSetting()) {
      next = Math.min(next, (seconds() + 1) * NS_PER_S - offsetNs);
    }
    if (next == EventQueue.NEVER) {
      timer.cancel();
    } else if (next != timer.deadlineNs()) {
      timer.armAt(next);
    }
  }

  @Override
  public void save(StateSink state) {
    state.putBytes(registers);
    state.putInt(index);
    state.putLong(offsetNs - powerUpOffsetNs);
    state.putLong(settledNs);
    state.putLong(timer.deadlineNs());
  }
}
