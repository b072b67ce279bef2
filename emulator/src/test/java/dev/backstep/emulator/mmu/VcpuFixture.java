package dev.backstep.emulator.mmu;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.bus.MmioDevice;
import dev.backstep.emulator.bus.NumericErrorPins;
import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.bus.PortBus;
import dev.backstep.emulator.cpuid.CpuSetting;
import dev.backstep.emulator.cpuid.CpuidTable;
import dev.backstep.emulator.execution.CodeBlock;
import dev.backstep.emulator.interrupt.LocalInterrupts;
import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.listen.ExecutionListener;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.msr.MsrTable;
import dev.backstep.emulator.platform.Platform;
import dev.backstep.emulator.platform.Platforms;
import dev.backstep.emulator.testing.CountingEntropy;
import dev.backstep.emulator.time.VirtualClock;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import dev.backstep.emulator.vcpu.VcpuParts;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// One vCPU with RAM at 0, ROM at [#ROM], a device at [#DEVICE], a hand-written local APIC, and a
/// list of what it said.
public final class VcpuFixture implements ExecutionListener {
  public static final int RAM_BYTES = 8 << 20;
  public static final long ROM = 0xFFFF_0000L;
  public static final long DEVICE = 0xE000_0000L;
  public static final int FLAT_DATA =
      SegmentRegister.PRESENT
          | SegmentRegister.CODE_OR_DATA
          | SegmentRegister.TYPE_WRITABLE
          | SegmentRegister.DEFAULT_BIG
          | SegmentRegister.GRANULARITY;
  private static final int ROM_BYTES = 0x1_0000;

  public final Arena arena = Arena.ofAuto();
  public final GuestRam ram = new GuestRam(arena, RAM_BYTES + ROM_BYTES);
  public final PhysicalBus bus = new PhysicalBus(ram);
  public final LoggingDevice device = new LoggingDevice();
  public final FakeLapic lapic = new FakeLapic();
  public final List<MachineEvent> events = new ArrayList<>();
  public final CpuidTable cpuid;
  public final Vcpu c;
  public long position;

  public VcpuFixture() {
    this("max,phys-bits=46", "bare-metal-intel", Map.of());
  }

  public VcpuFixture(String cpu, String platformName, Map<String, Boolean> quirks) {
    this(cpu, Platforms.compose(platformName, quirks));
  }

  public VcpuFixture(String cpu, Platform platform) {
    bus.mapRam(0, RAM_BYTES, 0, PhysicalBus.Writable.YES);
    bus.mapRam(ROM, ROM_BYTES, RAM_BYTES, PhysicalBus.Writable.NO);
    bus.mapDevice(DEVICE, 0x2000, device);
    cpuid = platform.cpuidTable(CpuSetting.parse(cpu), 1);
    MsrTable msrs = platform.msrTable(cpuid);
    var port = new EventPort();
    port.connect(this);
    c =
        new Vcpu(
            0,
            new VcpuParts(
                bus,
                new PortBus(),
                cpu0 -> lapic,
                new VirtualClock(() -> position),
                cpuid,
                msrs,
                platform.memoryTypes(),
                port,
                new CountingEntropy(),
                NumericErrorPins.UNCONNECTED,
                platform.hypervisor(),
                platform.virtualization()));
    for (SegmentRegister s : c.segments) {
      s.set(0, 0, 0xFFFF, 0x93, true);
    }
    msrs.reset(c);
    c.updateMode();
    events.clear();
  }

  /// Puts the vCPU into flat 32-bit protected mode at `cpl`.
  public VcpuFixture flat32(int cpl) {
    c.cr0 |= ControlBits.CR0_PE;
    for (SegmentRegister s : c.segments) {
      s.set(8, 0, -1, FLAT_DATA | cpl << 5, true);
    }
    c.segments[SegmentRegister.CS].access |= SegmentRegister.TYPE_CODE;
    return at(cpl);
  }

  /// Puts the vCPU into 64-bit mode at `cpl`, with the page tables at `cr3`.
  public VcpuFixture long64(int cpl, long cr3) {
    flat32(cpl);
    c.segments[SegmentRegister.CS].access |= SegmentRegister.LONG;
    c.segments[SegmentRegister.CS].access &= ~SegmentRegister.DEFAULT_BIG;
    c.cr3 = cr3;
    c.cr4 |= ControlBits.CR4_PAE;
    c.efer |= ControlBits.EFER_LME | ControlBits.EFER_LMA;
    c.cr0 |= ControlBits.CR0_PG;
    return at(cpl);
  }

  public VcpuFixture at(int cpl) {
    c.cpl = cpl;
    c.updateMode();
    return this;
  }

  /// Sets RFLAGS and tells memory about it.
  public void rflags(long value) {
    c.setRflags(value);
    c.updateMode();
  }

  /// The text of the fault that `access` ends in, or "none": `14:code@cr2` or `13:code`.
  public static String faultOf(Runnable access) {
    try {
      access.run();
      return "none";
    } catch (GuestFault f) {
      return describe(f);
    }
  }

  public static String describe(GuestFault f) {
    String text = f.vector() + (f.hasErrorCode() ? ":" + f.errorCode() : "");
    return f.vector() == GuestFault.PF
        ? text + "@" + Long.toHexString(f.faultingLinearAddress())
        : text;
  }

  /// Events of one kind, in order.
  public <E extends MachineEvent> List<E> eventsOf(Class<E> kind) {
    var found = new ArrayList<E>();
    for (MachineEvent event : events) {
      if (kind.isInstance(event)) {
        found.add(kind.cast(event));
      }
    }
    return found;
  }

  @Override
  public void event(MachineEvent event) {
    events.add(event);
  }

  @Override
  public void blockBuilt(CodeBlock block) {}

  @Override
  public void executed(int vcpu, long first, int[] entries, int count, long instructions) {}

  /// A device of one register file that remembers how it was accessed.
  public static final class LoggingDevice implements MmioDevice {
    public final List<String> log = new ArrayList<>();
    public long value = 0x1122_3344_5566_7788L;

    @Override
    public String name() {
      return "logging";
    }

    @Override
    public long read(long offset, int bytes) {
      log.add("r%d@%x".formatted(bytes, offset));
      return value;
    }

    @Override
    public void write(long offset, int bytes, long written) {
      log.add("w%d@%x=%x".formatted(bytes, offset, written));
    }
  }

  /// A local APIC that only remembers.
  public static final class FakeLapic implements LocalInterrupts {
    public final List<String> log = new ArrayList<>();
    public long base = 0xFEE0_0900L;
    public boolean acceptsBase = true;
    public long tscDeadline;
    public long tscOffset;

    @Override
    public boolean hasDeliverable() {
      return false;
    }

    @Override
    public int acknowledge() {
      return NO_VECTOR;
    }

    @Override
    public String acknowledgedSource() {
      return "none";
    }

    @Override
    public int acknowledgedFrom() {
      return -1;
    }

    @Override
    public int taskPriorityClass() {
      return 0;
    }

    @Override
    public void setTaskPriorityClass(int priorityClass) {}

    @Override
    public long apicBase() {
      return base;
    }

    @Override
    public boolean setApicBase(long value) {
      if (acceptsBase) {
        base = value;
      }
      return acceptsBase;
    }

    @Override
    public long mmioPage() {
      return (base & 0xC00) == 0x800 ? base & -4096L : -1;
    }

    @Override
    public long readMmio(int offset, int bytes) {
      log.add("r%d@%x".formatted(bytes, offset));
      return 0xA5;
    }

    @Override
    public void writeMmio(int offset, int bytes, long value) {
      log.add("w%d@%x=%x".formatted(bytes, offset, value));
    }

    @Override
    public boolean readX2apic(int msr) {
      return (base & 0xC00) == 0xC00 && msr == 0x802;
    }

    @Override
    public long x2apicValue() {
      return 7;
    }

    @Override
    public boolean writeX2apic(int msr, long value) {
      return (base & 0xC00) == 0xC00 && msr == 0x80B && value == 0;
    }

    @Override
    public long tscDeadline() {
      return tscDeadline;
    }

    @Override
    public void setTscDeadline(long tsc) {
      tscDeadline = tsc;
    }

    @Override
    public void tscOffsetChanged(long offset) {
      tscOffset = offset;
    }

    @Override
    public boolean canSendForGuest() {
      return false;
    }

    @Override
    public boolean sendForGuest(long apicId, int icrLow) {
      return false;
    }

    @Override
    public void init() {}

    @Override
    public void reset() {}
  }
}
