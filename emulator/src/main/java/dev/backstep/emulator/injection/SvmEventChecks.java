package dev.backstep.emulator.injection;

import dev.backstep.emulator.vcpu.GuestFault;
import org.jspecify.annotations.Nullable;

/// The checks of VMRUN on EVENTINJ: APM Vol. 2 "Event Injection". A failure is a #VMEXIT with
/// VMEXIT_INVALID. Whether there is an error code, and which, is not checked.
final class SvmEventChecks {
  /// VMEXIT_INVALID, -1, as KVM reports the 32 bits of EXITCODE.
  static final long VMEXIT_INVALID = 0xFFFF_FFFFL;

  private static final String SOURCE = "APM Vol. 2 \"Event Injection\"";
  private static final int HIGHEST_EXCEPTION = 31;

  private SvmEventChecks() {}

  /// The first check that fails, or null if all of them pass or no event is injected.
  static @Nullable FailedCheck firstFailure(SvmEventFields f) {
    InterruptionInformation i = f.event();
    if (!i.isValid()) {
      return null;
    }
    return switch (i.type()) {
      case EXTERNAL_INTERRUPT, NMI, SOFTWARE_INTERRUPT -> null;
      case HARDWARE_EXCEPTION -> exception(i, f.isLongMode64());
      case RESERVED, PRIVILEGED_SOFTWARE_EXCEPTION, SOFTWARE_EXCEPTION, OTHER_EVENT ->
          failure(
              "event-type",
              i,
              "its type is " + i.type().number(),
              "types other than 0, 2, 3 and 4 are reserved");
    };
  }

  private static @Nullable FailedCheck exception(InterruptionInformation i, boolean isLongMode64) {
    int vector = i.vector();
    if (vector == GuestFault.NMI || vector > HIGHEST_EXCEPTION) {
      return failure(
          "event-vector",
          i,
          "its type is 3 (exception) and its vector %d".formatted(vector),
          "that vector is no exception's");
    }
    boolean impossible = vector == GuestFault.OF || vector == GuestFault.BR;
    return !isLongMode64 || !impossible
        ? null
        : failure(
            "impossible-event",
            i,
            "its vector is %d and the guest runs 64-bit code".formatted(vector),
            "no instruction raises that exception in 64-bit mode");
  }

  private static FailedCheck failure(
      String name, InterruptionInformation i, String found, String rule) {
    return new FailedCheck(name, "EVENTINJ", i.unsigned(), found, rule, SOURCE);
  }
}
