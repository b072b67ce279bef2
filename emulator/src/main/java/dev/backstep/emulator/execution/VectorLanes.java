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

/// Generates the code that reaches 64-bit lanes of operands.
final class VectorLanes {
  static final ClassDesc LONGS = CD_long.arrayType();
  private static final ClassDesc FPU = OperationCode.desc(FpuState.class);
  private static final MethodTypeDesc OF_ADDRESS =
      MethodTypeDesc.of(CD_void, OperationCode.VCPU, OperationCode.INSTRUCTION, CD_long);
  private static final MethodTypeDesc OF_OPERAND = OF_ADDRESS.insertParameterTypes(3, CD_int);

  private final CodeBuilder code;
  private final OperationShape shape;

  VectorLanes(CodeBuilder code, OperationShape shape) {
    this.code = code;
    this.shape = shape;
  }

  /// Leaves a lane of operand `k` on the stack: of vectors of fewer bytes than `resultLanes` have,
  /// zero beyond them; of general registers and of memory narrower than a lane the sign-extended
  /// value.
  void load(int k, int lane, int resultLanes) {
    int bytes = shape.bytes(k);
    if (lane > 0 && lane >= bytes / 8) {
      code.lconst_0();
      return;
    }
    switch (shape.kind(k)) {
      case Operands.XMM_REGISTER -> {
        element(k, lane);
        code.laload();
        if (bytes < 8 && resultLanes > 1) {
          code.loadConstant((1L << 8 * bytes) - 1).land();
        }
      }
      case Operands.MMX_REGISTER -> {
        file("significand");
        register(k);
        code.laload();
      }
      case Operands.GPR -> {
        code.aload(OperationCode.VCPU_SLOT).getfield(OperationCode.VCPU, "gpr", LONGS);
        register(k);
        code.laload();
        if (bytes == 4) {
          code.l2i().i2l();
        }
      }
      case Operands.MEMORY -> loadMemory(bytes, lane);
      default -> throw new AssertionError("no lanes in operand " + k + " of " + shape);
    }
  }

  /// Legacy 16-byte operands must be aligned. SDM Vol. 2 "Exceptions Type 4", "Exceptions Type 2".
  private void loadMemory(int bytes, int lane) {
    if (bytes == 16 && lane == 0 && !shape.isVex()) {
      code.aload(OperationCode.VCPU_SLOT)
          .aload(OperationCode.INSTRUCTION_SLOT)
          .lload(OperationCode.ADDRESS_SLOT)
          .invokestatic(OperationCode.desc(VectorState.class), "requireAlignedOperand", OF_ADDRESS);
    } else if (bytes >= 16 && lane == 0) {
      code.aload(OperationCode.VCPU_SLOT)
          .aload(OperationCode.INSTRUCTION_SLOT)
          .lload(OperationCode.ADDRESS_SLOT)
          .loadConstant(bytes)
          .invokestatic(OperationCode.desc(VectorState.class), "checkAlignment", OF_OPERAND);
    }
    code.aload(OperationCode.VCPU_SLOT).getfield(OperationCode.VCPU, "mmu", OperationCode.MMU);
    field("segment");
    code.lload(OperationCode.ADDRESS_SLOT);
    if (lane > 0) {
      code.loadConstant(8L * lane).ladd();
      if (shape.masked()) {
        code.aload(OperationCode.INSTRUCTION_SLOT)
            .getfield(OperationCode.INSTRUCTION, "addressMask", CD_long)
            .land();
      }
    }
    switch (bytes) {
      case 1 -> code.invokevirtual(OperationCode.MMU, "load8", OperationCode.readType("B")).i2l();
      case 2 -> code.invokevirtual(OperationCode.MMU, "load16", OperationCode.readType("S")).i2l();
      case 4 -> code.invokevirtual(OperationCode.MMU, "load32", OperationCode.readType("I")).i2l();
      default -> code.invokevirtual(OperationCode.MMU, "load64", OperationCode.readType("J"));
    }
  }

  /// Leaves the array and the index of a lane of vector register `k` on the stack.
  void element(int k, int lane) {
    file(lane < 2 ? "xmm" : "ymmHigh");
    register(k);
    code.iconst_1().ishl();
    if ((lane & 1) != 0) {
      code.iconst_1().iadd();
    }
  }

  /// Leaves an array of the FPU's state on the stack.
  void file(String array) {
    code.aload(OperationCode.VCPU_SLOT)
        .getfield(OperationCode.VCPU, "fpu", FPU)
        .getfield(FPU, array, LONGS);
  }

  /// Leaves the register number of operand `k` on the stack.
  void register(int k) {
    field("register" + k);
  }

  private void field(String name) {
    code.aload(OperationCode.INSTRUCTION_SLOT).getfield(OperationCode.INSTRUCTION, name, CD_int);
  }
}
