package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.InstructionRunner.NO_FAULT;
import static dev.backstep.emulator.testing.InstructionRunner.RIP;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.cpuid.Vendor;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class BranchesTest {
  private static final long BASE = 0x4000_0000L;
  private static final long GPA = 0x8000;
  private static final long NOT_CANONICAL = 0x8000_0000_0000L;
  private static final long UNTOUCHED = 0x1122_3344_5566_7788L;

  private final Arena arena = Arena.ofConfined();
  private final InstructionRunner runner = new InstructionRunner();
  private final BareVcpu bare = new BareVcpu(arena, 0x2_0000);
  private final Vcpu c = bare.vcpu;

  @AfterEach
  void close() {
    arena.close();
  }

  private void longMode() {
    bare.longMode(BASE, 0x2000, GPA);
    c.gpr[Vcpu.RSP] = BASE + 0x100;
  }

  @Test
  void takesEachConditionAsTheFlagsSay() {
    longMode();
    for (int flags = 0; flags < 32; flags++) {
      boolean cf = (flags & 1) != 0;
      boolean zf = (flags & 2) != 0;
      boolean sf = (flags & 4) != 0;
      boolean of = (flags & 8) != 0;
      boolean pf = (flags & 16) != 0;
      boolean[] holds = {of, cf, zf, cf || zf, sf, pf, sf != of, zf || sf != of};
      for (int cc = 0; cc < 16; cc++) {
        c.setRflags(
            (cf ? Rflags.CF : 0)
                | (zf ? Rflags.ZF : 0)
                | (sf ? Rflags.SF : 0)
                | (of ? Rflags.OF : 0)
                | (pf ? Rflags.PF : 0));
        boolean taken = holds[cc >> 1] != ((cc & 1) != 0);
        assertEquals(NO_FAULT, runner.run(c, "%02X 10".formatted(0x70 | cc)));
        assertEquals(taken ? RIP + 0x12 : RIP + 2, c.rip, "condition " + cc + " flags " + flags);
      }
    }
  }

  @Test
  void callsAndReturns() {
    longMode();
    c.gpr[Vcpu.RAX] = 0xFFFF_8000_0000_1234L;
    assertEquals(NO_FAULT, runner.run(c, "FF D0")); // call rax
    assertEquals(0xFFFF_8000_0000_1234L, c.rip);
    assertEquals(RIP + 2, bare.ram.getLong(GPA + 0xF8));
    assertEquals(NO_FAULT, runner.run(c, "C2 20 00")); // ret 20H
    assertEquals(RIP + 2, c.rip);
    assertEquals(BASE + 0x120, c.gpr[Vcpu.RSP]);
  }

  @Test
  void refusesTargetsThatAreNotCanonical() {
    longMode();
    c.gpr[Vcpu.RAX] = 0x8000_0000_0000L;
    assertEquals(GuestFault.GP, runner.run(c, "FF E0"));
    assertEquals(GuestFault.GP, runner.run(c, "FF D0"));
    assertEquals(BASE + 0x100, c.gpr[Vcpu.RSP]);
    bare.ram.putLong(GPA + 0x100, 0x8000_0000_0000L);
    assertEquals(GuestFault.GP, runner.run(c, "C3"));
    assertEquals(BASE + 0x100, c.gpr[Vcpu.RSP]);
  }

  /// Intel's processors look at the target first, AMD's at the stack: SDM Vol. 2 "CALL", and an AMD
  /// EPYC of Zen 4.
  @ParameterizedTest
  @CsvSource({"INTEL, 13", "AMD, 14"})
  void callToNowhereWithoutAStackRaisesWhatTheVendorLooksAtFirst(Vendor vendor, int expected) {
    var called = new BareVcpu(arena, 0x2_0000, vendor).longMode(BASE, 0x1000, GPA);
    called.vcpu.gpr[Vcpu.RAX] = NOT_CANONICAL;
    called.vcpu.gpr[Vcpu.RSP] = BASE; // The slot below is not mapped.
    assertEquals(expected, runner.run(called.vcpu, "FF D0"));
    assertEquals(BASE, called.vcpu.gpr[Vcpu.RSP]);
    assertEquals(RIP, called.vcpu.rip);
  }

  @ParameterizedTest
  @CsvSource({"INTEL, 13", "AMD, 17"})
  void callToNowhereWithACrookedStackRaisesWhatTheVendorLooksAtFirst(Vendor vendor, int expected) {
    var called = new BareVcpu(arena, 0x2_0000, vendor).longMode(BASE, 0x1000, GPA);
    called.ram.putLong(GPA + 0xF9, UNTOUCHED);
    called.vcpu.cr0 |= ControlBits.CR0_AM;
    called.vcpu.cpl = 3;
    called.vcpu.setRflags(Rflags.AC);
    called.vcpu.updateMode();
    called.vcpu.gpr[Vcpu.RAX] = NOT_CANONICAL;
    called.vcpu.gpr[Vcpu.RSP] = BASE + 0x101;
    assertEquals(expected, runner.run(called.vcpu, "FF D0"));
    assertEquals(BASE + 0x101, called.vcpu.gpr[Vcpu.RSP]);
    assertEquals(UNTOUCHED, called.ram.getLong(GPA + 0xF9));
  }

  @ParameterizedTest
  @EnumSource(Vendor.class)
  void callToNowherePushesNothing(Vendor vendor) {
    var called = new BareVcpu(arena, 0x2_0000, vendor).longMode(BASE, 0x1000, GPA);
    called.ram.putLong(GPA + 0xF8, UNTOUCHED);
    called.vcpu.gpr[Vcpu.RAX] = NOT_CANONICAL;
    called.vcpu.gpr[Vcpu.RSP] = BASE + 0x100;
    assertEquals(GuestFault.GP, runner.run(called.vcpu, "FF D0"));
    assertEquals(BASE + 0x100, called.vcpu.gpr[Vcpu.RSP]);
    assertEquals(UNTOUCHED, called.ram.getLong(GPA + 0xF8));
  }

  @Test
  void refusesTargetsBeyondTheCodeSegment() {
    bare.protected32();
    c.segments[SegmentRegister.CS].limit = 0xFFF;
    c.gpr[Vcpu.RSP] = 0x9000;
    c.gpr[Vcpu.RAX] = 0x1000;
    assertEquals(GuestFault.GP, runner.run(c, "FF E0"));
    assertEquals(GuestFault.GP, runner.run(c, "E9 00 10 00 00"));
    assertEquals(GuestFault.GP, runner.run(c, "E8 00 10 00 00"));
    assertEquals(0x9000, c.gpr[Vcpu.RSP]);
    c.gpr[Vcpu.RAX] = 0xFFF;
    assertEquals(NO_FAULT, runner.run(c, "FF E0"));
    assertEquals(0xFFF, c.rip);
  }

  @Test
  void cutsTheTargetToTheOperandSize() {
    bare.protected16();
    c.gpr[Vcpu.RAX] = 0x1234_5678;
    assertEquals(NO_FAULT, runner.run(c, "FF E0")); // jmp ax
    assertEquals(0x5678, c.rip);
    c.gpr[Vcpu.RSP] = 0x9000;
    bare.ram.putInt(0x9000, 0x2222_1111);
    assertEquals(NO_FAULT, runner.run(c, "C3"));
    assertEquals(0x1111, c.rip);
    assertEquals(0x9002, c.gpr[Vcpu.RSP]);
  }

  @Test
  void countsLoopsInTheAddressSize() {
    longMode();
    c.gpr[Vcpu.RCX] = 0x5_0000_0001L;
    assertEquals(NO_FAULT, runner.run(c, "67 E2 10"));
    assertEquals(RIP + 3, c.rip);
    assertEquals(0, c.gpr[Vcpu.RCX]);
    assertEquals(NO_FAULT, runner.run(c, "E3 10")); // jrcxz
    assertEquals(RIP + 0x12, c.rip);
    c.gpr[Vcpu.RCX] = 2;
    c.setRflags(Rflags.ZF);
    assertEquals(NO_FAULT, runner.run(c, "E0 10")); // loopne
    assertEquals(RIP + 2, c.rip);
    assertEquals(NO_FAULT, runner.run(c, "E2 10"));
    assertEquals(0, c.gpr[Vcpu.RCX]);
  }

  @Test
  void raisesBrOutsideTheBounds() {
    bare.protected32();
    bare.ram.putInt(0x9000, -5);
    bare.ram.putInt(0x9004, 5);
    c.gpr[Vcpu.RBX] = 0x9000;
    int[][] cases = {{-6, GuestFault.BR}, {-5, NO_FAULT}, {5, NO_FAULT}, {6, GuestFault.BR}};
    for (int[] one : cases) {
      c.gpr[Vcpu.RAX] = one[0] & 0xFFFF_FFFFL;
      assertEquals(one[1], runner.run(c, "62 03"), () -> "index " + one[0]);
    }
  }
}
