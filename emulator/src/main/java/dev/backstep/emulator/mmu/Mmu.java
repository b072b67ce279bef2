package dev.backstep.emulator.mmu;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.Arrays;

/// One vCPU's way to memory.
///
/// Explicit accesses name a segment and an effective address (already cut to the address size). On
/// the fast path the linear address is the sum of both, and one compare with a flat-array TLB finds
/// the RAM behind it. Everything else takes the slow path: a segment that needs checks (its fast
/// base is "poisoned", so that it never hits), an access that crosses a page, a page that is a
/// device, holds code that is written, or is watched, and all accesses while alignment is checked.
///
/// Faults are thrown before anything is written.
public final class Mmu {
  static final long PAGE_MASK = -4096L;

  /// An address that no TLB slot ever holds: not canonical, not even with linear-address masking,
  /// which leaves bits 47 or 56 equal to bit 63.
  static final long POISON = 1L << 56 | 1L << 47;

  /// No plain RAM: see [#ramOffsetForRead] and [#ramOffsetForWrite].
  public static final long NOT_PLAIN = -1;

  private final Vcpu c;
  private final GuestRam ram;
  private final SegmentChecks segmentChecks;
  private final DataBreakpoints breakpoints;
  private final MemoryTypes memoryTypes;
  private final RamBlocks blocks;
  private final LinearMemory linearMemory;
  private final LinearAccess linearAccess;
  private final ShadowStacks shadowStacks;
  private final CacheControl caches;
  private final Translations translations;
  private final TlbViews views = new TlbViews();

  /// Base of each segment (ES CS SS DS FS GS) for the fast path, or [#POISON].
  private final long[] fastBase = new long[6];

  /// The fast TLB of the current privilege, or [TlbView#NONE] while alignment is checked.
  private TlbView view = TlbView.NONE;

  /// USER and WRAP_32 of explicit accesses in the current mode.
  private int explicit = Access.WRAP_32;

  /// Which view [#view] is to be, once something is put into it.
  private int privilege = TlbViews.SUPERVISOR;

  private boolean checksAlignment;

  public Mmu(Vcpu c, PhysicalBus bus, MemoryTypePolicy policy) {
    this.c = c;
    this.ram = bus.ram();
    segmentChecks = new SegmentChecks(c);
    breakpoints = new DataBreakpoints(c);
    memoryTypes = new MemoryTypes(c, bus, policy);
    blocks = new RamBlocks(bus);
    AccessRights rights = new AccessRights(c);
    PageWalker walker = new PageWalker(c, bus, blocks, rights);
    linearMemory = new LinearMemory(c, bus, walker, blocks, breakpoints, memoryTypes, rights);
    linearAccess = new LinearAccess(c, linearMemory, segmentChecks);
    shadowStacks = new ShadowStacks(linearMemory, linearAccess);
    caches = new CacheControl(c, linearMemory, segmentChecks);
    translations = new Translations(c, bus, walker, linearMemory, views);
    Arrays.fill(fastBase, POISON);
  }

  // Explicit accesses at the current privilege level.

  public byte load8(int segment, long ea) {
    long linear = ea + fastBase[segment];
    TlbView v = view;
    return v.isReadable(linear, 0)
        ? ram.getByte(v.ramOffset(linear))
        : (byte) loadSlow(segment, ea, 1, Access.READ);
  }

  public short load16(int segment, long ea) {
    long linear = ea + fastBase[segment];
    TlbView v = view;
    return v.isReadable(linear, 1)
        ? ram.getShort(v.ramOffset(linear))
        : (short) loadSlow(segment, ea, 2, Access.READ);
  }

  public int load32(int segment, long ea) {
    long linear = ea + fastBase[segment];
    TlbView v = view;
    return v.isReadable(linear, 3)
        ? ram.getInt(v.ramOffset(linear))
        : (int) loadSlow(segment, ea, 4, Access.READ);
  }

  public long load64(int segment, long ea) {
    long linear = ea + fastBase[segment];
    TlbView v = view;
    return v.isReadable(linear, 7)
        ? ram.getLong(v.ramOffset(linear))
        : loadSlow(segment, ea, 8, Access.READ);
  }

  /// Loads of what will be stored to: they fault where the store would.
  public byte loadForWrite8(int segment, long ea) {
    long linear = ea + fastBase[segment];
    TlbView v = view;
    return v.isWritable(linear, 0)
        ? ram.getByte(v.ramOffset(linear))
        : (byte) loadSlow(segment, ea, 1, Access.WRITE);
  }

  public short loadForWrite16(int segment, long ea) {
    long linear = ea + fastBase[segment];
    TlbView v = view;
    return v.isWritable(linear, 1)
        ? ram.getShort(v.ramOffset(linear))
        : (short) loadSlow(segment, ea, 2, Access.WRITE);
  }

  public int loadForWrite32(int segment, long ea) {
    long linear = ea + fastBase[segment];
    TlbView v = view;
    return v.isWritable(linear, 3)
        ? ram.getInt(v.ramOffset(linear))
        : (int) loadSlow(segment, ea, 4, Access.WRITE);
  }

  public long loadForWrite64(int segment, long ea) {
    long linear = ea + fastBase[segment];
    TlbView v = view;
    return v.isWritable(linear, 7)
        ? ram.getLong(v.ramOffset(linear))
        : loadSlow(segment, ea, 8, Access.WRITE);
  }

  public void store8(int segment, long ea, int value) {
    long linear = ea + fastBase[segment];
    TlbView v = view;
    if (v.isWritable(linear, 0)) {
      ram.putByte(v.ramOffset(linear), (byte) value);
    } else {
      storeSlow(segment, ea, 1, value);
    }
  }

  public void store16(int segment, long ea, int value) {
    long linear = ea + fastBase[segment];
    TlbView v = view;
    if (v.isWritable(linear, 1)) {
      ram.putShort(v.ramOffset(linear), (short) value);
    } else {
      storeSlow(segment, ea, 2, value);
    }
  }

  public void store32(int segment, long ea, int value) {
    long linear = ea + fastBase[segment];
    TlbView v = view;
    if (v.isWritable(linear, 3)) {
      ram.putInt(v.ramOffset(linear), value);
    } else {
      storeSlow(segment, ea, 4, value);
    }
  }

  public void store64(int segment, long ea, long value) {
    long linear = ea + fastBase[segment];
    TlbView v = view;
    if (v.isWritable(linear, 7)) {
      ram.putLong(v.ramOffset(linear), value);
    } else {
      storeSlow(segment, ea, 8, value);
    }
  }

  private long loadSlow(int segment, long ea, int bytes, int kind) {
    int access = kind | explicit;
    long gva = segmentChecks.linear(segment, ea, bytes, access);
    checkAlignment(gva, bytes, access);
    long value = linearMemory.load(gva, bytes, access);
    remember(segment, ea, gva, bytes, access);
    return value;
  }

  private void storeSlow(int segment, long ea, int bytes, long value) {
    int access = Access.WRITE | explicit;
    long gva = segmentChecks.linear(segment, ea, bytes, access);
    checkAlignment(gva, bytes, access);
    linearMemory.store(gva, bytes, value, access);
    remember(segment, ea, gva, bytes, access);
  }

  /// SDM Vol. 3 "Interrupt 17—Alignment Check Exception (#AC)"; of lower priority than page faults,
  /// but for some vendors.
  private void checkAlignment(long gva, int bytes, int access) {
    if (checksAlignment && (gva & bytes - 1) != 0) {
      if (!c.cpuid.vendor().checksAlignmentFirst()) {
        linearMemory.probe(gva, bytes, access);
      }
      throw c.fault.withCode(GuestFault.AC, 0);
    }
  }

  /// Puts the page of a finished access into the fast view, if it is plain RAM; in 64-bit mode as
  /// the page of the address that the instruction used, metadata included.
  private void remember(int segment, long ea, long gva, int bytes, int access) {
    boolean inOnePage = (gva & 0xFFF) + bytes <= 4096;
    if (!checksAlignment && inOnePage && linearMemory.isPlain(gva, access)) {
      view = views.get(privilege);
      long linear = c.mode == CpuMode.LONG64 ? ea + fastBase[segment] : gva;
      linearMemory.putInto(view, linear, gva, access);
    }
  }

  /// The checks of a read that come before paging: segment, limit, canonical address.
  public void checkSegment(int segment, long ea, int bytes) {
    segmentChecks.linear(segment, ea, bytes, Access.READ | explicit);
  }

  public void checkSegmentForWrite(int segment, long ea, int bytes) {
    segmentChecks.linear(segment, ea, bytes, Access.WRITE | explicit);
  }

  /// All checks of an access to `bytes` (at most 4096) bytes, and no access.
  public void probeRead(int segment, long ea, int bytes) {
    probe(segment, ea, bytes, Access.READ | explicit);
  }

  public void probeWrite(int segment, long ea, int bytes) {
    probe(segment, ea, bytes, Access.WRITE | explicit);
  }

  private void probe(int segment, long ea, int bytes, int access) {
    linearMemory.probe(segmentChecks.linear(segment, ea, bytes, access), bytes, access);
  }

  // Plain RAM in bulk, for string instructions.

  /// The RAM that offsets point into.
  public GuestRam ram() {
    return ram;
  }

  /// How many bytes from `ea` to the end of its page are plain RAM that may be read without further
  /// checks; 0 if that is not known: then load one element, and ask again.
  public int plainReadRun(int segment, long ea) {
    return ramOffsetForRead(segment, ea) == NOT_PLAIN ? 0 : runOf(segment, ea);
  }

  /// The same for writes, which nobody is told: such memory holds no code.
  public int plainWriteRun(int segment, long ea) {
    return ramOffsetForWrite(segment, ea) == NOT_PLAIN ? 0 : runOf(segment, ea);
  }

  private int runOf(int segment, long ea) {
    return 4096 - (int) (ea + fastBase[segment] & 0xFFF);
  }

  /// The RAM offset of `ea` if it lies in plain RAM that may be read, else [#NOT_PLAIN]. Its low 12
  /// bits are those of the linear address.
  public long ramOffsetForRead(int segment, long ea) {
    long linear = ea + fastBase[segment];
    return view.isReadable(linear, 0) ? view.ramOffset(linear) : NOT_PLAIN;
  }

  /// The RAM offset of `ea` if it lies in plain RAM that may be written, else [#NOT_PLAIN].
  public long ramOffsetForWrite(int segment, long ea) {
    long linear = ea + fastBase[segment];
    return view.isWritable(linear, 0) ? view.ramOffset(linear) : NOT_PLAIN;
  }

  // Accesses by linear address: see LinearAccess.

  /// Reads 1 to 8 bytes as an explicit access at `cpl` (stack switches); #SS(0) if non-canonical.
  public long readLinear(long gva, int bytes, int cpl) {
    return linearAccess.read(gva, bytes, cpl);
  }

  /// Writes 1 to 8 bytes as an explicit access at `cpl` (stack switches).
  public void writeLinear(long gva, int bytes, long value, int cpl) {
    linearAccess.write(gva, bytes, value, cpl);
  }

  /// All checks of an explicit access at `cpl` to at most 4096 bytes.
  public void probeLinear(long gva, int bytes, int cpl, AccessType type) {
    linearAccess.probe(gva, bytes, cpl, type);
  }

  /// Reads 1 to 8 bytes of a system structure (descriptor tables, TSS), zero-extended: an implicit
  /// supervisor-mode access. A non-canonical address is #GP(0).
  public long readSystem(long gva, int bytes) {
    return linearAccess.readSystem(gva, bytes);
  }

  /// Writes 1 to 8 bytes of a system structure.
  public void writeSystem(long gva, int bytes, long value) {
    linearAccess.writeSystem(gva, bytes, value);
  }

  /// Accesses to shadow stacks.
  public ShadowStacks shadowStacks() {
    return shadowStacks;
  }

  /// This vCPU's caches.
  public CacheControl caches() {
    return caches;
  }

  /// The linear address of a memory operand that lies on a shadow stack, after the checks of its
  /// segment.
  public long linearForShadowStack(int segment, long ea, int bytes) {
    return segmentChecks.linear(segment, ea, bytes, Access.WRITE | explicit);
  }

  /// The guest-physical address of code at `gva`, for a fetch at the current privilege level.
  public long fetchGpa(long gva) {
    return linearAccess.fetch(gva, explicit);
  }

  /// Whether `gva` is canonical for the current depth of paging.
  public boolean isCanonical(long gva) {
    return segmentChecks.isCanonical(gva);
  }

  /// Whether a register that holds an address may be loaded with `gva`: canonical for the widest
  /// linear address of the processor, whatever the depth of paging.
  public boolean isLoadable(long gva) {
    return segmentChecks.isLoadable(gva);
  }

  // What must be told.

  /// Flushes, switches of address space, PDPTE registers, protection keys.
  public Translations translations() {
    return translations;
  }

  public void flushAll(String op) {
    translations.flushAll(op);
  }

  /// The hidden part of a segment register changed.
  public void segmentChanged(int segment) {
    fastBase[segment] = segmentChecks.fastBase(segment);
  }

  /// CPL, mode, CR0, CR4, EFER or RFLAGS.AC may have changed.
  public void modeChanged() {
    translations.controlsChanged();
    boolean user = c.cpl == 3;
    explicit = (user ? Access.USER : 0) | (c.mode == CpuMode.LONG64 ? 0 : Access.WRAP_32);
    boolean ac = c.flag(Rflags.AC);
    checksAlignment = user && ac && c.cr0(ControlBits.CR0_AM);
    boolean override = ac && c.cr4(ControlBits.CR4_SMAP);
    privilege =
        user ? TlbViews.USER : override ? TlbViews.SUPERVISOR_OVERRIDE : TlbViews.SUPERVISOR;
    view = checksAlignment ? TlbView.NONE : views.peek(privilege);
    for (int segment = SegmentRegister.ES; segment <= SegmentRegister.GS; segment++) {
      fastBase[segment] = segmentChecks.fastBase(segment);
    }
  }

  /// A page of RAM starts to hold code: writes to it must be seen.
  public void codePageMarked(long ramOffset) {
    views.dropWritable(ramOffset & PAGE_MASK);
  }

  /// The base or the limit of CS changed: links between blocks are void.
  public void codeSegmentMoved() {
    translations.newEpoch();
  }

  /// DR0 to DR3 or DR7 changed.
  public void debugRegistersChanged() {
    breakpoints.update();
    views.clear();
  }

  /// What lies behind guest-physical addresses changed: the xAPIC page moved, a device was mapped
  /// or unmapped.
  public void physicalMapChanged() {
    blocks.forget();
    linearMemory.backingChanged();
    views.clear();
    translations.newEpoch();
  }

  /// This vCPU's MTRRs.
  public Mtrrs mtrrs() {
    return memoryTypes.mtrrs();
  }
}
