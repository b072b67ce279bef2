package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.CODE32;
import static dev.backstep.emulator.testing.SystemBench.DATA;
import static dev.backstep.emulator.testing.SystemBench.FREE;
import static dev.backstep.emulator.testing.SystemBench.GDT;
import static dev.backstep.emulator.testing.SystemBench.IDT;
import static dev.backstep.emulator.testing.SystemBench.LDT;
import static dev.backstep.emulator.testing.SystemBench.SCRATCH;
import static dev.backstep.emulator.testing.SystemBench.TSS;
import static dev.backstep.emulator.testing.SystemBench.USER_DATA;
import static dev.backstep.emulator.testing.SystemBench.descriptor;
import static dev.backstep.emulator.testing.SystemBench.gate;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;

class DescriptorTablesTest {
  private static final List<String> GP = List.of("#GP(0)");
  private static final List<String> NONE = List.of();
  private static final int[] LGDT = {0x0F, 0x01, 0x13};
  private static final int[] SIDT = {0x0F, 0x01, 0x0B};
  private static final int[] LLDT_AX = {0x0F, 0x00, 0xD0};
  private static final int[] LTR_AX = {0x0F, 0x00, 0xD8};
  private static final int[] LAR_ECX_EAX = {0x0F, 0x02, 0xC8};
  private static final int[] LSL_ECX_EAX = {0x0F, 0x03, 0xC8};

  private static SystemBench protected32() {
    return new SystemBench().protected32();
  }

  private static List<String> run(SystemBench b, long rax, int... code) {
    b.log.events.clear();
    b.c.gpr[Vcpu.RAX] = rax;
    b.c.gpr[Vcpu.RBX] = SCRATCH;
    b.code(code).step();
    return b.exceptions();
  }

  private static boolean zero(SystemBench b) {
    return Rflags.zf(b.c);
  }

  @Test
  void lgdtLoadsBaseAndLimit() {
    SystemBench b = protected32();
    b.put16(SCRATCH, 0x1234);
    b.put32(SCRATCH + 2, 0x89ABCDEFL);
    assertEquals(NONE, run(b, 0, LGDT));
    assertEquals(0x1234, b.c.gdtLimit);
    assertEquals(0x89ABCDEFL, b.c.gdtBase);
    assertEquals(NONE, run(b, 0, 0x66, 0x0F, 0x01, 0x13));
    assertEquals(0xABCDEF, b.c.gdtBase);
    assertEquals(GP, run(protected32().user(), 0, LGDT));
  }

  @Test
  void lgdtIn64BitModeChecksTheBase() {
    SystemBench b = new SystemBench().longMode();
    b.ram.putLong(SCRATCH + 2, 0x4000_0000_0000_0000L);
    assertEquals(GP, run(b, 0, LGDT));
    assertEquals(GDT, b.c.gdtBase);
    b.ram.putLong(SCRATCH + 2, 0xFFFF_8000_0000_0000L);
    run(b, 0, LGDT);
    assertEquals(0xFFFF_8000_0000_0000L, b.c.gdtBase);
  }

  @Test
  void sidtStoresTheWholeBaseWhateverTheOperandSize() {
    SystemBench b = protected32();
    b.c.idtBase = 0x89ABCDEFL;
    run(b, 0, 0x66, 0x0F, 0x01, 0x0B);
    assertEquals(0xFFF, b.get16(SCRATCH));
    assertEquals(0x89ABCDEFL, b.get32(SCRATCH + 2));
    assertEquals(0, b.get32(SCRATCH + 6));
    b = new SystemBench().longMode();
    b.put16(SCRATCH + 10, 0x7777);
    run(b, 0, SIDT);
    assertEquals(IDT, b.get64(SCRATCH + 2));
    assertEquals(0x7777, b.get16(SCRATCH + 10));
  }

  @Test
  void umipForbidsStoresToUsers() {
    for (int[] code :
        new int[][] {SIDT, {0x0F, 0x01, 0x03}, {0x0F, 0x00, 0xC0}, {0x0F, 0x00, 0xC8}}) {
      assertEquals(NONE, run(protected32().user(), 0, code));
      SystemBench b = protected32().user();
      b.c.cr4 |= ControlBits.CR4_UMIP;
      assertEquals(GP, run(b, 0, code));
    }
  }

  @Test
  void lldtLoadsAnLdtOrNothing() {
    SystemBench b = protected32();
    assertEquals(NONE, run(b, 0, LLDT_AX));
    assertFalse(b.c.ldtr.usable);
    assertEquals(NONE, run(b, LDT, LLDT_AX));
    assertTrue(b.c.ldtr.usable);
    assertEquals(0x4800, b.c.ldtr.base);
    assertEquals(List.of("#GP(10)"), run(b, DATA, LLDT_AX));
    assertEquals(List.of("#GP(14)"), run(b, 0x14, LLDT_AX));
    b.gdt(FREE, descriptor(0, 0xFF, 0x02));
    assertEquals(List.of("#NP(80)"), run(b, FREE, LLDT_AX));
    assertEquals(GP, run(protected32().user(), LDT, LLDT_AX));
  }

  @Test
  void ltrMarksTheTssBusy() {
    SystemBench b = protected32();
    b.gdt(FREE, descriptor(0x4400, 0x67, 0x89));
    assertEquals(NONE, run(b, FREE, LTR_AX));
    assertEquals(0x8B, b.ram.getByte(GDT + FREE + 5) & 0xFF);
    assertEquals(0x4400, b.c.tr.base);
    assertEquals(Descriptor.TSS32_BUSY, b.c.tr.type());
    assertEquals(List.of("#GP(80)"), run(b, FREE, LTR_AX));
    assertEquals(GP, run(b, 0, LTR_AX));
    assertEquals(List.of("#GP(38)"), run(b, TSS, LTR_AX));
  }

  @Test
  void longModeDescriptorsHave64BitBases() {
    SystemBench b = new SystemBench().longMode();
    b.gdt(FREE, descriptor(0x4400, 0x67, 0x89)).gdt(FREE + 8, 0xFFFF_8000L);
    assertEquals(NONE, run(b, FREE, LTR_AX));
    assertEquals(0xFFFF_8000_0000_4400L, b.c.tr.base);
    b = new SystemBench().longMode();
    b.gdt(FREE, descriptor(0x4400, 0x67, 0x89)).gdt(FREE + 8, 0x8000_0000L);
    assertEquals(List.of("#GP(80)"), run(b, FREE, LTR_AX));
    b = new SystemBench().longMode();
    b.gdt(FREE, descriptor(0x4400, 0x67, 0x81)).gdt(FREE + 8, 0);
    assertEquals(List.of("#GP(80)"), run(b, FREE, LTR_AX));
    b.c.gdtLimit = FREE + 14;
    b.gdt(FREE, descriptor(0x4400, 0x67, 0x89));
    assertEquals(List.of("#GP(80)"), run(b, FREE, LTR_AX));
  }

  @Test
  void larAndLslSeeWhatTheProgramMaySee() {
    SystemBench b = protected32();
    run(b, CODE32, LAR_ECX_EAX);
    assertTrue(zero(b));
    assertEquals(0xC09B00, b.c.gpr[Vcpu.RCX] & 0xF0FF00);
    run(b, CODE32, LSL_ECX_EAX);
    assertEquals(0xFFFFFFFFL, b.c.gpr[Vcpu.RCX]);
    b = protected32().user();
    b.c.gpr[Vcpu.RCX] = 0x55;
    run(b, DATA, LAR_ECX_EAX);
    assertFalse(zero(b));
    assertEquals(0x55, b.c.gpr[Vcpu.RCX]);
    run(b, USER_DATA, LAR_ECX_EAX);
    assertTrue(zero(b));
    run(b, 0, LAR_ECX_EAX);
    assertFalse(zero(b));
    run(b, 0xFFF8, LSL_ECX_EAX);
    assertFalse(zero(b));
  }

  @Test
  void larAcceptsGatesAndLslDoesNot() {
    SystemBench b = protected32();
    b.gdt(FREE, gate(Descriptor.CALL_GATE32, CODE32, 0, 0, 0));
    run(b, FREE, LAR_ECX_EAX);
    assertTrue(zero(b));
    run(b, FREE, LSL_ECX_EAX);
    assertFalse(zero(b));
    b.gdt(FREE, gate(Descriptor.INTERRUPT_GATE32, CODE32, 0, 0, 0));
    run(b, FREE, LAR_ECX_EAX);
    assertFalse(zero(b));
  }

  @Test
  void verifyInstructionsTellReadableFromWritable() {
    SystemBench b = protected32();
    run(b, CODE32, 0x0F, 0x00, 0xE0);
    assertTrue(zero(b));
    run(b, CODE32, 0x0F, 0x00, 0xE8);
    assertFalse(zero(b));
    run(b, DATA, 0x0F, 0x00, 0xE8);
    assertTrue(zero(b));
    run(b, TSS, 0x0F, 0x00, 0xE0);
    assertFalse(zero(b));
    run(b, DATA | 3, 0x0F, 0x00, 0xE0);
    assertFalse(zero(b));
  }

  @Test
  void arplRaisesTheRpl() {
    SystemBench b = protected32();
    b.c.gpr[Vcpu.RCX] = 3;
    run(b, 0x10, 0x63, 0xC8);
    assertTrue(zero(b));
    assertEquals(0x13, b.c.gpr[Vcpu.RAX]);
    b.c.gpr[Vcpu.RCX] = 1;
    run(b, 0x12, 0x63, 0xC8);
    assertFalse(zero(b));
    b.put16(SCRATCH, 0x20);
    b.c.gpr[Vcpu.RCX] = 2;
    run(b, 0, 0x63, 0x0B);
    assertEquals(0x22, b.get16(SCRATCH));
  }

  @Test
  void arplWritesMemoryOnlyIfItChanges() {
    SystemBench b = protected32();
    b.put16(SCRATCH, 0x21);
    SegmentRegister ds = b.c.segments[SegmentRegister.DS];
    ds.set(ds.selector, ds.base, ds.limit, ds.access & ~SegmentRegister.TYPE_WRITABLE, true);
    b.c.mmu.segmentChanged(SegmentRegister.DS);
    b.c.gpr[Vcpu.RCX] = 1;
    assertEquals(List.of(), run(b, 0, 0x63, 0x0B));
    b.c.gpr[Vcpu.RCX] = 2;
    assertEquals(List.of("#GP(0)"), run(b, 0, 0x63, 0x0B));
  }

  @Test
  void systemDescriptorInstructionsAreUndefinedInRealMode() {
    assertEquals(List.of("#UD"), run(new SystemBench().realMode(), 0, LTR_AX));
    assertEquals(List.of("#UD"), run(new SystemBench().realMode(), 0, LAR_ECX_EAX));
  }
}
