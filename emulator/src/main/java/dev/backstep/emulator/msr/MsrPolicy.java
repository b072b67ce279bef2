package dev.backstep.emulator.msr;

/// Where platforms differ in registers that all of them have.
///
/// @param platformInfo what MSR_PLATFORM_INFO reads as
/// @param microcodeRevision what IA32_BIOS_SIGN_ID reads as
/// @param miscEnableWritable bits of IA32_MISC_ENABLE that WRMSR may change; others give #GP
public record MsrPolicy(long platformInfo, long microcodeRevision, long miscEnableWritable) {}
