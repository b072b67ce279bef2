package dev.backstep.emulator.mmu;

import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.cache.ProcessorCache;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;
import org.jspecify.annotations.Nullable;

/// Accesses by linear address that the fast views do not answer: through the architectural TLB, and
/// on its misses through a page walk. Every access is translated as a whole before a byte is read
/// or written.
final class LinearMemory {
  private final Vcpu c;
  private final PageWalker walker;
  private final PhysicalAccess physical;
  private final DataBreakpoints breakpoints;
  private final MemoryTypes memoryTypes;
  private final PhysicalBus bus;
  private final AccessRights rights;

  /// The current PCID; 0 without CR4.PCIDE.
  private int pcid;

  /// Empty until the first translation: a vCPU that never runs needs none.
  private Tlb tlb = new Tlb(1);

  private boolean allocated;

  /// Null unless caches are modelled.
  private @Nullable CacheAccess caches;

  LinearMemory(
      Vcpu c,
      PhysicalBus bus,
      PageWalker walker,
      RamBlocks blocks,
      DataBreakpoints breakpoints,
      MemoryTypes memoryTypes,
      AccessRights rights) {
    this.c = c;
    this.rights = rights;
    this.bus = bus;
    this.walker = walker;
    this.breakpoints = breakpoints;
    this.memoryTypes = memoryTypes;
    this.physical = new PhysicalAccess(c, bus, blocks);
  }

  /// Sends all accesses to RAM through a cache from now on.
  void connect(ProcessorCache cache) {
    caches = new CacheAccess(cache, memoryTypes, physical);
    walker.connect(cache);
  }

  Tlb tlb() {
    return tlb;
  }

  int pcid() {
    return pcid;
  }

  /// CR3 or CR4.PCIDE may have changed.
  void selectPcid() {
    pcid = c.cr4(ControlBits.CR4_PCIDE) ? (int) c.cr3 & Tlb.PCID_MASK : 0;
  }

  /// The TLB entry that translates `gva` and allows `access`.
  ///
  /// @throws GuestFault #PF
  int translate(long gva, int access) {
    int entry = tlb.find(gva, pcid);
    if (entry != Tlb.MISS && isUsable(tlb.flags(entry), access)) {
      return entry;
    }
    return miss(gva, access, entry);
  }

  private boolean isUsable(int flags, int access) {
    boolean dirty = !Access.is(access, Access.WRITE) || (flags & Tlb.DIRTY) != 0;
    return dirty && rights.allow(flags, access);
  }

  /// A translation that exists but forbids the access is walked again before it faults: SDM Vol. 3
  /// "Recommended Invalidation" lets software raise rights without a flush.
  private int miss(long gva, int access, int stale) {
    if (!allocated) {
      tlb = new Tlb(Tlb.ENTRIES);
      allocated = true;
    }
    int large = tlb.findLarge(gva, pcid);
    if (large != Tlb.MISS && isUsable(tlb.largeFlags(large), access)) {
      return install(gva, tlb.largeGpa(large, gva), tlb.largeFlags(large));
    }
    walker.walk(gva, access);
    int flags = Tlb.flagsOf(walker.permissions, walker.pageShift);
    boolean known =
        stale != Tlb.MISS && tlb.gpa(stale, gva) == walker.gpa
            || large != Tlb.MISS && tlb.largeGpa(large, gva) == walker.gpa;
    boolean whole = walker.pageShift > 12 && isUniform(walker.gpa, walker.pageShift);
    if (whole) {
      tlb.putLarge(gva, pcid, walker.gpa, flags);
    }
    if (!known) {
      memoryTypes.page(gva, walker.gpa, flags, whole ? walker.pageShift : 12);
    }
    if (walker.pageShift > 12 && !whole) {
      int entry = tlb.putFragment(gva, pcid, walker.gpa, flags);
      setBacking(entry);
      return entry;
    }
    return install(gva, walker.gpa, flags);
  }

  private boolean isUniform(long gpa, int shift) {
    long bytes = 1L << shift;
    long first = gpa & -bytes;
    long apicPage = c.apic.mmioPage();
    boolean holdsApic = apicPage >= first && apicPage < first + bytes;
    return !holdsApic && bus.isUniform(first, bytes) && memoryTypes.isUniform(first, bytes);
  }

  private int install(long gva, long gpa, int flags) {
    int entry = tlb.put(gva, pcid, gpa, flags);
    setBacking(entry);
    return entry;
  }

  private void setBacking(int entry) {
    long gpaPage = tlb.gpaPage(entry);
    tlb.setBacking(entry, physical.ramForRead(gpaPage), physical.ramForWrite(gpaPage));
  }

  /// Memory types changed for all that is translated: CR0.CD. Translations stay.
  void typesChanged() {
    tlb.forgetCacheUses();
    if (c.events.isOn()) {
      tlb.visit(pcid, memoryTypes);
    }
  }

  /// What lies behind guest-physical addresses changed (xAPIC base, a PCI BAR): translations stay.
  /// Policies tell RAM, devices and the xAPIC page apart.
  void backingChanged() {
    tlb.forgetCacheUses();
    for (int entry = 0; entry < tlb.size(); entry++) {
      if (tlb.isValid(entry)) {
        setBacking(entry);
      }
    }
  }

  /// Reads 1 to 8 bytes, zero-extended.
  long load(long gva, int bytes, int access) {
    int first = 4096 - (int) (gva & 0xFFF);
    if (first >= bytes) {
      int entry = translate(gva, access);
      noteBreakpoints(gva, bytes, access);
      return read(entry, gva, bytes);
    }
    long second = Access.wrap(gva + first, access);
    int entry = translate(gva, access);
    // Neighbours do not evict each other.
    int entry2 = translate(second, access);
    noteBreakpoints(gva, bytes, access);
    return read(entry, gva, first) | read(entry2, second, bytes - first) << 8 * first;
  }

  void store(long gva, int bytes, long value, int access) {
    int first = 4096 - (int) (gva & 0xFFF);
    if (first >= bytes) {
      int entry = translate(gva, access);
      noteBreakpoints(gva, bytes, access);
      write(entry, gva, bytes, value);
      return;
    }
    long second = Access.wrap(gva + first, access);
    int entry = translate(gva, access);
    int entry2 = translate(second, access);
    noteBreakpoints(gva, bytes, access);
    write(entry, gva, first, value);
    write(entry2, second, bytes - first, value >>> 8 * first);
  }

  /// All checks of an access to at most 4096 bytes, and no access.
  void probe(long gva, int bytes, int access) {
    translate(gva, access);
    if ((gva & 0xFFF) + bytes > 4096) {
      translate(Access.wrap((gva & Mmu.PAGE_MASK) + 4096, access), access);
    }
  }

  private void noteBreakpoints(long gva, int bytes, int access) {
    if (breakpoints.any()) {
      breakpoints.accessed(gva, bytes, access);
    }
  }

  private long read(int entry, long gva, int bytes) {
    if (caches != null) {
      return caches.read(tlb, entry, gva, bytes);
    }
    long ramPage = tlb.ramForRead(entry);
    if (ramPage != PhysicalBus.NOT_RAM) {
      return physical.readRam(ramPage + (gva & 0xFFF), bytes);
    }
    return physical.readDevice(tlb.gpa(entry, gva), bytes);
  }

  private void write(int entry, long gva, int bytes, long value) {
    if (caches != null) {
      caches.write(tlb, entry, gva, bytes, value);
      return;
    }
    long ramPage = tlb.ramForWrite(entry);
    if (ramPage != PhysicalBus.NOT_RAM) {
      physical.writeRam(ramPage + (gva & 0xFFF), bytes, value);
      return;
    }
    physical.writeDevice(tlb.gpa(entry, gva), bytes, value);
  }

  /// The RAM offset of `gva`, for an instruction about its line.
  ///
  /// @return [CacheAccess#NO_LINE] if it is no RAM that can be cached, or the TLB does not hold it
  ///   for such an access
  long cachedRam(long gva, int access) {
    int entry = tlb.find(gva, pcid);
    boolean usable = entry != Tlb.MISS && isUsable(tlb.flags(entry), access);
    return usable ? CacheAccess.ramOffset(tlb, entry, gva) : CacheAccess.NO_LINE;
  }

  void prefetch(long gva, int access, ProcessorCache cache) {
    long ramOffset = cachedRam(gva, access);
    if (ramOffset != CacheAccess.NO_LINE && caches != null) {
      cache.prefetch(ramOffset, caches.use(tlb, tlb.find(gva, pcid)));
    }
  }

  /// Whether the page of an access just made is RAM that such accesses may use without being seen:
  /// not watched, no cache to be modelled, and to be written, no code.
  boolean isPlain(long gva, int access) {
    int entry = tlb.find(gva, pcid);
    if (entry == Tlb.MISS || caches != null || breakpoints.watch(gva)) {
      return false;
    }
    long ramPage = tlb.ramForRead(entry);
    boolean readable = ramPage != PhysicalBus.NOT_RAM;
    if (!Access.is(access, Access.WRITE)) {
      return readable;
    }
    return readable && tlb.ramForWrite(entry) == ramPage && !bus.ram().holdsCode(ramPage);
  }

  /// Puts the plain page of `gva` into a view, as the page that holds `linear`: the same, or `gva`
  /// with metadata.
  void putInto(TlbView view, long linear, long gva, int access) {
    int entry = tlb.find(gva, pcid);
    long ramPage = tlb.ramForRead(entry);
    int keyBit = AccessRights.keyBit(tlb.flags(entry));
    if (Access.is(access, Access.WRITE)) {
      view.putWritable(linear & Mmu.PAGE_MASK, ramPage, keyBit);
    } else {
      view.putReadable(linear & Mmu.PAGE_MASK, ramPage, keyBit);
    }
  }
}
