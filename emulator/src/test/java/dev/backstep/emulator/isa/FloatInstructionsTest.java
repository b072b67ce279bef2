package dev.backstep.emulator.isa;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.backstep.emulator.cpuid.Vendor;
import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Decoder;
import dev.backstep.emulator.execution.OperationFactory;
import dev.backstep.emulator.floating.FloatEnvironment;
import dev.backstep.emulator.testing.BareVcpu;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.foreign.Arena;
import java.util.HexFormat;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What floating-point instructions do to the state around their result.
class FloatInstructionsTest {
  private static final long GVA = 0x40_0000;
  private static final long GPA = 0x8000;
  private static final int MASKED = 0x1F80;
  private static final long ONE = Double.doubleToRawLongBits(1);
  private static final long TWO = Double.doubleToRawLongBits(2);
  private static final long THREE = Double.doubleToRawLongBits(3);
  private static final long NAN = Double.doubleToRawLongBits(Double.NaN);

  private final Arena arena = Arena.ofConfined();
  private final Decoder decoder = new Decoder(Set.of());
  private final OperationFactory factory = new OperationFactory();
  private Vcpu c = processor(Vendor.INTEL);

  private Vcpu processor(Vendor vendor) {
    Vcpu vcpu = new BareVcpu(arena, 0x10_0000, vendor).longMode(GVA, 0x1000, GPA).vcpu;
    vcpu.cr4 |= ControlBits.CR4_OSFXSR | ControlBits.CR4_OSXMMEXCPT | ControlBits.CR4_OSXSAVE;
    vcpu.xcr0 = ControlBits.XCR0_X87 | ControlBits.XCR0_SSE | ControlBits.XCR0_AVX;
    vcpu.gpr[Vcpu.RBX] = GVA;
    return vcpu;
  }

  @AfterEach
  void close() {
    arena.close();
  }

  private void execute(String hex) {
    byte[] code = HexFormat.ofDelimiter(" ").parseHex(hex);
    DecodedInstruction i = decoder.decode(code, 0, code.length, CpuMode.LONG64, GVA);
    assertNotNull(i);
    factory.operationFor(i).execute(c, i);
  }

  private int vectorOf(String hex) {
    return assertThrows(GuestFault.class, () -> execute(hex)).vector();
  }

  private void unmask(int exceptions) {
    c.fpu.mxcsr = MASKED & ~(exceptions << 7);
  }

  @Test
  void unmaskedExceptionIsXmAndStoresNothing() {
    c.fpu.xmm[0] = ONE;
    c.fpu.xmm[1] = THREE;
    c.fpu.xmm[2] = THREE;
    c.fpu.xmm[3] = ONE;
    unmask(FloatEnvironment.INEXACT);
    assertEquals(GuestFault.XM, vectorOf("66 0F 5E C1"));
    assertEquals(ONE, c.fpu.xmm[0]);
    assertEquals(THREE, c.fpu.xmm[1]);
    assertEquals(FloatEnvironment.INEXACT, c.fpu.mxcsr & FloatEnvironment.ALL);
  }

  @Test
  void unmaskedExceptionIsUdWhereTheSystemExpectsNone() {
    c.cr4 &= ~ControlBits.CR4_OSXMMEXCPT;
    c.fpu.xmm[0] = ONE;
    c.fpu.xmm[2] = THREE;
    unmask(FloatEnvironment.INEXACT);
    assertEquals(GuestFault.UD, vectorOf("F2 0F 5E C1"));
  }

  @Test
  void flagsInMxcsrStayUntilTheyAreCleared() {
    c.fpu.mxcsr = MASKED | FloatEnvironment.OVERFLOW;
    c.fpu.xmm[0] = ONE;
    c.fpu.xmm[2] = THREE;
    execute("F2 0F 5E C1");
    assertEquals(MASKED | FloatEnvironment.OVERFLOW | FloatEnvironment.INEXACT, c.fpu.mxcsr);
  }

  /// A flag that was set before, with its exception unmasked, is no exception.
  @Test
  void flagsFromBeforeRaiseNothing() {
    unmask(FloatEnvironment.INEXACT);
    c.fpu.mxcsr |= FloatEnvironment.INEXACT;
    c.fpu.xmm[0] = ONE;
    c.fpu.xmm[2] = TWO;
    execute("F2 0F 58 C1");
    assertEquals(THREE, c.fpu.xmm[0]);
  }

  @Test
  void legacyScalarsKeepWhatVexScalarsClear() {
    c.fpu.xmm[0] = ONE;
    c.fpu.xmm[1] = 42;
    c.fpu.ymmHigh[0] = 43;
    c.fpu.xmm[2] = TWO;
    c.fpu.xmm[3] = 44;
    execute("F2 0F 58 C1");
    assertEquals(THREE, c.fpu.xmm[0]);
    assertEquals(42, c.fpu.xmm[1]);
    assertEquals(43, c.fpu.ymmHigh[0]);
    execute("C5 F3 58 C0");
    assertEquals(44, c.fpu.xmm[1]);
    assertEquals(0, c.fpu.ymmHigh[0]);
  }

  @Test
  void comparisonLeavesRflagsAloneIfItFaults() {
    c.setRflags(Rflags.CF | Rflags.OF);
    c.fpu.xmm[0] = NAN;
    unmask(FloatEnvironment.INVALID);
    assertEquals(GuestFault.XM, vectorOf("66 0F 2F C1"));
    assertEquals(Rflags.CF | Rflags.OF, Rflags.arithmetic(c));
    execute("66 0F 2E C1");
    assertEquals(Rflags.ZF | Rflags.PF | Rflags.CF, Rflags.arithmetic(c));
  }

  @Test
  void legacyComparisonIgnoresAllButThreeBitsOfItsPredicate() {
    execute("F2 0F C2 C0 FF");
    assertEquals(-1, c.fpu.xmm[0]);
    c.fpu.xmm[0] = ONE;
    // FALSE, which legacy instructions take for "unordered".
    execute("F2 0F C2 C0 0B");
    assertEquals(0, c.fpu.xmm[0]);
    c.fpu.xmm[0] = NAN;
    execute("F2 0F C2 C0 0B");
    assertEquals(-1, c.fpu.xmm[0]);
    c.fpu.xmm[0] = NAN;
    execute("C5 FB C2 C0 0B");
    assertEquals(0, c.fpu.xmm[0]);
  }

  @Test
  void conversionsToMmxUseItsState() {
    c.fpu.top = 3;
    c.fpu.tagValid = 0;
    c.fpu.xmm[2] = 0xC000_0000_3F80_0000L;
    execute("0F 2D D1");
    assertEquals(0xFFFF_FFFE_0000_0001L, c.fpu.significand[2]);
    assertEquals(0, c.fpu.top);
    assertEquals(0xFF, c.fpu.tagValid);
  }

  @Test
  void conversionsFromMemoryUseTheMmxStateAsTheVendorSays() {
    assertEquals(0xFF, tagsAfter("0F 2A 03"), "CVTPI2PS, Intel");
    assertEquals(0, tagsAfter("66 0F 2A 03"), "CVTPI2PD, Intel");
    c = processor(Vendor.AMD);
    assertEquals(0, tagsAfter("0F 2A 03"), "CVTPI2PS, AMD");
  }

  private int tagsAfter(String hex) {
    c.fpu.tagValid = 0;
    execute(hex);
    return c.fpu.tagValid;
  }

  @Test
  void storeOfHalvesFaultsBeforeMxcsrChanges() {
    c.fpu.xmm[0] = 0x3F80_0001L;
    c.gpr[Vcpu.RBX] = GVA + 0x1000 - 4;
    assertEquals(GuestFault.PF, vectorOf("C4 E3 79 1D 03 00"));
    assertEquals(MASKED, c.fpu.mxcsr);
    c.gpr[Vcpu.RBX] = GVA;
    execute("C4 E3 79 1D 03 00");
    assertEquals(0x3C00L, c.mmu.load64(SegmentRegister.DS, GVA));
    assertEquals(MASKED | FloatEnvironment.INEXACT, c.fpu.mxcsr);
  }
}
