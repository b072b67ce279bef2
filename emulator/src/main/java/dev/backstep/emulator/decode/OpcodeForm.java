package dev.backstep.emulator.decode;

import dev.backstep.emulator.decode.Opcode.Attribute;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.function.Predicate;

/// A table line, compiled for the decoder.
final class OpcodeForm {
  final TableLine line;
  final Opcode opcode;
  final Encoding encoding;
  final OperandPattern[] operands;

  /// Bits of [Context] that select this form, and what they must be.
  final int mask;

  final int value;

  /// Whether ModRM.rm can be memory, so that SIB and displacement may follow.
  final boolean readsMemoryForm;

  /// Whether the form stands for bytes whose feature is absent.
  final boolean isUndefined;

  /// Whether an operand is named by VEX.vvvv, which otherwise must be 1111b.
  final boolean usesVvvv;

  /// Whether the memory operand has a vector of indices.
  final boolean hasVectorIndex;

  final boolean lockable;
  final boolean default64;
  final boolean force64;

  OpcodeForm(TableLine line, Opcode opcode, Encoding encoding, OperandPattern[] operands) {
    this.line = line;
    this.opcode = opcode;
    this.encoding = encoding;
    this.operands = operands;
    int requiredMask = encoding.mask();
    int requiredValue = encoding.value();
    if (opcode.is(Attribute.NOT64) || opcode.is(Attribute.ONLY64)) {
      requiredMask |= Context.MODE64;
      requiredValue |= opcode.is(Attribute.ONLY64) ? Context.MODE64 : 0;
    }
    if (opcode.is(Attribute.PROTECTED)) {
      requiredMask |= Context.PROTECTED;
      requiredValue |= Context.PROTECTED;
    }
    if (opcode.is(Attribute.MEMORY_ONLY)) {
      requiredMask |= Context.REGISTER_FORM;
    }
    if (opcode.is(Attribute.REGISTER_ONLY)) {
      requiredMask |= Context.REGISTER_FORM;
      requiredValue |= Context.REGISTER_FORM;
    }
    mask = requiredMask;
    value = requiredValue;
    readsMemoryForm = encoding.hasModrm() && !opcode.is(Attribute.MOD_IGNORED);
    isUndefined = opcode.mnemonic().equals(Opcode.INVALID.mnemonic());
    usesVvvv = has(operands, OperandPattern.Source::isByVvvv);
    hasVectorIndex = has(operands, s -> s == OperandPattern.Source.VECTOR_OF_MEMORY);
    lockable = opcode.is(Attribute.LOCK);
    default64 = opcode.is(Attribute.DEFAULT64);
    force64 = opcode.is(Attribute.FORCE64);
  }

  private static boolean has(OperandPattern[] operands, Predicate<OperandPattern.Source> what) {
    for (OperandPattern operand : operands) {
      if (what.test(operand.source())) {
        return true;
      }
    }
    return false;
  }

  boolean matches(int context) {
    return (context & mask) == value;
  }

  /// Whether some bytes match both.
  boolean overlaps(OpcodeForm other) {
    return (mask & other.mask & (value ^ other.value)) == 0;
  }

  /// Whether this asks for all that `other` asks for, and more.
  boolean isMoreSpecificThan(OpcodeForm other) {
    return mask != other.mask
        && (mask & other.mask) == other.mask
        && (value & other.mask) == other.value;
  }

  /// The same bytes, undefined.
  OpcodeForm undefined() {
    Opcode invalid =
        new Opcode(
            opcode.encoding(),
            opcode.opcodeByte(),
            Opcode.INVALID.mnemonic(),
            List.of(),
            "",
            Opcode.INVALID.semantics(),
            "",
            opcode.attributes());
    return new OpcodeForm(line, invalid, encoding, new OperandPattern[0]);
  }

  /// Compiles the columns of a line.
  ///
  /// @throws IllegalArgumentException saying what is wrong with them
  static OpcodeForm of(TableLine line, List<String> columns) {
    List<String> operandTexts = split(columns.get(2), ',');
    OperandPattern[] operands = new OperandPattern[operandTexts.size()];
    EnumSet<Attribute> attributes = EnumSet.noneOf(Attribute.class);
    for (String name : split(columns.get(6), ' ')) {
      attributes.add(Attribute.valueOf(name));
    }
    StringBuilder tail = new StringBuilder();
    boolean needsModrm = false;
    for (int k = 0; k < operands.length; k++) {
      operands[k] = OperandPattern.parse(operandTexts.get(k));
      String bytes = operands[k].encodedAs();
      tail.append(tail.isEmpty() || bytes.isEmpty() ? "" : " ").append(bytes);
      needsModrm |= operands[k].source().needsModrm();
      addModRule(operands[k], attributes);
    }
    Encoding encoding = Encoding.parse(split(columns.get(0), ' '));
    check(needsModrm && !encoding.hasModrm(), "operands need /r");
    check(!tail.toString().equals(encoding.tail()), "operands need '" + tail + "' at the end");
    check(operands.length > 4, "more than four operands");
    check(
        !encoding.isVex() && has(operands, OperandPattern.Source::isByVvvv),
        "only VEX has room for operands H and B");
    check(columns.get(1).isEmpty(), "no mnemonic");
    check(columns.get(4).indexOf('.') <= 0, "semantics are not Class.method");
    Opcode opcode =
        new Opcode(
            columns.get(0),
            encoding.opcodeByte(),
            columns.get(1),
            List.copyOf(operandTexts),
            columns.get(3),
            columns.get(4),
            columns.get(5),
            attributes);
    return new OpcodeForm(line, opcode, encoding, operands);
  }

  /// The SDM's letters say whether mod = 3 is allowed.
  private static void addModRule(OperandPattern operand, EnumSet<Attribute> attributes) {
    if (operand.source() == OperandPattern.Source.MEMORY
        || operand.source() == OperandPattern.Source.VECTOR_OF_MEMORY) {
      attributes.add(Attribute.MEMORY_ONLY);
    }
    boolean byLetter = operand.source() != OperandPattern.Source.X87_BY_RM;
    if (byLetter
        && operand.source().needsRegisterForm()
        && !attributes.contains(Attribute.MOD_IGNORED)) {
      attributes.add(Attribute.REGISTER_ONLY);
    }
  }

  private static void check(boolean wrong, String message) {
    if (wrong) {
      throw new IllegalArgumentException(message);
    }
  }

  /// The parts between separators; empty parts are left out.
  static List<String> split(String text, char separator) {
    List<String> parts = new ArrayList<>();
    int from = 0;
    while (from <= text.length()) {
      int to = text.indexOf(separator, from);
      to = to < 0 ? text.length() : to;
      if (to > from) {
        parts.add(text.substring(from, to));
      }
      from = to + 1;
    }
    return parts;
  }
}
