package dev.backstep.emulator.cache;

/// How a processor treats an access to memory: the effective memory type, or no-fill mode. SDM Vol.
/// 3 "Methods of Caching Available"; APM Vol. 2 "Memory Types".
public enum CacheUse {
  UNCACHED("UC"),
  COMBINED("WC"),
  WRITE_THROUGH("WT"),
  WRITE_PROTECTED("WP"),
  WRITE_BACK("WB"),

  /// CR0.CD is set on an Intel processor: what is cached stays in use, nothing new is cached. SDM
  /// Vol. 3 table "Cache Operating Modes"; CR0.NW makes no difference since the Pentium 4. AMD's
  /// processors write back and drop what an access hits (APM Vol. 2 "Cache Disable"), as if the
  /// type were UC.
  NO_FILL("no-fill");

  private static final CacheUse[] ALL = values();

  private final String label;

  CacheUse(String label) {
    this.label = label;
  }

  /// The name that `cache` events carry.
  public String label() {
    return label;
  }

  /// The use whose ordinal is `number`.
  public static CacheUse numbered(int number) {
    return ALL[number];
  }
}
