package dev.backstep.emulator.cache;

import dev.backstep.emulator.listen.EventOrigin;
import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.listen.MachineEvent;
import java.util.function.LongUnaryOperator;

/// Tells the listener what brought data to memory, or lost it, or showed somebody old data: the
/// `cache` events. Fills and evictions of clean lines change nothing and are not told.
final class CacheReport {
  /// A modified line, or what a combining buffer held, went to memory.
  static final String WRITE_BACK = "writeback";

  static final String COMBINED = "wc-flush";

  /// What a processor wrote, or a device, was overwritten or dropped before anybody else saw it.
  static final String LOST = "lost";

  /// A processor read its copy of what a device has overwritten.
  static final String STALE_READ = "stale-read";

  private final EventPort events;
  private final EventOrigin origin;
  private final LongUnaryOperator gpaOfRam;

  /// @param origin where and when it happens
  /// @param gpaOfRam the guest-physical address of a RAM offset
  CacheReport(EventPort events, EventOrigin origin, LongUnaryOperator gpaOfRam) {
    this.events = events;
    this.origin = origin;
    this.gpaOfRam = gpaOfRam;
  }

  /// @param holder the processor whose line or buffer it is
  /// @param type of the access that brought it about, or empty
  void tell(String op, long line, int holder, String type, String reason) {
    if (events.isOn()) {
      long gpa = gpaOfRam.applyAsLong(line << CacheLines.LINE_SHIFT);
      events.emit(new MachineEvent.Cache(origin.at(), op, gpa, type, reason, holder));
    }
  }
}
