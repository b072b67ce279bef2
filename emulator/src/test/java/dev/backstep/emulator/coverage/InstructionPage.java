package dev.backstep.emulator.coverage;

import dev.backstep.emulator.conformance.Comparability;
import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.CpuModel;
import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.decode.OpcodeTable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// The generated sections of `docs/instructions.md`.
final class InstructionPage {
  private static final String HOST = "host";

  private InstructionPage() {}

  static Map<String, String> sections() {
    Map<String, String> sections = new LinkedHashMap<>();
    sections.put("summary", summary());
    sections.put("instructions", instructions());
    sections.put("system", system());
    sections.put("absent", absent());
    return sections;
  }

  /// All that covers a line.
  static Set<String> coverage(Opcode opcode) {
    Set<String> tests = new LinkedHashSet<>();
    if (Comparability.isDrawn(opcode)) {
      tests.add(HOST);
    }
    tests.addAll(CoverageFacts.unitTests(opcode));
    tests.addAll(CoverageFacts.kvmUnitTests(opcode.mnemonic()));
    return tests;
  }

  private static String summary() {
    var text = new StringBuilder("| unit | mnemonics | forms | compared with the host |\n");
    text.append("|---|---|---|---|\n");
    int forms = 0;
    int compared = 0;
    for (Map.Entry<String, List<Opcode>> unit : OpcodeTable.units().entrySet()) {
      List<Opcode> lines = unit.getValue();
      int drawn = (int) lines.stream().filter(Comparability::isDrawn).count();
      int mnemonics = byMnemonic(lines).size();
      text.append(
          "| %s | %d | %d | %d |\n".formatted(unit.getKey(), mnemonics, lines.size(), drawn));
      forms += lines.size();
      compared += drawn;
    }
    return text.append("| all | | %d | %d |\n".formatted(forms, compared)).toString();
  }

  private static String instructions() {
    var text = new StringBuilder();
    for (Map.Entry<String, List<Opcode>> unit : OpcodeTable.units().entrySet()) {
      text.append("\n### ").append(unit.getKey()).append('\n');
      text.append("| mnemonic | feature | forms | covered by |\n|---|---|---|---|\n");
      byMnemonic(unit.getValue()).forEach((key, lines) -> text.append(row(lines)));
    }
    return text.toString();
  }

  /// The lines of each mnemonic and feature.
  private static Map<String, List<Opcode>> byMnemonic(List<Opcode> lines) {
    Map<String, List<Opcode>> mnemonics = new TreeMap<>();
    for (Opcode line : lines) {
      String key = line.mnemonic() + ' ' + line.feature();
      mnemonics.computeIfAbsent(key, k -> new ArrayList<>()).add(line);
    }
    return mnemonics;
  }

  private static String row(List<Opcode> lines) {
    Set<String> tests = new LinkedHashSet<>();
    Set<String> encodings = new LinkedHashSet<>();
    for (Opcode line : lines) {
      tests.addAll(coverage(line));
      encodings.add(line.encoding());
    }
    Opcode first = lines.getFirst();
    return "| %s | %s | %s | %s |\n"
        .formatted(
            first.mnemonic(),
            first.feature().toLowerCase(Locale.ROOT),
            String.join(", ", encodings),
            String.join(", ", tests));
  }

  private static String system() {
    var text = new StringBuilder("| feature | covered by |\n|---|---|\n");
    for (CpuFeature feature : CpuModel.implemented()) {
      List<String> tests = CoverageFacts.systemTests(feature);
      if (!tests.isEmpty()) {
        text.append("| %s | %s |\n".formatted(feature.flag(), String.join(", ", tests)));
      }
    }
    return text.toString();
  }

  private static String absent() {
    Set<String> present = new HashSet<>();
    for (Opcode opcode : OpcodeTable.opcodes()) {
      present.add(opcode.mnemonic() + ' ' + opcode.feature());
    }
    var text = new StringBuilder("| feature | instructions that are not there |\n|---|---|\n");
    KnownInstructions.byFeature()
        .forEach(
            (feature, mnemonics) -> {
              List<String> missing = new ArrayList<>();
              for (String mnemonic : mnemonics) {
                if (!isPresent(present, mnemonic, feature)) {
                  missing.add(mnemonic);
                }
              }
              if (!missing.isEmpty()) {
                text.append(
                    "| %s | %s |\n"
                        .formatted(feature.toLowerCase(Locale.ROOT), String.join(" ", missing)));
              }
            });
    return text.toString();
  }

  private static boolean isPresent(Set<String> present, String mnemonic, String feature) {
    // x87 instructions and the end-of-branch hints ask for no feature.
    return present.contains(mnemonic + ' ' + feature) || present.contains(mnemonic + ' ');
  }
}
