package dev.backstep.emulator.execution;

import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.isa.VectorState;
import dev.backstep.emulator.vcpu.FpuState;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/// Generates the body of operations on the 64-bit lanes of MMX (one) and XMM registers (two):
/// checks, source, and for each lane a call of the semantics.
final class LaneCode {
  private static final ClassDesc STATE = OperationCode.desc(VectorState.class);
  private static final ClassDesc FPU = OperationCode.desc(FpuState.class);
  private static final ClassDesc LONGS = CD_long.arrayType();
  private static final MethodTypeDesc CHECK = MethodTypeDesc.of(CD_void, OperationCode.VCPU);

  /// The source's lanes, or the count.
  private static final int SOURCE_SLOT = 7;

  private final CodeBuilder code;
  private final SemanticsMethod method;
  private final OperationShape shape;
  private final boolean xmm;

  LaneCode(CodeBuilder code, SemanticsMethod method, OperationShape shape) {
    this.code = code;
    this.method = method;
    this.shape = shape;
    xmm = shape.kind(0) == Operands.XMM_REGISTER;
  }

  /// Follows the computation of the effective address, if there is one.
  void execute(String mnemonic) {
    boolean onVectors = xmm || shape.kind(0) == Operands.MMX_REGISTER;
    if (!onVectors || shape.count() != 2 || method.operands() != 2 || !method.returnsResult()) {
      throw new AssertionError(mnemonic + ": not two vectors: " + shape);
    }
    code.aload(OperationCode.VCPU_SLOT)
        .invokestatic(STATE, xmm ? "requireSse" : "requireMmx", CHECK);
    if (method.takesCount()) {
      count();
    } else {
      source();
    }
    if (xmm) {
      xmmLane(0);
      xmmLane(1);
    } else {
      mmxLane();
    }
  }

  private void count() {
    if (shape.kind(1) == Operands.IMMEDIATE) {
      code.aload(OperationCode.INSTRUCTION_SLOT)
          .getfield(OperationCode.INSTRUCTION, "immediate", CD_long)
          .loadConstant(0xFFL)
          .land();
    } else {
      sourceLane(0);
    }
    code.invokestatic(STATE, "shiftCount", MethodTypeDesc.of(CD_int, CD_long)).istore(SOURCE_SLOT);
  }

  /// All lanes of the source are read before the first lane of the destination is written.
  private void source() {
    for (int lane = 0; lane < (xmm ? 2 : 1); lane++) {
      sourceLane(lane);
      code.lstore(SOURCE_SLOT + 2 * lane);
    }
  }

  /// Leaves a lane of operand 1 on the stack.
  private void sourceLane(int lane) {
    switch (shape.kind(1)) {
      case Operands.XMM_REGISTER -> {
        xmmIndex("register1", lane);
        code.laload();
      }
      case Operands.MMX_REGISTER -> {
        registers("significand");
        register("register1");
        code.laload();
      }
      case Operands.MEMORY -> memoryLane(lane);
      default -> throw new AssertionError("cannot load a lane of " + shape);
    }
  }

  private void memoryLane(int lane) {
    if (xmm && lane == 0) {
      code.aload(OperationCode.VCPU_SLOT)
          .aload(OperationCode.INSTRUCTION_SLOT)
          .lload(OperationCode.ADDRESS_SLOT)
          .invokestatic(
              STATE,
              "requireAligned16",
              MethodTypeDesc.of(CD_void, OperationCode.VCPU, OperationCode.INSTRUCTION, CD_long));
    }
    code.aload(OperationCode.VCPU_SLOT).getfield(OperationCode.VCPU, "mmu", OperationCode.MMU);
    register("segment");
    code.lload(OperationCode.ADDRESS_SLOT);
    if (lane == 1) {
      code.loadConstant(8L).ladd();
    }
    if (shape.bytes(1) == 4) {
      code.invokevirtual(OperationCode.MMU, "load32", OperationCode.readType("I")).i2l();
      return;
    }
    code.invokevirtual(OperationCode.MMU, "load64", OperationCode.readType("J"));
  }

  private void xmmLane(int lane) {
    xmmIndex("register0", lane);
    code.dup2().laload();
    call(lane);
    code.lastore();
  }

  private void mmxLane() {
    code.aload(OperationCode.VCPU_SLOT);
    register("register0");
    registers("significand");
    register("register0");
    code.laload();
    call(0);
    code.invokestatic(
        STATE, "storeMmx", MethodTypeDesc.of(CD_void, OperationCode.VCPU, CD_int, CD_long));
  }

  private void call(int lane) {
    if (method.takesCount()) {
      code.iload(SOURCE_SLOT);
    } else {
      code.lload(SOURCE_SLOT + 2 * lane);
    }
    code.invokestatic(method.owner(), method.name(), method.type());
  }

  /// Leaves the XMM file and the index of a lane on the stack.
  private void xmmIndex(String register, int lane) {
    registers("xmm");
    register(register);
    code.iconst_1().ishl().loadConstant(lane).iadd();
  }

  private void registers(String file) {
    code.aload(OperationCode.VCPU_SLOT)
        .getfield(OperationCode.VCPU, "fpu", FPU)
        .getfield(FPU, file, LONGS);
  }

  private void register(String field) {
    code.aload(OperationCode.INSTRUCTION_SLOT).getfield(OperationCode.INSTRUCTION, field, CD_int);
  }
}
