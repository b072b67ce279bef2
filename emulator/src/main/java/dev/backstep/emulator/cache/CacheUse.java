package dev.backstep.emulator.cache;

/// How a processor treats an access to memory: the effective memory type, or no-fill mode. SDM Vol.
/// 3 "Methods of Caching Available"; APM Vol. 2 "Memory Types".
public enum CacheUse {
  UNCACHED("UC"),
  COMBINED("WC"),
  WRITE_THROUGH("WT"),
  WRITE_PROTECTED("WP"),
  WRITE_BACK("WB"),

  /// CR0.CD is set: nothing new is cached. What is cached already stays in use on Intel's
  /// processors (SDM Vol. 3 table "Cache Operating Modes"; NW makes no difference since the Pentium
  /// 4) and is written back and dropped on AMD's (APM Vol. 2 "Cache Disable").
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
