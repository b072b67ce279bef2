package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.CODE_AT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;

class SyscallsTest {
  private static final List<String> UD = List.of("#UD");
  private static final List<String> GP = List.of("#GP(0)");
  private static final List<String> NONE = List.of();
  private static final int[] SYSCALL = {0x0F, 0x05};
  private static final int[] SYSRET = {0x0F, 0x07};
  private static final int[] SYSRETQ = {0x48, 0x0F, 0x07};
  private static final int[] SYSENTER = {0x0F, 0x34};
  private static final int[] SYSEXIT = {0x0F, 0x35};
  private static final String AMD = "max,vendor=AuthenticAMD";
  private static final long TARGET = 0x12340;
  private static final int R11 = 11;

  private static SystemBench longMode(String cpu) {
    SystemBench b = new SystemBench(cpu).longMode();
    b.c.msr.star = 0x0030_0010L << 32;
    b.c.msr.lstar = TARGET;
    b.c.msr.cstar = TARGET + 0x100;
    b.c.msr.syscallMask = Rflags.TF | Rflags.IF;
    return b;
  }

  private static SystemBench longMode() {
    return longMode("max");
  }

  @Test
  void syscallEntersTheKernelWithFlatSegments() {
    SystemBench b = longMode().user();
    b.c.setRflags(Rflags.IF | Rflags.CF | Rflags.RF);
    b.code(SYSCALL).run(1);
    assertEquals(NONE, b.exceptions());
    assertEquals(TARGET, b.c.rip);
    assertEquals(CODE_AT + 2, b.c.gpr[Vcpu.RCX]);
    assertEquals(Rflags.IF | Rflags.CF | Rflags.FIXED, b.c.gpr[R11]);
    assertEquals(Rflags.CF | Rflags.FIXED, b.c.rflags());
    assertEquals(0, b.c.cpl);
    assertEquals(0x10, b.selector(SegmentRegister.CS));
    assertEquals(0x18, b.selector(SegmentRegister.SS));
    assertEquals(CpuMode.LONG64, b.c.mode);
  }

  @Test
  void syscallNeedsEferSce() {
    SystemBench b = longMode().user();
    b.c.efer &= ~ControlBits.EFER_SCE;
    assertEquals(UD, b.code(SYSCALL).step().exceptions());
  }

  @Test
  void syscallFromCompatibilityModeIsAmdsOnly() {
    assertEquals(UD, compatibility(longMode()).code(SYSCALL).step().exceptions());
    SystemBench b = compatibility(longMode(AMD));
    assertEquals(NONE, b.code(SYSCALL).run(1).exceptions());
    assertEquals(TARGET + 0x100, b.c.rip);
    assertEquals(CpuMode.LONG64, b.c.mode);
  }

  private static SystemBench compatibility(SystemBench b) {
    b.user();
    SegmentRegister cs = b.c.segments[SegmentRegister.CS];
    cs.access = cs.access & ~SegmentRegister.LONG | SegmentRegister.DEFAULT_BIG;
    b.c.updateMode();
    return b;
  }

  @Test
  void sysretReturnsTo64BitAndTo32BitCode() {
    SystemBench b = longMode();
    b.c.gpr[Vcpu.RCX] = 0x7FFF_1234_5000L;
    b.c.gpr[R11] = Rflags.IF | Rflags.VM | Rflags.RF | Rflags.ZF;
    b.code(SYSRETQ).run(1);
    assertEquals(0x7FFF_1234_5000L, b.c.rip);
    assertEquals(0x43, b.selector(SegmentRegister.CS));
    assertEquals(0x3B, b.selector(SegmentRegister.SS));
    assertEquals(3, b.c.cpl);
    assertEquals(Rflags.IF | Rflags.ZF | Rflags.FIXED, b.c.rflags());
    assertEquals(CpuMode.LONG64, b.c.mode);
    b = longMode();
    b.c.gpr[Vcpu.RCX] = 0x7FFF_1234_5000L;
    b.code(SYSRET).run(1);
    assertEquals(0x1234_5000L, b.c.rip);
    assertEquals(0x33, b.selector(SegmentRegister.CS));
    assertEquals(CpuMode.COMPATIBILITY32, b.c.mode);
  }

  @Test
  void sysretToANonCanonicalAddressFaultsBeforeTheSwitchOnIntel() {
    SystemBench b = longMode();
    b.c.gpr[Vcpu.RCX] = 0x8000_0000_0000L;
    assertEquals(GP, b.code(SYSRETQ).step().exceptions());
    assertEquals(CODE_AT, b.stack64(1));
    assertEquals(0x18, b.stack64(2));
  }

  @Test
  void sysretNeedsCplZero() {
    assertEquals(GP, longMode().user().code(SYSRETQ).step().exceptions());
  }

  @Test
  void trapFlagMaskedBySyscallTrapsNoMore() {
    SystemBench b = longMode().user();
    b.c.setRflags(Rflags.TF);
    b.code(SYSCALL).run(1);
    assertEquals(NONE, b.exceptions());
    assertFalse(b.c.flag(Rflags.TF));
  }

  @Test
  void trapFlagRestoredBySysretTrapsAtOnce() {
    SystemBench b = longMode();
    b.c.gpr[Vcpu.RCX] = CODE_AT + 0x100;
    b.c.gpr[R11] = Rflags.TF;
    b.code(SYSRETQ).run(1);
    assertEquals(List.of("#DB"), b.exceptions());
    assertEquals(CODE_AT + 0x100, b.stack64(0));
    assertEquals(0x43, b.stack64(1));
  }

  @Test
  void sysenterAndSysexitUseTheirMsrs() {
    SystemBench b = new SystemBench().protected32().user();
    b.c.setRflags(Rflags.IF);
    b.c.msr.sysenterCs = 0x08;
    b.c.msr.sysenterEsp = 0x35000;
    b.c.msr.sysenterEip = TARGET;
    b.code(SYSENTER).run(1);
    assertEquals(NONE, b.exceptions());
    assertEquals(0, b.c.cpl);
    assertEquals(TARGET, b.c.rip);
    assertEquals(0x35000, b.c.gpr[Vcpu.RSP]);
    assertEquals(8, b.selector(SegmentRegister.CS));
    assertEquals(0x10, b.selector(SegmentRegister.SS));
    assertFalse(b.c.flag(Rflags.IF));
    b.c.gpr[Vcpu.RDX] = 0x13000;
    b.c.gpr[Vcpu.RCX] = 0x36000;
    b.code(SYSEXIT).run(1);
    assertEquals(3, b.c.cpl);
    assertEquals(0x13000, b.c.rip);
    assertEquals(0x36000, b.c.gpr[Vcpu.RSP]);
    assertEquals(0x1B, b.selector(SegmentRegister.CS));
    assertEquals(0x23, b.selector(SegmentRegister.SS));
  }

  @Test
  void sysenterWithANullSelectorIsGp() {
    assertEquals(GP, new SystemBench().protected32().code(SYSENTER).step().exceptions());
    assertEquals(GP, new SystemBench().protected32().code(SYSEXIT).step().exceptions());
  }

  @Test
  void sysexitTo64BitsChecksBothAddresses() {
    SystemBench b = longMode();
    b.c.msr.sysenterCs = 0x08;
    b.c.gpr[Vcpu.RDX] = 0x13000;
    b.c.gpr[Vcpu.RCX] = 0x8000_0000_0000L;
    assertEquals(GP, b.code(0x48, 0x0F, 0x35).step().exceptions());
    b = longMode();
    b.c.msr.sysenterCs = 0x08;
    b.c.gpr[Vcpu.RDX] = 0x13000;
    b.c.gpr[Vcpu.RCX] = 0x36000;
    b.code(0x48, 0x0F, 0x35).run(1);
    assertEquals(0x2B, b.selector(SegmentRegister.CS));
    assertEquals(0x33, b.selector(SegmentRegister.SS));
    assertTrue(b.c.mode == CpuMode.LONG64);
  }

  @Test
  void sysenterIsUndefinedInLongModeOnAmd() {
    SystemBench b = longMode(AMD);
    b.c.msr.sysenterCs = 8;
    assertEquals(UD, b.code(SYSENTER).step().exceptions());
  }

  @Test
  void sysretLoadsOnlyTheSelectorOfSsOnAmd() {
    for (String cpu : List.of("max", AMD)) {
      SystemBench b = longMode(cpu);
      b.c.gpr[Vcpu.RCX] = TARGET;
      b.code(SYSRETQ).run(1);
      assertEquals(0x3B, b.selector(SegmentRegister.SS));
      assertEquals(cpu.equals(AMD) ? 0 : 3, b.c.segments[SegmentRegister.SS].dpl());
    }
  }
}
