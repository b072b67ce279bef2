package dev.backstep.emulator.mmu;

/// One access to linear memory, packed into an int.
///
/// ```
/// 5             4        3         2      1     0
/// SHADOW_STACK  WRAP_32  IMPLICIT  FETCH  USER  WRITE
/// ```
final class Access {
  static final int READ = 0;
  static final int WRITE = 1;

  /// A user-mode access: made at CPL 3 and not implicitly. SDM Vol. 3 "Determination of Access
  /// Rights".
  static final int USER = 1 << 1;

  static final int FETCH = 1 << 2;

  /// An implicit supervisor-mode access (descriptor tables, TSS): SMAP is not overridden by
  /// RFLAGS.AC.
  static final int IMPLICIT = 1 << 3;

  /// Linear addresses wrap at 4 GiB.
  static final int WRAP_32 = 1 << 4;

  /// A read or write of a shadow stack: that of user mode with [#USER], else that of supervisor
  /// mode.
  static final int SHADOW_STACK = 1 << 5;

  private Access() {}

  static int of(AccessType type) {
    return switch (type) {
      case READ -> READ;
      case WRITE -> WRITE;
      case FETCH -> FETCH;
    };
  }

  static boolean is(int access, int bit) {
    return (access & bit) != 0;
  }

  /// The linear address as the access's width has it.
  static long wrap(long gva, int access) {
    return is(access, WRAP_32) ? gva & 0xFFFF_FFFFL : gva;
  }
}
