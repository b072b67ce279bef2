package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.InstructionRunner.NO_FAULT;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.testing.BareVcpu;
import dev.backstep.emulator.testing.InstructionRunner;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StackTest {
  private static final long BASE = 0x4000_0000L;
  private static final long GPA = 0x8000;

  private final Arena arena = Arena.ofConfined();
  private final InstructionRunner runner = new InstructionRunner();
  private final BareVcpu bare = new BareVcpu(arena, 0x2_0000);
  private final Vcpu c = bare.vcpu;

  @AfterEach
  void close() {
    arena.close();
  }

  private void longMode(long rsp) {
    bare.longMode(BASE, 0x2000, GPA);
    c.gpr[Vcpu.RSP] = BASE + rsp;
  }

  private long inMemory(long offset) {
    return bare.ram.getLong(GPA + offset);
  }

  @Test
  void pushesTheStackPointerAsItWas() {
    longMode(0x100);
    assertEquals(NO_FAULT, runner.run(c, "54")); // push rsp
    assertEquals(BASE + 0x100, inMemory(0xF8));
    assertEquals(BASE + 0xF8, c.gpr[Vcpu.RSP]);
    assertEquals(NO_FAULT, runner.run(c, "5C")); // pop rsp
    assertEquals(BASE + 0x100, c.gpr[Vcpu.RSP]);
  }

  @Test
  void signExtendsPushedImmediates() {
    longMode(0x100);
    assertEquals(NO_FAULT, runner.run(c, "6A FE"));
    assertEquals(-2, inMemory(0xF8));
    assertEquals(NO_FAULT, runner.run(c, "66 68 34 12"));
    assertEquals(BASE + 0xF6, c.gpr[Vcpu.RSP]);
    assertEquals(0x1234, bare.ram.getShort(GPA + 0xF6));
  }

  @Test
  void popsToAnAddressThatUsesTheIncrementedPointer() {
    longMode(0x100);
    bare.ram.putLong(GPA + 0x100, 0x1122);
    assertEquals(NO_FAULT, runner.run(c, "8F 44 24 08")); // pop qword [rsp+8]
    assertEquals(0x1122, inMemory(0x110));
    assertEquals(BASE + 0x108, c.gpr[Vcpu.RSP]);
  }

  @Test
  void leavesThePointerAloneWhenAnAccessFaults() {
    longMode(0);
    assertEquals(GuestFault.PF, runner.run(c, "50"));
    assertEquals(BASE, c.gpr[Vcpu.RSP]);
    c.gpr[Vcpu.RSP] = BASE + 0x100;
    assertEquals(GuestFault.PF, runner.run(c, "8F 00")); // pop qword [rax], rax = 0
    assertEquals(BASE + 0x100, c.gpr[Vcpu.RSP]);
  }

  @Test
  void wrapsASixteenBitStackPointer() {
    bare.realMode();
    c.gpr[Vcpu.RSP] = 0xABCD_0000L;
    c.gpr[Vcpu.RAX] = 0x1234;
    assertEquals(NO_FAULT, runner.run(c, "50"));
    assertEquals(0xABCD_FFFEL, c.gpr[Vcpu.RSP]);
    assertEquals(0x1234, bare.ram.getShort(0xFFFE));
    c.gpr[Vcpu.RSP] = 1;
    assertEquals(GuestFault.SS, runner.run(c, "50"));
    assertEquals(1, c.gpr[Vcpu.RSP]);
  }

  @Test
  void pushesAndPopsAllRegisters() {
    bare.protected32();
    c.gpr[Vcpu.RSP] = 0x9000;
    for (int k = 0; k < 8; k++) {
      c.gpr[k] = k == Vcpu.RSP ? 0x9000 : 0x100 + k;
    }
    assertEquals(NO_FAULT, runner.run(c, "60"));
    assertEquals(0x9000 - 32, c.gpr[Vcpu.RSP]);
    assertEquals(0x100, bare.ram.getInt(0x9000 - 4));
    assertEquals(0x9000, bare.ram.getInt(0x9000 - 20));
    for (int k = 0; k < 8; k++) {
      c.gpr[k] = k == Vcpu.RSP ? c.gpr[k] : 0;
    }
    assertEquals(NO_FAULT, runner.run(c, "61"));
    for (int k = 0; k < 8; k++) {
      assertEquals(k == Vcpu.RSP ? 0x9000 : 0x100 + k, c.gpr[k]);
    }
  }

  @Test
  void buildsAndLeavesNestedFrames() {
    bare.protected32();
    c.gpr[Vcpu.RSP] = 0x9000;
    c.gpr[Vcpu.RBP] = 0x9100;
    bare.ram.putInt(0x90FC, 0x77);
    assertEquals(NO_FAULT, runner.run(c, "C8 10 00 02")); // enter 10H, 2
    assertEquals(0x8FFC, c.gpr[Vcpu.RBP]);
    assertEquals(0x9100, bare.ram.getInt(0x8FFC));
    assertEquals(0x77, bare.ram.getInt(0x8FF8));
    assertEquals(0x8FFC, bare.ram.getInt(0x8FF4));
    assertEquals(0x8FF4 - 0x10, c.gpr[Vcpu.RSP]);
    assertEquals(NO_FAULT, runner.run(c, "C9"));
    assertEquals(0x9000, c.gpr[Vcpu.RSP]);
    assertEquals(0x9100, c.gpr[Vcpu.RBP]);
  }

  @Test
  void frameKeepsTheHighHalfOfEspOnA16BitStack() {
    bare.protected32();
    c.segments[SegmentRegister.SS].set(
        SegmentRegister.SS << 3, 0, 0xFFFF, SegmentRegister.PRESENT | 0x13, true);
    c.mmu.segmentChanged(SegmentRegister.SS);
    c.gpr[Vcpu.RSP] = 0x1_0000;
    c.gpr[Vcpu.RBP] = 0x1_FFEC;
    assertEquals(NO_FAULT, runner.run(c, "C8 08 00 04")); // enter 8, 4
    assertEquals(0x1_FFE4, c.gpr[Vcpu.RSP]);
    assertEquals(0x1_FFFC, c.gpr[Vcpu.RBP]);
    assertEquals(0x1_FFFC, bare.ram.getInt(0xFFEC));
  }

  private long pop(String hex, long image) {
    c.gpr[Vcpu.RSP] = BASE + 0x100;
    bare.ram.putLong(GPA + 0x100, image);
    assertEquals(NO_FAULT, runner.run(c, hex));
    return c.rflags();
  }

  @Test
  void popsEveryFlagButTheVirtualOnesAtCplZero() {
    longMode(0x100);
    assertEquals(0x0024_7FD7, pop("9D", -1));
    assertEquals(2, pop("9D", 0));
    assertEquals(0x7FD7, pop("66 9D", -1));
  }

  @Test
  void keepsInterruptFlagAndIoplAtCplThree() {
    longMode(0x100);
    c.cpl = 3;
    c.mmu.modeChanged();
    assertEquals(0x0024_4DD7, pop("9D", -1));
    c.setRflags(3 << 12);
    assertEquals(0x0024_7FD7, pop("9D", -1));
    assertEquals(0x3002, pop("9D", 0));
  }

  @Test
  void pushesFlagsWithoutRfAndVm() {
    longMode(0x100);
    c.setRflags(Rflags.RF | Rflags.IF | Rflags.CF);
    assertEquals(NO_FAULT, runner.run(c, "9C"));
    assertEquals(0x203, inMemory(0xF8));
  }

  private void vm86(long flags) {
    bare.protected16();
    for (int k = 0; k < 6; k++) {
      c.segments[k].set(0, 0, 0xFFFF, 0xF3, true);
    }
    c.setRflags(Rflags.VM | flags);
    c.cpl = 3;
    c.updateMode();
    for (int k = 0; k < 6; k++) {
      c.mmu.segmentChanged(k);
    }
    c.gpr[Vcpu.RSP] = 0x9000;
  }

  @Test
  void guardsTheFlagsInVirtual8086ModeBelowIoplThree() {
    vm86(0);
    assertEquals(GuestFault.GP, runner.run(c, "9C"));
    assertEquals(GuestFault.GP, runner.run(c, "9D"));
    assertEquals(0x9000, c.gpr[Vcpu.RSP]);
  }

  @Test
  void showsTheVirtualInterruptFlagWithVme() {
    vm86(Rflags.VIF);
    c.cr4 = ControlBits.CR4_VME;
    assertEquals(NO_FAULT, runner.run(c, "9C"));
    assertEquals(0x3202, bare.ram.getShort(0x8FFE) & 0xFFFF);
    bare.ram.putShort(0x8FFE, (short) 0);
    assertEquals(NO_FAULT, runner.run(c, "9D"));
    assertEquals(Rflags.VM | 2, c.rflags());
    assertEquals(GuestFault.GP, runner.run(c, "66 9C"));
    c.setRflags(Rflags.VM | Rflags.VIP);
    bare.ram.putShort(0x9000, (short) Rflags.IF);
    c.gpr[Vcpu.RSP] = 0x9000;
    assertEquals(GuestFault.GP, runner.run(c, "9D"));
  }

  @Test
  void requiresWritableStackForTheWholeOfPusha() {
    bare.protected32();
    c.segments[SegmentRegister.SS].limit = 0x8FFF;
    c.mmu.segmentChanged(SegmentRegister.SS);
    c.gpr[Vcpu.RSP] = 0x10;
    c.gpr[Vcpu.RAX] = 0x55;
    assertEquals(GuestFault.SS, runner.run(c, "60"));
    assertEquals(0x10, c.gpr[Vcpu.RSP]);
    assertEquals(0, bare.ram.getInt(0xC));
  }
}
