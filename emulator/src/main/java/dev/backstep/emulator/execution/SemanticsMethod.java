package dev.backstep.emulator.execution;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;

/// A static method of package `isa`, and what its parameters ask of the code that calls it: `[Vcpu]
/// [, DecodedInstruction] [, int condition] [, long operand...]`.
///
/// @param owner the class
/// @param name the method's name, with its width suffix
/// @param type descriptor
/// @param takesVcpu false for operations on lanes, which know nothing but their operands
/// @param takesInstruction whether the decoded instruction is passed
/// @param takesCondition whether the condition code is passed, as a constant
/// @param operands how many operands are loaded for it
/// @param returnsResult whether it yields a long for operand 0
record SemanticsMethod(
    ClassDesc owner,
    String name,
    MethodTypeDesc type,
    boolean takesVcpu,
    boolean takesInstruction,
    boolean takesCondition,
    int operands,
    boolean returnsResult) {

  /// Whether the second operand of a lane is a count that all lanes have in common.
  boolean takesCount() {
    return !takesVcpu && operands == 2 && type.parameterType(1).equals(ConstantDescs.CD_int);
  }

  /// Whether it fetches and stores all operands by itself.
  boolean doesEverything() {
    return takesInstruction && operands == 0 && !returnsResult;
  }

  /// Reads the signature of `method`.
  ///
  /// @throws AssertionError if it is none of the kind described above
  static SemanticsMethod of(Method method) {
    Class<?>[] types = method.getParameterTypes();
    int at = 0;
    boolean vcpu = at < types.length && types[at] == Vcpu.class;
    at += vcpu ? 1 : 0;
    boolean instruction = at < types.length && types[at] == DecodedInstruction.class;
    at += instruction ? 1 : 0;
    boolean condition = vcpu && at < types.length && types[at] == int.class;
    at += condition ? 1 : 0;
    int operands = types.length - at;
    for (; at < types.length; at++) {
      boolean count = !vcpu && at == 1 && types[at] == int.class;
      if (types[at] != long.class && !count) {
        throw new AssertionError("semantics with an odd parameter: " + method);
      }
    }
    boolean result = method.getReturnType() == long.class;
    if (!result && method.getReturnType() != void.class
        || !Modifier.isStatic(method.getModifiers())) {
      throw new AssertionError("not semantics: " + method);
    }
    return new SemanticsMethod(
        ClassDesc.ofDescriptor(method.getDeclaringClass().descriptorString()),
        method.getName(),
        typeOf(method),
        vcpu,
        instruction,
        condition,
        operands,
        result);
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
}
