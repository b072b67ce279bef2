package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.CODE32;
import static dev.backstep.emulator.testing.SystemBench.DATA;
import static dev.backstep.emulator.testing.SystemBench.FLAT32;
import static dev.backstep.emulator.testing.SystemBench.FREE;
import static dev.backstep.emulator.testing.SystemBench.GDT;
import static dev.backstep.emulator.testing.SystemBench.SCRATCH;
import static dev.backstep.emulator.testing.SystemBench.TSS;
import static dev.backstep.emulator.testing.SystemBench.TYPE_CODE;
import static dev.backstep.emulator.testing.SystemBench.TYPE_CONFORMING;
import static dev.backstep.emulator.testing.SystemBench.TYPE_DATA;
import static dev.backstep.emulator.testing.SystemBench.USER_DATA;
import static dev.backstep.emulator.testing.SystemBench.descriptor;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;

class SegmentLoadsTest {
  private static final int[] MOV_ES_AX = {0x8E, 0xC0};
  private static final int[] MOV_SS_AX = {0x8E, 0xD0};

  private static SystemBench protected32() {
    return new SystemBench().protected32();
  }

  private static List<String> faultOf(SystemBench b, int selector, int... code) {
    b.c.gpr[Vcpu.RAX] = selector;
    b.code(code).step();
    return b.exceptions();
  }

  @Test
  void loadsBaseLimitAndAccessAndSetsTheAccessedBit() {
    SystemBench b = protected32();
    b.gdt(FREE, descriptor(0x12345678, 0xFFFFF, 0x92 | SegmentRegister.GRANULARITY));
    assertEquals(List.of(), faultOf(b, FREE, MOV_ES_AX));
    SegmentRegister es = b.c.segments[SegmentRegister.ES];
    assertEquals(0x12345678, es.base);
    assertEquals(-1, es.limit);
    assertEquals(0x93 | SegmentRegister.GRANULARITY, es.access);
    assertEquals(0x93, b.ram.getByte(GDT + FREE + 5) & 0xFF);
  }

  @Test
  void nullSelectorMakesDataSegmentsUnusable() {
    SystemBench b = protected32();
    assertEquals(List.of(), faultOf(b, 3, MOV_ES_AX));
    assertFalse(b.c.segments[SegmentRegister.ES].usable);
    assertEquals(3, b.selector(SegmentRegister.ES));
  }

  @Test
  void raisesGpBeyondTheTable() {
    SystemBench b = protected32();
    b.c.gdtLimit = FREE + 6;
    assertEquals(List.of("#GP(80)"), faultOf(b, FREE, MOV_ES_AX));
  }

  @Test
  void raisesGpForSystemAndExecuteOnlySegments() {
    assertEquals(List.of("#GP(38)"), faultOf(protected32(), TSS, MOV_ES_AX));
    SystemBench b = protected32();
    b.gdt(FREE, descriptor(0, 0xFFFFF, 0x98 | FLAT32));
    assertEquals(List.of("#GP(80)"), faultOf(b, FREE, MOV_ES_AX));
  }

  @Test
  void readableCodeIsGoodForData() {
    assertEquals(List.of(), faultOf(protected32(), CODE32, MOV_ES_AX));
  }

  @Test
  void raisesGpWhenRplOrCplIsAboveDpl() {
    assertEquals(List.of("#GP(10)"), faultOf(protected32(), DATA | 1, MOV_ES_AX));
    assertEquals(List.of("#GP(10)"), faultOf(protected32().user(), DATA, MOV_ES_AX));
  }

  @Test
  void conformingCodeIsLoadedWhateverThePrivilege() {
    SystemBench b = protected32().user();
    b.gdt(FREE, descriptor(0, 0xFFFFF, TYPE_CONFORMING | FLAT32));
    assertEquals(List.of(), faultOf(b, FREE | 3, MOV_ES_AX));
  }

  @Test
  void raisesNpForAbsentData() {
    SystemBench b = protected32();
    b.gdt(FREE, descriptor(0, 0xFFFFF, 0x13));
    assertEquals(List.of("#NP(80)"), faultOf(b, FREE, MOV_ES_AX));
  }

  @Test
  void privilegeIsCheckedBeforePresence() {
    SystemBench b = protected32().user();
    b.gdt(FREE, descriptor(0, 0xFFFFF, 0x13));
    assertEquals(List.of("#GP(80)"), faultOf(b, FREE, MOV_ES_AX));
  }

  @Test
  void stackSegmentMustBeWritableDataOfCpl() {
    assertEquals(List.of("#GP(0)"), faultOf(protected32(), 0, MOV_SS_AX));
    assertEquals(List.of("#GP(8)"), faultOf(protected32(), CODE32, MOV_SS_AX));
    assertEquals(List.of("#GP(28)"), faultOf(protected32(), USER_DATA, MOV_SS_AX));
    assertEquals(List.of("#GP(10)"), faultOf(protected32(), DATA | 3, MOV_SS_AX));
    SystemBench b = protected32();
    b.gdt(FREE, descriptor(0, 0xFFFFF, 0x91 | FLAT32));
    assertEquals(List.of("#GP(80)"), faultOf(b, FREE, MOV_SS_AX));
  }

  @Test
  void absentStackSegmentIsSs() {
    SystemBench b = protected32();
    b.gdt(FREE, descriptor(0, 0xFFFFF, 0x13 | FLAT32));
    assertEquals(List.of("#SS(80)"), faultOf(b, FREE, MOV_SS_AX));
  }

  @Test
  void nullStackSelectorIsAllowedIn64BitModeBelowCpl3() {
    SystemBench b = new SystemBench().longMode();
    assertEquals(List.of(), faultOf(b, 0, MOV_SS_AX));
    assertFalse(b.c.segments[SegmentRegister.SS].usable);
    assertEquals(List.of("#GP(0)"), faultOf(new SystemBench().longMode(), 1, MOV_SS_AX));
    assertEquals(List.of("#GP(0)"), faultOf(new SystemBench().longMode().user(), 3, MOV_SS_AX));
  }

  @Test
  void selectorsCanComeFromTheLdt() {
    SystemBench b = protected32();
    b.ldt(0x14, descriptor(0x5000, 0xFF, TYPE_DATA));
    assertEquals(List.of(), faultOf(b, 0x14, MOV_ES_AX));
    assertEquals(0x5000, b.c.segments[SegmentRegister.ES].base);
    b = protected32();
    b.c.ldtr.set(0, 0, 0, 0, false);
    assertEquals(List.of("#GP(14)"), faultOf(b, 0x14, MOV_ES_AX));
  }

  @Test
  void faultLeavesTheSegmentAlone() {
    SystemBench b = protected32();
    faultOf(b, TSS, MOV_ES_AX);
    assertEquals(DATA, b.selector(SegmentRegister.ES));
    assertTrue(b.c.segments[SegmentRegister.ES].usable);
  }

  @Test
  void movToCsIsUndefined() {
    assertEquals(List.of("#UD"), faultOf(protected32(), CODE32, 0x8E, 0xC8));
  }

  @Test
  void realModeKeepsTheLimit() {
    SystemBench b = new SystemBench().realMode();
    b.c.segments[SegmentRegister.ES].limit = -1;
    assertEquals(List.of(), faultOf(b, 0x1234, MOV_ES_AX));
    assertEquals(0x12340, b.c.segments[SegmentRegister.ES].base);
    assertEquals(-1, b.c.segments[SegmentRegister.ES].limit);
  }

  @Test
  void vm86SetsTheLimit() {
    SystemBench b = protected32().vm86(3);
    b.c.segments[SegmentRegister.ES].limit = -1;
    assertEquals(List.of(), faultOf(b, 0x1234, MOV_ES_AX));
    assertEquals(0xFFFF, b.c.segments[SegmentRegister.ES].limit);
    assertEquals(3, b.c.segments[SegmentRegister.ES].dpl());
  }

  @Test
  void movSsShadowsTheNextInstruction() {
    SystemBench b = protected32();
    b.c.gpr[Vcpu.RAX] = DATA;
    b.code(0x8E, 0xD0, 0x90, 0x90).step();
    assertTrue(b.c.interruptShadow);
    b.run(1);
    assertFalse(b.c.interruptShadow);
  }

  @Test
  void popSegmentMovesTheStackAfterTheLoad() {
    SystemBench b = protected32();
    long top = b.c.gpr[Vcpu.RSP];
    b.put32(top, DATA);
    b.code(0x07).step();
    assertEquals(top + 4, b.c.gpr[Vcpu.RSP]);
    b = protected32();
    b.put32(top, TSS);
    b.code(0x07).step();
    assertEquals(List.of("#GP(38)"), b.exceptions());
    assertEquals(top - 16, b.c.gpr[Vcpu.RSP]);
  }

  @Test
  void pushOfASegmentLeavesTheUpperHalfOfTheSlot() {
    SystemBench b = protected32();
    long top = b.c.gpr[Vcpu.RSP];
    b.put32(top - 4, 0xAAAABBBBL);
    b.code(0x06).step();
    assertEquals(0xAAAA0000L | DATA, b.stack32(0));
  }

  @Test
  void moveFromSegmentZeroExtends() {
    SystemBench b = protected32();
    b.c.gpr[Vcpu.RAX] = 0xFFFFFFFFL;
    b.code(0x8C, 0xD8).step();
    assertEquals(DATA, b.c.gpr[Vcpu.RAX]);
  }

  @Test
  void farPointerLoadsCommitNothingWhenTheSegmentFaults() {
    SystemBench b = protected32();
    b.c.gpr[Vcpu.RBX] = SCRATCH;
    b.put32(SCRATCH, 0x1122);
    b.put16(SCRATCH + 4, TSS);
    b.code(0xC4, 0x0B).step();
    assertEquals(List.of("#GP(38)"), b.exceptions());
    assertEquals(0, b.c.gpr[Vcpu.RCX]);
    b = protected32();
    b.c.gpr[Vcpu.RBX] = SCRATCH;
    b.put32(SCRATCH, 0x1122);
    b.put16(SCRATCH + 4, DATA);
    b.code(0x0F, 0xB2, 0x0B).step();
    assertEquals(0x1122, b.c.gpr[Vcpu.RCX]);
    assertFalse(b.c.interruptShadow);
    assertFalse(b.c.flag(Rflags.TF));
  }

  @Test
  void codeSegmentsAreNoWritableData() {
    SystemBench b = protected32();
    b.gdt(FREE, descriptor(0, 0xFFFFF, TYPE_CODE | FLAT32));
    b.c.gpr[Vcpu.RBX] = SCRATCH;
    assertEquals(List.of(), faultOf(b, FREE, MOV_ES_AX));
    b.code(0x26, 0x89, 0x03).step();
    assertEquals(List.of("#GP(0)"), b.exceptions());
  }
}
