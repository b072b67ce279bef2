package dev.backstep.emulator.injection;

/// A check of a VM entry that failed.
///
/// @param name short and fixed, for searches: deliver-error-code
/// @param field what was checked
/// @param value the field's value
/// @param found what was wrong with it, in words
/// @param rule what the manual demands
/// @param source where it does
public record FailedCheck(
    String name, String field, long value, String found, String rule, String source) {
  /// In a sentence that a person understands.
  public String sentence() {
    return "%s is 0x%x: %s; %s (%s)".formatted(field, value, found, rule, source);
  }
}
