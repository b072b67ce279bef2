package dev.backstep.emulator.execution;

import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.isa.VectorFloat;
import dev.backstep.emulator.isa.VectorState;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/// Generates the body of operations on vectors: checks, all lanes of all sources, the semantics
/// lane by lane, and, when no lane can fault any more, the result.
///
/// A lane is 64 bits: an MMX register has one, an XMM register two, a YMM register four. Operands
/// of 4 and 8 bytes are scalars: one lane, of which the result's bytes are merged into the first
/// source (SDM Vol. 1 "SSE Scalar Floating-Point Operation").
final class VectorCode {
  private static final ClassDesc STATE = OperationCode.desc(VectorState.class);
  private static final ClassDesc FLOAT = OperationCode.desc(VectorFloat.class);
  private static final MethodTypeDesc OF_VCPU = MethodTypeDesc.of(CD_void, OperationCode.VCPU);
  private static final int MOST_SOURCES = 3;
  private static final int MOST_LANES = 4;
  private static final long LOW_32 = 0xFFFF_FFFFL;

  private static final int RESULT_SLOT = 7;
  private static final int COUNT_SLOT = RESULT_SLOT + 2 * MOST_LANES;
  private static final int SOURCE_SLOT = COUNT_SLOT + 1;

  private final CodeBuilder code;
  private final SemanticsMethod method;
  private final OperationShape shape;
  private final VectorLanes lanes;
  private final int resultLanes;

  VectorCode(CodeBuilder code, SemanticsMethod method, OperationShape shape) {
    this.code = code;
    this.method = method;
    this.shape = shape;
    lanes = new VectorLanes(code, shape);
    boolean whole = shape.kind(0) == Operands.XMM_REGISTER && shape.bytes(0) >= 16;
    resultLanes = whole ? shape.bytes(0) / 8 : 1;
  }

  /// Whether operations of this shape are for this class.
  static boolean isFor(SemanticsMethod method, OperationShape shape) {
    return !method.doesEverything()
        && (!method.takesVcpu()
            || shape.has(Operands.XMM_REGISTER)
            || shape.has(Operands.MMX_REGISTER));
  }

  /// Follows the computation of the effective address, if there is one.
  void execute(String mnemonic) {
    int first = firstSource();
    int count = shape.countBeforeImmediate();
    int last = first + method.operands() + (countIsVector() ? 1 : 0);
    if (first < 0 || method.operands() > MOST_SOURCES || last > count) {
      throw new AssertionError(
          mnemonic + ": the operands do not suit " + method.name() + ": " + shape);
    }
    checks();
    if (method.takesCount()) {
      count();
    }
    for (int s = 0; s < method.operands(); s++) {
      for (int lane = 0; lane < resultLanes; lane++) {
        lanes.load(first + s, lane, resultLanes);
        code.lstore(source(s, lane));
      }
    }
    compute();
    if (method.returnsResult() || method.takesArrays()) {
      store(first);
    }
    if (shape.has(Operands.MMX_REGISTER)) {
      vcpu().invokestatic(STATE, "useMmx", OF_VCPU);
    }
  }

  private boolean countIsVector() {
    return method.takesCount() && shape.countBeforeImmediate() == shape.count();
  }

  /// The sources are the last operands.
  private int firstSource() {
    return shape.countBeforeImmediate() - (countIsVector() ? 1 : 0) - method.operands();
  }

  private static int source(int s, int lane) {
    return SOURCE_SLOT + 2 * (MOST_LANES * s + lane);
  }

  private CodeBuilder vcpu() {
    return code.aload(OperationCode.VCPU_SLOT);
  }

  private void checks() {
    if (shape.isVex()) {
      vcpu().invokestatic(STATE, "requireAvx", OF_VCPU);
    } else if (shape.has(Operands.XMM_REGISTER)) {
      vcpu().invokestatic(STATE, "requireSse", OF_VCPU);
    }
    if (shape.has(Operands.MMX_REGISTER)) {
      vcpu().invokestatic(STATE, "requireMmx", OF_VCPU);
    }
  }

  private void count() {
    if (countIsVector()) {
      lanes.load(shape.count() - 1, 0, 1);
      if (shape.kind(shape.count() - 1) == Operands.MEMORY
          && shape.bytes(shape.count() - 1) == 16) {
        // All of the operand is read.
        lanes.load(shape.count() - 1, 1, 2);
        code.pop2();
      }
    } else {
      immediate();
      code.i2l();
    }
    code.invokestatic(STATE, "shiftCount", MethodTypeDesc.of(CD_int, CD_long)).istore(COUNT_SLOT);
  }

  /// The immediate byte, zero-extended.
  private void immediate() {
    code.aload(OperationCode.INSTRUCTION_SLOT)
        .getfield(OperationCode.INSTRUCTION, "immediate", CD_long)
        .l2i()
        .loadConstant(0xFF)
        .iand();
  }

  private void compute() {
    if (method.takesArrays()) {
      computeOnArrays();
      return;
    }
    if (method.takesVcpu()) {
      vcpu().invokestatic(FLOAT, "begin", OF_VCPU);
    }
    for (int lane = 0; lane < resultLanes; lane++) {
      call(lane);
      if (method.returnsResult()) {
        code.lstore(RESULT_SLOT + 2 * lane);
      }
    }
    if (method.takesVcpu() && method.returnsResult()) {
      vcpu().invokestatic(FLOAT, "finish", OF_VCPU);
    }
  }

  private void call(int lane) {
    if (method.takesVcpu()) {
      vcpu();
    }
    for (int s = 0; s < method.operands(); s++) {
      code.lload(source(s, lane));
    }
    if (method.takesCount()) {
      code.iload(COUNT_SLOT);
    } else if (method.takesInt()) {
      immediate();
    }
    code.invokestatic(method.owner(), method.name(), method.type());
  }

  private void computeOnArrays() {
    for (int s = 0; s < method.operands(); s++) {
      for (int lane = 0; lane < resultLanes; lane++) {
        lanes.file(scratch(s));
        code.loadConstant(lane).lload(source(s, lane)).lastore();
      }
    }
    for (int at = 0; at < resultLanes; at += 2) {
      lanes.file("scratchD");
      for (int s = 0; s < method.operands(); s++) {
        lanes.file(scratch(s));
      }
      code.loadConstant(at);
      if (method.takesInt()) {
        immediate();
      }
      code.invokestatic(method.owner(), method.name(), method.type());
    }
    for (int lane = 0; lane < resultLanes; lane++) {
      lanes.file("scratchD");
      code.loadConstant(lane).laload().lstore(RESULT_SLOT + 2 * lane);
    }
  }

  private static String scratch(int source) {
    return switch (source) {
      case 0 -> "scratchA";
      case 1 -> "scratchB";
      default -> "scratchC";
    };
  }

  private void store(int firstSource) {
    int bytes = shape.bytes(0);
    switch (shape.kind(0)) {
      case Operands.MMX_REGISTER -> {
        vcpu();
        lanes.register(0);
        code.lload(RESULT_SLOT)
            .invokestatic(
                STATE, "storeMmx", MethodTypeDesc.of(CD_void, OperationCode.VCPU, CD_int, CD_long));
      }
      case Operands.XMM_REGISTER -> {
        if (bytes < 16) {
          merge(bytes, firstSource == 0 || !shape.isVex() ? 0 : 1);
        } else {
          storeLanes();
        }
      }
      case Operands.GPR -> {
        code.aload(OperationCode.VCPU_SLOT).getfield(OperationCode.VCPU, "gpr", VectorLanes.LONGS);
        lanes.register(0);
        code.lload(RESULT_SLOT);
        if (bytes < 8) {
          code.loadConstant(LOW_32).land();
        }
        code.lastore();
      }
      default -> throw new AssertionError("cannot store a vector: " + shape);
    }
  }

  private void storeLanes() {
    for (int lane = 0; lane < resultLanes; lane++) {
      lanes.element(0, lane);
      code.lload(RESULT_SLOT + 2 * lane).lastore();
    }
    for (int lane = resultLanes; shape.isVex() && lane < MOST_LANES; lane++) {
      lanes.element(0, lane);
      code.lconst_0().lastore();
    }
  }

  /// The low `bytes` of the result, and the rest of the XMM register that is operand `rest`.
  private void merge(int bytes, int rest) {
    lanes.element(0, 0);
    code.lload(RESULT_SLOT);
    if (bytes == 4) {
      code.loadConstant(LOW_32).land();
      lanes.element(rest, 0);
      code.laload().loadConstant(~LOW_32).land().lor();
    }
    code.lastore();
    if (!shape.isVex()) {
      return;
    }
    if (rest != 0) {
      lanes.element(0, 1);
      lanes.element(rest, 1);
      code.laload().lastore();
    }
    for (int lane = 2; lane < MOST_LANES; lane++) {
      lanes.element(0, lane);
      code.lconst_0().lastore();
    }
  }
}
