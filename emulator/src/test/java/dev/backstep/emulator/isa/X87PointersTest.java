package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.InstructionRunner.NO_FAULT;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.CpuSetting;
import dev.backstep.emulator.cpuid.CpuidTable;
import dev.backstep.emulator.cpuid.Vendor;
import dev.backstep.emulator.testing.BareVcpu;
import dev.backstep.emulator.testing.InstructionRunner;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.foreign.Arena;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// FIP, FDP, FOP and their selectors by kind of processor, in 32-bit protected mode. SDM Vol. 1
/// "x87 FPU Instruction and Data (Operand) Pointers".
class X87PointersTest {
  private static final String LOAD = "D9 05 00 80 00 00"; // fld dword [8000H]
  private static final String DIVIDE = "D8 35 04 80 00 00"; // fdiv dword [8004H]
  private static final String SAVE = "D9 35 00 90 00 00"; // fnstenv [9000H]
  private static final String FXSAVE = "0F AE 05 00 A0 00 00"; // fxsave [0A000H]
  private static final int OPERAND = 0x8000;
  private static final int ZERO = 0x8004;
  private static final int ENVIRONMENT = 0x9000;
  private static final int IMAGE = 0xA000;
  private static final int SELECTOR = 8;
  private static final int ONE = 0x3F80_0000;
  private static final int ZERO_DIVIDE_UNMASKED = 0x37B;
  private static final Set<CpuFeature> NONE = EnumSet.noneOf(CpuFeature.class);
  private static final Set<CpuFeature> BOTH =
      EnumSet.of(CpuFeature.FDP_EXCPTN_ONLY, CpuFeature.ZERO_FCS_FDS);

  private final Arena arena = Arena.ofConfined();
  private final InstructionRunner runner = new InstructionRunner();

  @AfterEach
  void close() {
    arena.close();
  }

  private BareVcpu processor(Vendor vendor, Set<CpuFeature> pointerFeatures) {
    CpuSetting max = CpuSetting.parse("max");
    EnumSet<CpuFeature> features = EnumSet.copyOf(max.features());
    features.removeAll(BOTH);
    features.addAll(pointerFeatures);
    CpuSetting setting = new CpuSetting(max.model(), vendor, features, max.physicalAddressBits());
    CpuidTable cpuid = new CpuidTable(setting, vendor, CpuidTable.NO_HYPERVISOR, 1);
    BareVcpu bare = new BareVcpu(arena, 0x2_0000, cpuid).protected32();
    bare.vcpu.cr4 |= ControlBits.CR4_OSFXSR;
    bare.vcpu.cr0 |= ControlBits.CR0_NE;
    bare.ram.putInt(OPERAND, ONE);
    bare.ram.putInt(ZERO, 0);
    return bare;
  }

  private void run(BareVcpu bare, String... instructions) {
    for (String instruction : instructions) {
      assertEquals(NO_FAULT, runner.run(bare.vcpu, instruction), instruction);
    }
  }

  private static int environment(BareVcpu bare, int offset) {
    return bare.ram.getInt(ENVIRONMENT + offset);
  }

  @Test
  void keepsPointersOfEveryInstructionOnOlderProcessors() {
    BareVcpu bare = processor(Vendor.INTEL, NONE);
    run(bare, "DB E3", LOAD, SAVE, FXSAVE);
    assertEquals(InstructionRunner.RIP, environment(bare, 0x0C));
    assertEquals(0x105 << 16 | SELECTOR, environment(bare, 0x10));
    assertEquals(OPERAND, environment(bare, 0x14));
    assertEquals(SELECTOR, environment(bare, 0x18) & 0xFFFF);
    assertEquals(SELECTOR, bare.ram.getInt(IMAGE + 12));
    assertEquals(OPERAND, bare.ram.getInt(IMAGE + 16));
    assertEquals(SELECTOR, bare.ram.getInt(IMAGE + 20));
  }

  @Test
  void keepsTheDataPointerOfUnmaskedExceptionsOnly() {
    BareVcpu bare = processor(Vendor.INTEL, EnumSet.of(CpuFeature.FDP_EXCPTN_ONLY));
    run(bare, "DB E3", LOAD, DIVIDE, SAVE);
    assertEquals(InstructionRunner.RIP, environment(bare, 0x0C));
    assertEquals(0, environment(bare, 0x14)); // The division's exception was masked.
    assertEquals(0, environment(bare, 0x18) & 0xFFFF);
    bare.vcpu.fpu.controlWord = ZERO_DIVIDE_UNMASKED;
    run(bare, "DB E2", "D9 E8", DIVIDE, SAVE);
    assertEquals(ZERO, environment(bare, 0x14));
    assertEquals(SELECTOR, environment(bare, 0x18) & 0xFFFF);
    assertEquals(SELECTOR, environment(bare, 0x10) & 0xFFFF);
    bare.vcpu.fpu.controlWord = ZERO_DIVIDE_UNMASKED;
    run(bare, "DB E2", LOAD, SAVE);
    assertEquals(ZERO, environment(bare, 0x14));
  }

  @Test
  void savesSelectorsAsZeroWhereTheyAreDeprecated() {
    BareVcpu bare = processor(Vendor.INTEL, EnumSet.of(CpuFeature.ZERO_FCS_FDS));
    run(bare, "DB E3", LOAD, SAVE, FXSAVE);
    assertEquals(0x105 << 16, environment(bare, 0x10));
    assertEquals(OPERAND, environment(bare, 0x14));
    assertEquals(0, environment(bare, 0x18) & 0xFFFF);
    assertEquals(0, bare.ram.getInt(IMAGE + 12));
    assertEquals(0, bare.ram.getInt(IMAGE + 20));
  }

  @Test
  void hidesPointersFromFxsaveUntilAnExceptionIsPendingOnAmd() {
    BareVcpu bare = processor(Vendor.AMD, BOTH);
    run(bare, "DB E3", LOAD, SAVE, FXSAVE);
    assertEquals(OPERAND, environment(bare, 0x14)); // FNSTENV shows them.
    assertEquals(SELECTOR, environment(bare, 0x18) & 0xFFFF);
    assertEquals(0, bare.ram.getShort(IMAGE + 6));
    assertEquals(0, bare.ram.getLong(IMAGE + 8));
    assertEquals(0, bare.ram.getLong(IMAGE + 16));
    bare.vcpu.fpu.controlWord = ZERO_DIVIDE_UNMASKED;
    run(bare, DIVIDE, FXSAVE);
    assertEquals(0x035, bare.ram.getShort(IMAGE + 6));
    assertEquals(InstructionRunner.RIP | (long) SELECTOR << 32, bare.ram.getLong(IMAGE + 8));
    assertEquals(ZERO | (long) SELECTOR << 32, bare.ram.getLong(IMAGE + 16));
  }

  @Test
  void raisesMfAtTheNextWaitingInstruction() {
    BareVcpu bare = processor(Vendor.INTEL, BOTH);
    run(bare, "DB E3", LOAD);
    bare.vcpu.fpu.controlWord = ZERO_DIVIDE_UNMASKED;
    run(bare, DIVIDE, "DF E0", FXSAVE);
    assertEquals(GuestFault.MF, runner.run(bare.vcpu, LOAD));
    assertEquals(GuestFault.MF, runner.run(bare.vcpu, "9B"));
    assertEquals(ZERO, (int) bare.vcpu.fpu.lastDataPointer);
    run(bare, "DB E2", LOAD);
  }

  @Test
  void writesLinearPointersInRealAddressMode() {
    BareVcpu bare = processor(Vendor.INTEL, NONE).realMode();
    Vcpu c = bare.vcpu;
    c.segments[1].selector = 0x1230;
    c.segments[3].selector = 0x0800;
    c.segments[3].base = 0x8000;
    c.mmu.segmentChanged(3);
    run(bare, "DB E3", "D9 06 00 00", "D9 36 00 10"); // fninit; fld dword [0]; fnstenv [1000H]
    assertEquals(0x2400, bare.ram.getShort(ENVIRONMENT + 6)); // 12300H + 100H, low half
    assertEquals(0x1106, bare.ram.getShort(ENVIRONMENT + 8)); // its upper bits, and the opcode
    assertEquals((short) 0x8000, bare.ram.getShort(ENVIRONMENT + 10));
    assertEquals(0, bare.ram.getShort(ENVIRONMENT + 12));
  }
}
