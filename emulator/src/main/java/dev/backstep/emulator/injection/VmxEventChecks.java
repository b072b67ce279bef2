package dev.backstep.emulator.injection;

import dev.backstep.emulator.vcpu.GuestFault;
import org.jspecify.annotations.Nullable;

/// The checks of a VM entry on the fields by which it injects an event, in the order of SDM Vol. 3
/// "VM-Entry Control Fields". The first that fails makes the VM entry end with VMfailValid and
/// VM-instruction error 7, "VM entry with invalid control field(s)": the guest's state is not
/// looked at and there is no VM exit.
final class VmxEventChecks {
  /// SDM Vol. 3 table "VM-Instruction Error Numbers".
  static final int INVALID_CONTROL_FIELD = 7;

  private static final String INFORMATION = "the VM-entry interruption-information field";
  private static final String SOURCE = "SDM Vol. 3 \"VM-Entry Control Fields\"";
  private static final int HIGHEST_EXCEPTION = 31;
  private static final int LONGEST_INSTRUCTION = 15;

  private VmxEventChecks() {}

  /// The first check that fails, or null if all of them pass or no event is injected.
  static @Nullable FailedCheck firstFailure(VmxEventFields f) {
    if (!f.information().isValid()) {
      return null;
    }
    FailedCheck failed = type(f);
    failed = failed != null ? failed : vector(f);
    failed = failed != null ? failed : deliverErrorCode(f);
    failed = failed != null ? failed : reservedBits(f);
    failed = failed != null ? failed : errorCode(f);
    return failed != null ? failed : instructionLength(f);
  }

  private static @Nullable FailedCheck type(VmxEventFields f) {
    return switch (f.information().type()) {
      case RESERVED ->
          information(
              "interruption-type", f, "its type is 1", "type 1 is reserved on all processors");
      case OTHER_EVENT ->
          f.cpu().hasMonitorTrapFlag()
              ? null
              : information(
                  "interruption-type",
                  f,
                  "its type is 7",
                  "type 7 (other event) is reserved on processors without the monitor trap flag");
      default -> null;
    };
  }

  private static @Nullable FailedCheck vector(VmxEventFields f) {
    int vector = f.information().vector();
    return switch (f.information().type()) {
      case NMI -> vector == GuestFault.NMI ? null : vector(f, "an NMI has vector 2");
      case HARDWARE_EXCEPTION ->
          vector <= HIGHEST_EXCEPTION
              ? null
              : vector(f, "a hardware exception has at most vector 31");
      case OTHER_EVENT -> vector == 0 ? null : vector(f, "other event has vector 0");
      default -> null;
    };
  }

  private static FailedCheck vector(VmxEventFields f, String rule) {
    InterruptionInformation i = f.information();
    return information(
        "vector", f, "its vector is %d and its type %s".formatted(i.vector(), name(i)), rule);
  }

  private static @Nullable FailedCheck deliverErrorCode(VmxEventFields f) {
    InterruptionInformation i = f.information();
    if (i.type() != EventType.HARDWARE_EXCEPTION) {
      return !i.deliversErrorCode()
          ? null
          : code(
              f,
              "asks for an error code with type " + name(i),
              "only a hardware exception, type 3, delivers one");
    }
    if (f.isUnrestrictedGuest() && !f.isProtectedMode()) {
      return !i.deliversErrorCode()
          ? null
          : code(
              f,
              "asks for an error code while CR0.PE is 0",
              "in real-address mode no exception delivers one");
    }
    if (f.cpu().injectsAnyErrorCode()) {
      return null;
    }
    boolean pushes = pushesErrorCode(i.vector(), f.cpu());
    if (pushes == i.deliversErrorCode()) {
      return null;
    }
    return pushes
        ? code(
            f,
            "asks for no error code with vector " + i.vector(),
            "that exception always delivers one, and IA32_VMX_BASIC[56] is 0")
        : code(
            f,
            "asks for an error code with vector " + i.vector(),
            "that exception never delivers one, and IA32_VMX_BASIC[56] is 0");
  }

  /// Whether delivery of an exception normally pushes an error code: 8, 10 to 14, 17, and 21 on
  /// processors that have it.
  static boolean pushesErrorCode(int vector, VmxCapabilities cpu) {
    return switch (vector) {
      case GuestFault.DF,
          GuestFault.TS,
          GuestFault.NP,
          GuestFault.SS,
          GuestFault.GP,
          GuestFault.PF,
          GuestFault.AC ->
          true;
      case GuestFault.CP -> cpu.hasControlProtection();
      default -> false;
    };
  }

  private static FailedCheck code(VmxEventFields f, String found, String rule) {
    return information("deliver-error-code", f, "its bit 11 " + found, rule);
  }

  private static @Nullable FailedCheck reservedBits(VmxEventFields f) {
    InterruptionInformation i = f.information();
    boolean mayNest =
        f.cpu().hasNestedExceptions() && i.type() == EventType.HARDWARE_EXCEPTION && i.isNested();
    int set = i.reservedBits() & (mayNest ? ~InterruptionInformation.NESTED : -1);
    return set == 0
        ? null
        : information(
            "reserved-bits",
            f,
            "of its bits 30:12, 0x%x are set".formatted(set),
            mayNest ? "all but bit 13 must be 0" : "they must be 0");
  }

  private static @Nullable FailedCheck errorCode(VmxEventFields f) {
    boolean bad = f.information().deliversErrorCode() && f.errorCode() >>> 16 != 0;
    return !bad
        ? null
        : new FailedCheck(
            "error-code",
            "the VM-entry exception error-code field",
            Integer.toUnsignedLong(f.errorCode()),
            "it has more than 16 bits",
            "bits 31:16 must be 0",
            SOURCE);
  }

  private static @Nullable FailedCheck instructionLength(VmxEventFields f) {
    int length = f.instructionLength();
    int least = f.cpu().injectsWithoutLength() ? 0 : 1;
    if (!f.information().type().isOfInstruction()
        || length >= least && length <= LONGEST_INSTRUCTION) {
      return null;
    }
    return new FailedCheck(
        "instruction-length",
        "the VM-entry instruction-length field",
        Integer.toUnsignedLong(length),
        "the event is a " + f.information().type().text(),
        length == 0
            ? "the length must be 1 to 15, as IA32_VMX_MISC[30] is 0"
            : "the length must be at most 15",
        SOURCE);
  }

  private static FailedCheck information(String name, VmxEventFields f, String found, String rule) {
    return new FailedCheck(name, INFORMATION, f.information().unsigned(), found, rule, SOURCE);
  }

  private static String name(InterruptionInformation i) {
    return "%d (%s)".formatted(i.type().number(), i.type().text());
  }
}
