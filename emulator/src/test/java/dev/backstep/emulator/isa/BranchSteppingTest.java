package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.CODE32;
import static dev.backstep.emulator.testing.SystemBench.CODE_AT;
import static dev.backstep.emulator.testing.SystemBench.DATA;
import static dev.backstep.emulator.testing.SystemBench.FREE;
import static dev.backstep.emulator.testing.SystemBench.LDT;
import static dev.backstep.emulator.testing.SystemBench.descriptor;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// IA32_DEBUGCTL.BTF with RFLAGS.TF. SDM Vol. 3 "Single-Stepping on Branches".
class BranchSteppingTest {
  private static final List<String> NONE = List.of();
  private static final List<String> DB = List.of("#DB");
  private static final int DEBUGCTL = 0x1D9;

  /// 32-bit protected mode with TF and, through WRMSR, BTF set.
  private static SystemBench stepping(int flags) {
    SystemBench b = new SystemBench().protected32();
    b.c.gpr[Vcpu.RCX] = DEBUGCTL;
    b.c.gpr[Vcpu.RDX] = 0;
    b.c.gpr[Vcpu.RAX] = ControlBits.DEBUGCTL_BTF;
    b.code(0x0F, 0x30).run(1);
    b.c.setRflags(flags | Rflags.TF);
    return b;
  }

  /// Whether `hex`, one instruction, traps with RCX and the flags as given.
  @ParameterizedTest
  @CsvSource({
    "90, 0, 0, false",
    "EB00, 0, 0, true",
    "EB10, 0, 0, true",
    "E900000000, 0, 0, true",
    "FFE0, 0, 0, true",
    "E800000000, 0, 0, true",
    "C3, 0, 0, true",
    "7410, 0, 0, false",
    "7410, 0, 64, true",
    "7400, 0, 64, true",
    "7400, 0, 0, false",
    "0F8500000000, 0, 0, true",
    "0F8500000000, 0, 64, false",
    "E200, 1, 0, false",
    "E200, 2, 0, true",
    "E100, 2, 0, false",
    "E100, 2, 64, true",
    "E000, 2, 64, false",
    "E000, 2, 0, true",
    "E300, 0, 0, true",
    "E300, 1, 0, false",
    "67E300, 65536, 0, true",
    "0F44C0, 0, 64, false",
    "EA400001000800, 0, 0, true",
  })
  void trapsAfterTakenBranchesOnly(String hex, long rcx, int flags, boolean traps) {
    SystemBench b = stepping(flags);
    b.c.gpr[Vcpu.RCX] = rcx;
    b.c.gpr[Vcpu.RAX] = CODE_AT + 0x40;
    b.put32(b.c.gpr[Vcpu.RSP], CODE_AT + 0x40);
    b.code(bytes(hex)).run(1);
    assertEquals(traps ? DB : NONE, b.exceptions());
    if (traps) {
      assertTrue((b.c.dr[6] & ControlBits.DR6_BS) != 0);
    }
  }

  private static int[] bytes(String hex) {
    int[] bytes = new int[hex.length() / 2];
    for (int k = 0; k < bytes.length; k++) {
      bytes[k] = Integer.parseInt(hex, 2 * k, 2 * k + 2, 16);
    }
    return bytes;
  }

  @Test
  void iretToCodeWithTheTrapFlagTrapsIfItWasSetBefore() {
    SystemBench b = stepping(0);
    long rsp = b.c.gpr[Vcpu.RSP];
    b.put32(rsp, CODE_AT + 0x40);
    b.put32(rsp + 4, CODE32);
    b.put32(rsp + 8, Rflags.TF);
    b.code(0xCF).run(1);
    assertEquals(DB, b.exceptions());
    assertEquals(CODE_AT + 0x40, b.stack32(0));
  }

  @Test
  void debugExceptionClearsTheBit() {
    SystemBench b = stepping(0);
    assertEquals(ControlBits.DEBUGCTL_BTF, b.c.msr.debugControl);
    b.code(0xEB, 0x00).run(1);
    assertEquals(DB, b.exceptions());
    assertEquals(0, b.c.msr.debugControl);
  }

  @Test
  void faultsAndOtherExceptionsLeaveTheBitAlone() {
    SystemBench b = stepping(0);
    b.code(0x0F, 0x0B).step();
    assertEquals(List.of("#UD"), b.exceptions());
    assertEquals(ControlBits.DEBUGCTL_BTF, b.c.msr.debugControl);
  }

  /// INT 1 is no debug exception, INT1 is one.
  @Test
  void debugExceptionOfInt1ClearsTheBitAndIntNOfItsVectorDoesNot() {
    SystemBench b = stepping(0);
    b.code(0xCD, 0x01).run(1);
    assertEquals(ControlBits.DEBUGCTL_BTF, b.c.msr.debugControl);
    b = stepping(0);
    b.code(0xF1).run(1);
    assertEquals(0, b.c.msr.debugControl);
  }

  @Test
  void withoutTheTrapFlagNothingTraps() {
    SystemBench b = stepping(0);
    b.c.setRflags(0);
    b.code(0xEB, 0x00).run(1);
    assertEquals(NONE, b.exceptions());
  }

  @Test
  void jumpThatSwitchesTasksNeverTraps() {
    assertEquals(NONE, switchTasks(stepping(0)));
    SystemBench plain = new SystemBench().protected32();
    plain.c.setRflags(Rflags.TF);
    assertEquals(NONE, switchTasks(plain));
  }

  private static List<String> switchTasks(SystemBench b) {
    long tss = 0x4400;
    b.gdt(FREE, descriptor(tss, 0x67, 0x89));
    b.put32(tss + 32, CODE_AT + 0x40);
    for (int k = 0; k < 6; k++) {
      b.put16(tss + 72 + 4L * k, DATA);
    }
    b.put16(tss + 76, CODE32);
    b.put16(tss + 96, LDT);
    b.code(0xEA, 0, 0, 0, 0, FREE, 0).run(1);
    assertEquals(CODE_AT + 0x40, b.c.rip);
    return b.exceptions();
  }

  @Test
  void lastBranchBitIsTakenAndNotKept() {
    SystemBench b = new SystemBench().protected32();
    b.c.gpr[Vcpu.RCX] = DEBUGCTL;
    b.c.gpr[Vcpu.RDX] = 0;
    b.c.gpr[Vcpu.RAX] = 3;
    b.code(0x0F, 0x30, 0x0F, 0x32).run(2);
    assertEquals(NONE, b.exceptions());
    assertEquals(ControlBits.DEBUGCTL_BTF, b.c.gpr[Vcpu.RAX]);
  }
}
