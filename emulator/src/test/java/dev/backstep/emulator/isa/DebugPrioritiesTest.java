package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.CODE32;
import static dev.backstep.emulator.testing.SystemBench.CODE_AT;
import static dev.backstep.emulator.testing.SystemBench.DATA;
import static dev.backstep.emulator.testing.SystemBench.SCRATCH;
import static dev.backstep.emulator.testing.SystemBench.handler;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.bus.PortDevice;
import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Which debug exception comes when another event is due too: SDM Vol. 3 table "Priority Among
/// Concurrent Events", sections "Debug Exceptions" and "Instruction-Breakpoint Exception
/// Condition".
class DebugPrioritiesTest {
  private static final int EXECUTE = 0;
  private static final int WRITE = 1;
  private static final int READ_WRITE = 3;
  private static final int NMI_PORT = 0xE0;

  /// A handler that passes a breakpoint: OR dword [ESP + 8], RF; IRET.
  private static final int[] PASS = {0x81, 0x4C, 0x24, 0x08, 0, 0, 1, 0, 0xCF};

  private static final List<String> NONE = List.of();
  private static final List<String> DB = List.of("#DB");

  private final SystemBench b = new SystemBench();

  private SystemBench protected32() {
    b.protected32();
    b.c.dr[6] = ControlBits.DR6_FIXED;
    b.c.dr[7] = ControlBits.DR7_FIXED;
    b.c.setRflags(0);
    return b;
  }

  private void breakpoint(int k, long gva, int condition, int lengthField) {
    b.c.dr[k] = gva;
    b.c.dr[7] |= 2L << 2 * k | (long) (condition | lengthField << 2) << 16 + 4 * k;
    b.c.updateStepping();
    b.c.mmu.debugRegistersChanged();
  }

  /// A code breakpoint comes before the faults of the fetch.
  @Test
  void instructionBreakpointComesBeforeThePageFaultOfTheFetch() {
    b.longMode();
    b.page(0x80000, 0);
    breakpoint(0, 0x80000, EXECUTE, 0);
    b.c.rip = 0x80000;
    b.step();
    assertEquals(DB, b.exceptions());
    assertEquals(ControlBits.DR6_FIXED | 1, b.c.dr[6]);
    assertEquals(0x80000, b.stack64(0));
  }

  @Test
  void instructionBreakpointComesBeforeTheCodeSegmentLimit() {
    protected32();
    b.c.segments[1].limit = 0x1_1000;
    b.c.mmu.segmentChanged(1);
    breakpoint(0, 0x1_1001, EXECUTE, 0);
    b.c.rip = 0x1_1001;
    b.step();
    assertEquals(DB, b.exceptions());
  }

  @Test
  void instructionBreakpointComesBeforeAnInvalidOpcode() {
    protected32();
    breakpoint(0, CODE_AT, EXECUTE, 0);
    b.code(0x0F, 0x0B).step();
    assertEquals(DB, b.exceptions());
  }

  /// A trap of the instruction before comes first; its handler's frame has the next instruction.
  @Test
  void trapOfThePreviousInstructionComesBeforeABreakpointOnTheNext() {
    protected32();
    breakpoint(1, CODE_AT + 1, EXECUTE, 0);
    b.c.setRflags(Rflags.TF);
    b.code(0x90, 0x90).run(1);
    assertEquals(DB, b.exceptions());
    assertEquals(ControlBits.DR6_FIXED | ControlBits.DR6_BS, b.c.dr[6]);
    assertEquals(CODE_AT + 1, b.stack32(0));
  }

  /// Both traps of one instruction are one exception.
  @Test
  void dataBreakpointAndSingleStepAreReportedTogether() {
    protected32();
    breakpoint(3, SCRATCH, WRITE, 3);
    b.c.gpr[Vcpu.RBX] = SCRATCH;
    b.c.setRflags(Rflags.TF);
    b.code(0x89, 0x03, 0x90).run(1);
    assertEquals(DB, b.exceptions());
    assertEquals(ControlBits.DR6_FIXED | ControlBits.DR6_BS | 8, b.c.dr[6]);
  }

  /// An NMI that comes with the trap of an instruction is taken after it, at the first instruction
  /// of the trap's handler: of the two handlers, the NMI's runs first.
  @Test
  void trapComesBeforeAnNmi() {
    protected32();
    b.ports.attach(NMI_PORT, 1, new NmiButton(b.c));
    b.c.setRflags(Rflags.TF);
    b.code(0xE6, NMI_PORT, 0x90).run(2);
    assertEquals(handler(GuestFault.NMI) + 1, b.c.rip);
    assertEquals(DB, b.exceptions().subList(0, 1));
    assertEquals(handler(GuestFault.DB), b.stack32(0));
    assertEquals(CODE32, b.stack32(1));
    assertEquals(0, b.stack32(2) & Rflags.TF);
    assertEquals(CODE_AT + 2, b.stack32(3));
    assertEquals(CODE32, b.stack32(4));
    assertTrue((b.stack32(5) & Rflags.TF) != 0);
    assertTrue(b.c.nmiBlocked);
  }

  /// A write to it is an NMI.
  private record NmiButton(Vcpu c) implements PortDevice {
    @Override
    public String name() {
      return "button";
    }

    @Override
    public int read(int port, int bytes) {
      return 0;
    }

    @Override
    public void write(int port, int bytes, int value) {
      c.raiseNmi();
    }
  }

  /// IRET that loads RF keeps it although RF was set before it: it is the first instruction after a
  /// fault's handler that ran under RF. Section "Instruction-Breakpoint Exception Condition".
  @Test
  void iretUnderTheResumeFlagKeepsTheOneItLoads() {
    protected32();
    b.put32(b.c.gpr[Vcpu.RSP], CODE_AT + 0x10);
    b.put32(b.c.gpr[Vcpu.RSP] + 4, CODE32);
    b.put32(b.c.gpr[Vcpu.RSP] + 8, Rflags.RF);
    b.c.setRflags(Rflags.RF);
    b.code(0xCF).run(1);
    assertTrue(b.c.flag(Rflags.RF));
  }

  /// A 16-bit IRET does not load RF, and like every instruction it clears it.
  @Test
  void iretOfWordsClearsTheResumeFlag() {
    protected32();
    b.put16(b.c.gpr[Vcpu.RSP], 0x4000);
    b.put16(b.c.gpr[Vcpu.RSP] + 2, CODE32);
    b.put16(b.c.gpr[Vcpu.RSP] + 4, 0);
    b.c.setRflags(Rflags.RF);
    b.code(0x66, 0xCF).run(1);
    assertFalse(b.c.flag(Rflags.RF));
  }

  /// Single step over a repeated string instruction: a trap after each iteration, with RF in the
  /// pushed image until the last. Section "Single-Step Exception Condition", table "Debug Exception
  /// Conditions".
  @Test
  void repeatedStringTrapsAfterEachIteration() {
    protected32();
    b.c.gpr[Vcpu.RDI] = SCRATCH;
    b.c.gpr[Vcpu.RCX] = 3;
    for (int left = 2; left >= 0; left--) {
      b.c.setRflags(Rflags.TF);
      b.code(0xF3, 0xAA, 0x90);
      long top = b.c.gpr[Vcpu.RSP];
      b.log.events.clear();
      b.run(1);
      assertEquals(DB, b.exceptions());
      assertEquals(left, b.c.gpr[Vcpu.RCX]);
      assertEquals(left == 0 ? CODE_AT + 2 : CODE_AT, b.stack32(0));
      assertEquals(left != 0, (b.stack32(2) & Rflags.RF) != 0);
      b.c.gpr[Vcpu.RSP] = top;
    }
  }

  /// A breakpoint on a repeated string instruction stops it once, not before each iteration. The
  /// image of RF that it pushes is 0: its handler sets it.
  @Test
  void breakpointOnARepeatedStringIsMetOnce() {
    protected32();
    breakpoint(0, CODE_AT, EXECUTE, 0);
    b.c.gpr[Vcpu.RDI] = SCRATCH;
    b.c.gpr[Vcpu.RCX] = 10_000;
    for (int k = 0; k < PASS.length; k++) {
      b.ram.putByte(handler(GuestFault.DB) + k, (byte) PASS[k]);
      b.ram.wrote(handler(GuestFault.DB) + k, 1);
    }
    b.code(0xF3, 0xAA, 0x90, 0x90, 0x90).run(2);
    assertEquals(DB, b.exceptions());
    assertEquals(CODE_AT, b.c.rip);
    assertEquals(10_000, b.c.gpr[Vcpu.RCX]);
    assertTrue(b.c.flag(Rflags.RF));
    b.run(3);
    assertEquals(DB, b.exceptions());
    assertEquals(0, b.c.gpr[Vcpu.RCX]);
    assertFalse(b.c.flag(Rflags.RF));
  }

  /// A data breakpoint in the middle of a repeated string instruction is reported at once.
  @Test
  void dataBreakpointStopsARepeatedStringAfterTheIteration() {
    protected32();
    breakpoint(0, SCRATCH + 5, WRITE, 0);
    b.c.gpr[Vcpu.RDI] = SCRATCH;
    b.c.gpr[Vcpu.RCX] = 10;
    b.code(0xF3, 0xAA, 0x90).run(1);
    assertEquals(DB, b.exceptions());
    assertEquals(4, b.c.gpr[Vcpu.RCX]);
    assertEquals(CODE_AT, b.stack32(0));
    assertTrue((b.stack32(2) & Rflags.RF) != 0);
  }

  /// Section "Debug Registers", table "Breakpoint Examples": which accesses meet which breakpoint.
  @ParameterizedTest
  @CsvSource({
    // R/W, LEN, breakpoint, access address, bytes, write, met
    "3, 0, 0x60001, 0x60001, 1, false, true",
    "3, 0, 0x60001, 0x60001, 1, true, true",
    "1, 0, 0x60002, 0x60002, 1, true, true",
    "1, 0, 0x60002, 0x60002, 1, false, false",
    "3, 1, 0x60002, 0x60001, 2, false, true",
    "3, 1, 0x60002, 0x60003, 1, false, true",
    "3, 1, 0x60002, 0x60004, 1, false, false",
    "1, 3, 0x60000, 0x60003, 1, true, true",
    "1, 3, 0x60000, 0x60004, 4, true, false",
    "1, 3, 0x60002, 0x60000, 1, true, true",
    "1, 2, 0x60000, 0x60007, 1, true, true",
    "1, 2, 0x60000, 0x60008, 1, true, false",
    "3, 3, 0x60010, 0x6000D, 4, false, true",
    "3, 3, 0x60010, 0x6000C, 4, false, false"
  })
  void breakpointsCoverTheirLength(
      int condition, int length, String at, String access, int bytes, boolean write, boolean met) {
    protected32();
    breakpoint(0, Long.decode(at), condition, length);
    b.c.gpr[Vcpu.RBX] = Long.decode(access);
    int opcode = (write ? 0x88 : 0x8A) | (bytes == 1 ? 0 : 1);
    if (bytes == 2) {
      b.code(0x66, opcode, 0x03);
    } else {
      b.code(opcode, 0x03);
    }
    b.run(1);
    assertEquals(met ? DB : NONE, b.exceptions());
  }

  /// POP SS and MOV SS hold data and step traps until after the next instruction. Section "Masking
  /// Exceptions and Interrupts When Switching Stacks".
  @ParameterizedTest
  @CsvSource({"17", "8E"})
  void stackSegmentLoadsHoldTheirDataBreakpointBack(String hex) {
    protected32();
    long top = b.c.gpr[Vcpu.RSP];
    b.put32(top, DATA);
    b.c.gpr[Vcpu.RBX] = top;
    breakpoint(0, top, READ_WRITE, 1);
    if (hex.equals("17")) {
      b.code(0x17, 0x90, 0x90);
    } else {
      b.code(0x8E, 0x13, 0x90, 0x90);
    }
    b.run(1);
    assertEquals(NONE, b.exceptions());
    b.run(1);
    assertEquals(DB, b.exceptions());
    assertEquals(ControlBits.DR6_FIXED | 1, b.c.dr[6]);
  }

  /// STI holds no debug exception back; LSS holds nothing back.
  @Test
  void lssHoldsNothingBack() {
    protected32();
    b.c.gpr[Vcpu.RBX] = SCRATCH;
    b.put32(SCRATCH, 0x3_0000);
    b.put16(SCRATCH + 4, DATA);
    b.c.setRflags(Rflags.TF);
    b.code(0x0F, 0xB2, 0x23, 0x90).run(1);
    assertEquals(DB, b.exceptions());
  }

  /// Section "Debug Control Register (DR7)", GD: a fault before the access, cleared on entry; DR6
  /// has BD. The pushed image has RF, for the instruction is to pass.
  @ParameterizedTest
  @CsvSource({"21", "23"})
  void generalDetectFaultsOnceBeforeTheAccess(String hex) {
    protected32();
    b.c.dr[7] |= ControlBits.DR7_GD;
    b.code(0x0F, Integer.parseInt(hex, 16), 0xF8).step();
    assertEquals(DB, b.exceptions());
    assertEquals(CODE_AT, b.stack32(0));
    assertEquals(ControlBits.DR6_FIXED | ControlBits.DR6_BD, b.c.dr[6]);
    assertEquals(0, b.c.dr[7] & ControlBits.DR7_GD);
    assertTrue((b.stack32(2) & Rflags.RF) != 0);
  }

  /// Section "Debug Registers DR4 and DR5": aliases of DR6 and DR7, #UD with CR4.DE, also where a
  /// general detect or CPL would fault.
  @Test
  void debugRegisters4And5AreUndefinedWithDe() {
    protected32();
    b.code(0x0F, 0x21, 0xE0).step();
    assertEquals(NONE, b.exceptions());
    assertEquals(ControlBits.DR6_FIXED, b.c.gpr[Vcpu.RAX]);
    protected32();
    b.c.cr4 = ControlBits.CR4_DE;
    b.c.dr[7] |= ControlBits.DR7_GD;
    b.code(0x0F, 0x21, 0xE8).step();
    assertEquals(List.of("#UD"), b.exceptions());
  }

  /// Port breakpoints exist with CR4.DE alone, and R/W = 2 is nothing without it.
  @Test
  void portBreakpointsNeedDe() {
    protected32();
    breakpoint(2, 0x80, 2, 0);
    b.code(0xE6, 0x80, 0x90).run(1);
    assertEquals(NONE, b.exceptions());
    protected32();
    b.c.cr4 = ControlBits.CR4_DE;
    breakpoint(2, 0x80, 2, 0);
    b.code(0xE6, 0x80, 0x90).run(1);
    assertEquals(DB, b.exceptions());
    assertEquals(ControlBits.DR6_FIXED | 4, b.c.dr[6]);
  }
}
