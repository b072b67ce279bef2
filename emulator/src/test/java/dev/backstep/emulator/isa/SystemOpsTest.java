package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.CODE_AT;
import static dev.backstep.emulator.testing.SystemBench.SCRATCH;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.time.VirtualClock;
import dev.backstep.emulator.vcpu.Activity;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.ResetState;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;

class SystemOpsTest {
  private static final List<String> UD = List.of("#UD");
  private static final List<String> GP = List.of("#GP(0)");
  private static final List<String> NONE = List.of();
  private static final int[] CLI = {0xFA};
  private static final int[] STI = {0xFB};

  private static SystemBench protected32() {
    return new SystemBench().protected32();
  }

  private static SystemBench longMode() {
    return new SystemBench().longMode();
  }

  private static List<String> run(SystemBench b, int... code) {
    b.log.events.clear();
    return b.code(code).step().exceptions();
  }

  @Test
  void slowInstructionsTakeTime() {
    int[][] slow = {{0x0F, 0xA2}, {0x0F, 0x08}, {0x0F, 0x09}}; // CPUID, INVD, WBINVD
    for (int[] code : slow) {
      SystemBench b = new SystemBench().protected32();
      long before = b.c.clock.nowNs();
      b.code(code).step();
      assertTrue(b.c.clock.nowNs() - before >= VirtualClock.MICROCODED_NS);
    }
  }

  @Test
  void privilegedInstructionsNeedCplZero() {
    for (int[] code :
        new int[][] {
          {0xF4}, {0x0F, 0x08}, {0x0F, 0x09}, {0x0F, 0x30}, {0x0F, 0x32}, {0x0F, 0x01, 0x38},
        }) {
      assertEquals(GP, run(protected32().user(), code));
    }
  }

  @Test
  void hltHalts() {
    SystemBench b = protected32().code(0xF4).run(1);
    assertEquals(Activity.HALTED, b.c.activity);
    assertEquals(CODE_AT + 1, b.c.rip);
    assertFalse(b.log.of(MachineEvent.Halt.class).getFirst().interruptsEnabled());
  }

  @Test
  void stiShadowsOneInstructionUnlessInterruptsWereOn() {
    SystemBench b = protected32();
    run(b, STI);
    assertTrue(b.c.flag(Rflags.IF));
    assertTrue(b.c.interruptShadow);
    run(b, STI);
    assertFalse(b.c.interruptShadow);
  }

  @Test
  void cliAndStiObeyIoplAndTheVirtualInterruptFlag() {
    assertEquals(GP, run(protected32().user(), CLI));
    SystemBench b = protected32().user();
    b.c.setRflags(Rflags.IOPL | Rflags.IF);
    assertEquals(NONE, run(b, CLI));
    assertFalse(b.c.flag(Rflags.IF));
    b = protected32().user();
    b.c.cr4 |= ControlBits.CR4_PVI;
    assertEquals(NONE, run(b, STI));
    assertTrue(b.c.flag(Rflags.VIF));
    assertFalse(b.c.flag(Rflags.IF));
    b.c.systemFlags |= Rflags.VIP;
    assertEquals(GP, run(b, STI));
    assertEquals(GP, run(protected32().vm86(0), CLI));
    b = protected32().vm86(0);
    b.c.cr4 |= ControlBits.CR4_VME;
    b.c.systemFlags |= Rflags.VIF;
    assertEquals(NONE, run(b, CLI));
    assertFalse(b.c.flag(Rflags.VIF));
  }

  @Test
  void cpuidEmitsWhatItAnswers() {
    SystemBench b = protected32();
    b.c.gpr[Vcpu.RAX] = 0;
    run(b, 0x0F, 0xA2);
    MachineEvent.Cpuid event = b.log.of(MachineEvent.Cpuid.class).getFirst();
    assertEquals(b.c.gpr[Vcpu.RBX], Integer.toUnsignedLong(event.ebx()));
    assertEquals(0x756E6547, event.ebx());
  }

  @Test
  void rdtscNeedsCplZeroWithTsd() {
    SystemBench b = protected32().user();
    b.c.msr.tscOffset = 0x1_0000_0000L;
    assertEquals(NONE, run(b, 0x0F, 0x31));
    assertEquals(1, b.c.gpr[Vcpu.RDX]);
    b.c.cr4 |= ControlBits.CR4_TSD;
    assertEquals(GP, run(b, 0x0F, 0x31));
  }

  @Test
  void swapgsExchangesTheBases() {
    SystemBench b = longMode();
    b.c.segments[SegmentRegister.GS].base = 1;
    b.c.msr.kernelGsBase = 2;
    run(b, 0x0F, 0x01, 0xF8);
    assertEquals(2, b.c.segments[SegmentRegister.GS].base);
    assertEquals(1, b.c.msr.kernelGsBase);
    assertEquals(GP, run(longMode().user(), 0x0F, 0x01, 0xF8));
  }

  @Test
  void baseInstructionsNeedTheirControlBitAndCanonicalValues() {
    int[] wrfsbase = {0xF3, 0x48, 0x0F, 0xAE, 0xD0};
    assertEquals(UD, run(longMode(), wrfsbase));
    SystemBench b = longMode();
    b.c.cr4 |= ControlBits.CR4_FSGSBASE;
    b.c.gpr[Vcpu.RAX] = 0x1234_5678_9ABCL;
    assertEquals(NONE, run(b, wrfsbase));
    assertEquals(0x1234_5678_9ABCL, b.c.segments[SegmentRegister.FS].base);
    b.c.gpr[Vcpu.RAX] = 1L << 56;
    assertEquals(GP, run(b, wrfsbase));
  }

  @Test
  void xsetbvChecksItsValue() {
    int[] xsetbv = {0x0F, 0x01, 0xD1};
    assertEquals(UD, run(protected32(), xsetbv));
    assertEquals(GP, xsetbv(0, 2));
    assertEquals(GP, xsetbv(1, 1));
    assertEquals(GP, xsetbv(0, 1 | 1L << 40));
    assertEquals(NONE, xsetbv(0, 3));
  }

  @Test
  void xgetbvShowsTheStatesThatAreEnabledOrInUse() {
    int[] xgetbv = {0x0F, 0x01, 0xD0};
    SystemBench b = longMode();
    b.c.cr4 |= ControlBits.CR4_OSXSAVE;
    b.c.xcr0 = 7;
    b.c.fpu.initialise();
    b.c.gpr[Vcpu.RCX] = 0;
    assertEquals(NONE, run(b, xgetbv));
    assertEquals(7, b.c.gpr[Vcpu.RAX]);
    b.c.fpu.ymmHigh[5] = 1;
    b.c.gpr[Vcpu.RCX] = 1;
    assertEquals(NONE, run(b, xgetbv));
    assertEquals(4, b.c.gpr[Vcpu.RAX]);
    b.c.fpu.xmm[5] = 1;
    assertEquals(NONE, run(b, xgetbv));
    assertEquals(6, b.c.gpr[Vcpu.RAX]);
    b.c.gpr[Vcpu.RCX] = 2;
    assertEquals(GP, run(b, xgetbv));
  }

  private static List<String> xsetbv(long register, long value) {
    SystemBench b = protected32();
    b.c.cr4 |= ControlBits.CR4_OSXSAVE;
    b.c.gpr[Vcpu.RCX] = register;
    b.c.gpr[Vcpu.RAX] = value & 0xFFFFFFFFL;
    b.c.gpr[Vcpu.RDX] = value >>> 32;
    return run(b, 0x0F, 0x01, 0xD1);
  }

  @Test
  void hypercallsAreUndefinedWithoutAHypervisor() {
    assertEquals(UD, run(protected32(), 0x0F, 0x01, 0xC1));
    assertEquals(UD, run(protected32(), 0x0F, 0x01, 0xD9));
  }

  @Test
  void rsmAndVirtualisationAreUndefined() {
    assertEquals(UD, run(protected32(), 0x0F, 0xAA));
    assertEquals(UD, run(protected32(), 0x0F, 0x01, 0xC4));
    assertEquals(UD, run(protected32(), 0x0F, 0x01, 0xD8));
  }

  @Test
  void clflushChecksLikeALoad() {
    SystemBench b = longMode();
    b.page(SCRATCH, 0);
    b.c.gpr[Vcpu.RBX] = SCRATCH;
    assertEquals(List.of("#PF(0)"), run(b, 0x0F, 0xAE, 0x3B));
  }

  @Test
  void resetSetsTheArchitecturalState() {
    SystemBench b = protected32();
    b.c.gpr[Vcpu.RBX] = 5;
    b.c.cr0 |= ControlBits.CR0_WP;
    ResetState.reset(b.c);
    assertEquals(0x60000010, b.c.cr0);
    assertEquals(0xFFF0, b.c.rip);
    assertEquals(0xFFFF0000L, b.c.segments[SegmentRegister.CS].base);
    assertEquals(0xF000, b.selector(SegmentRegister.CS));
    assertEquals(2, b.c.rflags());
    assertEquals(0, b.c.gpr[Vcpu.RBX]);
    assertTrue(b.c.gpr[Vcpu.RDX] != 0);
    assertEquals(CpuMode.REAL, b.c.mode);
    assertEquals(0xFFFF, b.c.idtLimit);
  }

  @Test
  void initKeepsCachesAndFpuAndStartupSetsThePage() {
    SystemBench b = protected32();
    b.c.fpu.controlWord = 0x27F;
    b.c.msr.lstar = 7;
    ResetState.init(b.c);
    assertEquals(ControlBits.CR0_ET, b.c.cr0);
    assertEquals(0x27F, b.c.fpu.controlWord);
    assertEquals(7, b.c.msr.lstar);
    assertEquals(Activity.WAIT_FOR_SIPI, b.c.activity);
    ResetState.startup(b.c, 0x9A);
    assertEquals(Activity.RUNNING, b.c.activity);
    assertEquals(0x9A000, b.c.segments[SegmentRegister.CS].base);
    assertEquals(0x9A00, b.selector(SegmentRegister.CS));
    assertEquals(0, b.c.rip);
  }
}
