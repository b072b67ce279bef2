package dev.backstep.cli.host;

import dev.backstep.cli.command.CliException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;

/// What the guest's real-time clock shows at power-up: QEMU's `-rtc base=`.
public final class HostClock {
  private static final String BASE = "base=";

  private final String base;

  private HostClock(String base) {
    this.base = base;
  }

  /// @param option `base=utc`, `base=localtime` or `base=YYYY-MM-DD[THH:MM:SS]`
  public static HostClock parse(String option) {
    if (!option.startsWith(BASE)) {
      throw CliException.usage("-rtc " + option + ": only base=… is known");
    }
    HostClock clock = new HostClock(option.substring(BASE.length()));
    try {
      clock.seconds();
    } catch (DateTimeParseException e) {
      throw CliException.usage("-rtc " + option + ": give utc, localtime or 2026-01-31T12:00:00");
    }
    return clock;
  }

  /// Seconds since 1970-01-01, in the clock's own zone.
  public long seconds() {
    return switch (base) {
      case "utc" -> Instant.now().getEpochSecond();
      case "localtime" -> LocalDateTime.now(ZoneId.systemDefault()).toEpochSecond(ZoneOffset.UTC);
      default -> {
        String text = base.contains("T") ? base : base + "T00:00:00";
        yield LocalDateTime.parse(text).toEpochSecond(ZoneOffset.UTC);
      }
    };
  }
}
