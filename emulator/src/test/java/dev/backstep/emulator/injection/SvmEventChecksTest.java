package dev.backstep.emulator.injection;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/// APM Vol. 2 "Event Injection".
class SvmEventChecksTest {
  private static String failure(int type, int vector, boolean code, boolean isLongMode64) {
    var event = new InterruptionInformation(1 << 31 | (code ? 1 << 11 : 0) | type << 8 | vector);
    FailedCheck failed = SvmEventChecks.firstFailure(new SvmEventFields(event, -1, isLongMode64));
    return failed == null ? "-" : failed.name();
  }

  @Test
  void agreesWithTheRulesForEveryTypeVectorAndMode() {
    for (int type = 0; type < 8; type++) {
      for (int vector = 0; vector < 256; vector++) {
        for (boolean code : new boolean[] {false, true}) {
          for (boolean is64 : new boolean[] {false, true}) {
            String expected = "-";
            if (type == 1 || type > 4) {
              expected = "event-type";
            } else if (type == 3 && (vector == 2 || vector >= 32)) {
              expected = "event-vector";
            } else if (type == 3 && is64 && (vector == 4 || vector == 5)) {
              expected = "impossible-event";
            }
            assertEquals(expected, failure(type, vector, code, is64));
          }
        }
      }
    }
  }

  @Test
  void nothingIsCheckedWithoutTheValidBit() {
    var event = new InterruptionInformation(0x7FFF_FFFF);
    assertEquals(null, SvmEventChecks.firstFailure(new SvmEventFields(event, 0, true)));
  }
}
