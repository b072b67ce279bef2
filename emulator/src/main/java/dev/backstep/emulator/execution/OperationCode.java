package dev.backstep.emulator.execution;

import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;
import static java.lang.constant.ConstantDescs.INIT_NAME;
import static java.lang.constant.ConstantDescs.MTD_void;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.mmu.Mmu;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/// Generates the class file of an [Operation]: operands loaded, semantics called, result stored, in
/// straight code for one shape of operands.
final class OperationCode {
  private static final ClassDesc OPERATION = desc(Operation.class);
  static final ClassDesc VCPU = desc(Vcpu.class);
  static final ClassDesc INSTRUCTION = desc(DecodedInstruction.class);
  static final ClassDesc MMU = desc(Mmu.class);
  private static final ClassDesc SEGMENT = desc(SegmentRegister.class);
  private static final ClassDesc LONGS = CD_long.arrayType();
  private static final MethodTypeDesc EXECUTE = MethodTypeDesc.of(CD_void, VCPU, INSTRUCTION);

  // Local variables of execute.
  static final int VCPU_SLOT = 1;
  static final int INSTRUCTION_SLOT = 2;
  private static final int RESULT_SLOT = 3;
  static final int ADDRESS_SLOT = 5;

  private final CodeBuilder code;
  private final SemanticsMethod method;
  private final OperationShape shape;

  private OperationCode(CodeBuilder code, SemanticsMethod method, OperationShape shape) {
    this.code = code;
    this.method = method;
    this.shape = shape;
  }

  static byte[] generate(SemanticsMethod method, OperationShape shape, String mnemonic) {
    ClassDesc self = ClassDesc.of(OPERATION.packageName(), className(method, shape));
    return ClassFile.of()
        .build(
            self,
            type -> {
              type.withFlags(ClassFile.ACC_FINAL).withSuperclass(OPERATION);
              type.withMethodBody(
                  INIT_NAME,
                  MTD_void,
                  0,
                  b -> b.aload(0).invokespecial(OPERATION, INIT_NAME, MTD_void).return_());
              type.withMethodBody(
                  "execute",
                  EXECUTE,
                  ClassFile.ACC_PUBLIC,
                  b -> new OperationCode(b, method, shape).execute(mnemonic));
            });
  }

  /// A name for profiles and stack traces.
  private static String className(SemanticsMethod method, OperationShape shape) {
    StringBuilder name = new StringBuilder(method.owner().displayName());
    name.append('_').append(method.name());
    for (int k = 0; k < shape.count(); k++) {
      name.append('_').append(shape.kind(k)).append('x').append(shape.bytes(k));
    }
    return name.toString();
  }

  private void execute(String mnemonic) {
    if (shape.hasMemory()) {
      effectiveAddress();
    }
    if (VectorCode.isFor(method, shape)) {
      new VectorCode(code, method, shape).execute(mnemonic);
      code.return_();
      return;
    }
    code.aload(VCPU_SLOT);
    if (method.takesInstruction()) {
      code.aload(INSTRUCTION_SLOT);
    }
    if (method.takesCondition()) {
      code.loadConstant(shape.condition());
    }
    if (!method.doesEverything()) {
      loadOperands(mnemonic);
    }
    code.invokestatic(method.owner(), method.name(), method.type());
    if (method.returnsResult()) {
      code.lstore(RESULT_SLOT);
      store(shape.kind(0), shape.bytes(0));
    }
    code.return_();
  }

  private void loadOperands(String mnemonic) {
    int count = shape.count();
    int first = count - method.operands();
    if (first < 0 || first > 1 || first == 1 && shape.count() == 0 || method.takesInt()) {
      throw new AssertionError(
          mnemonic
              + ": "
              + count
              + " operands, but "
              + method.name()
              + " takes "
              + method.operands());
    }
    for (int k = first; k < count; k++) {
      load(k, k == 0 && method.returnsResult() ? "loadForWrite" : "load");
    }
  }

  /// gpr[base] + (gpr[index] << scale) + displacement & mask, as far as the form has these parts.
  private void effectiveAddress() {
    instructionLong("displacement");
    if (shape.based()) {
      gpr();
      instructionInt("base");
      code.laload().ladd();
    }
    if (shape.indexed()) {
      gpr();
      instructionInt("index");
      code.laload();
      instructionInt("scaleShift");
      code.lshl().ladd();
    }
    if (shape.masked()) {
      instructionLong("addressMask");
      code.land();
    }
    code.lstore(ADDRESS_SLOT);
  }

  /// Leaves operand `k`, sign-extended, on the stack.
  private void load(int k, String access) {
    int bytes = shape.bytes(k);
    switch (shape.kind(k)) {
      case Operands.GPR -> {
        gpr();
        register(k);
        code.laload();
        signExtend(bytes);
      }
      case Operands.GPR_HIGH_BYTE -> {
        gpr();
        register(k);
        code.laload().loadConstant(8).lshr();
        signExtend(1);
      }
      case Operands.MEMORY -> loadMemory(bytes, access);
      case Operands.IMMEDIATE, Operands.RELATIVE -> instructionLong("immediate");
      case Operands.IMMEDIATE2 -> instructionLong("immediate2");
      case Operands.ONE -> code.lconst_1();
      case Operands.SEGMENT_REGISTER -> {
        code.aload(VCPU_SLOT).getfield(VCPU, "segments", SEGMENT.arrayType());
        register(k);
        code.aaload().getfield(SEGMENT, "selector", CD_int).i2l();
      }
      default -> throw cannot("load", k);
    }
  }

  private void loadMemory(int bytes, String access) {
    memory();
    switch (bytes) {
      case 1 -> code.invokevirtual(MMU, access + "8", readType("B")).i2l();
      case 2 -> code.invokevirtual(MMU, access + "16", readType("S")).i2l();
      case 4 -> code.invokevirtual(MMU, access + "32", readType("I")).i2l();
      case 8 -> code.invokevirtual(MMU, access + "64", readType("J"));
      default -> throw cannot("load", bytes);
    }
  }

  private void store(int kind, int bytes) {
    switch (kind) {
      case Operands.GPR -> {
        gpr();
        register(0);
        storeRegister(bytes);
      }
      case Operands.GPR_HIGH_BYTE -> {
        gpr();
        register(0);
        code.dup2().laload().loadConstant(~0xFF00L).land();
        code.lload(RESULT_SLOT).loadConstant(0xFFL).land().loadConstant(8).lshl();
        code.lor().lastore();
      }
      case Operands.MEMORY -> {
        memory();
        code.lload(RESULT_SLOT);
        if (bytes < 8) {
          code.l2i();
        }
        code.invokevirtual(MMU, "store" + 8 * bytes, storeType(bytes));
      }
      default -> throw cannot("store", 0);
    }
  }

  /// With the register file and the number on the stack.
  private void storeRegister(int bytes) {
    switch (bytes) {
      case 8 -> code.lload(RESULT_SLOT);
      case 4 -> code.lload(RESULT_SLOT).loadConstant(0xFFFF_FFFFL).land();
      default -> {
        long mask = bytes == 2 ? 0xFFFF : 0xFF;
        code.dup2().laload().loadConstant(~mask).land();
        code.lload(RESULT_SLOT).loadConstant(mask).land().lor();
      }
    }
    code.lastore();
  }

  private void signExtend(int bytes) {
    switch (bytes) {
      case 1 -> code.l2i().i2b().i2l();
      case 2 -> code.l2i().i2s().i2l();
      case 4 -> code.l2i().i2l();
      default -> {}
    }
  }

  /// Mmu, segment and effective address.
  private void memory() {
    code.aload(VCPU_SLOT).getfield(VCPU, "mmu", MMU);
    instructionInt("segment");
    code.lload(ADDRESS_SLOT);
  }

  private void gpr() {
    code.aload(VCPU_SLOT).getfield(VCPU, "gpr", LONGS);
  }

  /// The register number of operand `k`.
  private void register(int k) {
    instructionInt("register" + k);
  }

  private void instructionInt(String field) {
    code.aload(INSTRUCTION_SLOT).getfield(INSTRUCTION, field, CD_int);
  }

  private void instructionLong(String field) {
    code.aload(INSTRUCTION_SLOT).getfield(INSTRUCTION, field, CD_long);
  }

  private AssertionError cannot(String verb, int operand) {
    return new AssertionError("cannot " + verb + " operand " + operand + " of " + shape);
  }

  static MethodTypeDesc readType(String result) {
    return MethodTypeDesc.of(ClassDesc.ofDescriptor(result), CD_int, CD_long);
  }

  private static MethodTypeDesc storeType(int bytes) {
    return MethodTypeDesc.of(CD_void, CD_int, CD_long, bytes == 8 ? CD_long : CD_int);
  }

  static ClassDesc desc(Class<?> type) {
    return ClassDesc.ofDescriptor(type.descriptorString());
  }
}
