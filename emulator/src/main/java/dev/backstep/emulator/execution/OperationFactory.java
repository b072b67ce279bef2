package dev.backstep.emulator.execution;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.decode.Operands;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Finds or spins the [Operation] of an instruction.
///
/// The `semantics` column of the opcode table names a static method of package `isa`. A method
/// whose name has the width of operand 0 behind it (`add32`) is preferred to one without. Its
/// signature says what it wants done for it:
/// - `(Vcpu, DecodedInstruction)`: nothing;
/// - `(Vcpu, long...)`, with as many longs as the form has operands: all are loaded, sign-extended
///   to 64 bits; with one long less: all but operand 0, which is destination only. A long that it
///   returns is stored to operand 0: 32-bit registers zero-extend, narrower ones merge;
/// - a `DecodedInstruction` after the vCPU, then an `int` for the condition code, may be asked for,
///   too;
/// - on MMX, XMM and YMM operands: `(long...) -> long` is called for each 64-bit lane; so is
///   `(Vcpu, long...) -> long`, for floating point, between [VectorFloat#begin] and
///   [VectorFloat#finish]; after the same beginning `(Vcpu, long...)` without a result, which calls
///   [VectorFloat#finish] itself before it writes flags; `(long[] d, long[]..., int at)` for each
///   128-bit lane, at index `at` and `at + 1` of arrays of which none is `d`. They get the last
///   operands, as many as they have parameters for; after them an `int`, which is the immediate
///   byte, or, after one single long, the count of a shift.
///
/// A memory operand that is loaded and stored is loaded with the right to write, so that what the
/// method did to the vCPU stands: the store cannot fault any more.
public final class OperationFactory {
  private static final String PACKAGE = "dev.backstep.emulator.isa.";
  private static final int NO_SUFFIX = 0;

  private final MethodHandles.Lookup lookup = MethodHandles.lookup();
  private final Map<String, Family> families = new HashMap<>();
  private final OperationBinding binding;

  public OperationFactory() {
    this(OperationBinding.PLAIN);
  }

  /// @param binding has the last word about each operation
  public OperationFactory(OperationBinding binding) {
    this.binding = binding;
  }

  /// The methods that one entry of the `semantics` column stands for, by width.
  private static final class Family {
    final @Nullable SemanticsMethod[] byWidth = new @Nullable SemanticsMethod[9];
    final Map<OperationShape, Operation> operations = new HashMap<>();

    /// The width in bytes to use for an operand of `bytes`, or [#NO_SUFFIX].
    int width(int bytes) {
      return bytes <= 8 && byWidth[bytes] != null ? bytes : NO_SUFFIX;
    }
  }

  /// The operations that execute a block's instructions, one for each.
  public Operation[] operationsFor(DecodedInstruction[] instructions) {
    Operation[] operations = new Operation[instructions.length];
    for (int k = 0; k < operations.length; k++) {
      operations[k] = operationFor(instructions[k]);
    }
    return operations;
  }

  /// The same under control-flow enforcement: near indirect branches, calls, returns and ENDBRANCH
  /// have semantics of their own then.
  public Operation[] trackedOperationsFor(DecodedInstruction[] instructions) {
    Operation[] operations = new Operation[instructions.length];
    for (int k = 0; k < operations.length; k++) {
      operations[k] = operationFor(instructions[k], tracked(instructions[k].opcode));
    }
    return operations;
  }

  private static String tracked(Opcode opcode) {
    return switch (opcode.semantics()) {
      case "Branches.call" -> "TrackedBranches.call";
      case "Branches.callTo" -> "TrackedBranches.callTo";
      case "Branches.jmpTo" -> "TrackedBranches.jmpTo";
      case "Branches.ret" -> "TrackedBranches.ret";
      case "Branches.retPop" -> "TrackedBranches.retPop";
      default ->
          switch (opcode.mnemonic()) {
            case "ENDBR64" -> "BranchTracking.endbr64";
            case "ENDBR32" -> "BranchTracking.endbr32";
            default -> opcode.semantics();
          };
    };
  }

  /// The operation that executes `i`.
  ///
  /// @throws AssertionError if the table names semantics that do not exist or do not fit the
  ///   operands
  public Operation operationFor(DecodedInstruction i) {
    return operationFor(i, i.opcode.semantics());
  }

  private Operation operationFor(DecodedInstruction i, String semantics) {
    return binding.bind(i, plainOperation(i, semantics));
  }

  private Operation plainOperation(DecodedInstruction i, String semantics) {
    Family family = families.get(semantics);
    if (family == null) {
      family = familyOf(semantics);
      families.put(semantics, family);
    }
    int width = family.width(widthOf(i));
    SemanticsMethod method = family.byWidth[width];
    if (method == null) {
      throw new AssertionError("no " + semantics + " for operands of " + widthOf(i) + " bytes");
    }
    OperationShape shape = OperationShape.of(i, method, width);
    Operation known = family.operations.get(shape);
    if (known != null) {
      return known;
    }
    Operation spun = spin(i, method, shape);
    family.operations.put(shape, spun);
    return spun;
  }

  /// The operand size that chooses among `method8` to `method64`.
  private static int widthOf(DecodedInstruction i) {
    return switch (Operands.kind(i.operand0)) {
      case Operands.NONE, Operands.IMMEDIATE, Operands.RELATIVE -> i.operandBytes;
      default -> Operands.bytes(i.operand0);
    };
  }

  private static Family familyOf(String semantics) {
    int dot = semantics.indexOf('.');
    String name = semantics.substring(dot + 1);
    Family family = new Family();
    for (Method method : classOf(semantics, dot).getDeclaredMethods()) {
      if (!method.getName().startsWith(name) || Modifier.isPrivate(method.getModifiers())) {
        continue;
      }
      int width =
          switch (method.getName().substring(name.length())) {
            case "8" -> 1;
            case "16" -> 2;
            case "32" -> 4;
            case "64" -> 8;
            case "" -> NO_SUFFIX;
            default -> -1;
          };
      if (width >= 0) {
        if (family.byWidth[width] != null) {
          // Which one reflection lists first is chance.
          throw new AssertionError("two methods for semantics " + semantics);
        }
        family.byWidth[width] = SemanticsMethod.of(method);
      }
    }
    return family;
  }

  private static Class<?> classOf(String semantics, int dot) {
    try {
      return Class.forName(PACKAGE + semantics.substring(0, Math.max(dot, 0)));
    } catch (ClassNotFoundException e) {
      throw new AssertionError("no class for semantics " + semantics, e);
    }
  }

  private Operation spin(DecodedInstruction i, SemanticsMethod method, OperationShape shape) {
    byte[] classFile = OperationCode.generate(method, shape, i.opcode.mnemonic());
    try {
      return (Operation)
          lookup
              .defineHiddenClass(classFile, true)
              .lookupClass()
              .getDeclaredConstructor()
              .newInstance();
    } catch (ReflectiveOperationException e) {
      throw new AssertionError("spun code for " + i.opcode, e);
    }
  }
}
