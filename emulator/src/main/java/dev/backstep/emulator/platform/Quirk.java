package dev.backstep.emulator.platform;

import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/// A behaviour of KVM that its user can switch off with KVM_CAP_DISABLE_QUIRKS2. On is KVM's
/// default. Only quirks that make a difference here are listed.
public enum Quirk {
  CD_NW_CLEARED(
      1,
      "KVM clears CR0.CD and CR0.NW in hardware: the guest reads them back, caches stay on. Off:"
          + " the guest's CR0.CD puts the caches into no-fill mode",
      "Linux api.rst, KVM_CAP_DISABLE_QUIRKS2; errata.rst, CR0.CD"),
  IGNORE_GUEST_PAT(
      9,
      "EPT leaves of RAM are WB with IPAT set: the guest's PAT has no effect. Off: IPAT is clear"
          + " and the guest's PAT counts",
      "Linux api.rst, KVM_CAP_DISABLE_QUIRKS2; commit c9c1e20b4c7d (6.16)");

  private final int bit;
  private final String description;
  private final String source;

  Quirk(int bit, String description, String source) {
    this.bit = bit;
    this.description = description;
    this.source = source;
  }

  /// The quirk's bit in KVM_CAP_DISABLE_QUIRKS2.
  public int bit() {
    return bit;
  }

  public String description() {
    return description;
  }

  public String source() {
    return source;
  }

  static @Nullable Quirk byName(String name) {
    for (Quirk quirk : values()) {
      if (quirk.name().equalsIgnoreCase(name)
          || ("KVM_X86_QUIRK_" + quirk).equalsIgnoreCase(name)) {
        return quirk;
      }
    }
    return null;
  }

  static String names() {
    var names = new StringJoiner(", ");
    for (Quirk quirk : values()) {
      names.add(quirk.name());
    }
    return names.toString();
  }
}
