package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.CODE16;
import static dev.backstep.emulator.testing.SystemBench.CODE32;
import static dev.backstep.emulator.testing.SystemBench.CODE64;
import static dev.backstep.emulator.testing.SystemBench.CODE_AT;
import static dev.backstep.emulator.testing.SystemBench.DATA;
import static dev.backstep.emulator.testing.SystemBench.DPL3;
import static dev.backstep.emulator.testing.SystemBench.FLAT32;
import static dev.backstep.emulator.testing.SystemBench.FREE;
import static dev.backstep.emulator.testing.SystemBench.SCRATCH;
import static dev.backstep.emulator.testing.SystemBench.STACK0;
import static dev.backstep.emulator.testing.SystemBench.STACK3;
import static dev.backstep.emulator.testing.SystemBench.TSS;
import static dev.backstep.emulator.testing.SystemBench.TSS_AT;
import static dev.backstep.emulator.testing.SystemBench.TYPE_CODE;
import static dev.backstep.emulator.testing.SystemBench.TYPE_CONFORMING;
import static dev.backstep.emulator.testing.SystemBench.USER_CODE32;
import static dev.backstep.emulator.testing.SystemBench.USER_CODE64;
import static dev.backstep.emulator.testing.SystemBench.USER_DATA;
import static dev.backstep.emulator.testing.SystemBench.descriptor;
import static dev.backstep.emulator.testing.SystemBench.gate;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;

class FarTransfersTest {
  private static final long TARGET = 0x12340;
  private static final int GATE = FREE;

  private static SystemBench protected32() {
    return new SystemBench().protected32();
  }

  /// JMP ptr16:32.
  private static SystemBench jump(SystemBench b, int selector, long offset) {
    return far(b, 0xEA, selector, offset);
  }

  /// CALL ptr16:32.
  private static SystemBench call(SystemBench b, int selector, long offset) {
    return far(b, 0x9A, selector, offset);
  }

  private static SystemBench far(SystemBench b, int opcode, int selector, long offset) {
    return b.code(
            opcode,
            (int) offset & 0xFF,
            (int) (offset >> 8) & 0xFF,
            (int) (offset >> 16) & 0xFF,
            (int) (offset >> 24) & 0xFF,
            selector & 0xFF,
            selector >> 8)
        .step();
  }

  @Test
  void jumpsToCodeOfTheSamePrivilege() {
    SystemBench b = jump(protected32(), CODE16, 0x1234);
    assertEquals(List.of(), b.exceptions());
    assertEquals(0x1234, b.c.rip);
    assertEquals(CODE16, b.selector(SegmentRegister.CS));
    assertEquals(CpuMode.PROTECTED16, b.c.mode);
  }

  @Test
  void directJumpChecksTheSelector() {
    assertEquals(List.of("#GP(0)"), jump(protected32(), 3, TARGET).exceptions());
    assertEquals(List.of("#GP(10)"), jump(protected32(), DATA, TARGET).exceptions());
    assertEquals(List.of("#GP(20)"), jump(protected32(), USER_CODE32, TARGET).exceptions());
    assertEquals(List.of("#GP(8)"), jump(protected32(), CODE32 | 1, TARGET).exceptions());
    assertEquals(List.of("#GP(8)"), jump(protected32().user(), CODE32, TARGET).exceptions());
    SystemBench b = protected32();
    b.c.gdtLimit = 0x7F;
    assertEquals(List.of("#GP(80)"), jump(b, FREE, TARGET).exceptions());
  }

  @Test
  void absentCodeIsNpAfterThePrivilegeChecks() {
    long absent = descriptor(0, 0xFFFFF, TYPE_CODE & ~SegmentRegister.PRESENT | FLAT32);
    assertEquals(
        List.of("#NP(80)"), jump(protected32().gdt(FREE, absent), FREE, TARGET).exceptions());
    assertEquals(
        List.of("#GP(80)"),
        jump(protected32().gdt(FREE, absent).user(), FREE, TARGET).exceptions());
  }

  @Test
  void conformingCodeKeepsCpl() {
    SystemBench b = protected32().user();
    b.gdt(FREE, descriptor(0, 0xFFFFF, TYPE_CONFORMING | FLAT32));
    jump(b, FREE, TARGET);
    assertEquals(List.of(), b.exceptions());
    assertEquals(3, b.c.cpl);
    assertEquals(FREE | 3, b.selector(SegmentRegister.CS));
  }

  @Test
  void conformingCodeOfOuterPrivilegeIsGp() {
    SystemBench b = protected32();
    b.gdt(FREE, descriptor(0, 0xFFFFF, TYPE_CONFORMING | DPL3 | FLAT32));
    assertEquals(List.of("#GP(80)"), jump(b, FREE | 3, TARGET).exceptions());
  }

  @Test
  void targetBeyondTheLimitIsGpZero() {
    assertEquals(List.of("#GP(0)"), jump(protected32(), CODE16, 0x10000).exceptions());
  }

  @Test
  void callPushesTheReturnAddressAndRetComesBack() {
    SystemBench b = call(protected32(), CODE32, TARGET);
    assertEquals(CODE_AT + 7, b.stack32(0));
    assertEquals(CODE32, b.stack32(1));
    b.ram.putByte(TARGET, (byte) 0xCB);
    b.run(1);
    assertEquals(CODE_AT + 7, b.c.rip);
    assertEquals(STACK0 - 0x800, b.c.gpr[Vcpu.RSP]);
  }

  @Test
  void callWithoutRoomOnTheStackIsSs() {
    SystemBench b = protected32();
    b.c.segments[SegmentRegister.SS].limit = 0x1FFF;
    b.c.mmu.segmentChanged(SegmentRegister.SS);
    b.c.gpr[Vcpu.RSP] = 0x2004;
    assertEquals("#SS(0)", call(b, CODE32, TARGET).exceptions().getFirst());
  }

  @Test
  void callGateSwitchesStacksAndCopiesParameters() {
    SystemBench b = protected32().user();
    b.gdt(GATE, gate(Descriptor.CALL_GATE32, CODE32, TARGET, 3, 2));
    b.put32(STACK3, 0x11111111);
    b.put32(STACK3 + 4, 0x22222222);
    call(b, GATE | 3, 0x999);
    assertEquals(List.of(), b.exceptions());
    assertEquals(0, b.c.cpl);
    assertEquals(TARGET, b.c.rip);
    assertEquals(CODE32, b.selector(SegmentRegister.CS));
    assertEquals(DATA, b.selector(SegmentRegister.SS));
    assertEquals(STACK0 - 24, b.c.gpr[Vcpu.RSP]);
    assertEquals(CODE_AT + 7, b.stack32(0));
    assertEquals(USER_CODE32, b.stack32(1));
    assertEquals(0x11111111, b.stack32(2));
    assertEquals(0x22222222, b.stack32(3));
    assertEquals(STACK3, b.stack32(4));
    assertEquals(USER_DATA, b.stack32(5));
  }

  @Test
  void returnToOuterPrivilegeDropsParametersFromBothStacksAndInnerSegments() {
    SystemBench b = protected32().user();
    b.gdt(GATE, gate(Descriptor.CALL_GATE32, CODE32, TARGET, 3, 2));
    call(b, GATE | 3, 0);
    b.c.segments[SegmentRegister.DS].set(DATA, 0, -1, 0xC093, true);
    b.ram.putByte(TARGET, (byte) 0xCA);
    b.put16(TARGET + 1, 8);
    b.run(1);
    assertEquals(3, b.c.cpl);
    assertEquals(CODE_AT + 7, b.c.rip);
    assertEquals(STACK3 + 8, b.c.gpr[Vcpu.RSP]);
    assertEquals(USER_DATA, b.selector(SegmentRegister.SS));
    assertEquals(0, b.selector(SegmentRegister.DS));
    assertFalse(b.c.segments[SegmentRegister.DS].usable);
    assertEquals(USER_DATA, b.selector(SegmentRegister.ES));
  }

  @Test
  void gateOf16BitsPushesWords() {
    SystemBench b = protected32().user();
    b.gdt(GATE, gate(Descriptor.CALL_GATE16, CODE32, 0x1234, 3, 1));
    b.put16(STACK3, 0x5678);
    call(b, GATE | 3, 0);
    assertEquals(STACK0 - 10, b.c.gpr[Vcpu.RSP]);
    assertEquals(0x5678, b.get16(STACK0 - 6));
    assertEquals(0x1234, b.c.rip);
  }

  @Test
  void callGateChecksItsOwnPrivilegeAndPresence() {
    SystemBench b = protected32().user();
    b.gdt(GATE, gate(Descriptor.CALL_GATE32, CODE32, TARGET, 2, 0));
    assertEquals(List.of("#GP(80)"), call(b, GATE, 0).exceptions());
    b = protected32();
    b.gdt(GATE, gate(Descriptor.CALL_GATE32, CODE32, TARGET, 2, 0));
    assertEquals(List.of("#GP(80)"), call(b, GATE | 3, 0).exceptions());
    b = protected32();
    b.gdt(GATE, gate(Descriptor.CALL_GATE32, CODE32, TARGET, 3, 0) & ~(0x80L << 40));
    assertEquals(List.of("#NP(80)"), call(b, GATE, 0).exceptions());
  }

  @Test
  void callGateChecksItsTarget() {
    assertEquals(List.of("#GP(0)"), throughGate(protected32(), 0));
    assertEquals(List.of("#GP(10)"), throughGate(protected32(), DATA));
    assertEquals(List.of("#GP(20)"), throughGate(protected32(), USER_CODE32));
    SystemBench b = protected32();
    b.gdt(FREE + 8, descriptor(0, 0xFFFFF, 0x1B | FLAT32));
    assertEquals(List.of("#NP(88)"), throughGate(b, FREE + 8));
    b = protected32();
    b.gdt(FREE + 8, descriptor(0, 0xFF, TYPE_CODE | SegmentRegister.DEFAULT_BIG));
    assertEquals(List.of("#GP(0)"), throughGate(b, FREE + 8));
  }

  private static List<String> throughGate(SystemBench b, int target) {
    b.gdt(GATE, gate(Descriptor.CALL_GATE32, target, TARGET, 3, 0));
    return call(b, GATE, 0).exceptions();
  }

  @Test
  void jumpThroughAGateMayNotRaisePrivilege() {
    SystemBench b = protected32().user();
    b.gdt(GATE, gate(Descriptor.CALL_GATE32, CODE32, TARGET, 3, 0));
    assertEquals(List.of("#GP(8)"), jump(b, GATE | 3, 0).exceptions());
    b = protected32();
    b.gdt(GATE, gate(Descriptor.CALL_GATE32, CODE32, TARGET, 3, 0));
    assertEquals(TARGET, jump(b, GATE, 0).c.rip);
  }

  @Test
  void innerStackFaultsNameTheStack() {
    SystemBench b = protected32().user();
    b.put32(TSS_AT + 8, USER_DATA);
    b.gdt(GATE, gate(Descriptor.CALL_GATE32, CODE32, TARGET, 3, 0));
    call(b, GATE | 3, 0);
    assertEquals("#TS(28)", b.exceptions().getFirst());
  }

  @Test
  void returnChecksTheCodeSelector() {
    assertEquals(List.of("#GP(0)"), returnTo(protected32(), 0));
    assertEquals(List.of("#GP(10)"), returnTo(protected32(), DATA));
    assertEquals(List.of("#GP(8)"), returnTo(protected32(), CODE32 | 3));
    assertEquals(List.of("#GP(20)"), returnTo(protected32(), USER_CODE32 & ~3));
    assertEquals(List.of("#GP(8)"), returnTo(protected32().user(), CODE32));
    SystemBench b = protected32();
    b.gdt(FREE, descriptor(0, 0xFFFFF, 0x1B | FLAT32));
    assertEquals(List.of("#NP(80)"), returnTo(b, FREE));
  }

  private static List<String> returnTo(SystemBench b, int selector) {
    long top = b.c.gpr[Vcpu.RSP];
    b.put32(top, TARGET);
    b.put32(top + 4, selector);
    return b.code(0xCB).step().exceptions();
  }

  @Test
  void returnToOuterPrivilegeChecksTheStackSelector() {
    assertEquals(List.of("#GP(0)"), returnOuter(protected32(), 0));
    assertEquals(List.of("#GP(10)"), returnOuter(protected32(), DATA));
    assertEquals(List.of("#GP(20)"), returnOuter(protected32(), USER_CODE32));
    SystemBench b = protected32();
    b.gdt(FREE, descriptor(0, 0xFFFFF, 0x73 | FLAT32));
    assertEquals(List.of("#SS(80)"), returnOuter(b, FREE | 3));
  }

  private static List<String> returnOuter(SystemBench b, int stackSelector) {
    long top = b.c.gpr[Vcpu.RSP];
    b.put32(top + 8, STACK3);
    b.put32(top + 12, stackSelector);
    return returnTo(b, USER_CODE32);
  }

  @Test
  void longModeForbidsTaskSwitchesAnd16BitGates() {
    assertEquals(List.of("#GP(38)"), indirect(new SystemBench().longMode(), TSS));
    SystemBench b = new SystemBench().longMode();
    b.gdt(GATE, gate(Descriptor.CALL_GATE16, CODE64, TARGET, 3, 0));
    assertEquals(List.of("#GP(80)"), indirect(b, GATE));
    b = new SystemBench().longMode();
    b.gdt(GATE, gate(Descriptor.TASK_GATE, TSS, 0, 3, 0));
    assertEquals(List.of("#GP(80)"), indirect(b, GATE));
  }

  /// CALL m16:32 at SCRATCH.
  private static List<String> indirect(SystemBench b, int selector) {
    b.put32(SCRATCH, TARGET);
    b.put16(SCRATCH + 4, selector);
    b.c.gpr[Vcpu.RBX] = SCRATCH;
    return b.code(0xFF, 0x1B).step().exceptions();
  }

  @Test
  void callGateOf64BitsPushesQuadwordsOnTheStackOfTheTss() {
    SystemBench b = new SystemBench().longMode().user();
    b.gdt(GATE, gate(Descriptor.CALL_GATE32, CODE64, TARGET, 3, 0)).gdt(GATE + 8, 0);
    assertEquals(List.of(), indirect(b, GATE | 3));
    assertEquals(TARGET, b.c.rip);
    assertEquals(STACK0 - 32, b.c.gpr[Vcpu.RSP]);
    assertEquals(CODE_AT + 2, b.stack64(0));
    assertEquals(USER_CODE64, b.stack64(1));
    assertEquals(STACK3, b.stack64(2));
    assertEquals(USER_DATA, b.stack64(3));
    assertEquals(0, b.selector(SegmentRegister.SS));
  }

  @Test
  void callGateOf64BitsChecksItsUpperHalfAndTarget() {
    SystemBench b = new SystemBench().longMode();
    b.gdt(GATE, gate(Descriptor.CALL_GATE32, CODE64, TARGET, 3, 0)).gdt(GATE + 8, 1L << 40);
    assertEquals(List.of("#GP(80)"), indirect(b, GATE));
    b = new SystemBench().longMode();
    b.gdt(GATE, gate(Descriptor.CALL_GATE32, CODE32, TARGET, 3, 0)).gdt(GATE + 8, 0);
    assertEquals(List.of("#GP(8)"), indirect(b, GATE));
    b = new SystemBench().longMode();
    b.gdt(GATE, gate(Descriptor.CALL_GATE32, CODE64, TARGET, 3, 0)).gdt(GATE + 8, 0x8000);
    assertEquals(List.of("#GP(0)"), indirect(b, GATE));
  }

  @Test
  void farJumpLeaves64BitModeForCompatibilityMode() {
    SystemBench b = new SystemBench().longMode();
    b.put32(SCRATCH, TARGET);
    b.put16(SCRATCH + 4, CODE32);
    b.c.gpr[Vcpu.RBX] = SCRATCH;
    b.code(0xFF, 0x2B).step();
    assertEquals(CpuMode.COMPATIBILITY32, b.c.mode);
    assertEquals(TARGET, b.c.rip);
  }

  @Test
  void codeWithLongAndBigIsReserved() {
    SystemBench b = new SystemBench().longMode();
    b.gdt(FREE, descriptor(0, 0xFFFFF, TYPE_CODE | FLAT32 | SegmentRegister.LONG));
    assertEquals(List.of("#GP(80)"), indirect(b, FREE));
  }

  @Test
  void realModeCallAndReturnUseParagraphs() {
    SystemBench b = new SystemBench().realMode();
    b.code(0x9A, 0x34, 0x12, 0x00, 0x15).step();
    assertEquals(0x15000, b.c.segments[SegmentRegister.CS].base);
    assertEquals(0x1234, b.c.rip);
    assertEquals(5, b.stack16(0));
    assertEquals(CODE_AT >> 4, b.stack16(1));
    b.ram.putByte(0x16234, (byte) 0xCB);
    b.run(1);
    assertEquals(5, b.c.rip);
    assertEquals(CODE_AT, b.c.segments[SegmentRegister.CS].base);
    assertEquals(0x8000, b.c.gpr[Vcpu.RSP]);
  }
}
