package dev.backstep.emulator.testing;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.bus.PortBus;
import dev.backstep.emulator.cpuid.CpuSetting;
import dev.backstep.emulator.cpuid.CpuidTable;
import dev.backstep.emulator.cpuid.Vendor;
import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.mmu.MemoryTypePolicy;
import dev.backstep.emulator.msr.MsrPolicy;
import dev.backstep.emulator.msr.MsrTable;
import dev.backstep.emulator.time.VirtualClock;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import dev.backstep.emulator.vcpu.VcpuParts;
import java.lang.foreign.Arena;

/// A vCPU with RAM and nothing else, for tests that execute single instructions at CPL 0.
public final class BareVcpu {
  private static final int DATA_ACCESS =
      SegmentRegister.PRESENT
          | SegmentRegister.CODE_OR_DATA
          | SegmentRegister.TYPE_WRITABLE
          | SegmentRegister.TYPE_ACCESSED;
  private static final int CODE_ACCESS = DATA_ACCESS | SegmentRegister.TYPE_CODE;

  /// Guest-physical address of the first page table; [#TABLES_END] is the first address after them.
  private static final long TABLES = 0x1000;

  public static final long TABLES_END = 0x5000;
  private static final long PRESENT_WRITABLE_USER = 7;

  public final Vcpu vcpu;
  public final GuestRam ram;

  /// @param arena owns the RAM
  /// @param ramBytes from guest-physical address 0
  public BareVcpu(Arena arena, long ramBytes) {
    this(arena, ramBytes, Vendor.INTEL);
  }

  /// @param arena owns the RAM
  /// @param ramBytes from guest-physical address 0
  /// @param vendor whose processor it is
  public BareVcpu(Arena arena, long ramBytes, Vendor vendor) {
    this(
        arena,
        ramBytes,
        new CpuidTable(CpuSetting.parse("max"), vendor, CpuidTable.NO_HYPERVISOR, 1));
  }

  /// @param arena owns the RAM
  /// @param ramBytes from guest-physical address 0
  /// @param cpuid what the vCPU is
  public BareVcpu(Arena arena, long ramBytes, CpuidTable cpuid) {
    ram = new GuestRam(arena, ramBytes);
    PhysicalBus bus = new PhysicalBus(ram);
    bus.mapRam(0, ramBytes, 0, PhysicalBus.Writable.YES);
    MemoryTypePolicy writeBack =
        inputs -> {
          throw new AssertionError("nobody listens");
        };
    vcpu =
        new Vcpu(
            0,
            new VcpuParts(
                bus,
                new PortBus(),
                cpu -> new NoInterrupts(),
                new VirtualClock(() -> 0),
                cpuid,
                new MsrTable(cpuid, new MsrPolicy(0, 0, 0)),
                writeBack,
                new EventPort(),
                new CountingEntropy()));
  }

  /// 64-bit mode. The pages of `[gva, gva + bytes)`, within one 2 MiB region, are guest-physical
  /// pages from `gpa` on.
  public BareVcpu longMode(long gva, long bytes, long gpa) {
    long table = TABLES;
    for (int shift = 39; shift > 12; shift -= 9) {
      ram.putLong(table + index(gva, shift), table + 0x1000 | PRESENT_WRITABLE_USER);
      table += 0x1000;
    }
    for (long offset = 0; offset < bytes; offset += 4096) {
      ram.putLong(table + index(gva + offset, 12), gpa + offset | PRESENT_WRITABLE_USER);
    }
    vcpu.cr0 = ControlBits.CR0_PE | ControlBits.CR0_PG | ControlBits.CR0_WP | ControlBits.CR0_ET;
    vcpu.cr3 = TABLES;
    vcpu.cr4 = ControlBits.CR4_PAE | ControlBits.CR4_OSFXSR | ControlBits.CR4_OSXMMEXCPT;
    vcpu.cr4 |= ControlBits.CR4_OSXSAVE;
    vcpu.xcr0 = ControlBits.XCR0_X87 | ControlBits.XCR0_SSE | ControlBits.XCR0_AVX;
    vcpu.efer = ControlBits.EFER_LME | ControlBits.EFER_LMA | ControlBits.EFER_NXE;
    return segments(0, -1, SegmentRegister.LONG);
  }

  private static long index(long gva, int shift) {
    return (gva >>> shift & 511) * 8;
  }

  /// 32-bit protected mode, flat, paging off.
  public BareVcpu protected32() {
    vcpu.cr0 = ControlBits.CR0_PE | ControlBits.CR0_ET;
    return segments(0, -1, SegmentRegister.DEFAULT_BIG);
  }

  /// 16-bit protected mode, segments of 64 KiB at 0.
  public BareVcpu protected16() {
    vcpu.cr0 = ControlBits.CR0_PE | ControlBits.CR0_ET;
    return segments(0, 0xFFFF, 0);
  }

  /// Real-address mode, segments of 64 KiB at 0.
  public BareVcpu realMode() {
    vcpu.cr0 = ControlBits.CR0_ET;
    return segments(0, 0xFFFF, 0);
  }

  private BareVcpu segments(long base, int limit, int size) {
    for (int k = 0; k < vcpu.segments.length; k++) {
      boolean code = k == SegmentRegister.CS;
      int width = code ? size : size & SegmentRegister.DEFAULT_BIG;
      vcpu.segments[k].set(8, base, limit, (code ? CODE_ACCESS : DATA_ACCESS) | width, true);
    }
    vcpu.updateMode();
    for (int k = 0; k < vcpu.segments.length; k++) {
      vcpu.mmu.segmentChanged(k);
    }
    return this;
  }
}
