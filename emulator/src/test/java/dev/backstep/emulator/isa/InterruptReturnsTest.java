package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.CODE32;
import static dev.backstep.emulator.testing.SystemBench.CODE64;
import static dev.backstep.emulator.testing.SystemBench.CODE_AT;
import static dev.backstep.emulator.testing.SystemBench.DATA;
import static dev.backstep.emulator.testing.SystemBench.DATA16;
import static dev.backstep.emulator.testing.SystemBench.DPL3;
import static dev.backstep.emulator.testing.SystemBench.FREE;
import static dev.backstep.emulator.testing.SystemBench.STACK3;
import static dev.backstep.emulator.testing.SystemBench.TSS_AT;
import static dev.backstep.emulator.testing.SystemBench.TYPE_DATA;
import static dev.backstep.emulator.testing.SystemBench.USER_CODE32;
import static dev.backstep.emulator.testing.SystemBench.USER_CODE64;
import static dev.backstep.emulator.testing.SystemBench.USER_DATA;
import static dev.backstep.emulator.testing.SystemBench.descriptor;
import static dev.backstep.emulator.testing.SystemBench.handler;
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

class InterruptReturnsTest {
  private static final long TARGET = 0x12340;

  private static SystemBench protected32() {
    return new SystemBench().protected32();
  }

  /// IRET with the given doublewords on the stack.
  private static SystemBench iret32(SystemBench b, long... frame) {
    for (int k = 0; k < frame.length; k++) {
      b.put32(b.c.gpr[Vcpu.RSP] + 4L * k, frame[k]);
    }
    return b.code(0xCF).step();
  }

  /// IRETQ with the given quadwords on the stack.
  private static SystemBench iret64(SystemBench b, long... frame) {
    for (int k = 0; k < frame.length; k++) {
      b.ram.putLong(b.c.gpr[Vcpu.RSP] + 8L * k, frame[k]);
    }
    return b.code(0x48, 0xCF).step();
  }

  @Test
  void returnsToTheSamePrivilege() {
    SystemBench b = protected32();
    long top = b.c.gpr[Vcpu.RSP];
    iret32(b, TARGET, CODE32, Rflags.IF | Rflags.CF | Rflags.IOPL | Rflags.ID);
    assertEquals(List.of(), b.exceptions());
    assertEquals(TARGET, b.c.rip);
    assertEquals(top + 12, b.c.gpr[Vcpu.RSP]);
    assertEquals(Rflags.IF | Rflags.CF | Rflags.IOPL | Rflags.ID | Rflags.FIXED, b.c.rflags());
  }

  @Test
  void userMayChangeNeitherIoplNorInterruptFlag() {
    SystemBench b = protected32().user();
    iret32(b, TARGET, USER_CODE32, Rflags.IF | Rflags.IOPL | Rflags.VIF | Rflags.ZF);
    assertEquals(List.of(), b.exceptions());
    assertEquals(Rflags.ZF | Rflags.FIXED, b.c.rflags());
  }

  @Test
  void wordFormKeepsTheUpperFlags() {
    SystemBench b = protected32();
    b.c.setRflags(Rflags.ID | Rflags.AC);
    long top = b.c.gpr[Vcpu.RSP];
    b.put16(top, 0x1234);
    b.put16(top + 2, CODE32);
    b.put16(top + 4, Rflags.CF);
    b.code(0x66, 0xCF).step();
    assertEquals(0x1234, b.c.rip);
    assertEquals(Rflags.ID | Rflags.AC | Rflags.CF | Rflags.FIXED, b.c.rflags());
  }

  @Test
  void returnsToOuterPrivilegeWithItsStack() {
    SystemBench b = protected32();
    iret32(b, TARGET, USER_CODE32, Rflags.IF, STACK3, USER_DATA);
    assertEquals(3, b.c.cpl);
    assertEquals(STACK3, b.c.gpr[Vcpu.RSP]);
    assertEquals(USER_DATA, b.selector(SegmentRegister.SS));
    assertFalse(b.c.segments[SegmentRegister.DS].usable);
    assertTrue(b.c.flag(Rflags.IF));
  }

  @Test
  void frameIsCheckedLikeThatOfRet() {
    assertEquals(List.of("#GP(0)"), iret32(protected32(), TARGET, 0, 2).exceptions());
    assertEquals(List.of("#GP(10)"), iret32(protected32(), TARGET, DATA, 2).exceptions());
    assertEquals(List.of("#GP(8)"), iret32(protected32().user(), TARGET, CODE32, 2).exceptions());
    assertEquals(
        List.of("#GP(0)"), iret32(protected32(), TARGET, USER_CODE32, 2, STACK3, 0).exceptions());
    assertEquals(
        List.of("#GP(10)"),
        iret32(protected32(), TARGET, USER_CODE32, 2, STACK3, DATA).exceptions());
  }

  @Test
  void faultCommitsNothing() {
    SystemBench b = protected32();
    b.c.setRflags(Rflags.CF);
    long top = b.c.gpr[Vcpu.RSP];
    iret32(b, TARGET, USER_CODE32, Rflags.ZF, STACK3, DATA);
    assertEquals(0, b.c.cpl);
    assertEquals(top - 16, b.c.gpr[Vcpu.RSP]);
    assertEquals(CODE_AT, b.stack32(1));
    assertEquals(Rflags.CF | Rflags.RF | Rflags.FIXED, b.stack32(3));
  }

  @Test
  void sixteenBitStackSegmentKeepsTheUpperHalfOfEsp() {
    SystemBench b = protected32();
    b.gdt(FREE, descriptor(0, 0xFFFF, TYPE_DATA | DPL3));
    long top = b.c.gpr[Vcpu.RSP];
    iret32(b, TARGET, USER_CODE32, 2, 0x1234, FREE | 3);
    assertEquals(top & ~0xFFFFL | 0x1234, b.c.gpr[Vcpu.RSP]);
  }

  @Test
  void returnsToVm86() {
    SystemBench b = protected32();
    iret32(b, 0x34, 0x1200, Rflags.VM | Rflags.IOPL, 0x4000, 0x100, 1, 2, 3, 4);
    assertEquals(List.of(), b.exceptions());
    assertEquals(CpuMode.VM86, b.c.mode);
    assertEquals(3, b.c.cpl);
    assertEquals(0x34, b.c.rip);
    assertEquals(0x12000, b.c.segments[SegmentRegister.CS].base);
    assertEquals(0x4000, b.c.gpr[Vcpu.RSP]);
    assertEquals(0x1000, b.c.segments[SegmentRegister.SS].base);
    assertEquals(1, b.selector(SegmentRegister.ES));
    assertEquals(0x40, b.c.segments[SegmentRegister.GS].base);
    assertEquals(0xFFFF, b.c.segments[SegmentRegister.GS].limit);
  }

  @Test
  void vm86BitIsIgnoredOutsideCplZero() {
    SystemBench b = protected32().user();
    iret32(b, TARGET, USER_CODE32, Rflags.VM);
    assertFalse(b.c.flag(Rflags.VM));
    assertEquals(TARGET, b.c.rip);
  }

  @Test
  void vm86NeedsIopl3() {
    SystemBench b = protected32().vm86(0).code(0xCF);
    b.step();
    assertEquals(List.of("#GP(0)"), b.exceptions());
    b = protected32().vm86(3);
    b.put16(0x8000, 0x10);
    b.put16(0x8002, 0x1500);
    b.put16(0x8004, Rflags.IF);
    b.code(0xCF).step();
    assertEquals(List.of(), b.exceptions());
    assertEquals(0x15000, b.c.segments[SegmentRegister.CS].base);
    assertTrue(b.c.flag(Rflags.IF));
    assertEquals(3, b.c.iopl());
  }

  @Test
  void vm86ExtensionsMoveTheVirtualInterruptFlag() {
    SystemBench b = protected32().vm86(0);
    b.c.cr4 |= ControlBits.CR4_VME;
    b.put16(0x8000, 0x10);
    b.put16(0x8002, 0x1500);
    b.put16(0x8004, Rflags.IF);
    b.code(0xCF).step();
    assertEquals(List.of(), b.exceptions());
    assertTrue(b.c.flag(Rflags.VIF));
    assertFalse(b.c.flag(Rflags.IF));
    b = protected32().vm86(0);
    b.c.cr4 |= ControlBits.CR4_VME;
    b.c.systemFlags |= Rflags.VIP;
    b.put16(0x8004, Rflags.IF);
    b.code(0xCF).step();
    assertEquals(List.of("#GP(0)"), b.exceptions());
  }

  @Test
  void vm86ExtensionsRedirectSoftwareInterrupts() {
    SystemBench b = protected32().vm86(0);
    b.c.cr4 |= ControlBits.CR4_VME;
    b.c.systemFlags |= Rflags.VIF;
    b.put32(4 * 0x33, 0x1600_0020L);
    b.code(0xCD, 0x33).step();
    assertEquals(List.of(), b.exceptions());
    assertEquals(CpuMode.VM86, b.c.mode);
    assertEquals(0x16000, b.c.segments[SegmentRegister.CS].base);
    assertEquals(0x20, b.c.rip);
    assertEquals(2, b.stack16(0));
    assertEquals(Rflags.IF | Rflags.IOPL | Rflags.FIXED, b.stack16(2));
    assertFalse(b.c.flag(Rflags.VIF));
  }

  @Test
  void redirectionBitSendsSoftwareInterruptsToTheMonitor() {
    SystemBench b = protected32().vm86(3);
    b.c.cr4 |= ControlBits.CR4_VME;
    b.put16(TSS_AT + 102, 0x100);
    b.ram.putByte(TSS_AT + 0xE0 + 6, (byte) 8);
    b.code(0xCD, 0x33).step();
    assertEquals(CpuMode.PROTECTED32, b.c.mode);
    assertEquals(handler(0x33), b.c.rip);
  }

  @Test
  void softwareInterruptOfVm86NeedsIopl3() {
    SystemBench b = protected32().vm86(0).code(0xCD, 0x33).step();
    assertEquals(List.of("#GP(0)"), b.exceptions());
  }

  @Test
  void longModePopsTheStackWhateverThePrivilege() {
    SystemBench b = new SystemBench().longMode();
    iret64(b, TARGET, CODE64, Rflags.IF, 0x33330, 0);
    assertEquals(List.of(), b.exceptions());
    assertEquals(0x33330, b.c.gpr[Vcpu.RSP]);
    assertEquals(0, b.selector(SegmentRegister.SS));
    assertEquals(0, b.c.cpl);
  }

  @Test
  void longModeReturnsToUserAndToCompatibilityMode() {
    SystemBench b = new SystemBench().longMode();
    iret64(b, TARGET, USER_CODE64, 2, STACK3, USER_DATA);
    assertEquals(CpuMode.LONG64, b.c.mode);
    assertEquals(3, b.c.cpl);
    b = new SystemBench().longMode();
    iret64(b, TARGET, USER_CODE32, 2, STACK3, USER_DATA);
    assertEquals(CpuMode.COMPATIBILITY32, b.c.mode);
    assertEquals(STACK3, b.c.gpr[Vcpu.RSP]);
  }

  @Test
  void nullStackSelectorIsForInner64BitCodeOnly() {
    SystemBench b = new SystemBench().longMode();
    assertEquals(List.of("#GP(0)"), iret64(b, TARGET, USER_CODE64, 2, STACK3, 3).exceptions());
    b = new SystemBench().longMode();
    assertEquals(List.of("#GP(0)"), iret64(b, TARGET, CODE32, 2, STACK3, 0).exceptions());
  }

  @Test
  void nonCanonicalTargetIsGp() {
    SystemBench b = new SystemBench().longMode();
    iret64(b, 0x8000_0000_0000L, USER_CODE64, 2, STACK3, USER_DATA);
    assertEquals(List.of("#GP(0)"), b.exceptions());
    assertEquals(0, b.c.cpl);
  }

  @Test
  void nestedTaskFlagIsGpInLongMode() {
    SystemBench b = new SystemBench().longMode();
    b.c.setRflags(Rflags.NT);
    assertEquals(List.of("#GP(0)"), iret64(b, TARGET, CODE64, 2, 0, 0).exceptions());
  }

  @Test
  void compatibilityModePopsNoStackAtTheSamePrivilege() {
    SystemBench b = new SystemBench().longMode();
    iret64(b, TARGET, CODE32, 2, 0x33330, DATA16);
    b.c.gpr[Vcpu.RSP] = 0x3000;
    b.put16(0x3000, 0x1234);
    b.put16(0x3002, 0);
    b.put32(0x3004, CODE32);
    b.put32(0x3008, 2);
    b.ram.putByte(TARGET, (byte) 0xCF);
    b.run(1);
    assertEquals(List.of(), b.exceptions());
    assertEquals(0x300C, b.c.gpr[Vcpu.RSP]);
  }

  @Test
  void faultingIretUnblocksNmis() {
    SystemBench b = protected32();
    b.c.nmiBlocked = true;
    iret32(b, TARGET, 0, 2);
    assertFalse(b.c.nmiBlocked);
  }

  @Test
  void realModeMasksWhatItLoads() {
    SystemBench b = new SystemBench().realMode();
    b.put32(0x8000, 0x10);
    b.put32(0x8004, 0x1500);
    b.put32(0x8008, 0xFFFFFFFFL);
    b.code(0x66, 0xCF).step();
    assertEquals(0x257FD5 & ~Rflags.RF | Rflags.FIXED, b.c.rflags() & ~(long) Rflags.RF);
    assertEquals(0x15000, b.c.segments[SegmentRegister.CS].base);
  }
}
