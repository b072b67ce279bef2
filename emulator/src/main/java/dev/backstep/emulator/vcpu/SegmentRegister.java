package dev.backstep.emulator.vcpu;

/// A segment register with its hidden part. SDM Vol. 3 "Segment Registers", "Segment Descriptors".
///
/// ```
/// access   15  14  13  12 | 11..8 | 7  6..5  4  3..0
///          G   D/B L  AVL |   0   | P  DPL   S  type
/// ```
///
/// (bits 8 to 15 of the descriptor's high word, then its bits 20 to 23 moved to 12 to 15: the
/// layout of the VMCS access-rights field.)
public final class SegmentRegister {
  public static final int ES = 0;
  public static final int CS = 1;
  public static final int SS = 2;
  public static final int DS = 3;
  public static final int FS = 4;
  public static final int GS = 5;

  public static final int TYPE_MASK = 0xF;
  public static final int TYPE_ACCESSED = 1;

  /// Writable for data segments, readable for code segments.
  public static final int TYPE_WRITABLE = 2;

  /// Expand-down for data segments, conforming for code segments.
  public static final int TYPE_EXPAND_DOWN = 4;

  public static final int TYPE_CODE = 8;
  public static final int CODE_OR_DATA = 1 << 4;
  public static final int PRESENT = 1 << 7;
  public static final int LONG = 1 << 13;
  public static final int DEFAULT_BIG = 1 << 14;
  public static final int GRANULARITY = 1 << 15;

  public int selector;
  public long base;

  /// Limit in bytes, already scaled by the granularity bit; unsigned.
  public int limit;

  public int access;

  /// False after a null selector was loaded in protected mode.
  public boolean usable;

  /// Type bits 3:0.
  public int type() {
    return access & TYPE_MASK;
  }

  /// Descriptor privilege level.
  public int dpl() {
    return access >> 5 & 3;
  }

  public boolean is(int bit) {
    return (access & bit) != 0;
  }

  /// Sets all parts at once.
  public void set(int newSelector, long newBase, int newLimit, int newAccess, boolean nowUsable) {
    selector = newSelector;
    base = newBase;
    limit = newLimit;
    access = newAccess;
    usable = nowUsable;
  }

  public void copyFrom(SegmentRegister other) {
    set(other.selector, other.base, other.limit, other.access, other.usable);
  }
}
