package dev.backstep.emulator.isa;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.testing.BareVcpu;
import dev.backstep.emulator.testing.InstructionRunner;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CacheLinesTest {
  private static final long GVA = 0x20_0000;
  private static final long GPA = 0x8000;
  private static final String MOVDIR64B_RAX_RCX = "66 0F 38 F8 01";

  private final InstructionRunner runner = new InstructionRunner();
  private final Arena arena = Arena.ofConfined();
  private final BareVcpu bare = new BareVcpu(arena, 0x10_0000).longMode(GVA, 0x1000, GPA);
  private final Vcpu c = bare.vcpu;

  @BeforeEach
  void fill() {
    for (int k = 0; k < 0x1000; k += 8) {
      bare.ram.putLong(GPA + k, pattern(k));
    }
  }

  @AfterEach
  void close() {
    arena.close();
  }

  private static long pattern(int offset) {
    return 0x0102_0304_0506_0708L * (offset / 8 + 1);
  }

  @Test
  void clzeroClearsTheLineThatRaxPointsInto() {
    c.gpr[Vcpu.RAX] = GVA + 0x17F;
    assertEquals(InstructionRunner.NO_FAULT, runner.run(c, "0F 01 FC"));
    assertEquals(pattern(0x138), bare.ram.getLong(GPA + 0x138));
    for (int k = 0x140; k < 0x180; k += 8) {
      assertEquals(0, bare.ram.getLong(GPA + k));
    }
    assertEquals(pattern(0x180), bare.ram.getLong(GPA + 0x180));
  }

  /// The line is one of the linear address space, whatever the segment's base.
  @Test
  void clzeroClearsTheLineOfTheLinearAddress() {
    c.segments[SegmentRegister.FS].base = GVA + 0x20;
    c.mmu.segmentChanged(SegmentRegister.FS);
    c.gpr[Vcpu.RAX] = 0x25;
    assertEquals(InstructionRunner.NO_FAULT, runner.run(c, "64 0F 01 FC"));
    assertEquals(pattern(0x38), bare.ram.getLong(GPA + 0x38));
    for (int k = 0x40; k < 0x80; k += 8) {
      assertEquals(0, bare.ram.getLong(GPA + k));
    }
    assertEquals(pattern(0x80), bare.ram.getLong(GPA + 0x80));
  }

  /// A hint: it faults on no address.
  @Test
  void cldemoteTouchesNoMemory() {
    c.gpr[Vcpu.RAX] = GVA + 0x10_0000;
    assertEquals(InstructionRunner.NO_FAULT, runner.run(c, "0F 1C 00"));
    c.gpr[Vcpu.RAX] = 1L << 62;
    assertEquals(InstructionRunner.NO_FAULT, runner.run(c, "0F 1C 00"));
    c.gpr[Vcpu.RAX] = GVA;
    assertEquals(InstructionRunner.NO_FAULT, runner.run(c, "0F 1C 00"));
    assertEquals(pattern(0), bare.ram.getLong(GPA));
  }

  @Test
  void movdiriStoresAnOperandOf32Or64BitsAnywhere() {
    c.gpr[Vcpu.RAX] = GVA + 0x13;
    c.gpr[Vcpu.RCX] = 0xF1F2_F3F4_F5F6_F7F8L;
    int after = bare.ram.getInt(GPA + 0x17);
    assertEquals(InstructionRunner.NO_FAULT, runner.run(c, "0F 38 F9 08"));
    assertEquals(0xF5F6_F7F8, bare.ram.getInt(GPA + 0x13));
    assertEquals(after, bare.ram.getInt(GPA + 0x17));
    assertEquals(InstructionRunner.NO_FAULT, runner.run(c, "48 0F 38 F9 08"));
    assertEquals(0xF1F2_F3F4_F5F6_F7F8L, bare.ram.getLong(GPA + 0x13));
  }

  @Test
  void movdiriFaultsLikeAStoreAndHasNoRegisterForm() {
    c.gpr[Vcpu.RAX] = GVA + 0xFFD;
    assertEquals(GuestFault.PF, runner.run(c, "0F 38 F9 08"));
    assertEquals(pattern(0xFF8), bare.ram.getLong(GPA + 0xFF8));
    assertEquals(GuestFault.UD, runner.run(c, "0F 38 F9 C8"));
  }

  @Test
  void movdir64bCopiesFromAnywhereToAnAlignedLine() {
    c.gpr[Vcpu.RAX] = GVA + 0x40;
    c.gpr[Vcpu.RCX] = GVA + 0x28;
    assertEquals(InstructionRunner.NO_FAULT, runner.run(c, MOVDIR64B_RAX_RCX));
    for (int k = 0; k < 64; k += 8) {
      assertEquals(pattern(0x28 + k), bare.ram.getLong(GPA + 0x40 + k));
    }
    assertEquals(pattern(0x80), bare.ram.getLong(GPA + 0x80));
  }

  @Test
  void movdir64bRaisesGpWhenTheDestinationIsNotAligned() {
    c.gpr[Vcpu.RAX] = GVA + 0x48;
    c.gpr[Vcpu.RCX] = GVA;
    assertEquals(GuestFault.GP, runner.run(c, MOVDIR64B_RAX_RCX));
    assertEquals(pattern(0x48), bare.ram.getLong(GPA + 0x48));
  }

  @Test
  void movdir64bStoresNothingWhenItsSourceCrossesIntoNoPage() {
    c.gpr[Vcpu.RAX] = GVA;
    c.gpr[Vcpu.RCX] = GVA + 0xFF0;
    assertEquals(GuestFault.PF, runner.run(c, MOVDIR64B_RAX_RCX));
    assertEquals(pattern(0), bare.ram.getLong(GPA));
  }
}
