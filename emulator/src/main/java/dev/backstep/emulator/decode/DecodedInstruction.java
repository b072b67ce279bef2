package dev.backstep.emulator.decode;

/// One instruction, decoded for the address and the mode it was found in. Immutable once decoded.
public final class DecodedInstruction {
  public static final int PREFIX_LOCK = 1;

  /// F3: REP, REPE, or a mandatory prefix.
  public static final int PREFIX_REP = 1 << 1;

  /// F2: REPNE, or a mandatory prefix.
  public static final int PREFIX_REPNE = 1 << 2;

  /// 66.
  public static final int PREFIX_OPERAND_SIZE = 1 << 3;

  /// 67.
  public static final int PREFIX_ADDRESS_SIZE = 1 << 4;

  public static final int PREFIX_REX = 1 << 5;
  public static final int PREFIX_REX_W = 1 << 6;

  /// A segment override is present (and meaningful in this mode).
  public static final int PREFIX_SEGMENT = 1 << 7;

  /// The encoding is VEX. [#PREFIX_REX_W] then says VEX.W; 66, F2 and F3 are not prefixes.
  public static final int PREFIX_VEX = 1 << 8;

  /// The last of the segment prefixes is 3E, which before near indirect branches means "no track".
  public static final int PREFIX_NOTRACK = 1 << 9;

  /// The table line.
  public final Opcode opcode;

  /// RIP, EIP or IP of the first byte.
  public final long rip;

  /// RIP of the following instruction; outside 64-bit mode EIP, which wraps at 32 bits in 16-bit
  /// code, too.
  public final long nextRip;

  /// Length in bytes, 1 to 15.
  public final int length;

  public final int prefixes;

  /// Operand size in bytes, 2, 4 or 8, after prefixes and defaults. (Byte forms have it in their
  /// operands.)
  public final int operandBytes;

  /// All ones of the address size: 0xFFFF, 0xFFFFFFFF or -1.
  public final long addressMask;

  /// Up to four operands, see [Operands].
  public final int operand0;

  public final int operand1;
  public final int operand2;
  public final int operand3;

  /// Register number of `operand0`: what spun code reads.
  public final int register0;

  /// Register number of `operand1`.
  public final int register1;

  public final int register2;
  public final int register3;

  /// ModRM byte, or -1.
  public final int modrm;

  /// Base and index registers of the memory operand; 16 (`Vcpu.NO_REGISTER`) for none.
  public final int base;

  public final int index;

  /// Left shift of the index (or of the vector of indices), 0 to 3.
  public final int scaleShift;

  /// Displacement, sign-extended; for RIP-relative operands the absolute address.
  public final long displacement;

  /// Segment register of the memory (or string source) operand, default or override.
  public final int segment;

  public final long immediate;
  public final long immediate2;

  /// Whether the memory operand was given relative to RIP; [#displacement] is absolute all the
  /// same.
  public final boolean ripRelative;

  private DecodedInstruction(Builder b) {
    opcode = b.opcode;
    rip = b.rip;
    nextRip = b.nextRip;
    length = b.length;
    prefixes = b.prefixes;
    operandBytes = b.operandBytes;
    addressMask = b.addressMask;
    operand0 = b.operands[0];
    operand1 = b.operands[1];
    operand2 = b.operands[2];
    operand3 = b.operands[3];
    register0 = Operands.register(operand0);
    register1 = Operands.register(operand1);
    register2 = Operands.register(operand2);
    register3 = Operands.register(operand3);
    modrm = b.modrm;
    base = b.base;
    index = b.index;
    scaleShift = b.scaleShift;
    displacement = b.displacement;
    segment = b.segment;
    immediate = b.immediate;
    immediate2 = b.immediate2;
    ripRelative = b.ripRelative;
  }

  public boolean has(int prefix) {
    return (prefixes & prefix) != 0;
  }

  /// Whether the encoding is VEX: vector results clear the rest of their register.
  public boolean isVex() {
    return (prefixes & PREFIX_VEX) != 0;
  }

  public int operand(int k) {
    return switch (k) {
      case 0 -> operand0;
      case 1 -> operand1;
      case 2 -> operand2;
      default -> operand3;
    };
  }

  /// Whether the ModRM operand is memory.
  public boolean isMemory() {
    return modrm >= 0 && modrm < 0xC0;
  }

  /// The low nibble of the opcode byte: the condition of Jcc, SETcc and CMOVcc.
  public int condition() {
    return opcode.opcodeByte() & 0xF;
  }

  /// Whether a code block ends here.
  public boolean endsBlock() {
    return opcode.is(Opcode.Attribute.END);
  }

  /// The memory operand's effective address (an offset in [#segment]).
  ///
  /// @param gpr the 17 registers of a vCPU
  public long effectiveAddress(long[] gpr) {
    return gpr[base] + (gpr[index] << scaleShift) + displacement & addressMask;
  }

  /// Collects the parts; the decoder fills it.
  public static final class Builder {
    public Opcode opcode = Opcode.INVALID;
    public long rip;
    public long nextRip;
    public int length;
    public int prefixes;
    public int operandBytes = 4;
    public long addressMask = -1;
    public final int[] operands = new int[4];
    public int modrm = -1;
    public int base = 16;
    public int index = 16;
    public int scaleShift;
    public long displacement;
    public int segment = 3;
    public long immediate;
    public long immediate2;
    public boolean ripRelative;

    // What only the decoder needs to know.
    boolean mode64;
    boolean vexW;
    int vectorBytes = 16;
    int vectorIndex = -1;

    /// Back to what a new builder holds.
    void reset() {
      opcode = Opcode.INVALID;
      prefixes = 0;
      operandBytes = 4;
      addressMask = -1;
      operands[0] = 0;
      operands[1] = 0;
      operands[2] = 0;
      operands[3] = 0;
      modrm = -1;
      base = 16;
      index = 16;
      scaleShift = 0;
      displacement = 0;
      segment = 3;
      immediate = 0;
      immediate2 = 0;
      ripRelative = false;
      vexW = false;
      vectorBytes = 16;
      vectorIndex = -1;
    }

    public DecodedInstruction build() {
      return new DecodedInstruction(this);
    }
  }
}
