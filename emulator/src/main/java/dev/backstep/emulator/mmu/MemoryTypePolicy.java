package dev.backstep.emulator.mmu;

import org.jspecify.annotations.Nullable;

/// A platform's rule for the effective memory type of a page. Asked at each fill of the
/// architectural TLB, and for what it holds when CR0.CD changes, if somebody hears of it.
public interface MemoryTypePolicy {
  Decision decide(Inputs inputs);

  /// What lies behind a guest-physical page.
  enum Backing {
    RAM,
    DEVICE,
    XAPIC_PAGE
  }

  /// Whether linear addresses are translated (CR0.PG).
  enum Paging {
    ON,
    OFF
  }

  /// CR0.CD as the guest wrote it.
  enum Caching {
    ENABLED,
    DISABLED
  }

  /// What a decision may depend on.
  ///
  /// @param mtrrs the guest's MTRRs
  /// @param gpa an address in the page
  /// @param mtrr what the guest's MTRRs say, whether or not the platform heeds them
  /// @param pat the PAT type that the page's PAT, PCD and PWT select; WB with paging off
  record Inputs(
      Mtrrs mtrrs,
      long gpa,
      Mtrrs.Resolution mtrr,
      MemoryType pat,
      Backing backing,
      Paging paging,
      Caching caching) {}

  /// What happens to an access whose line is cached.
  enum CacheMode {
    /// What the effective type says.
    NORMAL,

    /// The line is used, and updated by writes; what is not cached stays so. SDM Vol. 3 "Cache
    /// Control".
    NO_FILL
  }

  /// @param effective never UC-
  /// @param nested the type in the hypervisor's tables, or null where there are none
  /// @param rule names what decided
  /// @param mode NO_FILL only with UC
  record Decision(MemoryType effective, @Nullable String nested, String rule, CacheMode mode) {
    /// A decision for caches that work as the type says.
    public Decision(MemoryType effective, @Nullable String nested, String rule) {
      this(effective, nested, rule, CacheMode.NORMAL);
    }
  }
}
