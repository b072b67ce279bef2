package dev.backstep.emulator.decode;

import java.util.List;

/// Names that stand for a mnemonic together with its immediate: `cmpltps` is CMPPS with 1. SDM Vol.
/// 2 "CMPPS" (pseudo-op table), "PCLMULQDQ".
final class Pseudonyms {
  /// Predicates of comparisons; legacy ones have the first eight.
  private static final List<String> PREDICATES =
      List.of(
          "eq",
          "lt",
          "le",
          "unord",
          "neq",
          "nlt",
          "nle",
          "ord",
          "eq_uq",
          "nge",
          "ngt",
          "false",
          "neq_oq",
          "ge",
          "gt",
          "true",
          "eq_os",
          "lt_oq",
          "le_oq",
          "unord_s",
          "neq_us",
          "nlt_uq",
          "nle_uq",
          "ord_s",
          "eq_us",
          "nge_uq",
          "ngt_uq",
          "false_os",
          "neq_os",
          "ge_oq",
          "gt_oq",
          "true_us");

  private static final int LEGACY_PREDICATES = 8;
  private static final int HIGH_OF_FIRST = 1;
  private static final int HIGH_OF_SECOND = 0x10;

  private Pseudonyms() {}

  /// The name of an instruction that has one, lower case, or "".
  static String of(DecodedInstruction i) {
    String mnemonic = i.opcode.mnemonic();
    if (i.opcode.operands().contains("Ib")) {
      if (mnemonic.startsWith("CMP") || mnemonic.startsWith("VCMP")) {
        return comparison(mnemonic, i);
      }
      if (mnemonic.endsWith("PCLMULQDQ")) {
        return multiplication(mnemonic, (int) i.immediate);
      }
    }
    return "";
  }

  private static String comparison(String mnemonic, DecodedInstruction i) {
    int count = i.isVex() ? PREDICATES.size() : LEGACY_PREDICATES;
    if (i.immediate >= count || mnemonic.length() > "VCMPPS".length()) {
      return "";
    }
    String stem = i.isVex() ? "vcmp" : "cmp";
    String type = mnemonic.endsWith("PS") ? "ps" : mnemonic.endsWith("PD") ? "pd" : "";
    if (type.isEmpty()) {
      type = mnemonic.endsWith("SS") ? "ss" : "sd";
    }
    return stem + PREDICATES.get((int) i.immediate) + type;
  }

  private static String multiplication(String mnemonic, int choice) {
    if ((choice & ~(HIGH_OF_FIRST | HIGH_OF_SECOND)) != 0) {
      return "";
    }
    return (mnemonic.startsWith("V") ? "vpclmul" : "pclmul")
        + ((choice & HIGH_OF_FIRST) != 0 ? "hq" : "lq")
        + ((choice & HIGH_OF_SECOND) != 0 ? "hqdq" : "lqdq");
  }
}
