package dev.backstep.emulator.mmu;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.cache.ProcessorCache;
import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.Vendor;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;
import org.jspecify.annotations.Nullable;

/// Walks the guest's paging structures: none, 32-bit, PAE, 4-level and 5-level paging. SDM Vol. 3
/// "Paging".
///
/// The result of the last walk is in the fields. Accessed and dirty flags are set when the access
/// is allowed: a walk that ends in a fault writes nothing.
final class PageWalker {
  private static final long PRESENT = 1;
  private static final long WRITABLE = 1 << 1;
  private static final long USER = 1 << 2;
  private static final long PWT = 1 << 3;
  private static final long PCD = 1 << 4;
  private static final long ACCESSED = 1 << 5;
  private static final long DIRTY = 1 << 6;
  private static final long PAGE_SIZE = 1 << 7;
  private static final long GLOBAL = 1 << 8;
  private static final long NO_EXECUTE = 1L << 63;
  private static final int KEY_SHIFT = 59;
  private static final int PAT_SHIFT_4K = 7;
  private static final int PAT_SHIFT_LARGE = 12;

  private static final int ERROR_PRESENT = 1;
  private static final int ERROR_WRITE = 1 << 1;
  private static final int ERROR_USER = 1 << 2;
  private static final int ERROR_RESERVED = 1 << 3;
  private static final int ERROR_FETCH = 1 << 4;
  private static final int ERROR_PROTECTION_KEY = 1 << 5;
  private static final int ERROR_SHADOW_STACK = 1 << 6;

  private static final int MAX_LEVELS = 5;
  private static final long OFFSET_52 = 0x000F_FFFF_FFFF_F000L;

  private final Vcpu c;
  private final PhysicalBus bus;
  private final GuestRam ram;
  private final RamBlocks blocks;
  private final AccessRights rights;

  /// Physical-address bits at and above MAXPHYADDR, up to bit 51.
  private final long beyondPhysical;

  private final boolean gigabytePages;
  private final boolean wide4MegabytePages;

  /// G is reserved in entries that map 512 GiB and more: APM Vol. 2 "4-Level Page Translation".
  private final boolean reservesHighGlobal;

  /// The PDPTE registers of PAE paging.
  private final long[] pdptes = new long[4];

  private final long[] entryGpa = new long[MAX_LEVELS];
  private final long[] entryValue = new long[MAX_LEVELS];
  private int entries;
  private int entryBytes;

  /// Guest-physical address of the byte that the last walk was for.
  long gpa;

  /// log2 of the size of the page that the last walk found.
  int pageShift;

  /// [Tlb] permission bits, protection key and PAT index of the page that the last walk found.
  int permissions;

  /// Null unless caches are modelled.
  private @Nullable ProcessorCache cache;

  PageWalker(Vcpu c, PhysicalBus bus, RamBlocks blocks, AccessRights rights) {
    this.c = c;
    this.rights = rights;
    this.bus = bus;
    this.blocks = blocks;
    this.ram = bus.ram();
    beyondPhysical = OFFSET_52 & -1L << c.cpuid.physicalAddressBits();
    gigabytePages = c.cpuid.has(CpuFeature.PDPE1GB);
    wide4MegabytePages = c.cpuid.has(CpuFeature.PSE36);
    reservesHighGlobal = c.cpuid.vendor() == Vendor.AMD;
  }

  /// Sets accessed and dirty flags through a cache from now on. Entries are read as the processors
  /// see them anyway, after what this one has in its combining buffers.
  void connect(ProcessorCache newCache) {
    cache = newCache;
  }

  /// Translates `gva` for `access` and sets accessed and dirty flags.
  ///
  /// @throws GuestFault #PF
  void walk(long gva, int access) {
    entries = 0;
    permissions = Tlb.USER | Tlb.WRITABLE;
    if (!c.cr0(ControlBits.CR0_PG)) {
      gpa = gva;
      pageShift = 12;
      permissions |= Tlb.DIRTY;
      return;
    }
    if (!c.cr4(ControlBits.CR4_PAE)) {
      walk32(gva, access);
    } else if (c.isLongModeActive()) {
      walkLong(gva, access);
    } else {
      walkPae(gva, access);
    }
    if (!rights.allow(permissions, access)) {
      boolean key = rights.forbidByKey(permissions, access);
      throw fault(gva, access, ERROR_PRESENT | (key ? ERROR_PROTECTION_KEY : 0));
    }
    markUsed(access);
  }

  private void walk32(long gva, int access) {
    entryBytes = 4;
    long pde = step(c.cr3 & 0xFFFF_F000L | gva >>> 20 & 0xFFC, gva, access);
    if ((pde & PAGE_SIZE) != 0 && c.cr4(ControlBits.CR4_PSE)) {
      // PSE-36: bits 20:13 are address bits 39:32, bit 21 is reserved. Without it all are.
      long high = (pde >>> 13 & 0xFF) << 32;
      boolean tooHigh = (high & beyondPhysical) != 0 || high != 0 && !wide4MegabytePages;
      if ((pde & 1 << 21) != 0 || tooHigh) {
        throw fault(gva, access, ERROR_PRESENT | ERROR_RESERVED);
      }
      leaf(pde, high | pde & 0xFFC0_0000L, gva, 22);
      return;
    }
    combine(pde);
    long pte = step(pde & 0xFFFF_F000L | gva >>> 10 & 0xFFC, gva, access);
    leaf(pte, pte & 0xFFFF_F000L, gva, 12);
  }

  private void walkPae(long gva, int access) {
    entryBytes = 8;
    long pdpte = pdptes[(int) (gva >>> 30) & 3];
    if ((pdpte & PRESENT) == 0) {
      throw fault(gva, access, 0);
    }
    // SDM Vol. 3 "PAE Paging": bits 62:52 are reserved too, and there are no rights in a PDPTE.
    long reserved = beyondPhysical | 0x7FF0_0000_0000_0000L | reservedNoExecute();
    descend(pdpte, 21, gva, access, reserved);
  }

  private void walkLong(long gva, int access) {
    entryBytes = 8;
    int top = c.cr4(ControlBits.CR4_LA57) ? 48 : 39;
    descend(c.cr3, top, gva, access, beyondPhysical | reservedNoExecute());
  }

  private long reservedNoExecute() {
    return c.efer(ControlBits.EFER_NXE) ? 0 : NO_EXECUTE;
  }

  /// Walks 8-byte entries from the table that `parent` points to, which is indexed by the linear
  /// address bits from `shift` on.
  private void descend(long parent, int firstShift, long gva, int access, long reserved) {
    long table = parent & OFFSET_52 & ~beyondPhysical;
    int shift = firstShift;
    while (true) {
      long entry = step(table | (gva >>> shift & 0x1FF) << 3, gva, access);
      boolean large = shift > 12 && (entry & PAGE_SIZE) != 0;
      boolean globalTable = shift > 30 && (entry & GLOBAL) != 0 && reservesHighGlobal;
      boolean badLarge = large && isReservedLarge(entry, shift);
      if ((entry & reserved) != 0 || badLarge || globalTable) {
        throw fault(gva, access, ERROR_PRESENT | ERROR_RESERVED);
      }
      if (large || shift == 12) {
        leaf(entry, entry & OFFSET_52 & -1L << shift, gva, shift);
        return;
      }
      combine(entry);
      table = entry & OFFSET_52;
      shift -= 9;
    }
  }

  private boolean isReservedLarge(long entry, int shift) {
    if (shift > 30 || shift == 30 && !gigabytePages) {
      return true;
    }
    long addressBitsBelowPage = (1L << shift) - 1 & -1L << 13;
    return (entry & addressBitsBelowPage) != 0;
  }

  /// Reads the entry at `at` and notes it; a page fault if it is not present.
  private long step(long at, long gva, int access) {
    long value = readEntry(at, entryBytes);
    if ((value & PRESENT) == 0) {
      throw fault(gva, access, 0);
    }
    entryGpa[entries] = at;
    entryValue[entries] = value;
    entries++;
    return value;
  }

  /// Structures that do not lie in RAM read as all ones; devices do not see a walk.
  private long readEntry(long at, int bytes) {
    boolean apicPage = (at & Mmu.PAGE_MASK) == c.apic.mmioPage();
    long offset = apicPage ? PhysicalBus.NOT_RAM : blocks.ramForRead(at);
    if (offset == PhysicalBus.NOT_RAM) {
      return bytes == 4 ? 0xFFFF_FFFFL : -1;
    }
    if (cache != null) {
      cache.beforeWalk(offset);
    }
    return bytes == 4 ? ram.getInt(offset) & 0xFFFF_FFFFL : ram.getLong(offset);
  }

  private void combine(long entry) {
    if ((entry & USER) == 0) {
      permissions &= ~Tlb.USER;
    }
    if ((entry & WRITABLE) == 0) {
      permissions &= ~Tlb.WRITABLE;
    }
    if (entryBytes == 8 && (entry & NO_EXECUTE) != 0) {
      permissions |= Tlb.NO_EXECUTE;
    }
  }

  /// SDM Vol. 3 "Shadow Stack Accesses": the page of a read-only leaf below writable tables.
  private void leaf(long entry, long base, long gva, int shift) {
    if ((entry & WRITABLE) == 0 && (permissions & Tlb.WRITABLE) != 0) {
      permissions |= Tlb.SHADOW_STACK;
    }
    combine(entry);
    gpa = base | gva & (1L << shift) - 1;
    pageShift = shift;
    int pat = (int) (entry >>> (shift == 12 ? PAT_SHIFT_4K : PAT_SHIFT_LARGE)) & 1;
    int patIndex = pat << 2 | ((entry & PCD) != 0 ? 2 : 0) | ((entry & PWT) != 0 ? 1 : 0);
    permissions |= Tlb.ofPat(patIndex);
    if ((entry & GLOBAL) != 0 && c.cr4(ControlBits.CR4_PGE)) {
      permissions |= Tlb.GLOBAL;
    }
    if ((entry & DIRTY) != 0) {
      permissions |= Tlb.DIRTY;
    }
    if (c.isLongModeActive()) {
      permissions |= Tlb.ofKey((int) (entry >>> KEY_SHIFT) & 0xF);
    }
  }

  private void markUsed(int access) {
    for (int k = 0; k < entries; k++) {
      long wanted = entryValue[k] | ACCESSED;
      if (k == entries - 1 && Access.is(access, Access.WRITE)) {
        wanted |= DIRTY;
        permissions |= Tlb.DIRTY;
      }
      if (wanted != entryValue[k]) {
        writeEntry(entryGpa[k], wanted);
      }
    }
  }

  private void writeEntry(long at, long value) {
    long offset = cache == null ? PhysicalBus.NOT_RAM : blocks.ramForWrite(at);
    if (cache == null || offset == PhysicalBus.NOT_RAM) {
      bus.write(at, entryBytes, value);
    } else {
      cache.storeEntry(offset, entryBytes, value);
    }
  }

  private GuestFault fault(long gva, int access, int error) {
    int code = error;
    if (Access.is(access, Access.WRITE)) {
      code |= ERROR_WRITE;
    }
    if (Access.is(access, Access.USER)) {
      code |= ERROR_USER;
    }
    if (Access.is(access, Access.FETCH) && areFetchesReported()) {
      code |= ERROR_FETCH;
    }
    if (Access.is(access, Access.SHADOW_STACK)) {
      code |= ERROR_SHADOW_STACK;
    }
    return c.fault.pageFault(gva, code);
  }

  /// SDM Vol. 3 "Page-Fault Exceptions": bit 4 exists with SMEP or with execute-disable only.
  private boolean areFetchesReported() {
    return c.cr4(ControlBits.CR4_SMEP)
        || c.cr4(ControlBits.CR4_PAE) && c.efer(ControlBits.EFER_NXE);
  }

  /// Loads the PDPTE registers from the table that `cr3` points to. SDM Vol. 3 "PDPTE Registers".
  ///
  /// @return false, and nothing loaded, if a present one has reserved bits set: #GP(0)
  boolean loadPdptes(long cr3) {
    long table = cr3 & 0xFFFF_FFE0L;
    long reserved = ~OFFSET_52 & ~0xE19L | beyondPhysical;
    for (int k = 0; k < 4; k++) {
      long pdpte = readEntry(table + 8L * k, 8);
      if ((pdpte & PRESENT) != 0 && (pdpte & reserved) != 0) {
        return false;
      }
    }
    for (int k = 0; k < 4; k++) {
      pdptes[k] = readEntry(table + 8L * k, 8);
    }
    return true;
  }

  long pdpte(int k) {
    return pdptes[k];
  }
}
