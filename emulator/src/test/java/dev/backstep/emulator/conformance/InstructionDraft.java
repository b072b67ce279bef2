package dev.backstep.emulator.conformance;

import dev.backstep.emulator.decode.Opcode;
import java.io.ByteArrayOutputStream;
import java.util.SplittableRandom;

/// An instruction while it is being encoded: its form, the prefixes chosen so far, and its bytes
/// from ModRM on.
final class InstructionDraft {
  private static final int RSP = 4;

  final SplittableRandom random;

  /// Values of the general registers before the case.
  final long[] registers = new long[16];

  /// Registers that hold addresses, a bit each.
  int pinned;

  /// Whether pinned registers must not be named as operands, so that they last for a sequence.
  boolean keepPinned;

  boolean mode64 = true;
  Opcode opcode;

  /// REX, 0 for none; in a VEX encoding what its bits are.
  int rex;

  boolean operandSize;
  boolean addressSize;
  boolean inMemory;

  /// Linear address for the memory operand.
  long target;

  /// The same, or 0 if it could not be reached.
  long targetOfMemory;

  /// Where in [#tail] a displacement from the following instruction stands, or -1.
  int ripRelativeAt;

  /// The vector register of indices, or -1.
  int vectorIndex;

  final ByteArrayOutputStream tail = new ByteArrayOutputStream();

  InstructionDraft(SplittableRandom random, Opcode opcode) {
    this.random = random;
    this.opcode = opcode;
  }

  /// Begins another instruction.
  void begin(Opcode form, long memoryTarget) {
    opcode = form;
    target = memoryTarget;
    targetOfMemory = memoryTarget;
    tail.reset();
    inMemory = false;
    vectorIndex = -1;
    ripRelativeAt = -1;
    operandSize = random.nextInt(5) == 0;
    addressSize = random.nextInt(mode64 ? 12 : 60) == 0;
  }

  boolean isVex() {
    return opcode.encoding().startsWith("VEX");
  }

  void segmentOverride(ByteArrayOutputStream code) {
    int[] any = {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65};
    code.write(any[random.nextInt(any.length)]);
  }

  boolean byteSized(char letter) {
    for (String operand : opcode.operands()) {
      if (operand.charAt(0) == letter) {
        return operand.equals(letter + "b");
      }
    }
    return false;
  }

  /// A number for three bits that `rexBit` extends. Where it names a general register, one that is
  /// not pinned, if pinned ones are to be kept.
  int register(int rexBit, boolean bytes) {
    while (true) {
      int r = random.nextInt(8);
      int full = r;
      if (rexBit == 0) {
        full = mode64 ? random.nextInt(16) : r;
        r = full;
      } else {
        if (mode64 && random.nextInt(8) == 0) {
          rex ^= rexBit;
        }
        full |= mode64 && (rex & rexBit) != 0 ? 8 : 0;
      }
      boolean highByte = bytes && rex == 0 && r >= 4;
      int written = highByte ? r & 3 : full;
      boolean harmful = (pinned >> written & 1) != 0 || written == RSP;
      if (!keepPinned || !harmful) {
        rex |= mode64 && rex != 0 && rexBit != 0 && !isVex() ? 0x40 : 0;
        return r;
      }
    }
  }

  void immediate(String token) {
    switch (token) {
      case "ib" -> tail.write(smallImmediate());
      case "iw" -> bytes(random.nextInt(3) == 0 ? random.nextInt() : 8 * random.nextInt(20), 2);
      case "iz" -> bytes(BoundaryValues.integer(random), operandSize && (rex & 8) == 0 ? 2 : 4);
      case "iv" -> bytes(BoundaryValues.integer(random), (rex & 8) != 0 ? 8 : operandSize ? 2 : 4);
      case "cb" -> tail.write(0);
      case "cz" ->
          bytes(random.nextInt(20) == 0 ? random.nextInt() : 0, operandSize && !mode64 ? 2 : 4);
      case "cp" -> bytes(random.nextLong(), operandSize ? 4 : 6);
      default -> {}
    }
  }

  private int smallImmediate() {
    return switch (random.nextInt(4)) {
      case 0 -> random.nextInt(256);
      case 1 -> random.nextInt(8);
      case 2 -> (int) BoundaryValues.integer(random);
      default -> random.nextInt(70);
    };
  }

  void bytes(long value, int count) {
    for (int k = 0; k < count; k++) {
      tail.write((int) (value >>> 8 * k));
    }
  }
}
