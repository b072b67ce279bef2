package dev.backstep.emulator.testing;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.bus.NumericErrorPins;
import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.bus.PortBus;
import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.CpuSetting;
import dev.backstep.emulator.cpuid.CpuidTable;
import dev.backstep.emulator.decode.Decoder;
import dev.backstep.emulator.execution.BlockCache;
import dev.backstep.emulator.execution.Interpreter;
import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.mmu.MemoryType;
import dev.backstep.emulator.mmu.MemoryTypePolicy;
import dev.backstep.emulator.platform.Platform;
import dev.backstep.emulator.platform.Platforms;
import dev.backstep.emulator.time.VirtualClock;
import dev.backstep.emulator.vcpu.Activity;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.ResetState;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import dev.backstep.emulator.vcpu.VcpuParts;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// A vCPU with descriptor tables, a TSS, stacks and an interpreter, for tests of the system
/// instructions: code bytes go in, instructions run, registers, memory and events are looked at.
///
/// The first 2 MiB are RAM, mapped one to one in 4 KiB user pages when paging is on. Every vector
/// has a gate to its own HLT at [#handler].
public final class SystemBench {
  public static final int CODE32 = 0x08;
  public static final int DATA = 0x10;
  public static final int CODE64 = 0x18;
  public static final int USER_CODE32 = 0x23;
  public static final int USER_DATA = 0x2B;
  public static final int USER_CODE64 = 0x33;
  public static final int TSS = 0x38;
  public static final int CODE16 = 0x48;
  public static final int DATA16 = 0x50;
  public static final int LDT = 0x58;

  /// The first of the entries that tests may fill.
  public static final int FREE = 0x80;

  public static final long GDT = 0x2000;
  public static final long IDT = 0x3000;
  public static final long TSS_AT = 0x4000;
  public static final long LDT_AT = 0x4800;
  public static final long CODE_AT = 0x10000;
  public static final long STACK0 = 0x30000;
  public static final long STACK3 = 0x40000;
  public static final long IST1 = 0x50000;
  public static final long SCRATCH = 0x60000;

  public static final int TYPE_DATA = 0x93;
  public static final int TYPE_CODE = 0x9B;
  public static final int TYPE_CONFORMING = 0x9F;
  public static final int FLAT32 = SegmentRegister.GRANULARITY | SegmentRegister.DEFAULT_BIG;
  public static final int FLAT64 = SegmentRegister.GRANULARITY | SegmentRegister.LONG;
  public static final int DPL3 = 3 << 5;

  private static final long HANDLERS = 0x20000;
  private static final int RAM_BYTES = 2 << 20;
  private static final long TABLES = 0x5000;
  private static final long PAGE_TABLE = TABLES + 0x3000;
  private static final int VECTORS = 256;
  private static final int GDT_LIMIT = 0xFFF;

  public final Vcpu c;
  public final GuestRam ram;
  public final PortBus ports = new PortBus();
  public final EventLog log = new EventLog();
  private final Interpreter interpreter;

  public SystemBench() {
    this("max");
  }

  /// @param cpu what `-cpu` would say
  public SystemBench(String cpu) {
    this(cpu, Platforms.compose("bare-metal-intel", Map.of()));
  }

  /// @param cpu what `-cpu` would say
  /// @param platform whose instructions, registers and exits are meant
  public SystemBench(String cpu, Platform platform) {
    ram = new GuestRam(Arena.ofAuto(), RAM_BYTES);
    PhysicalBus bus = new PhysicalBus(ram);
    bus.mapRam(0, RAM_BYTES, 0, PhysicalBus.Writable.YES);
    MemoryTypePolicy writeBack =
        inputs -> new MemoryTypePolicy.Decision(MemoryType.WB, null, "test");
    CpuidTable cpuid = platform.cpuidTable(CpuSetting.parse(cpu), 1);
    EventPort events = new EventPort();
    events.connect(log);
    Vcpu[] self = new Vcpu[1];
    c =
        new Vcpu(
            0,
            new VcpuParts(
                bus,
                ports,
                cpu0 -> new NoInterrupts(),
                new VirtualClock(() -> self[0] == null ? 0 : self[0].position()),
                cpuid,
                platform.msrTable(cpuid),
                writeBack,
                events,
                new CountingEntropy(),
                NumericErrorPins.UNCONNECTED,
                platform.hypervisor(),
                platform.virtualization()));
    self[0] = c;
    events.filter(event -> platform.vmExits().exitFor(event, c));
    BlockCache cache = new BlockCache(ram, bus);
    cache.attach(bus, List.of(c));
    interpreter =
        new Interpreter(
            cache,
            bus,
            new Decoder(
                cpuid.absentFeatures().stream()
                    .filter(feature -> feature != CpuFeature.MONITOR)
                    .map(CpuFeature::name)
                    .collect(Collectors.toSet())));
    ResetState.reset(c);
    fillGdt();
    for (int vector = 0; vector < VECTORS; vector++) {
      ram.putByte(handler(vector), (byte) 0xF4);
    }
    log.events.clear();
  }

  private void fillGdt() {
    gdt(CODE32, descriptor(0, 0xFFFFF, TYPE_CODE | FLAT32));
    gdt(DATA, descriptor(0, 0xFFFFF, TYPE_DATA | FLAT32));
    gdt(CODE64, descriptor(0, 0xFFFFF, TYPE_CODE | FLAT64));
    gdt(USER_CODE32, descriptor(0, 0xFFFFF, TYPE_CODE | DPL3 | FLAT32));
    gdt(USER_DATA, descriptor(0, 0xFFFFF, TYPE_DATA | DPL3 | FLAT32));
    gdt(USER_CODE64, descriptor(0, 0xFFFFF, TYPE_CODE | DPL3 | FLAT64));
    gdt(TSS, descriptor(TSS_AT, 0x3FF, 0x8B));
    gdt(CODE16, descriptor(0, 0xFFFF, TYPE_CODE));
    gdt(DATA16, descriptor(0, 0xFFFF, TYPE_DATA));
    gdt(LDT, descriptor(LDT_AT, 0xFF, 0x82));
  }

  /// A descriptor; `access` in the layout of [SegmentRegister#access].
  public static long descriptor(long base, int rawLimit, int access) {
    return rawLimit & 0xFFFFL
        | (base & 0xFFFFFF) << 16
        | (access & 0xFFL) << 40
        | (rawLimit & 0xF0000L) << 32
        | (access & 0xF000L) << 40
        | (base >>> 24 & 0xFF) << 56;
  }

  /// A gate of type `type` (present) and privilege `dpl`; `extra` is its parameter count or IST.
  public static long gate(int type, int selector, long offset, int dpl, int extra) {
    return offset & 0xFFFF
        | (long) selector << 16
        | (long) extra << 32
        | (0x80L | dpl << 5 | type) << 40
        | (offset & 0xFFFF0000L) << 32;
  }

  public SystemBench gdt(int selector, long descriptor) {
    ram.putLong(GDT + (selector & 0xFFF8), descriptor);
    return this;
  }

  public SystemBench ldt(int selector, long descriptor) {
    ram.putLong(LDT_AT + (selector & 0xFFF8), descriptor);
    return this;
  }

  /// Where the gate of `vector` leads.
  public static long handler(int vector) {
    return HANDLERS + 16L * vector;
  }

  /// Sets the gate of a vector in the IDT of the mode.
  public SystemBench idt(int vector, long gate) {
    if (c.isLongModeActive()) {
      ram.putLong(IDT + 16L * vector, gate);
      ram.putLong(IDT + 16L * vector + 8, 0);
    } else {
      ram.putLong(IDT + 8L * vector, gate);
    }
    return this;
  }

  /// Flat 32-bit protected mode at CPL 0, paging off.
  public SystemBench protected32() {
    c.cr0 = ControlBits.CR0_PE | ControlBits.CR0_ET | ControlBits.CR0_NE;
    tables(0xE, CODE32, TYPE_CODE | FLAT32);
    put32(TSS_AT + 4, STACK0);
    put32(TSS_AT + 8, DATA);
    return this;
  }

  /// 64-bit mode at CPL 0.
  public SystemBench longMode() {
    mapPages();
    c.cr0 =
        ControlBits.CR0_PE
            | ControlBits.CR0_PG
            | ControlBits.CR0_WP
            | ControlBits.CR0_ET
            | ControlBits.CR0_NE;
    c.cr3 = TABLES;
    c.cr4 = ControlBits.CR4_PAE;
    c.efer =
        ControlBits.EFER_LME | ControlBits.EFER_LMA | ControlBits.EFER_NXE | ControlBits.EFER_SCE;
    tables(0xE, CODE64, TYPE_CODE | FLAT64);
    ram.putLong(TSS_AT + 4, STACK0);
    ram.putLong(TSS_AT + 36, IST1);
    return this;
  }

  /// Real-address mode, all segments at 0; the vector table at 0 leads to the handlers.
  public SystemBench realMode() {
    for (SegmentRegister s : c.segments) {
      s.set(0, 0, 0xFFFF, TYPE_DATA, true);
    }
    c.idtLimit = 0x3FF;
    for (int vector = 0; vector < VECTORS; vector++) {
      put32(4L * vector, (handler(vector) >> 4) << 16);
    }
    c.gpr[Vcpu.RSP] = 0x8000;
    return settle();
  }

  private void tables(int gateType, int codeSelector, int codeAccess) {
    c.gdtBase = GDT;
    c.gdtLimit = GDT_LIMIT;
    c.idtBase = IDT;
    c.idtLimit = 0xFFF;
    c.tr.set(TSS, TSS_AT, 0x3FF, 0x8B, true);
    c.ldtr.set(LDT, LDT_AT, 0xFF, 0x82, true);
    put16(TSS_AT + 102, 0x400);
    for (int vector = 0; vector < VECTORS && 8 * vector < 0x1000; vector++) {
      if (!c.isLongModeActive() || vector < 64) {
        idt(vector, gate(gateType, codeSelector, handler(vector), 3, 0));
      }
    }
    c.cpl = 0;
    for (SegmentRegister s : c.segments) {
      s.set(DATA, 0, -1, TYPE_DATA | FLAT32, true);
    }
    c.segments[SegmentRegister.CS].set(codeSelector, 0, -1, codeAccess, true);
    c.gpr[Vcpu.RSP] = STACK0 - 0x800;
    settle();
  }

  private void mapPages() {
    ram.putLong(TABLES, TABLES + 0x1000 | 7);
    ram.putLong(TABLES + 0x1000, TABLES + 0x2000 | 7);
    ram.putLong(TABLES + 0x2000, PAGE_TABLE | 7);
    for (int page = 0; page < 512; page++) {
      page(page * 4096L, 7);
    }
  }

  /// Sets the flags of the page-table entry of `gva` (P 1, RW 2, US 4).
  public SystemBench page(long gva, long flags) {
    ram.putLong(PAGE_TABLE + (gva >>> 12) * 8, gva & ~0xFFFL | flags);
    c.mmu.flushAll("test");
    return this;
  }

  /// Goes to CPL 3 in the same kind of code.
  public SystemBench user() {
    SegmentRegister cs = c.segments[SegmentRegister.CS];
    boolean wide = cs.is(SegmentRegister.LONG);
    cs.selector = wide ? USER_CODE64 : USER_CODE32;
    cs.access |= DPL3;
    for (int segment = 0; segment < 6; segment++) {
      if (segment != SegmentRegister.CS) {
        c.segments[segment].set(USER_DATA, 0, -1, TYPE_DATA | DPL3 | FLAT32, true);
      }
    }
    c.cpl = 3;
    c.gpr[Vcpu.RSP] = STACK3;
    return settle();
  }

  /// Goes from 32-bit protected mode to virtual-8086 mode, segments at 0, IOPL as given.
  public SystemBench vm86(int iopl) {
    for (SegmentRegister s : c.segments) {
      s.set(0, 0, 0xFFFF, 0xF3, true);
    }
    c.cpl = 3;
    c.gpr[Vcpu.RSP] = 0x8000;
    c.setRflags(Rflags.VM | iopl << 12);
    return settle();
  }

  private SystemBench settle() {
    for (int segment = 0; segment < 6; segment++) {
      c.mmu.segmentChanged(segment);
    }
    c.updateMode();
    c.mmu.flushAll("test");
    log.events.clear();
    return this;
  }

  /// Puts code at RIP's default place (offset [#CODE_AT], in real style at 0x1000:0) and points RIP
  /// there.
  public SystemBench code(int... bytes) {
    for (int k = 0; k < bytes.length; k++) {
      ram.putByte(CODE_AT + k, (byte) bytes[k]);
      ram.wrote(CODE_AT + k, 1);
    }
    c.rip = CODE_AT;
    if (c.mode.isRealStyle()) {
      SegmentRegister cs = c.segments[SegmentRegister.CS];
      cs.selector = (int) CODE_AT >> 4;
      cs.base = CODE_AT;
      c.mmu.segmentChanged(SegmentRegister.CS);
      c.rip = 0;
    }
    return this;
  }

  /// Retires up to `count` instructions; faults are delivered on the way.
  public SystemBench run(int count) {
    c.deadline = c.icountBase + count;
    interpreter.run(c);
    return this;
  }

  /// Length in bytes of the instruction at RIP.
  public int lengthOfNext(Vcpu of) {
    return interpreter.lengthOfNext(of);
  }

  /// Whether the guest will never retire another instruction.
  public boolean isStuck() {
    return interpreter.isStuck();
  }

  /// Runs one instruction. If it faults, RIP is at the handler: the HLT there, which is the first
  /// to retire, is taken back.
  public SystemBench step() {
    run(1);
    long gva = c.rip - 1;
    if (c.mode != CpuMode.LONG64) {
      gva += c.segments[SegmentRegister.CS].base;
    }
    boolean inHandler = gva >= HANDLERS && gva < HANDLERS + 16L * VECTORS;
    if (c.activity == Activity.HALTED && inHandler) {
      c.activity = Activity.RUNNING;
      c.rip--;
    }
    return this;
  }

  public void put16(long gpa, int value) {
    ram.putShort(gpa, (short) value);
  }

  public void put32(long gpa, long value) {
    ram.putInt(gpa, (int) value);
  }

  public long get16(long gpa) {
    return ram.getShort(gpa) & 0xFFFFL;
  }

  public long get32(long gpa) {
    return ram.getInt(gpa) & 0xFFFFFFFFL;
  }

  public long get64(long gpa) {
    return ram.getLong(gpa);
  }

  /// A doubleword of the stack, by index from its top.
  public long stack32(int index) {
    return get32(c.gpr[Vcpu.RSP] + 4L * index);
  }

  public long stack64(int index) {
    return get64(c.gpr[Vcpu.RSP] + 8L * index);
  }

  public long stack16(int index) {
    return get16((c.gpr[Vcpu.RSP] & 0xFFFF) + 2L * index);
  }

  public int selector(int segment) {
    return c.segments[segment].selector;
  }

  public List<String> exceptions() {
    return log.exceptions();
  }
}
