package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.CODE32;
import static dev.backstep.emulator.testing.SystemBench.CODE_AT;
import static dev.backstep.emulator.testing.SystemBench.DATA;
import static dev.backstep.emulator.testing.SystemBench.FLAT32;
import static dev.backstep.emulator.testing.SystemBench.FREE;
import static dev.backstep.emulator.testing.SystemBench.STACK0;
import static dev.backstep.emulator.testing.SystemBench.STACK3;
import static dev.backstep.emulator.testing.SystemBench.TSS;
import static dev.backstep.emulator.testing.SystemBench.TSS_AT;
import static dev.backstep.emulator.testing.SystemBench.TYPE_CODE;
import static dev.backstep.emulator.testing.SystemBench.USER_CODE32;
import static dev.backstep.emulator.testing.SystemBench.USER_DATA;
import static dev.backstep.emulator.testing.SystemBench.descriptor;
import static dev.backstep.emulator.testing.SystemBench.gate;
import static dev.backstep.emulator.testing.SystemBench.handler;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.Activity;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;

class EventDeliveryTest {
  private static final int[] UD2 = {0x0F, 0x0B};
  private static final int[] INT_33 = {0xCD, 0x33};

  private static SystemBench protected32() {
    return new SystemBench().protected32();
  }

  @Test
  void entersTheHandlerOnTheSameStackWithoutPrivilegeChange() {
    SystemBench b = protected32().code(UD2);
    b.c.setRflags(Rflags.IF | Rflags.CF);
    long before = b.c.gpr[Vcpu.RSP];
    b.step();
    assertEquals(List.of("#UD"), b.exceptions());
    assertEquals(handler(6), b.c.rip);
    assertEquals(before - 12, b.c.gpr[Vcpu.RSP]);
    assertEquals(CODE_AT, b.stack32(0));
    assertEquals(CODE32, b.stack32(1));
    assertEquals(Rflags.IF | Rflags.CF | Rflags.FIXED | Rflags.RF, b.stack32(2));
    assertFalse(b.c.flag(Rflags.IF));
    assertEquals(CODE32, b.selector(SegmentRegister.CS));
  }

  @Test
  void switchesToTheStackOfTheTssForAnInnerHandler() {
    SystemBench b = protected32().user().code(UD2);
    b.step();
    assertEquals(0, b.c.cpl);
    assertEquals(STACK0 - 20, b.c.gpr[Vcpu.RSP]);
    assertEquals(CODE_AT, b.stack32(0));
    assertEquals(USER_CODE32, b.stack32(1));
    assertEquals(STACK3, b.stack32(3));
    assertEquals(USER_DATA, b.stack32(4));
    assertEquals(DATA, b.selector(SegmentRegister.SS));
  }

  @Test
  void trapGatesLeaveTheInterruptFlag() {
    SystemBench b = protected32().code(INT_33);
    b.idt(0x33, gate(Descriptor.TRAP_GATE32, CODE32, handler(0x33), 0, 0));
    b.c.setRflags(Rflags.IF | Rflags.NT);
    b.step();
    assertTrue(b.c.flag(Rflags.IF));
    assertFalse(b.c.flag(Rflags.NT));
    assertEquals(CODE_AT + 2, b.stack32(0));
  }

  @Test
  void gates16PushWordsAndUseSixteenBitsOfTheOffset() {
    SystemBench b = protected32().code(INT_33);
    b.idt(0x33, gate(Descriptor.INTERRUPT_GATE16, CODE32, 0x5_0000_1234L, 0, 0) | 0xFFFFL << 48);
    long before = b.c.gpr[Vcpu.RSP];
    b.step();
    assertEquals(0x1234, b.c.rip);
    assertEquals(before - 6, b.c.gpr[Vcpu.RSP]);
    assertEquals((CODE_AT + 2) & 0xFFFF, b.get16(before - 6));
    assertEquals(CODE32, b.get16(before - 4));
  }

  @Test
  void softwareInterruptNeedsTheGatesPrivilege() {
    SystemBench b = protected32().user().code(INT_33);
    b.idt(0x33, gate(Descriptor.INTERRUPT_GATE32, CODE32, handler(0x33), 0, 0));
    b.step();
    assertEquals(List.of("#GP(19a)"), b.exceptions());
    assertEquals(CODE_AT, b.stack32(1));
    assertEquals(0x19A, b.stack32(0));
  }

  @Test
  void int1IgnoresTheGatesPrivilege() {
    SystemBench b = protected32().user().code(0xF1);
    b.idt(1, gate(Descriptor.INTERRUPT_GATE32, CODE32, handler(1), 0, 0));
    b.step();
    assertEquals(List.of("#DB"), b.exceptions());
    assertEquals(handler(1), b.c.rip);
    assertEquals(CODE_AT + 1, b.stack32(0));
  }

  @Test
  void exceptionsIgnoreTheGatesPrivilege() {
    SystemBench b = protected32().user().code(UD2);
    b.idt(6, gate(Descriptor.INTERRUPT_GATE32, CODE32, handler(6), 0, 0));
    b.step();
    assertEquals(List.of("#UD"), b.exceptions());
  }

  @Test
  void gateBeyondTheIdtIsGpWithTheVector() {
    SystemBench b = protected32().code(INT_33);
    b.c.idtLimit = 0x33 * 8 + 6;
    b.step();
    assertEquals(List.of("#GP(19a)"), b.exceptions());
  }

  @Test
  void absentGateIsNp() {
    SystemBench b = protected32().code(INT_33);
    b.idt(0x33, gate(Descriptor.INTERRUPT_GATE32, CODE32, 0, 3, 0) & ~(0x80L << 40));
    b.step();
    assertEquals(List.of("#NP(19a)"), b.exceptions());
  }

  @Test
  void faultOfAnExceptionsDeliverySetsExt() {
    SystemBench b = protected32().code(UD2);
    b.idt(6, gate(Descriptor.INTERRUPT_GATE32, CODE32, 0, 3, 0) & ~(0x80L << 40));
    b.step();
    assertEquals(List.of("#UD", "#NP(33)"), b.exceptions());
    assertEquals(CODE_AT, b.stack32(1));
  }

  @Test
  void gateToAnAbsentSegmentIsNpWithTheSelectorAndCanBeRepeated() {
    SystemBench b = protected32().code(INT_33);
    b.gdt(FREE, descriptor(0, 0xFFFFF, TYPE_CODE & ~SegmentRegister.PRESENT | FLAT32));
    b.idt(0x33, gate(Descriptor.INTERRUPT_GATE32, FREE, handler(0x33), 3, 0));
    b.step();
    assertEquals(List.of("#NP(80)"), b.exceptions());
    assertEquals(CODE_AT, b.stack32(1));
  }

  @Test
  void gateWithNullSelectorIsGpZeroOrExt() {
    SystemBench b = protected32().code(UD2);
    b.idt(6, gate(Descriptor.INTERRUPT_GATE32, 0, 0, 3, 0));
    b.step();
    assertEquals(List.of("#UD", "#GP(1)"), b.exceptions());
  }

  @Test
  void handlerLessPrivilegedThanTheProgramIsGp() {
    SystemBench b = protected32().code(INT_33);
    b.idt(0x33, gate(Descriptor.INTERRUPT_GATE32, USER_CODE32, 0, 3, 0));
    b.step();
    assertEquals(List.of("#GP(20)"), b.exceptions());
  }

  @Test
  void handlerBeyondTheSegmentLimitIsGpAndLeavesTheStackAlone() {
    SystemBench b = protected32().code(INT_33);
    b.gdt(FREE, descriptor(0, 0xFFF, TYPE_CODE | SegmentRegister.DEFAULT_BIG));
    b.idt(0x33, gate(Descriptor.INTERRUPT_GATE32, FREE, 0x1000, 3, 0));
    long before = b.c.gpr[Vcpu.RSP];
    b.step();
    assertEquals(List.of("#GP(0)"), b.exceptions());
    assertEquals(before - 16, b.c.gpr[Vcpu.RSP]);
  }

  @Test
  void innerStackSegmentProblemsAreTsOrSsWithItsSelector() {
    SystemBench b = protected32().user().code(INT_33);
    b.put32(TSS_AT + 8, CODE32);
    b.step();
    assertEquals("#TS(8)", b.exceptions().getFirst());

    b = protected32().user().code(INT_33);
    b.put32(TSS_AT + 8, 0);
    b.step();
    assertEquals("#TS(0)", b.exceptions().getFirst());

    b = protected32().user().code(INT_33);
    b.put32(TSS_AT + 8, FREE);
    b.gdt(FREE, descriptor(0, 0xFFFFF, 0x13 | FLAT32));
    b.step();
    assertEquals("#SS(80)", b.exceptions().getFirst());

    b = protected32().user().code(INT_33);
    b.c.tr.limit = 7;
    b.step();
    assertEquals("#TS(%x)".formatted(TSS), b.exceptions().getFirst());
  }

  @Test
  void innerStackTooSmallIsSsWithItsSelector() {
    SystemBench b = protected32().user().code(INT_33);
    b.gdt(FREE, descriptor(0, 0x1F, 0x93 | SegmentRegister.DEFAULT_BIG));
    b.put32(TSS_AT + 8, FREE);
    b.put32(TSS_AT + 4, 0x10);
    b.step();
    assertEquals("#SS(80)", b.exceptions().getFirst());
  }

  @Test
  void contributoryAfterContributoryIsADoubleFault() {
    SystemBench b = protected32().code(0xCD, 0x33);
    b.idt(0x33, gate(Descriptor.INTERRUPT_GATE32, 0, 0, 3, 0));
    b.idt(13, gate(Descriptor.INTERRUPT_GATE32, FREE, 0, 3, 0));
    b.step();
    // The descriptor at FREE is all zero: not a code segment.
    assertEquals(List.of("#GP(0)", "#DF(0)"), b.exceptions());
    assertEquals(handler(8), b.c.rip);
    assertEquals(0, b.stack32(0));
    assertEquals(CODE_AT, b.stack32(1));
  }

  @Test
  void benignThenContributoryIsServedSerially() {
    SystemBench b = protected32().code(UD2);
    b.idt(6, 0);
    b.step();
    assertEquals(List.of("#UD", "#GP(33)"), b.exceptions());
    assertEquals(handler(13), b.c.rip);
  }

  @Test
  void faultInTheDoubleFaultsDeliveryShutsDown() {
    SystemBench b = protected32().code(UD2);
    b.c.idtLimit = 0;
    b.step();
    assertEquals(List.of("#UD", "#GP(33)", "#DF(0)"), b.exceptions());
    assertEquals(Activity.SHUTDOWN, b.c.activity);
    assertEquals(1, b.log.of(MachineEvent.Shutdown.class).size());
    assertEquals(CODE_AT, b.c.rip);
  }

  @Test
  void realModePushesNoErrorCodeAndClearsFlags() {
    SystemBench b = new SystemBench().realMode().code(UD2);
    b.c.setRflags(Rflags.IF | Rflags.AC | Rflags.CF);
    b.step();
    assertEquals(0x8000 - 6, b.c.gpr[Vcpu.RSP]);
    assertEquals(0, b.stack16(0));
    assertEquals(CODE_AT >> 4, b.stack16(1));
    assertEquals(Rflags.IF | Rflags.CF | Rflags.FIXED, b.stack16(2));
    assertEquals(handler(6), b.c.segments[SegmentRegister.CS].base + b.c.rip);
    assertFalse(b.c.flag(Rflags.IF));
    assertFalse(b.c.flag(Rflags.AC));
  }

  @Test
  void realModeChecksTheVectorTablesLimit() {
    SystemBench b = new SystemBench().realMode().code(INT_33);
    b.c.idtLimit = 0x33 * 4 + 2;
    b.step();
    assertEquals(List.of("#GP(ce)"), b.exceptions());
    assertEquals(handler(13), b.c.segments[SegmentRegister.CS].base + b.c.rip);
    assertEquals(0, b.stack16(0));
  }

  @Test
  void eventFromVm86PushesAndDropsTheDataSegments() {
    SystemBench b = protected32().vm86(3);
    b.c.segments[SegmentRegister.DS].selector = 0x123;
    b.c.segments[SegmentRegister.GS].selector = 0x456;
    b.code(UD2).step();
    assertEquals(List.of("#UD"), b.exceptions());
    assertEquals(0, b.c.cpl);
    assertFalse(b.c.flag(Rflags.VM));
    assertEquals(STACK0 - 36, b.c.gpr[Vcpu.RSP]);
    assertTrue((b.stack32(2) & Rflags.VM) != 0);
    assertEquals(0x8000, b.stack32(3));
    assertEquals(0x123, b.stack32(6));
    assertEquals(0x456, b.stack32(8));
    assertEquals(0, b.selector(SegmentRegister.DS));
    assertFalse(b.c.segments[SegmentRegister.GS].usable);
  }

  @Test
  void eventFromVm86NeedsAHandlerOfPrivilegeZero() {
    SystemBench b = protected32().vm86(3);
    b.idt(0x33, gate(Descriptor.INTERRUPT_GATE32, USER_CODE32, 0, 3, 0));
    b.code(INT_33).step();
    assertEquals("#GP(20)", b.exceptions().getFirst());
  }
}
