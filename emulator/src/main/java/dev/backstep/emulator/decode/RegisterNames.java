package dev.backstep.emulator.decode;

import java.util.List;

/// The names of the general and segment registers, as assemblers spell them.
final class RegisterNames {
  private static final List<String> QUADWORDS =
      List.of(
          "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
          "r13", "r14", "r15");

  private static final List<String> LOW_BYTES =
      List.of("al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil");

  private static final List<String> HIGH_BYTES = List.of("ah", "ch", "dh", "bh");

  private static final List<String> SEGMENTS = List.of("es", "cs", "ss", "ds", "fs", "gs");

  private RegisterNames() {}

  /// The name of the low `bytes` of a general register.
  static String gpr(int number, int bytes) {
    String quadword = QUADWORDS.get(number);
    boolean numbered = number >= 8;
    return switch (bytes) {
      case 1 -> numbered ? quadword + "b" : LOW_BYTES.get(number);
      case 2 -> numbered ? quadword + "w" : quadword.substring(1);
      case 4 -> numbered ? quadword + "d" : "e" + quadword.substring(1);
      default -> quadword;
    };
  }

  /// AH, CH, DH or BH, by the full register's number.
  static String highByte(int number) {
    return HIGH_BYTES.get(number);
  }

  static String segment(int number) {
    return SEGMENTS.get(number);
  }
}
