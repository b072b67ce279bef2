package dev.backstep.emulator.coverage;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.decode.OpcodeTable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What tests an instruction or a feature, besides the comparison with the host.
public final class CoverageFacts {
  private static final String ROOT = "dev.backstep.emulator.";

  /// Families of semantics whose tests are not called after them, and mnemonics that have tests
  /// besides their families'.
  private static final Map<String, List<String>> UNIT_TESTS = WordLists.read("unit-tests.txt");

  /// Features that are more than instructions: test classes, then tests of kvm-unit-tests as
  /// `kut:NAME`.
  private static final Map<String, List<String>> SYSTEM = WordLists.read("system-features.txt");

  /// Tests of kvm-unit-tests, and the mnemonics that they are about.
  private static final Map<String, List<String>> KVM_UNIT_TESTS =
      WordLists.read("kvm-unit-tests.txt");

  private CoverageFacts() {}

  /// The simple names of the test classes of an instruction's semantics.
  static Set<String> unitTests(Opcode opcode) {
    String family = family(opcode);
    Set<String> tests = new LinkedHashSet<>();
    if (exists("isa." + family + "Test")) {
      tests.add(family + "Test");
    }
    for (String key : List.of(family, opcode.mnemonic())) {
      for (String test : UNIT_TESTS.getOrDefault(key, List.of())) {
        tests.add(simpleName(test));
      }
    }
    return tests;
  }

  /// The tests of kvm-unit-tests that are about an instruction.
  static List<String> kvmUnitTests(String mnemonic) {
    List<String> tests = new ArrayList<>();
    KVM_UNIT_TESTS.forEach(
        (test, mnemonics) -> {
          if (mnemonics.contains(mnemonic)) {
            tests.add(test);
          }
        });
    return tests;
  }

  /// What covers a system feature; empty if nothing is known to.
  public static List<String> systemTests(CpuFeature feature) {
    List<String> tests = new ArrayList<>();
    for (String test : SYSTEM.getOrDefault(feature.name(), List.of())) {
      tests.add(test.startsWith("kut:") ? test.substring("kut:".length()) : simpleName(test));
    }
    return tests;
  }

  /// The classes that the lists name and that do not exist.
  static List<String> missingClasses() {
    List<String> missing = new ArrayList<>();
    for (Map<String, List<String>> lists : List.of(UNIT_TESTS, SYSTEM)) {
      lists.forEach(
          (key, tests) ->
              tests.stream()
                  .filter(test -> !test.startsWith("kut:") && !exists(test))
                  .forEach(test -> missing.add(key + ": " + test)));
    }
    return missing;
  }

  /// The words of the lists that are neither mnemonics nor families of semantics of the opcode
  /// tables.
  static List<String> unknownInstructions() {
    Set<String> known = new HashSet<>();
    for (Opcode opcode : OpcodeTable.opcodes()) {
      known.add(opcode.mnemonic());
      known.add(family(opcode));
    }
    List<String> unknown = new ArrayList<>(UNIT_TESTS.keySet());
    KVM_UNIT_TESTS.values().forEach(unknown::addAll);
    unknown.removeIf(known::contains);
    return unknown;
  }

  private static String family(Opcode opcode) {
    return opcode.semantics().substring(0, opcode.semantics().indexOf('.'));
  }

  /// The features that the list of system features names.
  static Set<String> systemFeatures() {
    return SYSTEM.keySet();
  }

  private static boolean exists(String test) {
    return CoverageFacts.class.getResource("/" + (ROOT + test).replace('.', '/') + ".class")
        != null;
  }

  private static String simpleName(String test) {
    return test.substring(test.lastIndexOf('.') + 1);
  }
}
