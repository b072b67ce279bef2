package dev.backstep.emulator.injection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// SDM Vol. 3 "VM-Entry Control Fields", the paragraph on event injection, check by check.
class VmxEventChecksTest {
  private static final VmxCapabilities PRE_CET =
      new VmxCapabilities(false, false, false, false, true);
  private static final VmxCapabilities WITH_CET =
      new VmxCapabilities(true, true, false, true, true);
  private static final VmxCapabilities WITH_FRED =
      new VmxCapabilities(true, true, true, true, true);
  private static final VmxCapabilities NO_MTF =
      new VmxCapabilities(false, false, false, false, false);
  private static final int VALID = 1 << 31;
  private static final int CODE = 1 << 11;

  private static VmxEventFields fields(int information, VmxCapabilities cpu) {
    return new VmxEventFields(new InterruptionInformation(information), 0, 3, true, true, cpu);
  }

  private static String failure(VmxEventFields f) {
    FailedCheck failed = VmxEventChecks.firstFailure(f);
    return failed == null ? "-" : failed.name();
  }

  @ParameterizedTest
  @CsvSource({
    // type, vector, bit 11, result
    "0, 0x20, 0, -",
    "0, 0x20, 1, deliver-error-code",
    "1, 0x20, 0, interruption-type",
    "2, 2, 0, -",
    "2, 3, 0, vector",
    "2, 2, 1, deliver-error-code",
    "3, 6, 0, -",
    "3, 6, 1, deliver-error-code",
    "3, 13, 1, -",
    "3, 13, 0, deliver-error-code",
    "3, 8, 1, -",
    "3, 8, 0, deliver-error-code",
    "3, 21, 0, -",
    "3, 21, 1, deliver-error-code",
    "3, 31, 0, -",
    "3, 32, 0, vector",
    "4, 0x80, 0, -",
    "4, 0x80, 1, deliver-error-code",
    "5, 1, 0, -",
    "5, 1, 1, deliver-error-code",
    "6, 3, 0, -",
    "6, 3, 1, deliver-error-code",
    "6, 4, 1, deliver-error-code",
    "7, 0, 0, -",
    "7, 1, 0, vector",
    "7, 0, 1, deliver-error-code",
  })
  void checksTypeVectorAndErrorCodeTogether(int type, String vector, int code, String expected) {
    int information = VALID | code << 11 | type << 8 | Integer.decode(vector);
    assertEquals(expected, failure(fields(information, PRE_CET)));
  }

  @Test
  void anyVectorMayHaveACodeOrNotWithBit56OfVmxBasic() {
    for (int vector = 0; vector < 32; vector++) {
      assertEquals("-", failure(fields(VALID | 3 << 8 | vector, WITH_CET)));
      assertEquals("-", failure(fields(VALID | CODE | 3 << 8 | vector, WITH_CET)));
    }
    assertEquals("deliver-error-code", failure(fields(VALID | CODE | 6 << 8 | 3, WITH_CET)));
    assertEquals("deliver-error-code", failure(fields(VALID | CODE | 2 << 8 | 2, WITH_CET)));
  }

  @Test
  void controlProtectionHasACodeWhereTheProcessorKnowsIt() {
    VmxCapabilities strict = new VmxCapabilities(false, false, false, true, true);
    assertEquals("-", failure(fields(VALID | CODE | 3 << 8 | 21, strict)));
    assertEquals("deliver-error-code", failure(fields(VALID | 3 << 8 | 21, strict)));
  }

  @Test
  void realAddressModeHasNoErrorCodes() {
    for (VmxCapabilities cpu : new VmxCapabilities[] {PRE_CET, WITH_CET}) {
      var gp = new InterruptionInformation(VALID | CODE | 3 << 8 | 13);
      var bare = new InterruptionInformation(VALID | 3 << 8 | 13);
      assertEquals("deliver-error-code", failure(new VmxEventFields(gp, 0, 0, true, false, cpu)));
      assertEquals("-", failure(new VmxEventFields(bare, 0, 0, true, false, cpu)));
      // Without unrestricted guest the guest is in virtual-8086 mode, which has them.
      assertEquals("-", failure(new VmxEventFields(gp, 0, 0, false, false, cpu)));
    }
  }

  @Test
  void otherEventNeedsTheMonitorTrapFlag() {
    assertEquals("interruption-type", failure(fields(VALID | 7 << 8, NO_MTF)));
  }

  @Test
  void reservedBitsMustBeZero() {
    for (int bit = 12; bit <= 30; bit++) {
      assertEquals("reserved-bits", failure(fields(VALID | 3 << 8 | 6 | 1 << bit, PRE_CET)));
    }
  }

  @Test
  void nestedExceptionsNeedFredAndAHardwareException() {
    int nested = 1 << 13;
    assertEquals("-", failure(fields(VALID | nested | 3 << 8 | 6, WITH_FRED)));
    assertEquals("reserved-bits", failure(fields(VALID | nested | 3 << 8 | 6, WITH_CET)));
    assertEquals("reserved-bits", failure(fields(VALID | nested | 6 << 8 | 3, WITH_FRED)));
    assertEquals("reserved-bits", failure(fields(VALID | 1 << 14 | 3 << 8 | 6, WITH_FRED)));
  }

  @Test
  void errorCodesHaveSixteenBitsWhereTheyAreUsed() {
    var gp = new InterruptionInformation(VALID | CODE | 3 << 8 | 13);
    var ud = new InterruptionInformation(VALID | 3 << 8 | 6);
    for (int bit = 0; bit < 32; bit++) {
      String expected = bit < 16 ? "-" : "error-code";
      assertEquals(expected, failure(new VmxEventFields(gp, 1 << bit, 0, true, true, PRE_CET)));
      assertEquals("-", failure(new VmxEventFields(ud, 1 << bit, 0, true, true, PRE_CET)));
    }
  }

  @Test
  void softwareEventsNeedALength() {
    for (int type = 4; type <= 6; type++) {
      var information = new InterruptionInformation(VALID | type << 8 | 3);
      for (int length : new int[] {-1, 0, 1, 15, 16}) {
        boolean fits = length >= 1 && length <= 15;
        var strict = new VmxEventFields(information, 0, length, true, true, PRE_CET);
        assertEquals(fits ? "-" : "instruction-length", failure(strict));
        var lenient = new VmxEventFields(information, 0, length, true, true, WITH_CET);
        assertEquals(fits || length == 0 ? "-" : "instruction-length", failure(lenient));
      }
    }
    var fault = new InterruptionInformation(VALID | 3 << 8 | 6);
    assertEquals("-", failure(new VmxEventFields(fault, 0, 99, true, true, PRE_CET)));
  }

  @Test
  void nothingIsCheckedWithoutTheValidBit() {
    assertNull(VmxEventChecks.firstFailure(fields(0x7FFF_FFFF, NO_MTF)));
  }

  @Test
  void theSentenceNamesTheFieldItsValueAndTheRule() {
    FailedCheck failed = VmxEventChecks.firstFailure(fields(VALID | 3 << 8 | 13, PRE_CET));
    assertNotNull(failed);
    assertEquals(
        "the VM-entry interruption-information field is 0x8000030d: its bit 11 asks for no error"
            + " code with vector 13; that exception always delivers one, and IA32_VMX_BASIC[56] is"
            + " 0 (SDM Vol. 3 \"VM-Entry Control Fields\")",
        failed.sentence());
    assertEquals(0x8000030DL, failed.value());
  }

  /// The rules once more, written down without a care for which comes first.
  private static boolean isValid(VmxEventFields f) {
    int raw = f.information().raw();
    if (raw >= 0) {
      return true;
    }
    int type = raw >> 8 & 7;
    int vector = raw & 0xFF;
    boolean code = (raw & CODE) != 0;
    VmxCapabilities cpu = f.cpu();
    boolean typeIsFine = type != 1 && (type != 7 || cpu.hasMonitorTrapFlag());
    boolean vectorIsFine =
        type == 2 ? vector == 2 : type == 3 ? vector <= 31 : type != 7 || vector == 0;
    boolean protectedException = type == 3 && (!f.isUnrestrictedGuest() || f.isProtectedMode());
    boolean pushes =
        Set.of(8, 10, 11, 12, 13, 14, 17).contains(vector)
            || vector == 21 && cpu.hasControlProtection();
    boolean codeIsFine = !protectedException ? !code : cpu.injectsAnyErrorCode() || code == pushes;
    int mayBeSet = type == 3 && cpu.hasNestedExceptions() ? 0x8000_2FFF : 0x8000_0FFF;
    boolean restIsFine = (raw & ~mayBeSet) == 0;
    boolean valueIsFine = !code || (f.errorCode() & 0xFFFF_0000) == 0;
    boolean hasLength = type == 4 || type == 5 || type == 6;
    int length = f.instructionLength();
    boolean lengthIsFine =
        !hasLength || length > 0 && length < 16 || length == 0 && cpu.injectsWithoutLength();
    return typeIsFine && vectorIsFine && codeIsFine && restIsFine && valueIsFine && lengthIsFine;
  }

  @Test
  void agreesWithAPlainModelOnRandomFields() {
    Random random = new Random(20261122);
    int valid = 0;
    int rounds = 400_000;
    for (int k = 0; k < rounds; k++) {
      VmxEventFields f = randomFields(random);
      boolean expected = isValid(f);
      valid += expected ? 1 : 0;
      assertEquals(expected, VmxEventChecks.firstFailure(f) == null, f::toString);
    }
    assertTrue(valid > rounds / 10 && valid < rounds * 9 / 10, "both outcomes must be common");
  }

  private static VmxEventFields randomFields(Random random) {
    int information = random.nextInt(8) << 8 | VALID;
    information |= random.nextBoolean() ? random.nextInt(33) : random.nextInt(256);
    information |= random.nextBoolean() ? CODE : 0;
    if (random.nextInt(4) == 0) {
      information |= 1 << 12 + random.nextInt(19);
    }
    if (random.nextInt(16) == 0) {
      information &= ~VALID;
    }
    return new VmxEventFields(
        new InterruptionInformation(information),
        random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(1 << 16),
        random.nextInt(20) - 1,
        random.nextInt(4) != 0,
        random.nextInt(4) != 0,
        new VmxCapabilities(
            random.nextBoolean(),
            random.nextBoolean(),
            random.nextBoolean(),
            random.nextBoolean(),
            random.nextBoolean()));
  }
}
