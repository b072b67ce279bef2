package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.InstructionRunner.NO_FAULT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.cpuid.Vendor;
import dev.backstep.emulator.testing.BareVcpu;
import dev.backstep.emulator.testing.InstructionRunner;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Where the x87s of Intel and AMD differ. AMD's side is what an EPYC does, Intel's what the SDM
/// says.
class X87VendorsTest {
  private static final int OPERAND = 0x8000;
  private static final String LOAD = "D9 05 00 80 00 00"; // fld dword [8000H]
  private static final String COMPARE = "D8 15 00 80 00 00"; // fcom dword [8000H]
  private static final int QUIET_NAN = 0x7FC0_0000;
  private static final int DENORMAL = 1;
  private static final int CONDITIONS = 0x4500;
  private static final int C1 = 0x200;
  private static final int ALL_MASKED = 0x37F;
  private static final int INVALID_UNMASKED = 0x37E;
  private static final int DENORMAL_UNMASKED = 0x37D;

  private final Arena arena = Arena.ofConfined();
  private final InstructionRunner runner = new InstructionRunner();

  @AfterEach
  void close() {
    arena.close();
  }

  private Vcpu oneLoaded(Vendor vendor, int operand, int controlWord) {
    BareVcpu bare = new BareVcpu(arena, 0x2_0000, vendor).protected32();
    bare.ram.putInt(OPERAND, operand);
    run(bare.vcpu, "DB E3");
    run(bare.vcpu, "D9 E8");
    bare.vcpu.fpu.controlWord = controlWord;
    return bare.vcpu;
  }

  private void run(Vcpu c, String instruction) {
    assertEquals(NO_FAULT, runner.run(c, instruction), instruction);
  }

  private int depthAfterLoad(Vendor vendor, int operand, int controlWord) {
    Vcpu c = oneLoaded(vendor, operand, controlWord);
    run(c, LOAD);
    return Integer.bitCount(c.fpu.tagValid);
  }

  @Test
  void onlyAmdPushesADenormalWhoseExceptionIsNotMasked() {
    assertEquals(1, depthAfterLoad(Vendor.INTEL, DENORMAL, DENORMAL_UNMASKED));
    assertEquals(2, depthAfterLoad(Vendor.AMD, DENORMAL, DENORMAL_UNMASKED));
    assertEquals(2, depthAfterLoad(Vendor.INTEL, DENORMAL, ALL_MASKED));
  }

  private int conditionsAfterCompare(Vendor vendor, int controlWord) {
    Vcpu c = oneLoaded(vendor, QUIET_NAN, controlWord);
    run(c, COMPARE);
    return c.fpu.statusWord & CONDITIONS;
  }

  @Test
  void onlyAmdSetsConditionsInSpiteOfAnException() {
    assertEquals(0, conditionsAfterCompare(Vendor.INTEL, INVALID_UNMASKED));
    assertEquals(CONDITIONS, conditionsAfterCompare(Vendor.AMD, INVALID_UNMASKED));
    assertEquals(CONDITIONS, conditionsAfterCompare(Vendor.INTEL, ALL_MASKED));
  }

  private int c1AfterComparisonToFlags(Vendor vendor) {
    Vcpu c = oneLoaded(vendor, 0, ALL_MASKED);
    c.fpu.statusWord |= C1;
    run(c, "DB F0"); // fcomi st,st(0)
    assertTrue((c.rflags() & Rflags.ZF) != 0);
    return c.fpu.statusWord & C1;
  }

  @Test
  void onlyIntelClearsC1WhenComparingToFlags() {
    assertEquals(0, c1AfterComparisonToFlags(Vendor.INTEL));
    assertEquals(C1, c1AfterComparisonToFlags(Vendor.AMD));
  }
}
