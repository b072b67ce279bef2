package dev.backstep.emulator.mmu;

import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.vcpu.Vcpu;

/// What one vCPU remembers of translations, and what makes it forget: flushes, switches of address
/// space, changes of the control bits and protection keys that rights depend on. SDM Vol. 3
/// "Operations that Invalidate TLBs and Paging-Structure Caches".
public final class Translations {
  private final Vcpu c;
  private final PhysicalBus bus;
  private final PageWalker walker;
  private final LinearMemory memory;
  private final TlbViews views;
  private final PagingControls controls;
  private long epoch;

  Translations(Vcpu c, PhysicalBus bus, PageWalker walker, LinearMemory memory, TlbViews views) {
    this.c = c;
    this.bus = bus;
    this.walker = walker;
    this.memory = memory;
    this.views = views;
    controls = new PagingControls(c);
    newEpoch();
  }

  /// Forgets all translations, global ones too. `op` goes into the `tlb` event: cr0, cr4, efer, …
  public void flushAll(String op) {
    memory.tlb().flushAll();
    flushed(op);
  }

  /// Forgets all translations of all PCIDs but global ones.
  public void flushNonGlobal(String op) {
    memory.tlb().flushNonGlobal();
    flushed(op);
  }

  /// Forgets the translations of `pcid` but global ones.
  public void flushContext(int pcid, String op) {
    memory.tlb().flushContext(pcid);
    flushed(op);
  }

  /// Forgets the page (of whatever size) that holds `gva` in the current address space.
  public void flushPage(long gva, String op) {
    flushPage(gva, memory.pcid(), op);
  }

  /// Forgets the page that holds `gva` in the address space of `pcid`; a global one too, which
  /// INVPCID may do (SDM Vol. 2 "INVPCID").
  public void flushPage(long gva, int pcid, String op) {
    if (memory.tlb().flushPage(gva, pcid)) {
      views.clear();
    } else {
      views.drop(gva);
    }
    newEpoch();
    emitFlush(op, gva);
  }

  private void flushed(String op) {
    addressSpaceChanged();
    emitFlush(op, 0);
  }

  private void emitFlush(String op, long gva) {
    if (c.events.isOn()) {
      c.events.emit(new MachineEvent.TlbFlush(c.at(), op, gva));
    }
  }

  /// CR3 changed: its PCID, its LAM bits, or what the linear addresses of its PCID mean.
  public void addressSpaceChanged() {
    memory.selectPcid();
    views.clear();
    newEpoch();
  }

  /// Loads the PDPTE registers (MOV to CR3 with PAE paging, or what turns PAE paging on).
  ///
  /// @return false, and nothing changed, if the guest must get #GP(0)
  public boolean loadPdptes(long cr3) {
    return walker.loadPdptes(cr3);
  }

  /// PDPTE register `k`, 0 to 3: state that is in no memory.
  public long pdpte(int k) {
    return walker.pdpte(k);
  }

  /// Changes PKRU.
  public void setPkru(int value) {
    views.dropKeys(AccessRights.keysRestricted(c.pkru, value));
    c.pkru = value;
  }

  /// Changes IA32_PKRS.
  public void setPkrs(int value) {
    int restricted = AccessRights.keysRestricted(c.msr.pkrs, value);
    views.dropKeys(AccessRights.supervisorKeys(restricted));
    c.msr.pkrs = value;
  }

  /// CPL, mode, CR0, CR4 or EFER may have changed.
  void controlsChanged() {
    memory.selectPcid();
    boolean cachingChanged = controls.hasCachingChanged();
    if (controls.hasPagingSwitched()) {
      memory.tlb().flushAll();
    } else if (cachingChanged) {
      memory.typesChanged();
    }
    if (controls.haveChanged()) {
      views.clear();
      newEpoch();
    } else {
      publishEpoch();
    }
  }

  void newEpoch() {
    epoch = bus.nextTranslationEpoch();
    publishEpoch();
  }

  private void publishEpoch() {
    c.translationEpoch = epoch << 1 | (c.cpl == 3 ? 1 : 0);
  }
}
