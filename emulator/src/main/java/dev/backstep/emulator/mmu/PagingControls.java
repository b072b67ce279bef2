package dev.backstep.emulator.mmu;

import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Vcpu;

/// The control bits that translations depend on, as they were when they were last looked at.
final class PagingControls {
  private static final long CR0_BITS = ControlBits.CR0_PE | ControlBits.CR0_PG | ControlBits.CR0_WP;
  private static final long CR4_BITS =
      ControlBits.CR4_PSE
          | ControlBits.CR4_PAE
          | ControlBits.CR4_PGE
          | ControlBits.CR4_LA57
          | ControlBits.CR4_SMEP
          | ControlBits.CR4_SMAP
          | ControlBits.CR4_PCIDE
          | ControlBits.CR4_PKE
          | ControlBits.CR4_PKS
          | ControlBits.CR4_LAM_SUP;
  private static final long EFER_BITS = ControlBits.EFER_LMA | ControlBits.EFER_NXE;

  private final Vcpu c;
  private long cr0;
  private long cr4;
  private long efer;
  private long cacheDisable;

  PagingControls(Vcpu c) {
    this.c = c;
  }

  /// Whether access rights or the form of paging changed since the last call.
  boolean haveChanged() {
    long nowCr0 = c.cr0 & CR0_BITS;
    long nowCr4 = c.cr4 & CR4_BITS;
    long nowEfer = c.efer & EFER_BITS;
    boolean changed = nowCr0 != cr0 || nowCr4 != cr4 || nowEfer != efer;
    cr0 = nowCr0;
    cr4 = nowCr4;
    efer = nowEfer;
    return changed;
  }

  /// Whether CR0.PG changed since the last call of [#haveChanged()], which is to follow: addresses
  /// that are not translated share the TLB with those that are.
  boolean hasPagingSwitched() {
    return ((c.cr0 ^ cr0) & ControlBits.CR0_PG) != 0;
  }

  /// Whether CR0.CD, and with it memory types, changed since the last call.
  boolean hasCachingChanged() {
    long now = c.cr0 & ControlBits.CR0_CD;
    boolean changed = now != cacheDisable;
    cacheDisable = now;
    return changed;
  }
}
