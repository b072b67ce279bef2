package dev.backstep.emulator.vcpu;

import java.util.Arrays;

/// Power-up, INIT and start-up IPI. SDM Vol. 3 table "IA-32 and Intel 64 Processor States Following
/// Power-up, Reset, or INIT"; "MP Initialization Protocol Algorithm".
public final class ResetState {
  private static final int RESET_SELECTOR = 0xF000;
  private static final long RESET_BASE = 0xFFFF0000L;
  private static final long RESET_IP = 0xFFF0;
  private static final int LIMIT = 0xFFFF;

  /// Present, writable data, accessed.
  private static final int DATA = 0x93;

  private static final int LDT = 0x82;
  private static final int BUSY_TSS = 0x8B;
  private static final int FPU_CONTROL_AFTER_RESET = 0x40;
  private static final int ALL_TAGS_VALID = 0xFF;
  private static final long APIC_BASE_BSP = 1 << 8;

  private ResetState() {}

  /// Power-up and RESET. (Which vCPUs then wait for a start-up IPI is the machine's to say.)
  public static void reset(Vcpu c) {
    c.cr0 = ControlBits.CR0_CD | ControlBits.CR0_NW | ControlBits.CR0_ET;
    c.xcr0 = ControlBits.XCR0_X87;
    resetFpu(c.fpu);
    c.msr.tscOffset = -c.clock.tscTicks();
    c.msr.tscAdjust = 0;
    c.msrTable.reset(c);
    c.cet.reset();
    c.apic.reset();
    c.apic.tscOffsetChanged(c.msr.tscOffset);
    common(c);
    c.activity = Activity.RUNNING;
    c.mmu.flushAll("reset");
  }

  /// INIT: the caches' and the FPU's state, the MSRs and the TSC stay. Application processors then
  /// wait for a start-up IPI.
  public static void init(Vcpu c) {
    c.cr0 = c.cr0 & (ControlBits.CR0_CD | ControlBits.CR0_NW) | ControlBits.CR0_ET;
    c.apic.init();
    common(c);
    boolean bsp = (c.apic.apicBase() & APIC_BASE_BSP) != 0;
    c.activity = bsp ? Activity.RUNNING : Activity.WAIT_FOR_SIPI;
    c.mmu.flushAll("init");
  }

  /// A start-up IPI: execution begins at the page that its vector names.
  public static void startup(Vcpu c, int vector) {
    SegmentRegister cs = c.segments[SegmentRegister.CS];
    cs.set(vector << 8, (long) vector << 12, LIMIT, DATA, true);
    c.rip = 0;
    c.activity = Activity.RUNNING;
    c.mmu.segmentChanged(SegmentRegister.CS);
    c.updateMode();
  }

  private static void common(Vcpu c) {
    Arrays.fill(c.gpr, 0);
    // EDX identifies the processor.
    c.gpr[Vcpu.RDX] = c.cpuid.query(c, 1, 0).eax() & 0xFFFFFFFFL;
    c.rip = RESET_IP;
    c.cr2 = 0;
    c.cr3 = 0;
    c.cr4 = 0;
    c.efer = 0;
    c.cpl = 0;
    for (SegmentRegister s : c.segments) {
      s.set(0, 0, LIMIT, DATA, true);
    }
    c.segments[SegmentRegister.CS].set(RESET_SELECTOR, RESET_BASE, LIMIT, DATA, true);
    c.ldtr.set(0, 0, LIMIT, LDT, true);
    c.tr.set(0, 0, LIMIT, BUSY_TSS, true);
    c.gdtBase = 0;
    c.gdtLimit = LIMIT;
    c.idtBase = 0;
    c.idtLimit = LIMIT;
    Arrays.fill(c.dr, 0);
    c.dr[6] = ControlBits.DR6_FIXED;
    c.dr[7] = ControlBits.DR7_FIXED;
    dropPending(c);
    c.setRflags(Rflags.FIXED);
    c.mmu.debugRegistersChanged();
    for (int segment = 0; segment < c.segments.length; segment++) {
      c.mmu.segmentChanged(segment);
    }
    c.updateMode();
  }

  private static void dropPending(Vcpu c) {
    c.interruptShadow = false;
    c.nmiBlocked = false;
    c.nmiPending = false;
    c.smiPending = false;
    c.initPending = false;
    c.sipiVector = Vcpu.NO_SIPI;
    c.pendingDebugTraps = 0;
    if (c.vmEntry != null) {
      c.vmEntry.reset();
    }
  }

  private static void resetFpu(FpuState fpu) {
    fpu.initialise();
    fpu.controlWord = FPU_CONTROL_AFTER_RESET;
    // Tag word 5555H: every register holds zero.
    fpu.tagValid = ALL_TAGS_VALID;
    Arrays.fill(fpu.significand, 0);
    Arrays.fill(fpu.signExponent, 0);
    Arrays.fill(fpu.xmm, 0);
    Arrays.fill(fpu.ymmHigh, 0);
    fpu.mxcsr = FpuState.MXCSR_DEFAULT;
  }
}
