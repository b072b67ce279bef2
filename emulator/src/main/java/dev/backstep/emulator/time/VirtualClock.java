package dev.backstep.emulator.time;

/// The guest's time: one nanosecond for each retired instruction, plus what slow instructions are
/// charged beyond that, plus the time the machine skipped while every vCPU was idle. All three
/// follow from the instructions executed, so time is the same in every replay.
public final class VirtualClock {
  /// Ticks of the TSC in a second: two a nanosecond, so a 2 GHz part.
  public static final long TSC_HZ = 2_000_000_000L;

  /// What PAUSE costs beyond the nanosecond of any instruction: about 140 cycles on parts since
  /// Skylake.
  public static final long PAUSE_NS = 70;

  /// What an access to an I/O port costs: the order of an access to a legacy bus.
  public static final long PORT_IO_NS = 500;

  /// What an access to a device's registers in memory costs: the order of one across PCI.
  public static final long MMIO_NS = 500;

  /// What CPUID, RDMSR, WRMSR, INVD, WBINVD and writes of CR0, CR3, CR4 cost: microcoded or, on a
  /// hypervisor, exits.
  public static final long MICROCODED_NS = 100;

  private static final long TSC_TICKS_PER_NS = 2;

  /// Told when time moved without an instruction: deadlines in positions are void.
  public interface ChargeWatch {
    void timeCharged();
  }

  private final PositionSource positions;
  private long skippedNs;
  private ChargeWatch watch = () -> {};

  public VirtualClock(PositionSource positions) {
    this.positions = positions;
  }

  /// How many instructions the machine has retired.
  public long position() {
    return positions.position();
  }

  /// Virtual nanoseconds since power-up.
  public long nowNs() {
    return positions.position() + skippedNs;
  }

  /// TSC ticks since power-up, before any vCPU's offset.
  public long tscTicks() {
    return nowNs() * TSC_TICKS_PER_NS;
  }

  /// The first nanosecond at which [#tscTicks()] is at least `ticks` (unsigned).
  public static long nsOfTsc(long ticks) {
    return Long.divideUnsigned(ticks, TSC_TICKS_PER_NS) + (ticks & 1);
  }

  /// The number of ticks of a `hz` counter that started at zero at power-up.
  public long ticksAt(long hz) {
    long ns = nowNs();
    return ns / 1_000_000_000L * hz + ns % 1_000_000_000L * hz / 1_000_000_000L;
  }

  /// The position at which [#nowNs()] reaches `ns` if no idle time is skipped before.
  public long positionAt(long ns) {
    return ns - skippedNs;
  }

  /// Skips idle time so that [#nowNs()] is `ns`; does nothing if that is past.
  public void skipTo(long ns) {
    long gap = ns - nowNs();
    if (gap > 0) {
      skippedNs += gap;
    }
  }

  /// Lets `ns` pass beyond the nanosecond of the instruction that is executing.
  public void charge(long ns) {
    skippedNs += ns;
    watch.timeCharged();
  }

  public void watchCharges(ChargeWatch newWatch) {
    watch = newWatch;
  }

  /// Nanoseconds charged and skipped so far: part of the machine's saved state.
  public long skippedNs() {
    return skippedNs;
  }
}
