package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.CODE_AT;
import static dev.backstep.emulator.testing.SystemBench.DATA;
import static dev.backstep.emulator.testing.SystemBench.SCRATCH;
import static dev.backstep.emulator.testing.SystemBench.handler;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;

class DebugTrapsTest {
  private static final List<String> DB = List.of("#DB");

  private static SystemBench protected32() {
    return new SystemBench().protected32();
  }

  private static SystemBench breakpoint(SystemBench b, int k, long gva, int condition, int length) {
    b.c.dr[k] = gva;
    b.c.dr[7] |= 1L << 2 * k | (long) (condition | length << 2) << 16 + 4 * k;
    b.c.updateStepping();
    b.c.mmu.debugRegistersChanged();
    return b;
  }

  @Test
  void trapFlagTrapsAfterTheInstruction() {
    SystemBench b = protected32().code(0x90, 0x90);
    b.c.setRflags(Rflags.TF);
    b.run(1);
    assertEquals(DB, b.exceptions());
    assertEquals(CODE_AT + 1, b.stack32(0));
    assertTrue((b.stack32(2) & Rflags.TF) != 0);
    assertFalse(b.c.flag(Rflags.TF));
    assertEquals(ControlBits.DR6_FIXED | ControlBits.DR6_BS, b.c.dr[6]);
  }

  @Test
  void popfThatSetsTheTrapFlagTrapsOneInstructionLater() {
    SystemBench b = protected32().code(0x9D, 0x90, 0x90);
    b.put32(b.c.gpr[Vcpu.RSP], Rflags.TF);
    b.run(1);
    assertEquals(List.of(), b.exceptions());
    b.run(1);
    assertEquals(DB, b.exceptions());
    assertEquals(CODE_AT + 2, b.stack32(0));
  }

  @Test
  void softwareInterruptsRaiseNoStepTrap() {
    SystemBench b = protected32().code(0xCD, 0x33);
    b.c.setRflags(Rflags.TF);
    b.run(1);
    assertEquals(List.of(), b.exceptions());
    assertEquals(handler(0x33), b.c.rip);
    assertTrue((b.stack32(2) & Rflags.TF) != 0);
  }

  @Test
  void faultingInstructionRaisesNoStepTrap() {
    SystemBench b = protected32().code(0x0F, 0x0B);
    b.c.setRflags(Rflags.TF);
    b.step();
    assertEquals(List.of("#UD"), b.exceptions());
    assertEquals(ControlBits.DR6_FIXED, b.c.dr[6]);
  }

  @Test
  void movSsHoldsTheStepTrapBack() {
    SystemBench b = protected32().code(0x8E, 0xD0, 0x90, 0x90);
    b.c.gpr[Vcpu.RAX] = DATA;
    b.c.setRflags(Rflags.TF);
    b.run(1);
    assertEquals(List.of(), b.exceptions());
    b.run(1);
    assertEquals(DB, b.exceptions());
    assertEquals(CODE_AT + 3, b.stack32(0));
  }

  @Test
  void instructionBreakpointIsAFaultBeforeTheInstruction() {
    SystemBench b = breakpoint(protected32(), 2, CODE_AT + 1, 0, 0).code(0x40, 0x40);
    b.run(1);
    assertEquals(1, b.c.gpr[Vcpu.RAX]);
    b.step();
    assertEquals(DB, b.exceptions());
    assertEquals(1, b.c.gpr[Vcpu.RAX]);
    assertEquals(CODE_AT + 1, b.stack32(0));
    assertEquals(0, b.stack32(2) & Rflags.RF);
    assertEquals(ControlBits.DR6_FIXED | 4, b.c.dr[6]);
  }

  @Test
  void resumeFlagLetsTheInstructionPassOnce() {
    SystemBench b = breakpoint(protected32(), 0, CODE_AT + 0x10, 0, 0);
    b.put32(b.c.gpr[Vcpu.RSP], CODE_AT + 0x10);
    b.put32(b.c.gpr[Vcpu.RSP] + 4, 8);
    b.put32(b.c.gpr[Vcpu.RSP] + 8, Rflags.RF);
    b.ram.putByte(CODE_AT + 0x10, (byte) 0x40);
    b.code(0xCF).run(1);
    assertTrue(b.c.flag(Rflags.RF));
    b.run(1);
    assertEquals(List.of(), b.exceptions());
    assertEquals(1, b.c.gpr[Vcpu.RAX]);
    assertFalse(b.c.flag(Rflags.RF));
  }

  @Test
  void dataBreakpointTrapsAfterTheAccess() {
    SystemBench b = breakpoint(protected32(), 1, SCRATCH + 4, 1, 3);
    b.c.gpr[Vcpu.RBX] = SCRATCH;
    b.code(0x8B, 0x43, 0x04, 0x89, 0x43, 0x06, 0x90).run(1);
    assertEquals(List.of(), b.exceptions());
    b.run(1);
    assertEquals(DB, b.exceptions());
    assertEquals(CODE_AT + 6, b.stack32(0));
    assertEquals(ControlBits.DR6_FIXED | 2, b.c.dr[6]);
  }

  @Test
  void readWriteBreakpointTrapsOnReads() {
    SystemBench b = breakpoint(protected32(), 3, SCRATCH, 3, 0);
    b.c.gpr[Vcpu.RBX] = SCRATCH;
    b.code(0x8A, 0x03).run(1);
    assertEquals(DB, b.exceptions());
    assertEquals(ControlBits.DR6_FIXED | 8, b.c.dr[6]);
  }

  @Test
  void faultsPushTheResumeFlagAndTrapsDoNot() {
    SystemBench b = protected32().code(0x0F, 0x0B).step();
    assertTrue((b.stack32(2) & Rflags.RF) != 0);
    b = protected32().code(0xCC).run(1);
    assertEquals(0, b.stack32(2) & Rflags.RF);
  }

  @Test
  void stiHoldsNoDebugTrapBack() {
    SystemBench b = protected32().code(0xFB, 0x90);
    b.c.setRflags(Rflags.TF);
    b.run(1);
    assertEquals(DB, b.exceptions());
    assertEquals(CODE_AT + 1, b.stack32(0));
  }

  @Test
  void dataBreakpointOfMovSsComesWithInt1() {
    SystemBench b = breakpoint(protected32(), 1, SCRATCH, 3, 0);
    b.c.gpr[Vcpu.RBX] = SCRATCH;
    b.put16(SCRATCH, DATA);
    b.code(0x8E, 0x13, 0xF1).run(1);
    assertEquals(List.of(), b.exceptions());
    b.run(1);
    assertEquals(DB, b.exceptions());
    assertEquals(CODE_AT + 3, b.stack32(0));
    assertEquals(ControlBits.DR6_FIXED | 2, b.c.dr[6]);
    assertEquals(0, b.c.pendingDebugTraps);
  }

  @Test
  void dataBreakpointOfMovSsFollowsASoftwareInterrupt() {
    SystemBench b = breakpoint(protected32(), 1, SCRATCH, 3, 0);
    b.c.gpr[Vcpu.RBX] = SCRATCH;
    b.put16(SCRATCH, DATA);
    b.code(0x8E, 0x13, 0xCD, 0x33).run(2);
    assertEquals(DB, b.exceptions());
    assertEquals(handler(0x33), b.stack32(0));
  }

  @Test
  void movSsHoldsInstructionBreakpointsBackOnIntel() {
    for (String cpu : List.of("max", "max,vendor=AuthenticAMD")) {
      SystemBench b = breakpoint(new SystemBench(cpu).protected32(), 0, CODE_AT + 2, 0, 0);
      b.c.gpr[Vcpu.RAX] = DATA;
      b.code(0x8E, 0xD0, 0x40).run(1);
      b.step();
      assertEquals(cpu.equals("max") ? List.of() : DB, b.exceptions());
    }
  }

  @Test
  void breakpointBitsTellOfTheLastExceptionOnly() {
    SystemBench b = breakpoint(protected32(), 2, CODE_AT, 0, 0).code(0x90);
    b.c.dr[6] |= 2 | ControlBits.DR6_BS;
    b.step();
    assertEquals(ControlBits.DR6_FIXED | ControlBits.DR6_BS | 4, b.c.dr[6]);
  }
}
