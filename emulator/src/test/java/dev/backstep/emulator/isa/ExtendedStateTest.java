package dev.backstep.emulator.isa;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.cpuid.CpuSetting;
import dev.backstep.emulator.cpuid.CpuidTable;
import dev.backstep.emulator.cpuid.Vendor;
import dev.backstep.emulator.testing.BareVcpu;
import dev.backstep.emulator.testing.InstructionRunner;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.FpuState;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The XSAVE feature set against SDM Vol. 1 "Managing State Using the XSAVE Feature Set": what of
/// it the host cannot show at CPL 3, and the formats.
class ExtendedStateTest {
  private static final long AREA = 0x20_0000;
  private static final long GPA = 0x8000;
  private static final int XSTATE_BV = 512;
  private static final int XCOMP_BV = 520;
  private static final int EXTENDED = 576;
  private static final int PKRU_OFFSET = 2688;
  private static final long X87_SSE_AVX = 7;
  private static final long PKRU = 1 << 9;
  private static final long CET = 3 << 11;
  private static final String XSAVE = "0F AE 20";
  private static final String XRSTOR = "0F AE 28";
  private static final String XSAVEOPT = "0F AE 30";
  private static final String XSAVEC = "0F C7 20";
  private static final String XSAVES = "0F C7 28";
  private static final String XRSTORS = "0F C7 18";
  private static final String XGETBV = "0F 01 D0";

  private final Arena arena = Arena.ofConfined();
  private final BareVcpu bare =
      new BareVcpu(
              arena,
              0x2_0000,
              new CpuidTable(
                  CpuSetting.parse("max,+pku,+shstk"), Vendor.INTEL, CpuidTable.NO_HYPERVISOR, 1))
          .longMode(AREA, 0x2000, GPA);
  private final Vcpu c = bare.vcpu;
  private final InstructionRunner runner = new InstructionRunner();

  @BeforeEach
  void enableAll() {
    c.xcr0 = X87_SSE_AVX | PKRU;
    c.msr.xss = CET;
    c.gpr[Vcpu.RDX] = 0;
    initialise();
  }

  @AfterEach
  void close() {
    arena.close();
  }

  private void initialise() {
    c.fpu.initialise();
    for (int k = 0; k < 32; k++) {
      c.fpu.xmm[k] = 0;
      c.fpu.ymmHigh[k] = 0;
    }
    c.fpu.mxcsr = FpuState.MXCSR_DEFAULT;
    c.mmu.translations().setPkru(0);
    c.cet.user = 0;
    c.cet.privilegeSsp[0] = 0;
    c.cet.privilegeSsp[3] = 0;
  }

  private void fill() {
    c.fpu.xmm[5] = 0x1111;
    c.fpu.ymmHigh[31] = 0x2222;
    c.fpu.mxcsr = 0x1FA0;
    c.mmu.translations().setPkru(0x5555_5550);
    c.cet.privilegeSsp[0] = 0x3330;
    c.cet.privilegeSsp[3] = 0x4440;
  }

  private int run(String hex, long components) {
    c.gpr[Vcpu.RAX] = AREA;
    String moved = hex;
    if (!hex.equals(XGETBV)) {
      // The mask is in EAX: the area is addressed by RBX.
      c.gpr[Vcpu.RBX] = AREA;
      int last = Integer.parseInt(hex.substring(6), 16) | 3;
      moved = hex.substring(0, 6) + "%02X".formatted(last);
    }
    c.gpr[Vcpu.RAX] = components;
    return runner.run(c, moved);
  }

  private long at(int offset) {
    return bare.ram.getLong(GPA + offset);
  }

  @Test
  void standardFormatHasEachComponentAtItsPlace() {
    fill();
    assertEquals(InstructionRunner.NO_FAULT, run(XSAVE, -1));
    assertEquals(6 | PKRU, at(XSTATE_BV));
    assertEquals(0, at(XCOMP_BV));
    assertEquals(0x2222, at(EXTENDED + 8 * 31));
    assertEquals(0x5555_5550, at(PKRU_OFFSET));
    initialise();
    assertEquals(InstructionRunner.NO_FAULT, run(XRSTOR, -1));
    assertEquals(0x1111, c.fpu.xmm[5]);
    assertEquals(0x2222, c.fpu.ymmHigh[31]);
    assertEquals(0x1FA0, c.fpu.mxcsr);
    assertEquals(0x5555_5550, c.pkru);
  }

  @Test
  void componentsThatAreAbsentAreInitialised() {
    assertEquals(InstructionRunner.NO_FAULT, run(XSAVE, -1));
    assertEquals(0, at(XSTATE_BV));
    fill();
    assertEquals(InstructionRunner.NO_FAULT, run(XRSTOR, PKRU | 4));
    assertEquals(0x1111, c.fpu.xmm[5]);
    assertEquals(0, c.fpu.ymmHigh[31]);
    assertEquals(0, c.pkru);
  }

  @Test
  void xsaveKeepsTheBitsOfComponentsNotAskedFor() {
    bare.ram.putLong(GPA + XSTATE_BV, 6);
    assertEquals(InstructionRunner.NO_FAULT, run(XSAVE, 4));
    assertEquals(2, at(XSTATE_BV));
  }

  @Test
  void xsaveoptLeavesOutWhatIsInitial() {
    bare.ram.putLong(GPA + EXTENDED, 77);
    fill();
    c.fpu.ymmHigh[31] = 0;
    assertEquals(InstructionRunner.NO_FAULT, run(XSAVEOPT, -1));
    assertEquals(77, at(EXTENDED));
    assertEquals(2 | PKRU, at(XSTATE_BV));
  }

  @Test
  void compactedFormatHasNoGaps() {
    fill();
    assertEquals(InstructionRunner.NO_FAULT, run(XSAVEC, 2 | PKRU));
    assertEquals(2 | PKRU, at(XSTATE_BV));
    assertEquals(1L << 63 | 2 | PKRU, at(XCOMP_BV));
    assertEquals(0x5555_5550, at(EXTENDED));
    initialise();
    assertEquals(InstructionRunner.NO_FAULT, run(XRSTOR, PKRU));
    assertEquals(0x5555_5550, c.pkru);
    assertEquals(0, c.fpu.xmm[5]);
  }

  @Test
  void compactedFormatSavesMxcsrOnlyWithItsComponent() {
    bare.ram.putLong(GPA + 24, 77);
    assertEquals(InstructionRunner.NO_FAULT, run(XSAVEC, 6));
    assertEquals(77, at(24));
    c.fpu.mxcsr = 0x1F81;
    assertEquals(InstructionRunner.NO_FAULT, run(XRSTOR, 2));
    assertEquals(FpuState.MXCSR_DEFAULT, c.fpu.mxcsr);
  }

  @Test
  void supervisorComponentsAreForXsavesAlone() {
    fill();
    assertEquals(InstructionRunner.NO_FAULT, run(XSAVES, -1));
    assertEquals(6 | PKRU | CET, at(XSTATE_BV));
    assertEquals(0x4440, at(EXTENDED + 256 + 8 + 8));
    assertEquals(0x3330, at(EXTENDED + 256 + 8 + 16));
    initialise();
    // XRSTOR does not know them.
    assertEquals(GuestFault.GP, run(XRSTOR, 1));
    assertEquals(InstructionRunner.NO_FAULT, run(XRSTORS, -1));
    assertEquals(0x3330, c.cet.privilegeSsp[0]);
    assertEquals(0x4440, c.cet.privilegeSsp[3]);
    assertEquals(0x2222, c.fpu.ymmHigh[31]);
  }

  @Test
  void xsavesAndXrstorsArePrivileged() {
    c.cpl = 3;
    c.updateMode();
    assertEquals(GuestFault.GP, run(XSAVES, 7));
    assertEquals(GuestFault.GP, run(XRSTORS, 7));
  }

  @Test
  void headersThatAreWrongAreRefused() {
    bare.ram.putLong(GPA + XSTATE_BV, 8);
    assertEquals(GuestFault.GP, run(XRSTOR, 1), "a component that XCR0 has not");
    bare.ram.putLong(GPA + XSTATE_BV, 0);
    bare.ram.putLong(GPA + XCOMP_BV, 1);
    assertEquals(GuestFault.GP, run(XRSTOR, 1), "XCOMP_BV without its bit 63");
    bare.ram.putLong(GPA + XCOMP_BV, 1L << 63 | 1);
    bare.ram.putLong(GPA + XSTATE_BV, 2);
    assertEquals(GuestFault.GP, run(XRSTOR, 1), "a component without room");
    bare.ram.putLong(GPA + XSTATE_BV, 1);
    bare.ram.putLong(GPA + 568, 1);
    assertEquals(GuestFault.GP, run(XRSTOR, 1), "a reserved byte");
    bare.ram.putLong(GPA + XCOMP_BV, 0);
    assertEquals(GuestFault.GP, run(XRSTORS, 1), "the standard format");
  }

  @Test
  void xgetbvSaysWhatIsInUse() {
    c.gpr[Vcpu.RCX] = 1;
    assertEquals(InstructionRunner.NO_FAULT, run(XGETBV, 0));
    assertEquals(0, c.gpr[Vcpu.RAX]);
    c.fpu.ymmHigh[31] = 1;
    assertEquals(InstructionRunner.NO_FAULT, run(XGETBV, 0));
    assertEquals(ControlBits.XCR0_AVX, c.gpr[Vcpu.RAX]);
    c.fpu.mxcsr = 0x1F81;
    assertEquals(InstructionRunner.NO_FAULT, run(XGETBV, 0));
    assertEquals(6, c.gpr[Vcpu.RAX]);
  }
}
