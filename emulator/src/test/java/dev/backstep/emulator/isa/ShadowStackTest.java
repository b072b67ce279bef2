package dev.backstep.emulator.isa;

import static dev.backstep.emulator.isa.ControlFlowBench.IST_TOKEN;
import static dev.backstep.emulator.isa.ControlFlowBench.KERNEL_TOKEN;
import static dev.backstep.emulator.isa.ControlFlowBench.STACKS;
import static dev.backstep.emulator.isa.ControlFlowBench.USER_TOP;
import static dev.backstep.emulator.testing.SystemBench.CODE64;
import static dev.backstep.emulator.testing.SystemBench.CODE_AT;
import static dev.backstep.emulator.testing.SystemBench.USER_CODE64;
import static dev.backstep.emulator.testing.SystemBench.gate;
import static dev.backstep.emulator.testing.SystemBench.handler;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Shadow stacks under transfers of control. SDM Vol. 1 "Shadow Stacks", Vol. 2 "CALL", "RET",
/// "IRET", "INT n", "SYSCALL", "SYSRET"; error codes: Vol. 3 "Interrupt 21—Control Protection
/// Exception (#CP)".
class ShadowStackTest {
  private static final List<String> NONE = List.of();

  private final ControlFlowBench f = new ControlFlowBench();
  private final SystemBench b = f.b;
  private final Vcpu c = f.c;

  @Test
  void nearCallsPushOnBothStacksAndReturnsCompare() {
    f.user(STACKS, 0);
    b.code(0xE8, 1, 0, 0, 0, 0x90, 0xC3).run(1);
    assertEquals(USER_TOP - 8, c.cet.ssp);
    assertEquals(CODE_AT + 5, b.get64(USER_TOP - 8));
    b.run(1);
    assertEquals(NONE, b.exceptions());
    assertEquals(USER_TOP, c.cet.ssp);
    assertEquals(CODE_AT + 5, c.rip);
  }

  @Test
  void changedReturnAddressIsCpNearRet() {
    f.user(STACKS, 0);
    b.code(0xE8, 1, 0, 0, 0, 0x90, 0xC3).run(1);
    b.ram.putLong(c.gpr[Vcpu.RSP], CODE_AT + 6);
    long rsp = c.gpr[Vcpu.RSP];
    b.step();
    assertEquals(List.of("#CP(1)"), b.exceptions());
    assertEquals(USER_TOP - 8, c.cet.ssp);
    assertEquals(rsp, b.stack64(4));
  }

  /// CALL to the next instruction is how position-independent code finds itself.
  @Test
  void callOfTheNextInstructionLeavesTheShadowStackAlone() {
    f.user(STACKS, 0);
    b.code(0xE8, 0, 0, 0, 0, 0x90).run(1);
    assertEquals(USER_TOP, c.cet.ssp);
    assertEquals(CODE_AT + 5, b.stack64(0));
  }

  @Test
  void indirectCallsPushToo() {
    f.user(STACKS, 0);
    c.gpr[Vcpu.RAX] = CODE_AT + 0x20;
    b.code(0xFF, 0xD0).run(1);
    assertEquals(CODE_AT + 2, b.get64(USER_TOP - 8));
    assertEquals(CODE_AT + 0x20, c.rip);
  }

  @Test
  void callWhoseShadowStackFaultsPushesNothing() {
    f.user(STACKS, 0);
    c.cet.ssp = SystemBench.SCRATCH + 0x800;
    long rsp = c.gpr[Vcpu.RSP];
    b.code(0xE8, 1, 0, 0, 0, 0x90, 0xC3).step();
    // P, W, U and the bit for shadow stacks.
    assertEquals(List.of("#PF(47)"), b.exceptions());
    assertEquals(rsp, b.stack64(4));
    assertEquals(SystemBench.SCRATCH + 0x800, c.cet.ssp);
  }

  /// "Token and CS:LIP:oldSSP": from user mode the frame is not pushed, and SSP goes to
  /// IA32_PL3_SSP.
  @Test
  void eventFromUserModeTakesTheTokenAndIretFreesIt() {
    f.user(STACKS, STACKS);
    c.cet.ssp = USER_TOP - 16;
    b.ram.putByte(handler(0x33), (byte) 0x48);
    b.ram.putByte(handler(0x33) + 1, (byte) 0xCF);
    b.code(0xCD, 0x33, 0x90).run(1);
    assertEquals(NONE, b.exceptions());
    assertEquals(USER_TOP - 16, c.cet.privilegeSsp[3]);
    assertEquals(KERNEL_TOKEN, c.cet.ssp);
    assertEquals(KERNEL_TOKEN | 1, b.get64(KERNEL_TOKEN));
    b.run(1);
    assertEquals(NONE, b.exceptions());
    assertEquals(3, c.cpl);
    assertEquals(USER_TOP - 16, c.cet.ssp);
    assertEquals(KERNEL_TOKEN, b.get64(KERNEL_TOKEN));
  }

  @Test
  void busyTokenIsGpInTheDelivery() {
    f.user(STACKS, STACKS);
    b.ram.putLong(KERNEL_TOKEN, KERNEL_TOKEN | 1);
    b.code(0xCD, 0x33).step();
    // The handlers of #GP and #DF want the same stack.
    assertEquals(List.of("#GP(0)", "#DF(0)"), b.exceptions());
  }

  @Test
  void misalignedSupervisorPointerIsGpInTheDelivery() {
    f.user(STACKS, STACKS);
    c.cet.privilegeSsp[0] = KERNEL_TOKEN - 4;
    b.code(0xCD, 0x33).step();
    assertEquals("#GP(0)", b.exceptions().getFirst());
  }

  /// The token and the frame lie in one region of 32 bytes.
  @Test
  void tokenThatIsNotLastOfItsRegionIsGpInTheDelivery() {
    f.user(STACKS, STACKS);
    c.cet.privilegeSsp[0] = KERNEL_TOKEN - 8;
    b.ram.putLong(KERNEL_TOKEN - 8, KERNEL_TOKEN - 8);
    b.code(0xCD, 0x33).step();
    assertEquals("#GP(0)", b.exceptions().getFirst());
  }

  @Test
  void eventOfTheSamePrivilegePushesItsFrameAndIretCompares() {
    f.start(0, STACKS);
    c.cet.ssp = KERNEL_TOKEN - 0x104;
    b.ram.putByte(handler(0x33), (byte) 0x48);
    b.ram.putByte(handler(0x33) + 1, (byte) 0xCF);
    b.code(0xCD, 0x33, 0x90).run(1);
    long frame = KERNEL_TOKEN - 0x108 - 24;
    assertEquals(frame, c.cet.ssp);
    assertEquals(CODE64, b.get64(frame + 16));
    assertEquals(CODE_AT + 2, b.get64(frame + 8));
    assertEquals(KERNEL_TOKEN - 0x104, b.get64(frame));
    b.run(1);
    assertEquals(NONE, b.exceptions());
    assertEquals(KERNEL_TOKEN - 0x104, c.cet.ssp);
    assertEquals(CODE_AT + 2, c.rip);
  }

  @Test
  void iretToAnotherPlaceIsCpFarRet() {
    f.start(0, STACKS);
    c.cet.ssp = KERNEL_TOKEN - 0x100;
    b.ram.putByte(handler(0x33), (byte) 0x48);
    b.ram.putByte(handler(0x33) + 1, (byte) 0xCF);
    b.code(0xCD, 0x33, 0x90).run(1);
    b.ram.putLong(c.gpr[Vcpu.RSP], CODE_AT + 1);
    b.step();
    assertEquals(List.of("#CP(2)"), b.exceptions());
  }

  /// An IST stack of ordinary memory goes with one of IA32_INTERRUPT_SSP_TABLE_ADDR; IRET frees it.
  @Test
  void interruptStackTableHasAShadowStackBeside() {
    f.start(0, STACKS);
    b.idt(0x33, gate(Descriptor.INTERRUPT_GATE32, CODE64, handler(0x33), 3, 1));
    c.cet.ssp = KERNEL_TOKEN - 0x100;
    b.ram.putByte(handler(0x33), (byte) 0x48);
    b.ram.putByte(handler(0x33) + 1, (byte) 0xCF);
    b.code(0xCD, 0x33, 0x90).run(1);
    assertEquals(NONE, b.exceptions());
    assertEquals(IST_TOKEN - 24, c.cet.ssp);
    assertEquals(IST_TOKEN | 1, b.get64(IST_TOKEN));
    b.run(1);
    assertEquals(NONE, b.exceptions());
    assertEquals(KERNEL_TOKEN - 0x100, c.cet.ssp);
    assertEquals(IST_TOKEN, b.get64(IST_TOKEN));
  }

  @Test
  void farCallAndReturnUseFrames() {
    f.start(0, STACKS);
    c.cet.ssp = KERNEL_TOKEN - 0x100;
    b.ram.putInt(SystemBench.SCRATCH, (int) CODE_AT + 0x20);
    b.put16(SystemBench.SCRATCH + 4, CODE64);
    c.gpr[Vcpu.RBX] = SystemBench.SCRATCH;
    b.ram.putByte(CODE_AT + 0x20, (byte) 0xCB);
    b.code(0xFF, 0x1B, 0x90).run(1);
    assertEquals(NONE, b.exceptions());
    assertEquals(KERNEL_TOKEN - 0x100 - 24, c.cet.ssp);
    assertEquals(CODE_AT + 2, b.get64(c.cet.ssp + 8));
    b.run(1);
    assertEquals(NONE, b.exceptions());
    assertEquals(KERNEL_TOKEN - 0x100, c.cet.ssp);
    assertEquals(CODE_AT + 2, c.rip);
  }

  @Test
  void changedFarReturnIsCpFarRet() {
    f.start(0, STACKS);
    c.cet.ssp = KERNEL_TOKEN - 0x100;
    b.ram.putInt(SystemBench.SCRATCH, (int) CODE_AT + 0x20);
    b.put16(SystemBench.SCRATCH + 4, CODE64);
    c.gpr[Vcpu.RBX] = SystemBench.SCRATCH;
    b.ram.putByte(CODE_AT + 0x20, (byte) 0xCB);
    b.code(0xFF, 0x1B, 0x90).run(1);
    b.put32(c.gpr[Vcpu.RSP], CODE_AT + 3);
    b.step();
    assertEquals(List.of("#CP(2)"), b.exceptions());
  }

  @Test
  void syscallSavesThePointerAndSysretRestoresIt() {
    f.user(STACKS, STACKS);
    c.msr.star = (long) (USER_CODE64 - 16) << 48 | (long) CODE64 << 32;
    c.msr.lstar = CODE_AT + 0x40;
    c.cet.ssp = USER_TOP - 8;
    b.ram.putByte(CODE_AT + 0x40, (byte) 0x48);
    b.ram.putByte(CODE_AT + 0x41, (byte) 0x0F);
    b.ram.putByte(CODE_AT + 0x42, (byte) 0x07);
    b.code(0x0F, 0x05, 0x90).run(1);
    assertEquals(0, c.cet.ssp);
    assertEquals(USER_TOP - 8, c.cet.privilegeSsp[3]);
    b.run(1);
    assertEquals(NONE, b.exceptions());
    assertEquals(USER_TOP - 8, c.cet.ssp);
    assertEquals(3, c.cpl);
  }

  /// Ordinary writes to a shadow stack fault; those of calls do not.
  @Test
  void programsCannotWriteTheirShadowStack() {
    f.user(STACKS, 0);
    c.gpr[Vcpu.RBX] = USER_TOP - 8;
    b.code(0x48, 0x89, 0x03).step();
    assertEquals(List.of("#PF(7)"), b.exceptions());
  }

  @Test
  void nothingIsShadowedWithoutCr4OrInVirtual8086Mode() {
    f.user(STACKS, STACKS);
    c.cr4 &= ~(1L << 23);
    c.updateMode();
    b.code(0xE8, 1, 0, 0, 0, 0x90, 0xC3).run(1);
    assertEquals(NONE, b.exceptions());
    assertEquals(USER_TOP, c.cet.ssp);
  }
}
