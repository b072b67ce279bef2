package dev.backstep.emulator.interrupt;

import java.util.EnumSet;
import java.util.function.BooleanSupplier;

/// The local APIC of a CPU model.
///
/// @param physicalAddressBits MAXPHYADDR: bounds the base of the xAPIC page
/// @param features what it has
/// @param opensLint0 whether the bootstrap processor's LINT0 is ExtINT and not masked after RESET
///   and INIT
public record LapicModel(
    int physicalAddressBits, EnumSet<LapicFeature> features, BooleanSupplier opensLint0) {
  /// As the processors have it: LINT0 is masked.
  public LapicModel(int physicalAddressBits, EnumSet<LapicFeature> features) {
    this(physicalAddressBits, features, () -> false);
  }

  public LapicModel {
    if (physicalAddressBits < 32 || physicalAddressBits > 52) {
      throw new AssertionError("MAXPHYADDR " + physicalAddressBits);
    }
    features = EnumSet.copyOf(features);
  }

  public boolean has(LapicFeature feature) {
    return features.contains(feature);
  }
}
