package dev.backstep.emulator.injection;

/// What the checks of a VM entry on the event to inject look at.
///
/// @param information the VM-entry interruption-information field
/// @param errorCode the VM-entry exception error-code field
/// @param instructionLength the VM-entry instruction-length field
/// @param isUnrestrictedGuest the VM-execution control "unrestricted guest"
/// @param isProtectedMode CR0.PE in the guest-state area
/// @param cpu what the processor allows
public record VmxEventFields(
    InterruptionInformation information,
    int errorCode,
    int instructionLength,
    boolean isUnrestrictedGuest,
    boolean isProtectedMode,
    VmxCapabilities cpu) {}
