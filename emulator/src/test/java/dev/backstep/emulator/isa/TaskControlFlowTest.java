package dev.backstep.emulator.isa;

import static dev.backstep.emulator.isa.ControlFlowBench.STACKS;
import static dev.backstep.emulator.isa.ControlFlowBench.TRACKING;
import static dev.backstep.emulator.testing.SystemBench.CODE32;
import static dev.backstep.emulator.testing.SystemBench.CODE_AT;
import static dev.backstep.emulator.testing.SystemBench.DATA;
import static dev.backstep.emulator.testing.SystemBench.FREE;
import static dev.backstep.emulator.testing.SystemBench.LDT;
import static dev.backstep.emulator.testing.SystemBench.STACK3;
import static dev.backstep.emulator.testing.SystemBench.TSS;
import static dev.backstep.emulator.testing.SystemBench.TSS_AT;
import static dev.backstep.emulator.testing.SystemBench.USER_CODE32;
import static dev.backstep.emulator.testing.SystemBench.USER_DATA;
import static dev.backstep.emulator.testing.SystemBench.descriptor;
import static dev.backstep.emulator.testing.SystemBench.gate;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.ControlFlowState;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Task switches under control-flow enforcement. SDM Vol. 3 "Executing a Task", "Task Switching".
class TaskControlFlowTest {
  private static final List<String> NONE = List.of();
  private static final int OTHER = FREE;
  private static final int GATE = FREE + 8;
  private static final long OTHER_AT = 0x4400;
  private static final long TARGET = 0x12340;
  private static final long PDPT = 0x6000;

  /// Pages of shadow stacks: of the old task, of the new one, of user mode.
  private static final long OLD = 0x80000;

  private static final long NEW = 0x82000;
  private static final long USER = 0x84000;

  private static final long OLD_TOKEN = OLD + 0xFF8;
  private static final long NEW_TOKEN = NEW + 0xFF8;
  private static final long USER_TOKEN = USER + 0xFF8;
  private static final long OLD_SSP = OLD_TOKEN - 0x40;

  /// Present, dirty, not writable: a shadow-stack page.
  private static final long SHADOW = 0x41;

  private SystemBench b = new SystemBench();
  private Vcpu c = b.c;

  /// A new vCPU with two tasks of CPL 0 under PAE paging.
  private void twoTasks(long user, long supervisor) {
    b = new SystemBench();
    c = b.c;
    b.longMode();
    c.efer = 0;
    b.protected32();
    b.ram.putLong(PDPT, b.get64(PDPT) & ~6L);
    c.cr0 |= ControlBits.CR0_PG | ControlBits.CR0_WP;
    c.cr3 = PDPT;
    c.cr4 = ControlBits.CR4_PAE | ControlBits.CR4_CET;
    assertTrue(c.mmu.translations().loadPdptes(PDPT));
    shadowPage(OLD, 0);
    shadowPage(NEW, 0);
    shadowPage(USER, 4);
    b.gdt(OTHER, descriptor(OTHER_AT, 0x6B, 0x89));
    b.put32(OTHER_AT + 28, PDPT);
    b.put32(OTHER_AT + 32, TARGET);
    b.put32(OTHER_AT + 56, 0x38000);
    for (int k = 0; k < 6; k++) {
      b.put16(OTHER_AT + 72 + 4L * k, DATA);
    }
    b.put16(OTHER_AT + 76, CODE32);
    b.put16(OTHER_AT + 96, LDT);
    b.put32(OTHER_AT + 104, NEW_TOKEN);
    b.put32(TSS_AT + 28, PDPT);
    c.cet.user = user;
    c.cet.supervisor = supervisor;
    c.cet.ssp = OLD_SSP;
    b.ram.putLong(OLD_TOKEN, OLD_TOKEN | 1);
    c.updateMode();
  }

  private void shadowPage(long gva, long flags) {
    b.page(gva, SHADOW | flags);
    b.ram.putLong(gva + 0xFF8, gva + 0xFF8);
  }

  private SystemBench far(int opcode, int selector) {
    return b.code(opcode, 0, 0, 0, 0, selector, 0).step();
  }

  private SystemBench call() {
    return far(0x9A, OTHER);
  }

  private SystemBench jump() {
    return far(0xEA, OTHER);
  }

  /// The new task runs at CPL 3, on the user's shadow stack.
  private void otherIsUser() {
    for (int k = 0; k < 6; k++) {
      b.put16(OTHER_AT + 72 + 4L * k, USER_DATA);
    }
    b.put16(OTHER_AT + 76, USER_CODE32);
    b.put32(OTHER_AT + 56, STACK3);
    b.put32(OTHER_AT + 104, USER_TOKEN);
  }

  @Test
  void callPushesTheOldFrameOnTheNewShadowStack() {
    twoTasks(0, STACKS);
    call();
    assertEquals(NONE, b.exceptions());
    assertEquals(NEW_TOKEN | 1, b.get64(NEW_TOKEN));
    assertEquals(NEW_TOKEN - 24, c.cet.ssp);
    assertEquals(CODE32, b.get64(NEW_TOKEN - 8));
    assertEquals(CODE_AT + 7, b.get64(NEW_TOKEN - 16));
    assertEquals(OLD_SSP, b.get64(NEW_TOKEN - 24));
    assertEquals(0, b.get32(TSS_AT + 104));
    assertEquals(OLD_TOKEN | 1, b.get64(OLD_TOKEN));
  }

  @Test
  void iretGoesBackOnTheOldShadowStackAndFreesTheNewOne() {
    twoTasks(0, STACKS);
    b.ram.putByte(TARGET, (byte) 0xCF);
    call().run(1);
    assertEquals(NONE, b.exceptions());
    assertEquals(CODE_AT + 7, c.rip);
    assertEquals(OLD_SSP, c.cet.ssp);
    assertEquals(NEW_TOKEN, b.get64(NEW_TOKEN));
  }

  @Test
  void jumpTakesTheTokenAndPushesNothing() {
    twoTasks(0, STACKS);
    jump();
    assertEquals(NONE, b.exceptions());
    assertEquals(NEW_TOKEN, c.cet.ssp);
    assertEquals(NEW_TOKEN | 1, b.get64(NEW_TOKEN));
    assertEquals(0, b.get64(NEW_TOKEN - 8));
  }

  @Test
  void eventThroughATaskGatePushesTheFrameToo() {
    twoTasks(0, STACKS);
    b.idt(0x33, gate(Descriptor.TASK_GATE, OTHER, 0, 0, 0));
    b.code(0xCD, 0x33).step();
    assertEquals(NONE, b.exceptions());
    assertEquals(NEW_TOKEN - 24, c.cet.ssp);
    assertEquals(CODE_AT + 2, b.get64(NEW_TOKEN - 16));
  }

  /// As with gates, IA32_PL3_SSP keeps the SSP of user mode.
  @Test
  void callFromUserModeKeepsItsSspInTheRegister() {
    twoTasks(STACKS, STACKS);
    b.ram.putByte(TARGET, (byte) 0xCF);
    b.user();
    c.cet.ssp = USER_TOKEN - 0x20;
    b.gdt(GATE, gate(Descriptor.TASK_GATE, OTHER, 0, 3, 0));
    far(0x9A, GATE | 3);
    assertEquals(NONE, b.exceptions());
    assertEquals(NEW_TOKEN, c.cet.ssp);
    assertEquals(USER_TOKEN - 0x20, c.cet.privilegeSsp[3]);
    b.run(1);
    assertEquals(NONE, b.exceptions());
    assertEquals(3, c.cpl);
    assertEquals(USER_TOKEN - 0x20, c.cet.ssp);
    assertEquals(NEW_TOKEN, b.get64(NEW_TOKEN));
  }

  @Test
  void callToUserModePushesTheFrameThere() {
    twoTasks(STACKS, STACKS);
    otherIsUser();
    b.ram.putByte(TARGET, (byte) 0xCF);
    call();
    assertEquals(NONE, b.exceptions());
    assertEquals(3, c.cpl);
    assertEquals(USER_TOKEN - 24, c.cet.ssp);
    b.run(1);
    assertEquals(NONE, b.exceptions());
    assertEquals(0, c.cpl);
    assertEquals(OLD_SSP, c.cet.ssp);
    assertEquals(USER_TOKEN, b.get64(USER_TOKEN));
  }

  @Test
  void tssMustBeOf32BitsAndHoldSsp() {
    twoTasks(0, 0);
    b.gdt(OTHER, descriptor(OTHER_AT, 0x6A, 0x89));
    assertEquals(List.of("#TS(80)"), jump().exceptions());
    assertEquals(TSS, c.tr.selector);
    twoTasks(0, 0);
    b.gdt(OTHER, descriptor(OTHER_AT, 0x6B, 0x81));
    assertEquals(List.of("#TS(80)"), jump().exceptions());
    assertEquals(TSS, c.tr.selector);
  }

  @Test
  void withoutControlFlowEnforcementTheSspIsNotAskedFor() {
    twoTasks(0, STACKS);
    c.cr4 &= ~ControlBits.CR4_CET;
    c.updateMode();
    b.gdt(OTHER, descriptor(OTHER_AT, 0x67, 0x89));
    call();
    assertEquals(NONE, b.exceptions());
    assertEquals(OLD_SSP, c.cet.ssp);
    assertEquals(NEW_TOKEN, b.get64(NEW_TOKEN));
  }

  @Test
  void badTokenIsTsOfTheNewTask() {
    assertEquals("#TS(80)", faultWithSsp(NEW_TOKEN, NEW_TOKEN | 1));
    assertEquals("#TS(80)", faultWithSsp(NEW_TOKEN, NEW_TOKEN - 8));
    assertEquals("#TS(80)", faultWithSsp(NEW_TOKEN - 4, NEW_TOKEN));
  }

  private String faultWithSsp(long ssp, long token) {
    twoTasks(0, STACKS);
    b.put32(OTHER_AT + 104, ssp);
    b.ram.putLong(NEW_TOKEN, token);
    call();
    assertEquals(OTHER, c.tr.selector);
    assertEquals(token, b.get64(NEW_TOKEN));
    return b.exceptions().getFirst();
  }

  @Test
  void pageThatIsNoShadowStackIsPfOfTheNewTask() {
    twoTasks(0, STACKS);
    b.put32(OTHER_AT + 104, SystemBench.SCRATCH);
    call();
    // P, W and the bit for shadow stacks.
    assertEquals("#PF(43)", b.exceptions().getFirst());
    assertEquals(OTHER, c.tr.selector);
  }

  @Test
  void iretWithAMisalignedSspIsTsOfItsOwnTask() {
    twoTasks(0, STACKS);
    b.ram.putByte(TARGET, (byte) 0xCF);
    call();
    c.cet.ssp -= 4;
    b.step();
    assertEquals(List.of("#TS(80)"), b.exceptions());
    assertEquals(OTHER, c.tr.selector);
    assertEquals(NEW_TOKEN | 1, b.get64(NEW_TOKEN));
  }

  @Test
  void iretToAnotherPlaceThanTheFrameSaysIsCp() {
    twoTasks(0, STACKS);
    b.ram.putByte(TARGET, (byte) 0xCF);
    call();
    b.put32(TSS_AT + 32, CODE_AT + 8);
    b.step();
    assertEquals("#CP(2)", b.exceptions().getFirst());
    assertEquals(TSS, c.tr.selector);
  }

  @Test
  void iretToAnSspThatIsNotAlignedOrNotOf32BitsIsCp() {
    assertEquals("#CP(2)", faultOfReturnTo(OLD_SSP + 2));
    assertEquals("#CP(2)", faultOfReturnTo(OLD_SSP | 1L << 32));
  }

  private String faultOfReturnTo(long ssp) {
    twoTasks(0, STACKS);
    b.ram.putByte(TARGET, (byte) 0xCF);
    call();
    b.ram.putLong(NEW_TOKEN - 24, ssp);
    b.step();
    return b.exceptions().getFirst();
  }

  @Test
  void newTaskMustBeginWithEndbranchExceptAfterIret() {
    twoTasks(0, TRACKING);
    c.cet.supervisor |= ControlFlowState.SUPPRESS;
    b.ram.putByte(TARGET, (byte) 0x90);
    call();
    assertEquals(TRACKING | ControlFlowState.TRACKER, c.cet.supervisor);
    b.step();
    assertEquals("#CP(3)", b.exceptions().getFirst());

    twoTasks(0, TRACKING);
    // ENDBR32, IRET.
    b.put32(TARGET, 0xFB1E0FF3L);
    b.ram.putByte(TARGET + 4, (byte) 0xCF);
    call().run(2);
    assertEquals(NONE, b.exceptions());
    assertEquals(CODE_AT + 7, c.rip);
    assertEquals(TRACKING, c.cet.supervisor);
  }

  @Test
  void taskInVirtual8086ModeIsRefusedWhereUserModeIsEnforced() {
    twoTasks(STACKS, 0);
    b.put32(OTHER_AT + 36, Rflags.VM);
    b.put32(OTHER_AT + 32, 0x40);
    jump();
    assertEquals("#TS(80)", b.exceptions().getFirst());
    twoTasks(0, 0);
    b.put32(OTHER_AT + 36, Rflags.VM);
    b.put32(OTHER_AT + 32, 0x40);
    jump();
    assertEquals(NONE, b.exceptions());
    assertFalse(c.segments[SegmentRegister.CS].is(SegmentRegister.DEFAULT_BIG));
  }
}
