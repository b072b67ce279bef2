package dev.backstep.emulator.injection;

/// What VMRUN looks at to check the event to inject.
///
/// @param event EVENTINJ 31:0, laid out as VMX's field; its bits 30:12 are ignored
/// @param errorCode EVENTINJ 63:32
/// @param isLongMode64 the guest runs 64-bit code
public record SvmEventFields(InterruptionInformation event, int errorCode, boolean isLongMode64) {}
