package dev.backstep.emulator.mmu;

import dev.backstep.emulator.vcpu.GuestFault;

/// Accesses to shadow stacks, by linear address: `cpl` 3 names the shadow stack of user mode, any
/// other that of supervisor mode. An address that is not canonical is #GP(0); a page that is not a
/// shadow stack of that mode is #PF with bit 6 of the error code. SDM Vol. 3 "Shadow Stacks".
public final class ShadowStacks {
  private final LinearMemory memory;
  private final LinearAccess linear;

  ShadowStacks(LinearMemory memory, LinearAccess linear) {
    this.memory = memory;
    this.linear = linear;
  }

  /// Reads 4 or 8 bytes, zero-extended.
  public long read(long gva, int bytes, int cpl) {
    int access = access(gva, bytes, cpl, Access.READ);
    return memory.load(Access.wrap(gva, access), bytes, access);
  }

  /// Writes 4 or 8 bytes.
  public void write(long gva, int bytes, long value, int cpl) {
    int access = access(gva, bytes, cpl, Access.WRITE);
    memory.store(Access.wrap(gva, access), bytes, value, access);
  }

  /// All checks of an access to at most 4096 bytes.
  public void probe(long gva, int bytes, int cpl, AccessType type) {
    int access = access(gva, bytes, cpl, Access.of(type));
    memory.probe(Access.wrap(gva, access), bytes, access);
  }

  private int access(long gva, int bytes, int cpl, int kind) {
    linear.checkCanonical(gva, bytes, GuestFault.GP);
    return linear.explicitAt(cpl, kind | Access.SHADOW_STACK);
  }
}
