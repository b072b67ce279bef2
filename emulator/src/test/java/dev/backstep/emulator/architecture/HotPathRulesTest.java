package dev.backstep.emulator.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.architecture.CompiledClasses.Site;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LookupSwitchInstruction;
import java.lang.classfile.instruction.NewMultiArrayInstruction;
import java.lang.classfile.instruction.NewObjectInstruction;
import java.lang.classfile.instruction.NewPrimitiveArrayInstruction;
import java.lang.classfile.instruction.NewReferenceArrayInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.classfile.instruction.TableSwitchInstruction;
import java.lang.classfile.instruction.ThrowInstruction;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// What is executed per guest instruction stays within what HotSpot compiles well: short methods,
/// no garbage, no lambdas.
class HotPathRulesTest {
  /// HotSpot never compiles a method with more bytecode than this (`-XX:HugeMethodLimit`).
  private static final int HUGE_METHOD_BYTES = 8000;

  private static final Set<String> HOT_PACKAGES =
      Set.of("vcpu", "isa", "floating", "decode", "execution", "mmu", "bus");

  /// Packages, or single classes of one, of which all but the exempt methods may run once per guest
  /// instruction.
  private static final Set<String> PER_INSTRUCTION =
      Set.of(
          "isa",
          "floating/Arithmetic",
          "floating/ExtendedArithmetic",
          "floating/ExtendedComparison",
          "floating/ExtendedConversion",
          "floating/ExtendedIntegers",
          "floating/ExtendedLogarithm",
          "floating/ExtendedNumber",
          "floating/ExtendedRemainder",
          "floating/ExtendedRounding",
          "floating/ExtendedScaling",
          "floating/ExtendedTrigonometry",
          "floating/ExtendedUnit",
          "floating/FloatArithmetic",
          "floating/FloatComparison",
          "floating/FloatConversion",
          "floating/FloatEnvironment",
          "floating/Rounding",
          "floating/WideNumber",
          "execution/Interpreter",
          "mmu/Mmu",
          "mmu/Tlb",
          "bus/GuestRam",
          "vcpu/Rflags");

  /// Methods that run once: when the class is loaded, when the machine or a block is built, for a
  /// human to read.
  private static final Set<String> RUN_ONCE =
      Set.of("<clinit>", "<init>", "$values", "bind", "toString");

  private static final Set<String> BOXES =
      Set.of(
          "java/lang/Boolean",
          "java/lang/Byte",
          "java/lang/Character",
          "java/lang/Short",
          "java/lang/Integer",
          "java/lang/Long",
          "java/lang/Float",
          "java/lang/Double");

  private static final List<ClassModel> CLASSES = CompiledClasses.all();

  @Test
  void noHotMethodIsTooLongToBeCompiled() {
    var tooLong = new ArrayList<String>();
    for (ClassModel owner : CLASSES) {
      if (HOT_PACKAGES.contains(CompiledClasses.packageName(owner))) {
        for (MethodModel method : owner.methods()) {
          // Static initialisers run once and may fill tables.
          if (lengthOf(method) > HUGE_METHOD_BYTES && !isStaticInitialiser(method)) {
            tooLong.add(
                owner.thisClass().asInternalName() + "." + method.methodName().stringValue());
          }
        }
      }
    }
    assertEquals(List.of(), tooLong);
  }

  @Test
  void nothingIsAllocatedPerInstruction() {
    assertEquals(List.of(), findings(HotPathRulesTest::allocates));
  }

  @Test
  void nothingIsBoxedPerInstruction() {
    assertEquals(List.of(), findings(HotPathRulesTest::boxes));
  }

  @Test
  void noLambdaStringOrPatternSwitchPerInstruction() {
    assertEquals(List.of(), findings(InvokeDynamicInstruction.class::isInstance));
  }

  @Test
  void rulesSeeTheClassesTheyAreAbout() {
    var packages = new HashSet<String>();
    CLASSES.forEach(type -> packages.add(CompiledClasses.packageName(type)));
    assertEquals(Set.of(), difference(HOT_PACKAGES, packages));
  }

  private interface Rule {
    boolean isBrokenBy(Instruction instruction);
  }

  private static List<String> findings(Rule rule) {
    var found = new ArrayList<String>();
    for (ClassModel owner : CLASSES) {
      for (MethodModel method : owner.methods()) {
        List<Site> sites = CompiledClasses.sites(owner, method);
        for (int k = 0; k < sites.size(); k++) {
          Site site = sites.get(k);
          if (isPerInstruction(site)
              && rule.isBrokenBy(site.instruction())
              && !isOnTheWayToAThrow(sites, k)) {
            found.add(site.toString());
          }
        }
      }
    }
    return found;
  }

  /// What is made only to be thrown is about our bugs, not about guests: guest faults are
  /// preallocated.
  private static boolean isOnTheWayToAThrow(List<Site> sites, int from) {
    for (Site site : sites.subList(from, sites.size())) {
      switch (site.instruction()) {
        case ThrowInstruction _ -> {
          return true;
        }
        case BranchInstruction _,
            ReturnInstruction _,
            TableSwitchInstruction _,
            LookupSwitchInstruction _ -> {
          return false;
        }
        default -> {}
      }
    }
    return false;
  }

  private static boolean isPerInstruction(Site site) {
    String name = site.owner().thisClass().asInternalName();
    String className = name.substring(name.lastIndexOf('/') + 1);
    return !RUN_ONCE.contains(site.methodName())
        && (PER_INSTRUCTION.contains(site.packageName())
            || PER_INSTRUCTION.contains(site.packageName() + "/" + className));
  }

  private static boolean allocates(Instruction instruction) {
    return switch (instruction) {
      // Events exist only while somebody listens, and are far rarer than instructions.
      case NewObjectInstruction made ->
          !made.className().asInternalName().startsWith("dev/backstep/emulator/listen/");
      case NewPrimitiveArrayInstruction _, NewReferenceArrayInstruction _ -> true;
      case NewMultiArrayInstruction _ -> true;
      default -> false;
    };
  }

  private static boolean boxes(Instruction instruction) {
    return instruction instanceof InvokeInstruction call
        && call.opcode() == Opcode.INVOKESTATIC
        && call.name().stringValue().equals("valueOf")
        && BOXES.contains(call.owner().asInternalName());
  }

  private static boolean isStaticInitialiser(MethodModel method) {
    return method.methodName().equalsString("<clinit>");
  }

  private static int lengthOf(MethodModel method) {
    return method.findAttribute(Attributes.code()).map(CodeAttribute::codeLength).orElse(0);
  }

  private static Set<String> difference(Set<String> wanted, Set<String> had) {
    var missing = new HashSet<String>(wanted);
    missing.removeAll(had);
    return missing;
  }
}
