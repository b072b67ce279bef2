package dev.backstep.emulator.cpuid;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.coverage.CoverageFacts;
import dev.backstep.emulator.coverage.KnownInstructions;
import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.decode.OpcodeTable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Nothing is enumerated that does not work, and what works is.
class ImplementedFeaturesTest {
  /// `mnemonic feature` of each line of the opcode tables.
  private final Set<String> lines = new HashSet<>();

  private final Set<String> tableFeatures = new HashSet<>();

  ImplementedFeaturesTest() {
    for (Opcode opcode : OpcodeTable.opcodes()) {
      lines.add(opcode.mnemonic() + ' ' + opcode.feature());
      tableFeatures.add(opcode.feature());
    }
  }

  /// What the manuals know of a feature and the tables lack.
  private List<String> missing(CpuFeature feature) {
    List<String> missing = new ArrayList<>();
    for (String mnemonic : KnownInstructions.byFeature().getOrDefault(feature.name(), List.of())) {
      // x87 instructions and end-of-branch hints ask for no feature.
      if (!lines.contains(mnemonic + ' ' + feature.name()) && !lines.contains(mnemonic + ' ')) {
        missing.add(mnemonic);
      }
    }
    return missing;
  }

  @Test
  void hasEveryInstructionOfAFeatureThatIsEnumerated() {
    for (CpuFeature feature : ImplementedFeatures.instructions()) {
      assertTrue(
          KnownInstructions.byFeature().containsKey(feature.name()),
          () -> "list the instructions of " + feature + " in known-instructions.txt");
      assertEquals(List.of(), missing(feature), feature.name());
    }
    for (CpuFeature feature : ImplementedFeatures.system()) {
      assertEquals(List.of(), missing(feature), feature.name());
    }
  }

  @Test
  void namesATestForWhatIsMoreThanInstructions() {
    for (CpuFeature feature : ImplementedFeatures.system()) {
      assertTrue(
          !CoverageFacts.systemTests(feature).isEmpty(),
          () -> "name a test of " + feature + " in system-features.txt");
    }
  }

  @Test
  void enumeratesAFeatureOfWhichAllInstructionsAreThere() {
    List<CpuFeature> forgotten = new ArrayList<>();
    for (CpuFeature feature : CpuFeature.values()) {
      boolean complete = tableFeatures.contains(feature.name()) && missing(feature).isEmpty();
      if (complete && !ImplementedFeatures.all().contains(feature)) {
        forgotten.add(feature);
      }
    }
    assertEquals(List.of(), forgotten, "name them in ImplementedFeatures");
  }

  /// An idle loop on MWAIT would spin here.
  @Test
  void enumeratesMonitorOnRequestOnly() {
    for (CpuModel model : CpuModel.values()) {
      assertFalse(model.features().contains(CpuFeature.MONITOR), model.modelName());
      assertFalse(model.missing().contains(CpuFeature.MONITOR), model.modelName());
      CpuSetting setting = CpuSetting.parse(model.modelName() + ",+monitor");
      var cpuid = new CpuidTable(setting, Vendor.INTEL, CpuidTable.NO_HYPERVISOR, 1);
      assertTrue(cpuid.has(CpuFeature.MONITOR), model.modelName());
    }
  }

  @Test
  void putsEachFeatureInOneList() {
    Set<CpuFeature> both = new HashSet<>(ImplementedFeatures.instructions());
    both.retainAll(ImplementedFeatures.system());
    assertEquals(Set.of(), both);
  }
}
