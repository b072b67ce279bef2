package dev.backstep.emulator.mmu;

import dev.backstep.emulator.vcpu.Vcpu;

/// Data breakpoints of DR0 to DR3. SDM Vol. 3 "Debug Registers", "Data Memory and I/O Breakpoint
/// Exception Conditions".
///
/// ```
/// DR7  31:30 29:28 … 19:18 17:16 … 7  6  … 1  0
///      LEN3  R/W3    LEN0  R/W0    G3 L3   G0 L0
/// ```
final class DataBreakpoints {
  private static final int WRITES = 1;
  private static final int READS_AND_WRITES = 3;

  private final Vcpu c;
  private boolean any;

  DataBreakpoints(Vcpu c) {
    this.c = c;
  }

  /// Reads DR7 again.
  void update() {
    any = false;
    for (int k = 0; k < 4; k++) {
      any |= isData(k);
    }
  }

  boolean any() {
    return any;
  }

  private boolean isData(int k) {
    int kind = kind(k);
    return (c.dr[7] >>> 2 * k & 3) != 0 && (kind == WRITES || kind == READS_AND_WRITES);
  }

  private int kind(int k) {
    return (int) (c.dr[7] >>> 16 + 4 * k) & 3;
  }

  private int bytes(int k) {
    return switch ((int) (c.dr[7] >>> 18 + 4 * k) & 3) {
      case 0 -> 1;
      case 1 -> 2;
      case 2 -> 8;
      default -> 4;
    };
  }

  private long start(int k) {
    return c.dr[k] & -(long) bytes(k);
  }

  /// Whether a breakpoint lies in the page of `gva`.
  boolean watch(long gva) {
    for (int k = 0; any && k < 4; k++) {
      if (isData(k) && (start(k) & Mmu.PAGE_MASK) == (gva & Mmu.PAGE_MASK)) {
        return true;
      }
    }
    return false;
  }

  /// Notes the breakpoints that an access meets.
  void accessed(long gva, int bytes, int access) {
    for (int k = 0; k < 4; k++) {
      boolean matches = Access.is(access, Access.WRITE) || kind(k) == READS_AND_WRITES;
      long start = start(k);
      if (isData(k) && matches && gva < start + bytes(k) && start < gva + bytes) {
        c.pendingDebugTraps |= 1L << k;
        c.requestAttention();
      }
    }
  }
}
