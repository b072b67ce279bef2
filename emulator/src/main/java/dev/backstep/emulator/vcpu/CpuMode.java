package dev.backstep.emulator.vcpu;

/// How instructions are decoded and addresses formed: the operating mode together with the code
/// segment's default size. SDM Vol. 1 "Modes of Operation".
public enum CpuMode {
  REAL(2),

  /// Real-address mode in a 32-bit code segment that was left from protected mode: until CS is
  /// loaded, its D bit counts.
  REAL32(4),

  VM86(2),
  PROTECTED16(2),
  PROTECTED32(4),
  COMPATIBILITY16(2),
  COMPATIBILITY32(4),
  LONG64(4);

  private final int defaultOperandBytes;

  CpuMode(int defaultOperandBytes) {
    this.defaultOperandBytes = defaultOperandBytes;
  }

  /// Default operand size in bytes: 2 or 4.
  public int defaultOperandBytes() {
    return defaultOperandBytes;
  }

  /// Default address size in bytes: 2, 4 or 8.
  public int defaultAddressBytes() {
    return this == LONG64 ? 8 : defaultOperandBytes;
  }

  /// Real-address mode or virtual-8086 mode: selectors are paragraph numbers.
  public boolean isRealStyle() {
    return isReal() || this == VM86;
  }

  /// Real-address mode, whatever the size of the code.
  public boolean isReal() {
    return this == REAL || this == REAL32;
  }

  /// The name that `mode` events carry: real, vm86, protected, compatibility, long.
  public String eventName() {
    return switch (this) {
      case REAL, REAL32 -> "real";
      case VM86 -> "vm86";
      case PROTECTED16, PROTECTED32 -> "protected";
      case COMPATIBILITY16, COMPATIBILITY32 -> "compatibility";
      case LONG64 -> "long";
    };
  }
}
