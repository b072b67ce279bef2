package dev.backstep.emulator.interrupt;

import java.util.EnumSet;

/// The local APIC of a CPU model.
///
/// @param physicalAddressBits MAXPHYADDR: bounds the base of the xAPIC page
/// @param features what it has
public record LapicModel(int physicalAddressBits, EnumSet<LapicFeature> features) {
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
