package dev.backstep.emulator.injection;

/// What the VMX capability MSRs of a processor say, as far as event injection depends on it.
///
/// @param injectsAnyErrorCode IA32_VMX_BASIC\[56\]: a hardware exception of any vector may be
///   injected with or without an error code
/// @param injectsWithoutLength IA32_VMX_MISC\[30\]: software events may be injected with an
///   instruction length of 0
/// @param hasNestedExceptions IA32_VMX_BASIC\[58\], with FRED: bit 13 of the
///   interruption-information field may be set for hardware exceptions
/// @param hasControlProtection the processor knows #CP, whose delivery pushes an error code
/// @param hasMonitorTrapFlag type 7, other event, is not reserved
public record VmxCapabilities(
    boolean injectsAnyErrorCode,
    boolean injectsWithoutLength,
    boolean hasNestedExceptions,
    boolean hasControlProtection,
    boolean hasMonitorTrapFlag) {}
