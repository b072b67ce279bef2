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
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What a model lacks is not there: instructions are undefined, bits reserved, registers absent.
class CpuModelLimitsTest {
  private static final List<String> GP = List.of("#GP(0)");
  private static final List<String> NONE = List.of();

  /// The bits of CR4 and the features of which any brings it, but for PAE, PCIDE and LA57, which
  /// long mode restricts.
  private static final Map<Long, Set<CpuFeature>> CR4 =
      Map.ofEntries(
          Map.entry(ControlBits.CR4_VME, Set.of(CpuFeature.VME)),
          Map.entry(ControlBits.CR4_DE, Set.of(CpuFeature.DE)),
          Map.entry(ControlBits.CR4_PSE, Set.of(CpuFeature.PSE)),
          Map.entry(ControlBits.CR4_MCE, Set.of(CpuFeature.MCE)),
          Map.entry(ControlBits.CR4_PGE, Set.of(CpuFeature.PGE)),
          Map.entry(ControlBits.CR4_UMIP, Set.of(CpuFeature.UMIP)),
          Map.entry(ControlBits.CR4_FSGSBASE, Set.of(CpuFeature.FSGSBASE)),
          Map.entry(ControlBits.CR4_OSXSAVE, Set.of(CpuFeature.XSAVE)),
          Map.entry(ControlBits.CR4_SMEP, Set.of(CpuFeature.SMEP)),
          Map.entry(ControlBits.CR4_SMAP, Set.of(CpuFeature.SMAP)),
          Map.entry(ControlBits.CR4_PKE, Set.of(CpuFeature.PKU)),
          Map.entry(ControlBits.CR4_CET, Set.of(CpuFeature.CET_SS, CpuFeature.CET_IBT)),
          Map.entry(ControlBits.CR4_PKS, Set.of(CpuFeature.PKS)),
          Map.entry(ControlBits.CR4_LAM_SUP, Set.of(CpuFeature.LAM)));

  /// MSRs and the features of which any brings it.
  private static final Map<Integer, Set<CpuFeature>> MSRS =
      Map.ofEntries(
          Map.entry(0x3B, Set.of(CpuFeature.TSC_ADJUST)),
          Map.entry(0x6E0, Set.of(CpuFeature.TSC_DEADLINE_TIMER)),
          Map.entry(0x6E1, Set.of(CpuFeature.PKS)),
          Map.entry(0x6A0, Set.of(CpuFeature.CET_SS, CpuFeature.CET_IBT)),
          Map.entry(0x6A2, Set.of(CpuFeature.CET_SS, CpuFeature.CET_IBT)),
          Map.entry(0x6A4, Set.of(CpuFeature.CET_SS)),
          Map.entry(0x6A5, Set.of(CpuFeature.CET_SS)),
          Map.entry(0x6A6, Set.of(CpuFeature.CET_SS)),
          Map.entry(0x6A7, Set.of(CpuFeature.CET_SS)),
          Map.entry(0x6A8, Set.of(CpuFeature.CET_SS)),
          Map.entry(0xDA0, Set.of(CpuFeature.XSAVES)),
          Map.entry(0x10A, Set.of(CpuFeature.ARCH_CAPABILITIES)),
          Map.entry(0xC000_0103, Set.of(CpuFeature.RDTSCP, CpuFeature.RDPID)));

  private static List<String> setControl(SystemBench bench, long bit) {
    SystemBench b = bench.longMode();
    b.c.gpr[Vcpu.RAX] = b.c.cr4 | bit;
    return b.code(0x0F, 0x22, 0xE0).step().exceptions();
  }

  private static List<String> readRegister(SystemBench bench, int index) {
    SystemBench b = bench.longMode();
    b.c.gpr[Vcpu.RCX] = index;
    return b.code(0x0F, 0x32).step().exceptions();
  }

  /// `max` without some features.
  private static SystemBench without(Set<CpuFeature> features) {
    String flags = features.stream().map(f -> ",-" + f.flag()).collect(Collectors.joining());
    return new SystemBench("max" + flags);
  }

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
        (bit, features) -> {
          boolean exists = features.stream().anyMatch(cpuid::has);
          List<String> met = setControl(new SystemBench(model.modelName()), bit);
          assertEquals(exists ? NONE : GP, met, features.toString());
        });
  }

  @ParameterizedTest
  @EnumSource(CpuModel.class)
  void lackedRegistersDoNotExist(CpuModel model) {
    CpuidTable cpuid = table(model);
    MSRS.forEach(
        (index, features) -> {
          boolean exists = features.stream().anyMatch(cpuid::has);
          List<String> met = readRegister(new SystemBench(model.modelName()), index);
          assertEquals(exists ? NONE : GP, met, features + " at " + index);
        });
  }

  @Test
  void whatIsTakenAwayIsNotThere() {
    CR4.forEach(
        (bit, features) ->
            assertEquals(GP, setControl(without(features), bit), features.toString()));
    MSRS.forEach(
        (index, features) ->
            assertEquals(GP, readRegister(without(features), index), features.toString()));
  }

  /// One of the two halves of CET is enough for what both use, and brings no more.
  @Test
  void branchTrackingAloneHasNoShadowStackPointers() {
    Set<CpuFeature> stacks = Set.of(CpuFeature.CET_SS);
    assertEquals(NONE, setControl(without(stacks), ControlBits.CR4_CET));
    assertEquals(NONE, readRegister(without(stacks), 0x6A0));
    assertEquals(NONE, readRegister(without(stacks), 0x6A2));
    assertEquals(GP, readRegister(without(stacks), 0x6A4));
    Set<CpuFeature> tracking = Set.of(CpuFeature.CET_IBT);
    assertEquals(NONE, setControl(without(tracking), ControlBits.CR4_CET));
    assertEquals(NONE, readRegister(without(tracking), 0x6A2));
    assertEquals(NONE, readRegister(without(tracking), 0x6A8));
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
