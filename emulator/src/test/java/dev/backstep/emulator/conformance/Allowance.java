package dev.backstep.emulator.conformance;

/// What two processors may leave differently after the same case.
///
/// @param flags arithmetic flags that are undefined
/// @param approximate whether the last instruction was a transcendental one: ST(0) and ST(1) may
///   differ in their last bits, and so may whether they are exact (PE, C1)
record Allowance(long flags, boolean approximate) {
  static final Allowance NONE = new Allowance(0, false);
}
