package dev.backstep.emulator.testing;

/// VEX prefixes of three bytes, from the opcode table's notation.
///
/// ```
/// C4  R' X' B' mmmmm  W vvvv' L pp      ' inverted
/// ```
public final class VexPrefix {
  private VexPrefix() {}

  /// Whether an encoding of the table begins with VEX.
  public static boolean isVex(String encoding) {
    return encoding.startsWith("VEX.");
  }

  /// The prefix that an encoding asks for.
  ///
  /// @param token its first word, like `VEX.128.66.0F38.W0`
  /// @param rxb the bits R, X and B
  /// @param vvvv the register there
  /// @param w VEX.W where the encoding ignores it
  /// @param l VEX.L where the encoding ignores it
  public static byte[] of(String token, int rxb, int vvvv, int w, int l) {
    int map = 0;
    int pp = 0;
    int length = l;
    int wide = w;
    for (String part : token.split("\\.", -1)) {
      switch (part) {
        case "0F" -> map = 1;
        case "0F38" -> map = 2;
        case "0F3A" -> map = 3;
        case "66" -> pp = 1;
        case "F3" -> pp = 2;
        case "F2" -> pp = 3;
        case "128", "LZ" -> length = 0;
        case "256" -> length = 1;
        case "W0" -> wide = 0;
        case "W1" -> wide = 1;
        default -> {}
      }
    }
    return new byte[] {
      (byte) 0xC4,
      (byte) (~rxb << 5 & 0xE0 | map),
      (byte) (wide << 7 | ~vvvv << 3 & 0x78 | length << 2 | pp)
    };
  }
}
