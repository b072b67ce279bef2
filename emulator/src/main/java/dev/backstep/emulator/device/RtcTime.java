package dev.backstep.emulator.device;

import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.ZoneOffset;

/// The time registers of the real-time clock: how seconds since 1970 look in them, and back.
/// MC146818A data sheet, "Time, Calendar, and Alarm Locations".
///
/// @param binary numbers are binary, not BCD (register B, DM)
/// @param hours24 hours run to 23, not 12 with a PM bit (register B, 24/12)
record RtcTime(boolean binary, boolean hours24) {
  static final int SECONDS = 0;
  static final int MINUTES = 2;
  static final int HOURS = 4;
  static final int WEEKDAY = 6;
  static final int DAY = 7;
  static final int MONTH = 8;
  static final int YEAR = 9;
  static final int CENTURY = 0x32;

  private static final int PM = 0x80;

  static boolean isTimeRegister(int index) {
    return index == CENTURY || index <= YEAR && !isAlarmRegister(index);
  }

  static boolean isAlarmRegister(int index) {
    return index == 1 || index == 3 || index == 5;
  }

  /// What register `index` shows at a time.
  int show(int index, long epochSeconds) {
    LocalDateTime t = LocalDateTime.ofEpochSecond(epochSeconds, 0, ZoneOffset.UTC);
    return switch (index) {
      case SECONDS -> encode(t.getSecond());
      case MINUTES -> encode(t.getMinute());
      case HOURS -> encodeHour(t.getHour());
      case WEEKDAY -> encode(t.getDayOfWeek().getValue() % 7 + 1);
      case DAY -> encode(t.getDayOfMonth());
      case MONTH -> encode(t.getMonthValue());
      case YEAR -> encode(t.getYear() % 100);
      case CENTURY -> encode(t.getYear() / 100);
      default -> throw new AssertionError("register " + index);
    };
  }

  /// The time that registers hold, or `otherwise` if they hold none.
  long read(byte[] registers, long otherwise) {
    try {
      int year = decode(registers[CENTURY]) * 100 + decode(registers[YEAR]);
      return LocalDateTime.of(
              year,
              decode(registers[MONTH]),
              decode(registers[DAY]),
              decodeHour(registers[HOURS]),
              decode(registers[MINUTES]),
              decode(registers[SECONDS]))
          .toEpochSecond(ZoneOffset.UTC);
    } catch (DateTimeException _) {
      return otherwise;
    }
  }

  int encode(int value) {
    return binary ? value : value / 10 << 4 | value % 10;
  }

  int decode(int register) {
    int value = register & 0xFF;
    return binary ? value : (value >>> 4) * 10 + (value & 15);
  }

  private int encodeHour(int hour) {
    if (hours24) {
      return encode(hour);
    }
    int hour12 = hour % 12 == 0 ? 12 : hour % 12;
    return encode(hour12) | (hour >= 12 ? PM : 0);
  }

  private int decodeHour(int register) {
    if (hours24) {
      return decode(register);
    }
    return decode(register & ~PM) % 12 + ((register & PM) != 0 ? 12 : 0);
  }
}
