package dev.backstep.emulator.mmu;

import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;

/// Whether paging's access rights allow an access to a page whose permissions are known. SDM Vol. 3
/// "Determination of Access Rights", "Protection Keys", and for shadow stacks "Shadow Stack
/// Accesses".
///
/// PKRU (user pages) and IA32_PKRS (supervisor pages) have two bits for each of 16 keys:
///
/// ```
/// 31    30    …  3    2    1    0
/// WD15  AD15     WD1  AD1  WD0  AD0
/// ```
final class AccessRights {
  private static final int ACCESS_DISABLE = 1;
  private static final int WRITE_DISABLE = 2;
  private static final int ALL_ACCESS_DISABLES = 0x5555_5555;
  private static final int KEYS = 16;

  private final Vcpu c;

  AccessRights(Vcpu c) {
    this.c = c;
  }

  /// @param permissions bits of [Tlb]
  boolean allow(int permissions, int access) {
    return allowByMode(permissions, access) && !forbidByKey(permissions, access);
  }

  private boolean allowByMode(int permissions, int access) {
    boolean userPage = (permissions & Tlb.USER) != 0;
    if (Access.is(access, Access.SHADOW_STACK)) {
      // Each privilege has its own: neither reaches those of the other.
      return isShadowStack(permissions) && userPage == Access.is(access, Access.USER);
    }
    if (Access.is(access, Access.USER)) {
      if (!userPage) {
        return false;
      }
    } else if (userPage && c.cr0(ControlBits.CR0_PG) && isBarredFromUserPages(access)) {
      return false;
    }
    if (Access.is(access, Access.WRITE) && (permissions & Tlb.WRITABLE) == 0) {
      return ignoresWriteProtection(access);
    }
    return !Access.is(access, Access.FETCH) || (permissions & Tlb.NO_EXECUTE) == 0;
  }

  private static boolean isShadowStack(int permissions) {
    int wanted = Tlb.SHADOW_STACK | Tlb.DIRTY;
    return (permissions & wanted) == wanted;
  }

  private boolean ignoresWriteProtection(int access) {
    return !Access.is(access, Access.USER) && !c.cr0(ControlBits.CR0_WP);
  }

  private boolean isBarredFromUserPages(int access) {
    if (Access.is(access, Access.FETCH)) {
      return c.cr4(ControlBits.CR4_SMEP);
    }
    boolean overridden = c.flag(Rflags.AC) && !Access.is(access, Access.IMPLICIT);
    return c.cr4(ControlBits.CR4_SMAP) && !overridden;
  }

  /// Whether the page's protection key forbids the access, whatever else does.
  boolean forbidByKey(int permissions, int access) {
    boolean userPage = (permissions & Tlb.USER) != 0;
    long enable = userPage ? ControlBits.CR4_PKE : ControlBits.CR4_PKS;
    if (!c.cr4(enable) || Access.is(access, Access.FETCH) || !c.isLongModeActive()) {
      return false;
    }
    int key = Tlb.key(permissions);
    int disabled = (userPage ? c.pkru : c.msr.pkrs) >>> 2 * key;
    if ((disabled & ACCESS_DISABLE) != 0) {
      return true;
    }
    boolean write = Access.is(access, Access.WRITE);
    return write && (disabled & WRITE_DISABLE) != 0 && !ignoresWriteProtection(access);
  }

  /// The bit of a page's key among those of all keys: 0 to 15 of user pages, 16 to 31 of supervisor
  /// pages.
  static int keyBit(int permissions) {
    int key = Tlb.key(permissions);
    return 1 << ((permissions & Tlb.USER) != 0 ? key : key + KEYS);
  }

  /// The bits ([#keyBit]) of the keys of user pages that `after` allows less than `before`; shifted
  /// by 16, of supervisor pages.
  static int keysRestricted(int before, int after) {
    int set = after & ~before;
    return Integer.compress(set | set >>> 1, ALL_ACCESS_DISABLES);
  }

  /// What [#keysRestricted] is to be shifted by for supervisor pages.
  static int supervisorKeys(int someKeys) {
    return someKeys << KEYS;
  }
}
