package dev.backstep.emulator.decode;

/// Reads what ModRM says about memory: SIB, displacement, base, index. SDM Vol. 2 "Addressing-Mode
/// Encoding of ModR/M and SIB Bytes".
final class AddressForm {
  private static final int NONE = 16;
  private static final int RBX = 3;
  private static final int RSP = 4;
  private static final int RBP = 5;
  private static final int RSI = 6;
  private static final int RDI = 7;
  private static final int DS = 3;
  private static final int SS = 2;

  /// Base and index of the 16-bit forms by rm; SDM Vol. 2 Table 2-1.
  private static final int[] BASE16 = {RBX, RBX, RBP, RBP, RSI, RDI, RBP, RBX};

  private static final int[] INDEX16 = {RSI, RDI, RSI, RDI, NONE, NONE, NONE, NONE};

  private AddressForm() {}

  /// Fills `b` for a ModRM whose mod is not 3, but for [DecodedInstruction#ripRelative]
  /// displacements, to which the decoder adds the following RIP.
  ///
  /// @param rex the REX byte or 0
  /// @param addressBytes 2, 4 or 8
  /// @return the default segment
  static int read(
      CodeCursor code, DecodedInstruction.Builder b, int modrm, int rex, int addressBytes) {
    if (addressBytes == 2) {
      return read16(code, b, modrm);
    }
    int mod = modrm >> 6;
    int rm = modrm & 7;
    int base = rm;
    if (rm == RSP) {
      int sib = code.u8();
      base = sib & 7;
      int index = sib >> 3 & 7 | (rex & 2) << 2;
      if (index != RSP) {
        b.index = index;
        b.scaleShift = sib >> 6;
      }
    }
    if (mod == 0 && base == RBP) {
      b.displacement = code.s32();
      // The caller knows whether rm = 5 without SIB is relative to RIP: in 64-bit mode.
      b.ripRelative = rm == RBP;
      return DS;
    }
    b.base = base | (rex & 1) << 3;
    b.displacement = displacement(code, mod, addressBytes);
    return b.base == RSP || b.base == RBP ? SS : DS;
  }

  /// The same for addressing with a vector of indices: its register goes to `vectorIndex`, and
  /// nothing to `index`. Without SIB or with 16-bit addresses it stays undefined. SDM Vol. 2 "VSIB
  /// Memory Addressing".
  static int readVsib(
      CodeCursor code, DecodedInstruction.Builder b, int modrm, int rex, int addressBytes) {
    if ((modrm & 7) != RSP || addressBytes == 2) {
      return DS;
    }
    int mod = modrm >> 6;
    int sib = code.u8();
    int base = sib & 7;
    b.vectorIndex = sib >> 3 & 7 | (rex & 2) << 2;
    b.scaleShift = sib >> 6;
    if (mod == 0 && base == RBP) {
      b.displacement = code.s32();
      return DS;
    }
    b.base = base | (rex & 1) << 3;
    b.displacement = displacement(code, mod, addressBytes);
    return b.base == RSP || b.base == RBP ? SS : DS;
  }

  private static int read16(CodeCursor code, DecodedInstruction.Builder b, int modrm) {
    int mod = modrm >> 6;
    int rm = modrm & 7;
    if (mod == 0 && rm == 6) {
      b.displacement = code.u16();
      return DS;
    }
    b.base = BASE16[rm];
    b.index = INDEX16[rm];
    b.displacement = displacement(code, mod, 2);
    return b.base == RBP ? SS : DS;
  }

  private static long displacement(CodeCursor code, int mod, int addressBytes) {
    if (mod == 0) {
      return 0;
    }
    if (mod == 1) {
      return code.s8();
    }
    return addressBytes == 2 ? (short) code.u16() : code.s32();
  }
}
