package dev.backstep.emulator.cpuid;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Decoder;
import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.decode.OpcodeTable;
import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.testing.TableEncodings;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What a model lacks is not there: instructions are undefined, bits reserved, registers absent.
class CpuModelLimitsTest {
  private static final List<String> GP = List.of("#GP(0)");
  private static final List<String> NONE = List.of();

  /// The bits of CR4 that a feature brings, but for PAE, PCIDE and LA57, which long mode restricts.
  private static final Map<CpuFeature, Long> CR4 =
      new EnumMap<>(
          Map.of(
              CpuFeature.VME, ControlBits.CR4_VME,
              CpuFeature.DE, ControlBits.CR4_DE,
              CpuFeature.UMIP, ControlBits.CR4_UMIP,
              CpuFeature.FSGSBASE, ControlBits.CR4_FSGSBASE,
              CpuFeature.XSAVE, ControlBits.CR4_OSXSAVE,
              CpuFeature.SMEP, ControlBits.CR4_SMEP,
              CpuFeature.SMAP, ControlBits.CR4_SMAP,
              CpuFeature.PKU, ControlBits.CR4_PKE,
              CpuFeature.PKS, ControlBits.CR4_PKS,
              CpuFeature.LAM, ControlBits.CR4_LAM_SUP));

  /// An MSR that comes with a feature.
  private static final Map<CpuFeature, Integer> MSRS =
      new EnumMap<>(
          Map.of(
              CpuFeature.TSC_ADJUST, 0x3B,
              CpuFeature.TSC_DEADLINE_TIMER, 0x6E0,
              CpuFeature.PKS, 0x6E1,
              CpuFeature.XSAVES, 0xDA0,
              CpuFeature.ARCH_CAPABILITIES, 0x10A,
              CpuFeature.RDTSCP, 0xC000_0103));

  private static CpuidTable table(CpuModel model) {
    CpuSetting setting = CpuSetting.parse(model.modelName());
    return new CpuidTable(setting, Vendor.INTEL, CpuidTable.NO_HYPERVISOR, 1);
  }

  @ParameterizedTest
  @EnumSource(CpuModel.class)
  void lackedInstructionsAreUndefined(CpuModel model) {
    Set<String> absent =
        table(model).absentFeatures().stream().map(CpuFeature::name).collect(Collectors.toSet());
    var decoder = new Decoder(absent);
    List<String> defined = new ArrayList<>();
    for (Opcode opcode : OpcodeTable.opcodes()) {
      if (absent.contains(opcode.feature())) {
        for (byte[] code : TableEncodings.of(opcode)) {
          DecodedInstruction i = decoder.decode(code, 0, code.length, CpuMode.LONG64, 0x1000);
          if (i != null && absent.contains(i.opcode.feature())) {
            defined.add(opcode.mnemonic() + " " + opcode.encoding());
          }
        }
      }
    }
    assertEquals(List.of(), defined);
  }

  @ParameterizedTest
  @EnumSource(CpuModel.class)
  void lackedControlsAreReserved(CpuModel model) {
    CpuidTable cpuid = table(model);
    CR4.forEach(
        (feature, bit) -> {
          SystemBench b = new SystemBench(model.modelName()).longMode();
          b.c.gpr[Vcpu.RAX] = b.c.cr4 | bit;
          b.code(0x0F, 0x22, 0xE0).step();
          assertEquals(cpuid.has(feature) ? NONE : GP, b.exceptions(), feature.name());
        });
  }

  @ParameterizedTest
  @EnumSource(CpuModel.class)
  void lackedRegistersDoNotExist(CpuModel model) {
    CpuidTable cpuid = table(model);
    MSRS.forEach(
        (feature, index) -> {
          SystemBench b = new SystemBench(model.modelName()).longMode();
          b.c.gpr[Vcpu.RCX] = index;
          b.code(0x0F, 0x32).step();
          boolean exists =
              cpuid.has(feature) || feature == CpuFeature.RDTSCP && cpuid.has(CpuFeature.RDPID);
          assertEquals(exists ? NONE : GP, b.exceptions(), feature.name());
        });
  }

  @ParameterizedTest
  @EnumSource(CpuModel.class)
  void lackedStatesCannotBeEnabled(CpuModel model) {
    CpuidTable cpuid = table(model);
    if (!cpuid.has(CpuFeature.XSAVE)) {
      return;
    }
    for (int bit = 2; bit < 64; bit++) {
      SystemBench b = new SystemBench(model.modelName()).longMode();
      b.c.cr4 |= ControlBits.CR4_OSXSAVE;
      long value = 1L << bit | ControlBits.XCR0_SSE | ControlBits.XCR0_X87;
      b.c.gpr[Vcpu.RAX] = value & 0xFFFF_FFFFL;
      b.c.gpr[Vcpu.RDX] = value >>> 32;
      b.code(0x0F, 0x01, 0xD1).step();
      boolean exists = (cpuid.userStates() >>> bit & 1) != 0;
      assertEquals(exists ? NONE : GP, b.exceptions(), "XCR0 bit " + bit);
    }
  }
}
