package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.InstructionRunner.NO_FAULT;
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
import org.junit.jupiter.params.provider.ValueSource;

/// Vector operands that a segment limit or the end of a page cuts, and what comes first of a
/// missing page and a misaligned address.
class VectorFaultsTest {
  private static final long GPA = 0x8000;
  private static final long GVA = 0x20_0000;
  private static final long ABSENT = GVA + 0x1000;

  private final Arena arena = Arena.ofConfined();
  private final InstructionRunner runner = new InstructionRunner();

  @AfterEach
  void close() {
    arena.close();
  }

  private static void fillVectors(Vcpu c) {
    for (int k = 0; k < c.fpu.xmm.length; k++) {
      c.fpu.xmm[k] = -1;
      c.fpu.ymmHigh[k] = -1;
    }
  }

  /// SDM Vol. 3 "Limit Checking": of an operand that crosses the limit, nothing is accessed.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "0F 29 03", // MOVAPS [ebx],xmm0
        "0F 11 03", // MOVUPS
        "66 0F E7 03", // MOVNTDQ
        "C5 F8 11 03", // VMOVUPS [ebx],xmm0
        "C5 FC 29 03", // VMOVAPS [ebx],ymm0
        "C4 E3 7D 39 03 01", // VEXTRACTI128 [ebx],ymm0,1
        "C4 E3 7D 1D 03 00", // VCVTPS2PH [ebx],ymm0,0
        "66 0F F7 C1", // MASKMOVDQU xmm0,xmm1
        "C4 E2 7D 2E 03" // VMASKMOVPS [ebx],ymm0,ymm0
      })
  void nothingIsStoredAcrossTheLimitOfASegment(String instruction) {
    BareVcpu bare = new BareVcpu(arena, 0x2_0000).protected32();
    Vcpu c = bare.vcpu;
    c.cr4 |= ControlBits.CR4_OSFXSR | ControlBits.CR4_OSXSAVE;
    c.xcr0 = ControlBits.XCR0_X87 | ControlBits.XCR0_SSE | ControlBits.XCR0_AVX;
    c.segments[SegmentRegister.DS].limit = 0x8007;
    c.updateMode();
    fillVectors(c);
    c.gpr[Vcpu.RBX] = GPA;
    c.gpr[Vcpu.RDI] = GPA;
    assertEquals(GuestFault.GP, runner.run(c, instruction));
    assertEquals(0, bare.ram.getLong(GPA));
  }

  /// The linear address counts: an address that is aligned in a segment need not be.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "64 0F 11 03", // MOVUPS fs:[rbx],xmm0
        "64 C5 F8 11 03", // VMOVUPS fs:[rbx],xmm0
        "64 C5 FC 11 03", // VMOVUPS fs:[rbx],ymm0
        "64 F3 0F 7F 03" // MOVDQU fs:[rbx],xmm0
      })
  void nothingIsStoredAcrossTheEndOfAPage(String instruction) {
    BareVcpu bare = new BareVcpu(arena, 0x2_0000).longMode(GVA, 0x1000, GPA);
    Vcpu c = bare.vcpu;
    c.segments[SegmentRegister.FS].base = ABSENT - 8;
    c.updateMode();
    fillVectors(c);
    assertEquals(GuestFault.PF, runner.run(c, instruction));
    assertEquals(0, bare.ram.getLong(GPA + 0xFF8));
  }

  @Test
  void anAlignedVectorIsStoredWhole() {
    BareVcpu bare = new BareVcpu(arena, 0x2_0000).longMode(GVA, 0x1000, GPA);
    Vcpu c = bare.vcpu;
    fillVectors(c);
    c.gpr[Vcpu.RBX] = ABSENT - 32;
    assertEquals(NO_FAULT, runner.run(c, "C5 FC 29 03"));
    for (int k = 0xFE0; k < 0x1000; k += 8) {
      assertEquals(-1, bare.ram.getLong(GPA + k));
    }
  }

  private int faultAtMisaligned(Vendor vendor, String instruction, long ea) {
    Vcpu c = new BareVcpu(arena, 0x2_0000, vendor).longMode(GVA, 0x1000, GPA).vcpu;
    c.cr0 |= ControlBits.CR0_AM;
    c.cpl = 3;
    c.setRflags(Rflags.AC);
    c.updateMode();
    c.gpr[Vcpu.RBX] = ea;
    c.gpr[Vcpu.RDI] = ea;
    return runner.run(c, instruction);
  }

  /// SDM Vol. 3 "Priority Among Concurrent Events": #PF goes before #AC; to an AMD EPYC it does
  /// not.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "0F 10 03", // MOVUPS xmm0,[rbx]
        "0F 11 03", // MOVUPS [rbx],xmm0
        "C5 FC 10 03", // VMOVUPS ymm0,[rbx]
        "C5 FC 11 03", // VMOVUPS [rbx],ymm0
        "C5 FC 54 03", // VANDPS ymm0,ymm0,[rbx]
        "66 0F F7 C1", // MASKMOVDQU xmm0,xmm1
        "0F AE 03", // FXSAVE
        "0F AE 0B" // FXRSTOR
      })
  void onlyAmdChecksAlignmentBeforePages(String instruction) {
    assertEquals(GuestFault.PF, faultAtMisaligned(Vendor.INTEL, instruction, ABSENT + 2));
    assertEquals(GuestFault.AC, faultAtMisaligned(Vendor.AMD, instruction, ABSENT + 2));
    assertEquals(GuestFault.AC, faultAtMisaligned(Vendor.INTEL, instruction, GVA + 2));
    assertEquals(GuestFault.AC, faultAtMisaligned(Vendor.AMD, instruction, GVA + 2));
  }

  /// A vector that begins in a page that is there and ends in one that is not.
  @Test
  void thePagesOfAllBytesAreLookedAt() {
    String load = "C5 FC 10 03";
    assertEquals(GuestFault.PF, faultAtMisaligned(Vendor.INTEL, load, ABSENT - 24));
    assertEquals(GuestFault.AC, faultAtMisaligned(Vendor.AMD, load, ABSENT - 24));
  }
}
