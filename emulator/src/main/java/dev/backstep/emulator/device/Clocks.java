package dev.backstep.emulator.device;

/// Conversions between virtual nanoseconds and the ticks of a device's clock that started at
/// power-up.
final class Clocks {
  private static final long NS_PER_S = 1_000_000_000L;

  private Clocks() {}

  /// The first nanosecond at which a clock of `hz` has made `tick` ticks: the inverse of
  /// [dev.backstep.emulator.time.VirtualClock#ticksAt].
  static long nsOfTick(long tick, long hz) {
    long rest = tick % hz;
    return tick / hz * NS_PER_S + (rest * NS_PER_S + hz - 1) / hz;
  }
}
