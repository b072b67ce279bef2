package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.CODE16;
import static dev.backstep.emulator.testing.SystemBench.CODE32;
import static dev.backstep.emulator.testing.SystemBench.CODE_AT;
import static dev.backstep.emulator.testing.SystemBench.DATA;
import static dev.backstep.emulator.testing.SystemBench.FREE;
import static dev.backstep.emulator.testing.SystemBench.GDT;
import static dev.backstep.emulator.testing.SystemBench.LDT;
import static dev.backstep.emulator.testing.SystemBench.STACK0;
import static dev.backstep.emulator.testing.SystemBench.STACK3;
import static dev.backstep.emulator.testing.SystemBench.TSS;
import static dev.backstep.emulator.testing.SystemBench.TSS_AT;
import static dev.backstep.emulator.testing.SystemBench.USER_CODE32;
import static dev.backstep.emulator.testing.SystemBench.USER_DATA;
import static dev.backstep.emulator.testing.SystemBench.descriptor;
import static dev.backstep.emulator.testing.SystemBench.gate;
import static dev.backstep.emulator.testing.SystemBench.handler;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;

class TaskSwitchTest {
  private static final int OTHER = FREE;
  private static final int GATE = FREE + 8;
  private static final long OTHER_AT = 0x4400;
  private static final long TARGET = 0x12340;
  private static final long OTHER_STACK = 0x38000;

  /// Protected mode with a second task that is ready to run at TARGET, CPL 0.
  private static SystemBench twoTasks() {
    SystemBench b = new SystemBench().protected32();
    b.gdt(OTHER, descriptor(OTHER_AT, 0x67, 0x89));
    b.put32(OTHER_AT + 32, TARGET);
    b.put32(OTHER_AT + 36, Rflags.CF);
    b.put32(OTHER_AT + 40, 0xAAAA_AAAAL);
    b.put32(OTHER_AT + 56, OTHER_STACK);
    for (int k = 0; k < 6; k++) {
      b.put16(OTHER_AT + 72 + 4L * k, DATA);
    }
    b.put16(OTHER_AT + 76, CODE32);
    b.put16(OTHER_AT + 96, LDT);
    return b;
  }

  private static SystemBench jump(SystemBench b, int selector) {
    return b.code(0xEA, 0, 0, 0, 0, selector, 0).step();
  }

  private static SystemBench call(SystemBench b, int selector) {
    return b.code(0x9A, 0, 0, 0, 0, selector, 0).step();
  }

  private static int typeOf(SystemBench b, int selector) {
    return b.ram.getByte(GDT + selector + 5) & 0xF;
  }

  @Test
  void jumpSavesTheOldTaskAndLoadsTheNew() {
    SystemBench b = twoTasks();
    b.c.gpr[Vcpu.RBX] = 0x5555;
    b.c.setRflags(Rflags.ZF);
    jump(b, OTHER);
    assertEquals(List.of(), b.exceptions());
    assertEquals(CODE_AT + 7, b.get32(TSS_AT + 32));
    assertEquals(Rflags.ZF | Rflags.FIXED, b.get32(TSS_AT + 36));
    assertEquals(0x5555, b.get32(TSS_AT + 52));
    assertEquals(STACK0 - 0x800, b.get32(TSS_AT + 56));
    assertEquals(CODE32, b.get16(TSS_AT + 76));
    assertEquals(TARGET, b.c.rip);
    assertEquals(0xAAAA_AAAAL, b.c.gpr[Vcpu.RAX]);
    assertEquals(OTHER_STACK, b.c.gpr[Vcpu.RSP]);
    assertEquals(Rflags.CF | Rflags.FIXED, b.c.rflags());
    assertEquals(OTHER, b.c.tr.selector);
    assertEquals(OTHER_AT, b.c.tr.base);
    assertTrue(b.c.cr0(ControlBits.CR0_TS));
    assertEquals(Descriptor.TSS32_AVAILABLE, typeOf(b, TSS));
    assertEquals(Descriptor.TSS32_BUSY, typeOf(b, OTHER));
    assertFalse(b.c.flag(Rflags.NT));
  }

  @Test
  void callNestsAndIretReturns() {
    SystemBench b = twoTasks();
    b.ram.putByte(TARGET, (byte) 0xCF);
    call(b, OTHER);
    assertTrue(b.c.flag(Rflags.NT));
    assertEquals(TSS, b.get16(OTHER_AT));
    assertEquals(Descriptor.TSS32_BUSY, typeOf(b, TSS));
    b.run(1);
    assertEquals(List.of(), b.exceptions());
    assertEquals(CODE_AT + 7, b.c.rip);
    assertEquals(TSS, b.c.tr.selector);
    assertEquals(Descriptor.TSS32_AVAILABLE, typeOf(b, OTHER));
    assertEquals(0, b.get32(OTHER_AT + 36) & Rflags.NT);
    assertEquals(TARGET + 1, b.get32(OTHER_AT + 32));
    assertFalse(b.c.flag(Rflags.NT));
  }

  @Test
  void taskGateLeadsToItsTask() {
    SystemBench b = twoTasks().user();
    b.gdt(GATE, gate(Descriptor.TASK_GATE, OTHER, 0, 3, 0));
    call(b, GATE | 3);
    assertEquals(List.of(), b.exceptions());
    assertEquals(0, b.c.cpl);
    assertEquals(TARGET, b.c.rip);
  }

  @Test
  void privilegeOfTssAndGateIsChecked() {
    assertEquals(List.of("#GP(80)"), jump(twoTasks().user(), OTHER).exceptions());
    SystemBench b = twoTasks().user();
    b.gdt(GATE, gate(Descriptor.TASK_GATE, OTHER, 0, 0, 0));
    assertEquals(List.of("#GP(88)"), jump(b, GATE).exceptions());
  }

  @Test
  void busyAbsentAndShortTssAreRefused() {
    assertEquals(List.of("#GP(38)"), jump(twoTasks(), TSS).exceptions());
    SystemBench b = twoTasks();
    b.gdt(OTHER, descriptor(OTHER_AT, 0x67, 0x09));
    assertEquals(List.of("#NP(80)"), jump(b, OTHER).exceptions());
    b = twoTasks();
    b.gdt(OTHER, descriptor(OTHER_AT, 0x66, 0x89));
    assertEquals(List.of("#TS(80)"), jump(b, OTHER).exceptions());
  }

  @Test
  void taskGateToSomethingElseIsGpWithTheTssSelector() {
    SystemBench b = twoTasks();
    b.gdt(GATE, gate(Descriptor.TASK_GATE, DATA, 0, 3, 0));
    assertEquals(List.of("#GP(10)"), jump(b, GATE).exceptions());
    b = twoTasks();
    b.gdt(GATE, gate(Descriptor.TASK_GATE, OTHER | 4, 0, 3, 0));
    assertEquals(List.of("#GP(84)"), jump(b, GATE).exceptions());
  }

  @Test
  void iretToATaskThatIsNotBusyIsTs() {
    SystemBench b = twoTasks();
    b.c.setRflags(Rflags.NT);
    b.put16(TSS_AT, OTHER);
    b.code(0xCF).step();
    assertEquals(List.of("#TS(80)"), b.exceptions());
    assertEquals(TSS, b.c.tr.selector);
  }

  @Test
  void segmentFaultsBelongToTheNewTask() {
    assertEquals("#TS(8)", badSegment(80, CODE32));
    assertEquals("#TS(10)", badSegment(76, DATA));
    assertEquals("#TS(38)", badSegment(84, TSS));
    assertEquals("#TS(10)", badSegment(96, DATA));
  }

  /// The fault after a jump to the second task with one selector replaced.
  private static String badSegment(int offset, int selector) {
    SystemBench b = twoTasks();
    b.put16(OTHER_AT + offset, selector);
    jump(b, OTHER);
    assertEquals(OTHER, b.c.tr.selector);
    assertEquals(CODE_AT + 7, b.get32(TSS_AT + 32));
    return b.exceptions().getFirst();
  }

  @Test
  void faultOfTheNewTaskReturnsToItsFirstInstruction() {
    SystemBench b = twoTasks();
    b.put16(OTHER_AT + 84, TSS);
    jump(b, OTHER);
    assertEquals(List.of("#TS(38)"), b.exceptions());
    assertEquals(handler(10), b.c.rip);
    assertEquals(TARGET, b.stack32(1));
    assertEquals(OTHER_STACK - 16, b.c.gpr[Vcpu.RSP]);
  }

  @Test
  void absentStackOfTheNewTaskIsSs() {
    SystemBench b = twoTasks();
    b.gdt(GATE, descriptor(0, 0xFFFFF, 0x13));
    b.put16(OTHER_AT + 80, GATE);
    b.idt(12, gate(Descriptor.TASK_GATE, TSS, 0, 0, 0));
    jump(b, OTHER);
    assertEquals("#SS(88)", b.exceptions().getFirst());
    assertEquals(TSS, b.c.tr.selector);
  }

  @Test
  void taskOfUserPrivilegeRunsThere() {
    SystemBench b = twoTasks();
    for (int k = 0; k < 6; k++) {
      b.put16(OTHER_AT + 72 + 4L * k, USER_DATA);
    }
    b.put16(OTHER_AT + 76, USER_CODE32);
    b.put32(OTHER_AT + 56, STACK3);
    jump(b, OTHER);
    assertEquals(List.of(), b.exceptions());
    assertEquals(3, b.c.cpl);
  }

  @Test
  void taskCanRunInVm86() {
    SystemBench b = twoTasks();
    b.put32(OTHER_AT + 36, Rflags.VM);
    b.put32(OTHER_AT + 32, 0x40);
    b.put16(OTHER_AT + 76, 0x1200);
    jump(b, OTHER);
    assertEquals(List.of(), b.exceptions());
    assertEquals(CpuMode.VM86, b.c.mode);
    assertEquals(0x12000, b.c.segments[SegmentRegister.CS].base);
    assertEquals(0x40, b.c.rip);
  }

  @Test
  void eventThroughATaskGatePushesItsErrorCodeThere() {
    SystemBench b = twoTasks();
    b.idt(13, gate(Descriptor.TASK_GATE, OTHER, 0, 0, 0));
    b.put32(TARGET, 0xF4);
    b.code(0x8E, 0xD8);
    b.c.gpr[Vcpu.RAX] = TSS;
    b.run(1);
    assertEquals(List.of("#GP(38)"), b.exceptions());
    assertEquals(TARGET + 1, b.c.rip);
    assertEquals(OTHER_STACK - 4, b.c.gpr[Vcpu.RSP]);
    assertEquals(TSS, b.stack32(0));
    assertEquals(CODE_AT, b.get32(TSS_AT + 32));
    assertTrue((b.get32(TSS_AT + 36) & Rflags.RF) != 0);
    assertTrue(b.c.flag(Rflags.NT));
  }

  @Test
  void doubleFaultTaskGetsOutOfABadStack() {
    SystemBench b = twoTasks();
    b.idt(8, gate(Descriptor.TASK_GATE, OTHER, 0, 0, 0));
    b.put32(TARGET, 0xF4);
    b.c.segments[SegmentRegister.SS].limit = 0xFFF;
    b.c.mmu.segmentChanged(SegmentRegister.SS);
    b.code(0x50).run(1);
    assertEquals(List.of("#SS(0)", "#DF(0)"), b.exceptions());
    assertEquals(TARGET + 1, b.c.rip);
    assertEquals(0, b.stack32(0));
  }

  @Test
  void trapBitRaisesDebugExceptionBeforeTheFirstInstruction() {
    SystemBench b = twoTasks();
    b.put16(OTHER_AT + 100, 1);
    b.c.dr[7] |= 0x155;
    jump(b, OTHER);
    assertEquals(List.of("#DB"), b.exceptions());
    assertEquals(TARGET, b.stack32(0));
    assertTrue((b.c.dr[6] & ControlBits.DR6_BT) != 0);
    assertEquals(0, b.c.dr[7] & 0x155);
  }

  @Test
  void tssOf16BitsHoldsHalfRegisters() {
    SystemBench b = new SystemBench().protected32();
    b.gdt(OTHER, descriptor(OTHER_AT, 0x2B, 0x81));
    b.put16(OTHER_AT + 14, 0x1234);
    b.put16(OTHER_AT + 16, Rflags.CF);
    b.put16(OTHER_AT + 18, 0xBEEF);
    b.put16(OTHER_AT + 26, 0x7000);
    for (int k = 0; k < 4; k++) {
      b.put16(OTHER_AT + 34 + 2L * k, DATA);
    }
    b.put16(OTHER_AT + 36, CODE16);
    call(b, OTHER);
    assertEquals(List.of(), b.exceptions());
    assertEquals(0x1234, b.c.rip);
    assertEquals(0xBEEF, b.c.gpr[Vcpu.RAX] & 0xFFFF);
    assertEquals(0, b.selector(SegmentRegister.FS));
    assertEquals(TSS, b.get16(OTHER_AT));
    assertTrue(b.c.flag(Rflags.NT));
  }
}
