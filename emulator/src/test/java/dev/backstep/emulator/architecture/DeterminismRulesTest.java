package dev.backstep.emulator.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.backstep.emulator.architecture.CompiledClasses.Site;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.instruction.InvokeInstruction;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// The part of determinism that forbidden-apis cannot say: no order that depends on hashes reaches
/// the guest.
class DeterminismRulesTest {
  /// Their order depends on hashes, and for `Set.of` and `Map.of` on a salt of each JVM.
  private static final Set<String> UNORDERED =
      Set.of(
          "java/util/Map",
          "java/util/HashMap",
          "java/util/Set",
          "java/util/HashSet",
          "java/util/AbstractMap",
          "java/util/AbstractSet");

  private static final Set<String> IN_ORDER =
      Set.of(
          "iterator",
          "spliterator",
          "forEach",
          "keySet",
          "entrySet",
          "values",
          "stream",
          "removeIf",
          "replaceAll",
          "toArray",
          "hashCode",
          "toString");

  /// Allocate, hide loops, and are not needed here.
  private static final List<String> NOT_IN_EMULATOR =
      List.of("java/util/stream/", "java/util/Optional");

  private static final List<ClassModel> CLASSES = CompiledClasses.all();

  @Test
  void iteratesOnlyOverCollectionsWithAnOrderOfTheirOwn() {
    var found = new ArrayList<String>();
    for (Site site : CompiledClasses.allSites()) {
      if (site.instruction() instanceof InvokeInstruction call
          && UNORDERED.contains(call.owner().asInternalName())
          && IN_ORDER.contains(call.name().stringValue())) {
        found.add(site + ": " + call.owner().name() + "." + call.name());
      }
    }
    assertEquals(
        List.of(), found, "use a List, an array, EnumSet, EnumMap, TreeMap or LinkedHashMap");
  }

  @Test
  void usesNeitherStreamsNorOptional() {
    var found = new ArrayList<String>();
    for (ClassModel type : CLASSES) {
      for (PoolEntry entry : type.constantPool()) {
        if (entry instanceof ClassEntry used
            && NOT_IN_EMULATOR.stream().anyMatch(used.asInternalName()::startsWith)) {
          found.add(type.thisClass().asInternalName() + " uses " + used.asInternalName());
        }
      }
    }
    assertEquals(List.of(), found);
  }

  @Test
  void rulesSeeClasses() {
    assertFalse(CLASSES.isEmpty());
  }
}
