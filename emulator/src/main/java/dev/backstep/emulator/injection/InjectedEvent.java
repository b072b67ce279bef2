package dev.backstep.emulator.injection;

/// An event as a VM entry injects it.
///
/// @param hasErrorCode whether delivery pushes an error code, whatever the vector
/// @param errorCode 32 bits; 0 without one
/// @param instructionLength of the instruction that a software event stands for: the handler
///   returns behind it
public record InjectedEvent(
    EventType type, int vector, boolean hasErrorCode, int errorCode, int instructionLength) {

  static InjectedEvent of(EventType type, int vector) {
    return new InjectedEvent(type, vector, false, 0, 0);
  }

  /// The same on behalf of an instruction.
  InjectedEvent as(EventType software, int length) {
    return new InjectedEvent(software, vector, hasErrorCode, errorCode, length);
  }

  InjectedEvent withCode(int code) {
    return new InjectedEvent(type, vector, true, code, instructionLength);
  }

  InjectedEvent withoutCode() {
    return new InjectedEvent(type, vector, false, 0, instructionLength);
  }
}
