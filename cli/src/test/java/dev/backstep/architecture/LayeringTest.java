package dev.backstep.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.INTERFACES;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/// The module and package boundaries of ARCHITECTURE.md, checked on the compiled classes of all
/// modules.
class LayeringTest {
  private static final String EMULATOR = "dev.backstep.emulator..";

  /// Which modules each module may know, besides itself.
  private static final Map<String, List<String>> MAY_KNOW =
      new TreeMap<>(
          Map.of(
              "proto", List.of(),
              "emulator", List.of(),
              "recorder", List.of("proto", "emulator"),
              "replay", List.of("proto", "emulator", "recorder"),
              "indexer", List.of("proto", "replay"),
              "cli", List.of("proto", "emulator", "recorder", "replay", "indexer")));

  /// Names that say nothing about a role.
  private static final Pattern EMPTY_NAME =
      Pattern.compile(".*(Manager|Helper|Utils?|(?<!Msr)Handler|Impl)");

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.backstep");

  @Test
  void modulesKnowOnlyThoseBelowThem() {
    MAY_KNOW.forEach(
        (module, below) -> {
          String[] others =
              MAY_KNOW.keySet().stream()
                  .filter(other -> !other.equals(module) && !below.contains(other))
                  .map(LayeringTest::inModule)
                  .toArray(String[]::new);
          if (others.length > 0) {
            check(
                noClasses()
                    .that()
                    .resideInAPackage(inModule(module))
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(others));
          }
        });
  }

  @Test
  void modulesHaveNoCycles() {
    check(slices().matching("dev.backstep.(*)..").should().beFreeOfCycles());
  }

  @Test
  void emulatorNeedsNothingButTheJdk() {
    check(
        classes()
            .that()
            .resideInAPackage(EMULATOR)
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(EMULATOR, "java..", "org.jspecify.annotations"));
  }

  @Test
  void onlyTheFactoryOfABoardReadsAPlatform() {
    check(
        noClasses()
            .that()
            .resideInAPackage(EMULATOR)
            .and()
            .resideOutsideOfPackage("dev.backstep.emulator.platform..")
            .and()
            .doNotHaveFullyQualifiedName("dev.backstep.emulator.machine.BoardFactory")
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("dev.backstep.emulator.platform.Platform"));
  }

  @Test
  void devicesAndInterruptControllersKnowVcpusOnlyByInterfaces() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(
                "dev.backstep.emulator.device..", "dev.backstep.emulator.interrupt..")
            .should()
            .dependOnClassesThat(
                resideInAPackage("dev.backstep.emulator.vcpu..").and(not(INTERFACES))));
  }

  @Test
  void devicesKnowNothingOfExecution() {
    check(
        noClasses()
            .that(
                resideInAnyPackage(
                    "dev.backstep.emulator.device..",
                    "dev.backstep.emulator.interrupt..",
                    "dev.backstep.emulator.bus..",
                    "dev.backstep.emulator.time.."))
            .should()
            .dependOnClassesThat(
                resideInAnyPackage(
                    "dev.backstep.emulator.decode..",
                    "dev.backstep.emulator.isa..",
                    "dev.backstep.emulator.execution..",
                    "dev.backstep.emulator.machine..")));
  }

  @Test
  void errataKnowNoVerbs() {
    check(
        noClasses()
            .that()
            .resideInAPackage("dev.backstep.cli.errata..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.backstep.cli.command..", "dev.backstep.cli"));
  }

  @Test
  void onlyTheCommandLineOpensSockets() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("dev.backstep.cli..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.net", "java.nio.channels.spi"));
  }

  @Test
  void everyPackageSaysWhatItIsForAndIsNullMarked() {
    var unmarked = new ArrayList<String>();
    for (JavaPackage candidate : CLASSES.getPackage("dev.backstep").getSubpackagesInTree()) {
      if (!candidate.getClasses().isEmpty()
          && !isGenerated(candidate)
          && !candidate.isAnnotatedWith(NullMarked.class)) {
        unmarked.add(candidate.getName());
      }
    }
    assertEquals(List.of(), unmarked);
  }

  @Test
  void namesSayARole() {
    var empty = new ArrayList<String>();
    CLASSES.forEach(
        type -> {
          if (EMPTY_NAME.matcher(type.getSimpleName()).matches()
              && !isGenerated(type.getPackage())) {
            empty.add(type.getName());
          }
        });
    assertEquals(List.of(), empty);
  }

  private static String inModule(String module) {
    return "dev.backstep." + module + "..";
  }

  /// What protoc writes has a file class beside the messages.
  private static boolean isGenerated(JavaPackage candidate) {
    return candidate.getClasses().stream()
        .anyMatch(type -> type.isAssignableTo("com.google.protobuf.GeneratedFile"));
  }

  private static void check(ArchRule rule) {
    // A module without classes breaks no rule.
    rule.allowEmptyShould(true).check(CLASSES);
  }
}
