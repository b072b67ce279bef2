package dev.backstep.emulator.execution;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;

/// A static method of package `isa`, and what its parameters ask of the code that calls it; see
/// [OperationFactory].
///
/// @param owner the class
/// @param name the method's name, with its width suffix
/// @param type descriptor
/// @param takesVcpu false for vector operations that know nothing but their operands
/// @param takesInstruction whether the decoded instruction is passed
/// @param takesCondition whether the condition code is passed, as a constant
/// @param takesArrays whether vectors are passed as arrays, 128 bits at a time
/// @param operands how many operands are loaded for it, without a trailing `int`
/// @param takesInt whether an `int` follows them: a shift count or the immediate
/// @param returnsResult whether it yields a long for operand 0
record SemanticsMethod(
    ClassDesc owner,
    String name,
    MethodTypeDesc type,
    boolean takesVcpu,
    boolean takesInstruction,
    boolean takesCondition,
    boolean takesArrays,
    int operands,
    boolean takesInt,
    boolean returnsResult) {

  /// Whether the `int` is the count of a packed shift.
  boolean takesCount() {
    return takesInt && !takesVcpu && !takesArrays && operands == 1;
  }

  /// Whether it fetches and stores all operands by itself.
  boolean doesEverything() {
    return takesInstruction && operands == 0 && !returnsResult;
  }

  /// Reads the signature of `method`.
  ///
  /// @throws AssertionError if it is none of the kind described above
  static SemanticsMethod of(Method method) {
    if (!Modifier.isStatic(method.getModifiers())) {
      throw odd(method);
    }
    Parameters p = new Parameters(method);
    boolean vcpu = p.skip(Vcpu.class);
    boolean instruction = p.skip(DecodedInstruction.class);
    boolean condition = vcpu && p.skip(int.class);
    boolean arrays = !vcpu && p.skip(long[].class);
    int operands = 0;
    while (p.skip(arrays ? long[].class : long.class)) {
      operands++;
    }
    boolean at = p.skip(int.class);
    boolean immediate = arrays ? p.skip(int.class) : at;
    boolean result = method.getReturnType() == long.class;
    if (!p.atEnd()
        || arrays != (arrays && at && !result)
        || !result && method.getReturnType() != void.class) {
      throw odd(method);
    }
    return new SemanticsMethod(
        ClassDesc.ofDescriptor(method.getDeclaringClass().descriptorString()),
        method.getName(),
        typeOf(method),
        vcpu,
        instruction,
        condition,
        arrays,
        operands,
        immediate,
        result);
  }

  private static AssertionError odd(Method method) {
    return new AssertionError("not the signature of semantics: " + method);
  }

  private static MethodTypeDesc typeOf(Method method) {
    Class<?>[] types = method.getParameterTypes();
    ClassDesc[] parameters = new ClassDesc[types.length];
    for (int k = 0; k < types.length; k++) {
      parameters[k] = ClassDesc.ofDescriptor(types[k].descriptorString());
    }
    return MethodTypeDesc.of(
        ClassDesc.ofDescriptor(method.getReturnType().descriptorString()), parameters);
  }

  /// Walks a parameter list.
  private static final class Parameters {
    private final Class<?>[] types;
    private int at;

    Parameters(Method method) {
      types = method.getParameterTypes();
    }

    boolean skip(Class<?> type) {
      if (atEnd() || types[at] != type) {
        return false;
      }
      at++;
      return true;
    }

    boolean atEnd() {
      return at == types.length;
    }
  }
}
