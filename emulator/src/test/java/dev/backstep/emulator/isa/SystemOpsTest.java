package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.CODE_AT;
import static dev.backstep.emulator.testing.SystemBench.SCRATCH;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.CpuidValues;
import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Decoder;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.time.VirtualClock;
import dev.backstep.emulator.vcpu.Activity;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SystemOpsTest {
  private static final List<String> UD = List.of("#UD");
  private static final List<String> GP = List.of("#GP(0)");
  private static final List<String> NONE = List.of();
  private static final int[] CLI = {0xFA};
  private static final int[] STI = {0xFB};
  private static final int[] SERIALIZE = {0x0F, 0x01, 0xE8};
  private static final int[] RDPMC = {0x0F, 0x33};
  private static final int[] MONITOR = {0x0F, 0x01, 0xC8};
  private static final int[] MWAIT = {0x0F, 0x01, 0xC9};
  private static final String AMD = "max,vendor=AuthenticAMD";
  private static final String WAITING = "max,+monitor";

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

  /// RDTSC after LFENCE does not read a time before the end of what stands before the fence.
  @Test
  void lfenceKeepsRdtscBehindWhatIsBeforeIt() {
    SystemBench b = new SystemBench("EPYC-Milan").longMode();
    assertTrue(b.c.cpuid.has(CpuFeature.LFENCE_RDTSC));
    b.code(0x0F, 0xA2, 0x0F, 0xAE, 0xE8, 0x0F, 0x31).run(1); // CPUID; LFENCE; RDTSC
    long done = b.c.clock.tscTicks();
    b.run(2);
    assertEquals(NONE, b.exceptions());
    assertTrue((b.c.gpr[Vcpu.RDX] << 32 | b.c.gpr[Vcpu.RAX]) >= done);
  }

  @Test
  void serializeIsForEveryPrivilegeLevelAndChangesNothing() {
    SystemBench b = longMode().user();
    long[] before = b.c.gpr.clone();
    assertEquals(NONE, run(b, SERIALIZE));
    assertArrayEquals(before, b.c.gpr);
    assertEquals(CODE_AT + SERIALIZE.length, b.c.rip);
    assertEquals(NONE, run(new SystemBench().realMode(), SERIALIZE));
    assertEquals(UD, run(longMode(), 0xF0, 0x0F, 0x01, 0xE8));
    assertEquals(UD, run(new SystemBench("Skylake-Server").longMode(), SERIALIZE));
  }

  @Test
  void rdpmcFindsNoCounterOfIntel() {
    for (long counter : new long[] {0, 3, 1L << 30}) {
      SystemBench b = protected32();
      b.c.gpr[Vcpu.RCX] = counter;
      assertEquals(GP, run(b, RDPMC));
    }
  }

  @Test
  void rdpmcReadsTheOldCountersOfAmd() {
    SystemBench b = new SystemBench(AMD).protected32();
    b.c.gpr[Vcpu.RAX] = -1;
    b.c.gpr[Vcpu.RDX] = -1;
    b.c.gpr[Vcpu.RCX] = 3;
    assertEquals(NONE, run(b, RDPMC));
    assertEquals(b.c.msrTable.read(b.c, 0xC001_0007), b.c.gpr[Vcpu.RDX] << 32 | b.c.gpr[Vcpu.RAX]);
    for (long counter : new long[] {4, 0xFFFF_FFFFL}) {
      b = new SystemBench(AMD).protected32();
      b.c.gpr[Vcpu.RCX] = counter;
      assertEquals(GP, run(b, RDPMC));
    }
  }

  @Test
  void rdpmcOutsideCplZeroNeedsPce() {
    SystemBench b = new SystemBench(AMD).protected32().user();
    b.c.gpr[Vcpu.RCX] = 0;
    b.c.cr4 |= ControlBits.CR4_PCE;
    assertEquals(NONE, run(b, RDPMC));
    b.c.cr4 &= ~ControlBits.CR4_PCE;
    assertEquals(GP, run(b, RDPMC));
    b = new SystemBench(AMD).protected32().vm86(3);
    assertEquals(GP, run(b, RDPMC));
  }

  /// UD0 and UD1 have a ModR/M byte with all that it brings, which is fetched first.
  @Test
  void undefinedInstructionsHaveAModRmByte() {
    for (int opcode : new int[] {0xFF, 0xB9}) {
      assertEquals(UD, run(longMode(), 0x0F, opcode, 0xC1));
      assertEquals(UD, run(longMode(), 0x0F, opcode, 0x84, 0x24, 0, 0, 0, 0));
      assertEquals(UD, run(protected32().user(), 0x0F, opcode, 0x00));
      int[][] forms = {{3, 0xC1}, {3, 0x00}, {4, 0x40}, {5, 0x44}, {7, 0x80}, {8, 0x84}};
      for (int[] form : forms) {
        byte[] code = {0x0F, (byte) opcode, (byte) form[1], 0x24, 0, 0, 0, 0, 0};
        DecodedInstruction i =
            new Decoder(Set.of()).decode(code, 0, code.length, CpuMode.LONG64, CODE_AT);
        assertNotNull(i);
        assertEquals(form[0], i.length);
      }
      SystemBench b = longMode();
      b.page(SCRATCH, 0);
      b.ram.putByte(SCRATCH - 2, (byte) 0x0F);
      b.ram.putByte(SCRATCH - 1, (byte) opcode);
      b.c.rip = SCRATCH - 2;
      assertEquals(List.of("#PF(10)"), b.step().exceptions());
      assertEquals(SCRATCH, b.c.cr2);
    }
    SystemBench b = longMode();
    assertEquals(UD, run(b, 0x0F, 0x0B));
    assertEquals(CODE_AT, b.stack64(0));
  }

  @Test
  void monitorAndMwaitAreUndefinedUnlessAskedForAndOutsideCplZero() {
    for (int[] code : new int[][] {MONITOR, MWAIT}) {
      assertEquals(UD, run(protected32(), code));
      assertEquals(UD, run(longMode(), code));
      assertEquals(UD, run(waiting(WAITING).longMode().user(), code));
      assertEquals(UD, run(waiting(WAITING).protected32().user(), code));
      assertEquals(UD, run(waiting(WAITING).protected32().vm86(3), code));
      assertEquals(UD, run(waiting(AMD + ",+monitor").longMode().user(), code));
      assertEquals(NONE, run(waiting(WAITING).longMode(), code));
      assertEquals(NONE, run(waiting(WAITING).protected32(), code));
      assertEquals(NONE, run(waiting(WAITING).realMode(), code));
    }
  }

  /// With a line to watch in rAX and no extensions.
  private static SystemBench waiting(String cpu) {
    SystemBench b = new SystemBench(cpu);
    b.c.gpr[Vcpu.RAX] = 0x8000;
    b.c.gpr[Vcpu.RCX] = 0;
    return b;
  }

  /// Leaf 5 says how long the line is and which extensions there are, IA32_MISC_ENABLE that the two
  /// are enabled.
  @Test
  void monitorIsEnumeratedWithItsLine() {
    SystemBench b = waiting(WAITING).longMode();
    assertEquals(new CpuidValues(64, 64, 3, 0), b.c.cpuid.query(b.c, 5, 0));
    assertEquals(1, b.c.msrTable.read(b.c, 0x1A0) >>> 18 & 1);
    b = longMode();
    assertEquals(new CpuidValues(0, 0, 0, 0), b.c.cpuid.query(b.c, 5, 0));
    assertEquals(0, b.c.msrTable.read(b.c, 0x1A0) >>> 18 & 1);
  }

  @Test
  void monitorChecksItsExtensionsAndItsAddress() {
    SystemBench b = waiting(WAITING).longMode();
    b.c.gpr[Vcpu.RCX] = 1;
    assertEquals(GP, run(b, MONITOR));
    b = waiting(WAITING).longMode();
    b.c.gpr[Vcpu.RCX] = 1L << 32;
    assertEquals(GP, run(b, MONITOR));
    b = waiting(AMD + ",+monitor").longMode();
    b.c.gpr[Vcpu.RCX] = 1L << 32;
    assertEquals(NONE, run(b, MONITOR));
    b = waiting(WAITING).longMode();
    b.c.gpr[Vcpu.RAX] = 1L << 62;
    assertEquals(GP, run(b, MONITOR));
    b = waiting(WAITING).longMode().page(SCRATCH, 0);
    b.c.gpr[Vcpu.RAX] = SCRATCH;
    assertEquals(List.of("#PF(0)"), run(b, MONITOR));
  }

  @Test
  void mwaitReturnsAtOnceAndChecksItsExtensions() {
    SystemBench b = waiting(WAITING).longMode();
    b.c.gpr[Vcpu.RCX] = 1; // Interrupts end the wait though masked.
    assertEquals(NONE, run(b, MWAIT));
    assertEquals(Activity.RUNNING, b.c.activity);
    assertEquals(CODE_AT + MWAIT.length, b.c.rip);
    b.c.gpr[Vcpu.RCX] = 2;
    assertEquals(GP, run(b, MWAIT));
    b = waiting(WAITING).longMode();
    b.c.gpr[Vcpu.RCX] = 1L << 32;
    assertEquals(GP, run(b, MWAIT));
    b = waiting(AMD + ",+monitor").longMode();
    b.c.gpr[Vcpu.RCX] = 1L << 32;
    assertEquals(NONE, run(b, MWAIT));
  }
}
