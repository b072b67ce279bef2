package dev.backstep.emulator.decode;

import dev.backstep.emulator.vcpu.CpuMode;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Turns code bytes into instructions. Any bytes decode: what is undefined to [Opcode#INVALID] (or
/// a form of the same semantics), what is longer than 15 bytes to [Opcode#TOO_LONG].
///
/// Holds the state of the decode under way: one per machine, for one thread.
public final class Decoder {
  private static final int LOCK = 0xF0;
  private static final int NO_OVERRIDE = -1;
  private static final int FS = 4;
  private static final int DS = 3;
  private static final int UNDEFINED_MAP = -1;

  /// What VEX.pp stands for.
  private static final int[] MANDATORY = {
    0, Context.OPERAND_SIZE_PREFIX, Context.REP, Context.REPNE
  };

  /// Prefixes that must not stand before VEX. SDM Vol. 2 "VEX and the LOCK prefix" to "VEX and the
  /// REX prefix".
  private static final int BEFORE_VEX =
      DecodedInstruction.PREFIX_LOCK
          | DecodedInstruction.PREFIX_OPERAND_SIZE
          | DecodedInstruction.PREFIX_REP
          | DecodedInstruction.PREFIX_REPNE;

  private final OpcodeTable table;
  private final CodeCursor code = new CodeCursor();
  private final DecodedInstruction.Builder builder = new DecodedInstruction.Builder();
  private final OperandReader operands = new OperandReader(code, builder);

  // Of the instruction under way.
  private boolean mode64;
  private int rex;
  private int vvvv;
  private int mandatory;
  private int segmentOverride;
  private int opcodeByte;
  private int addressBytes;

  /// A decoder for a processor.
  ///
  /// @param absentFeatures names of the CPUID features that it lacks, as in the table's column
  public Decoder(Set<String> absentFeatures) {
    table = OpcodeTable.complete().without(absentFeatures);
  }

  /// Decodes the instruction at `code[offset]`.
  ///
  /// @param bytes the code
  /// @param offset index of the instruction's first byte
  /// @param available how many bytes may be read from there on
  /// @param mode how to decode
  /// @param rip effective address of the first byte
  /// @return the instruction, or null if it needs more bytes: at least [#bytesNeeded()]
  public @Nullable DecodedInstruction decode(
      byte[] bytes, int offset, int available, CpuMode mode, long rip) {
    code.start(bytes, offset, available);
    builder.reset();
    builder.rip = rip;
    mode64 = mode == CpuMode.LONG64;
    builder.mode64 = mode64;
    OpcodeForm form = select(mode);
    if (form == null || form.isUndefined || !readForm(form)) {
      builder.reset();
    } else {
      builder.opcode = form.opcode;
    }
    if (code.isTruncated()) {
      return null;
    }
    finish();
    return builder.build();
  }

  /// After [#decode] returned null: how many bytes the instruction has at least.
  public int bytesNeeded() {
    return code.needed();
  }

  /// Reads prefixes, opcode and ModRM, and finds their table line.
  private @Nullable OpcodeForm select(CpuMode mode) {
    int b = readPrefixes();
    int map = 0;
    if (isVex(b, mode)) {
      map = readVex(b);
      if (map == UNDEFINED_MAP) {
        return null;
      }
      b = code.u8();
    } else if (b == 0x0F) {
      b = code.u8();
      map = 1;
      if (b == 0x38 || b == 0x3A) {
        map = b == 0x38 ? 2 : 3;
        b = code.u8();
      }
    }
    opcodeByte = b;
    OpcodeForm[] candidates = table.candidates(map, b);
    if (candidates.length == 0) {
      return null;
    }
    int modrm = candidates[0].encoding.hasModrm() ? code.u8() : -1;
    builder.modrm = modrm;
    sizes(mode);
    int context = context(mode, modrm);
    for (OpcodeForm form : candidates) {
      if (form.matches(context)) {
        // SDM Vol. 2 "VEX.vvvv": 1111b where it names no operand, else #UD.
        return vvvv == 0 || form.usesVvvv ? form : null;
      }
    }
    return null;
  }

  /// Whether C4 or C5 begins a VEX prefix: outside 64-bit mode, only where LES and LDS would have a
  /// register operand; there are no VEX instructions in real-address and virtual-8086 mode. SDM
  /// Vol. 2 "VEX Prefix", "Exception Conditions of VEX-Encoded Instructions".
  private boolean isVex(int b, CpuMode mode) {
    if (b != 0xC4 && b != 0xC5) {
      return false;
    }
    return mode64 || !mode.isRealStyle() && code.peek() >= 0xC0;
  }

  /// Reads the prefix that begins with `b` and returns the opcode's map, or [#UNDEFINED_MAP].
  ///
  /// ```
  /// C5  R' vvvv' L pp            pp: none 66 F3 F2      ' inverted
  /// C4  R' X' B' mmmmm  W vvvv' L pp
  /// ```
  private int readVex(int b) {
    if (rex != 0 || has(BEFORE_VEX)) {
      return UNDEFINED_MAP;
    }
    int map = 1;
    int last = code.u8();
    int extensions = ~last >> 5 & 4;
    if (b == 0xC4) {
      extensions = ~last >> 5 & 7;
      map = last & 0x1F;
      last = code.u8();
      extensions |= (last & 0x80) != 0 ? 8 : 0;
    }
    // Outside 64-bit mode B is ignored, and the top bit of vvvv where it names a register.
    rex = 0x40 | (mode64 ? extensions : extensions & 8);
    vvvv = ~last >> 3 & 15;
    mandatory = MANDATORY[last & 3];
    builder.vexW = (rex & 8) != 0;
    builder.vectorBytes = (last & 4) != 0 ? 32 : 16;
    builder.prefixes |= DecodedInstruction.PREFIX_VEX;
    builder.prefixes |= mode64 && builder.vexW ? DecodedInstruction.PREFIX_REX_W : 0;
    return map >= 1 && map <= 3 ? Encoding.VEX + map : UNDEFINED_MAP;
  }

  /// Reads prefixes and returns the byte after them. Of F2 and F3 the last counts, of segment
  /// overrides too; REX counts only right before the opcode. SDM Vol. 2 "Instruction Prefixes",
  /// "REX Prefixes".
  private int readPrefixes() {
    rex = 0;
    vvvv = 0;
    segmentOverride = NO_OVERRIDE;
    int prefixes = 0;
    int b = code.u8();
    boolean noTrack = false;
    while (true) {
      if (mode64 && (b & 0xF0) == 0x40) {
        rex = b;
        b = code.u8();
        continue;
      }
      switch (b) {
        case 0x26, 0x2E, 0x36, 0x3E -> {
          // SDM Vol. 1 "Segmentation in 64-Bit Mode": overrides other than FS and GS are ignored.
          if (!mode64) {
            segmentOverride = b >> 3 & 3;
          }
          noTrack = b == 0x3E;
        }
        case 0x64, 0x65 -> {
          segmentOverride = FS + (b & 1);
          noTrack = false;
        }
        case 0x66 -> prefixes |= DecodedInstruction.PREFIX_OPERAND_SIZE;
        case 0x67 -> prefixes |= DecodedInstruction.PREFIX_ADDRESS_SIZE;
        case LOCK -> prefixes |= DecodedInstruction.PREFIX_LOCK;
        case 0xF2 ->
            prefixes = prefixes & ~DecodedInstruction.PREFIX_REP | DecodedInstruction.PREFIX_REPNE;
        case 0xF3 ->
            prefixes = prefixes & ~DecodedInstruction.PREFIX_REPNE | DecodedInstruction.PREFIX_REP;
        default -> {
          setPrefixes(noTrack ? prefixes | DecodedInstruction.PREFIX_NOTRACK : prefixes);
          return b;
        }
      }
      rex = 0;
      b = code.u8();
    }
  }

  private void setPrefixes(int legacy) {
    int prefixes = legacy;
    if (rex != 0) {
      prefixes |= DecodedInstruction.PREFIX_REX;
      prefixes |= (rex & 8) != 0 ? DecodedInstruction.PREFIX_REX_W : 0;
    }
    if (segmentOverride != NO_OVERRIDE) {
      prefixes |= DecodedInstruction.PREFIX_SEGMENT;
    }
    builder.prefixes = prefixes;
    mandatory = has(DecodedInstruction.PREFIX_OPERAND_SIZE) ? Context.OPERAND_SIZE_PREFIX : 0;
    mandatory |= has(DecodedInstruction.PREFIX_REP) ? Context.REP : 0;
    mandatory |= has(DecodedInstruction.PREFIX_REPNE) ? Context.REPNE : 0;
  }

  private boolean has(int prefix) {
    return (builder.prefixes & prefix) != 0;
  }

  /// Operand and address size by mode and prefixes. SDM Vol. 1 "Operand-Size and Address-Size
  /// Attributes", Tables 3-3 and 3-4.
  private void sizes(CpuMode mode) {
    int operandBytes = mode.defaultOperandBytes();
    if (has(DecodedInstruction.PREFIX_VEX)) {
      operandBytes = mode64 && builder.vexW ? 8 : 4;
    } else if (has(DecodedInstruction.PREFIX_REX_W)) {
      operandBytes = 8;
    } else if (has(DecodedInstruction.PREFIX_OPERAND_SIZE)) {
      operandBytes ^= 6;
    }
    builder.operandBytes = operandBytes;
    addressBytes = mode.defaultAddressBytes();
    if (has(DecodedInstruction.PREFIX_ADDRESS_SIZE)) {
      addressBytes = mode64 ? 4 : addressBytes ^ 6;
    }
    builder.addressMask = addressBytes == 8 ? -1 : (1L << 8 * addressBytes) - 1;
  }

  private int context(CpuMode mode, int modrm) {
    int context = Context.operandSize(builder.operandBytes) | Context.addressSize(addressBytes);
    if (modrm >= 0) {
      context |= modrm | (modrm >= 0xC0 ? Context.REGISTER_FORM : 0);
    }
    context |= mandatory;
    context |= (rex & 8) != 0 ? Context.REX_W : 0;
    context |= builder.vectorBytes == 32 ? Context.VEX_L : 0;
    context |= (rex & 1) != 0 ? Context.REX_B : 0;
    context |= mode64 ? Context.MODE64 : 0;
    context |= mode.isRealStyle() ? 0 : Context.PROTECTED;
    return context;
  }

  /// Reads what follows ModRM; false: undefined after all.
  private boolean readForm(OpcodeForm form) {
    boolean memory = form.readsMemoryForm && builder.modrm < 0xC0;
    // SDM Vol. 2 "LOCK": other than with these instructions and a memory destination, #UD.
    if (has(DecodedInstruction.PREFIX_LOCK) && !(form.lockable && memory)) {
      return false;
    }
    if (mode64 && form.force64) {
      builder.operandBytes = 8;
    } else if (mode64 && form.default64 && builder.operandBytes == 4) {
      builder.operandBytes = 8;
    }
    int segment = DS;
    if (memory) {
      segment =
          form.hasVectorIndex
              ? AddressForm.readVsib(code, builder, builder.modrm, rex, addressBytes)
              : AddressForm.read(code, builder, builder.modrm, rex, addressBytes);
      builder.ripRelative &= mode64;
    }
    builder.segment = segmentOverride == NO_OVERRIDE ? segment : segmentOverride;
    operands.begin(rex, mode64 ? vvvv : vvvv & 7, opcodeByte, addressBytes, memory);
    OperandPattern[] patterns = form.operands;
    for (int k = 0; k < patterns.length; k++) {
      int operand = operands.read(patterns[k]);
      if (operand == OperandReader.UNDEFINED) {
        return false;
      }
      builder.operands[k] = operand;
    }
    return true;
  }

  /// Sets what is known only when the length is.
  private void finish() {
    if (code.isTooLong()) {
      builder.reset();
      builder.opcode = Opcode.TOO_LONG;
    }
    builder.length = code.position();
    // Outside 64-bit mode it is EIP that advances, in 16-bit code too: past FFFF the limit check
    // fails.
    long next = builder.rip + builder.length;
    builder.nextRip = mode64 ? next : next & 0xFFFFFFFFL;
    if (builder.ripRelative) {
      builder.displacement += builder.nextRip;
    }
    if (Operands.kind(builder.operands[0]) == Operands.RELATIVE) {
      builder.immediate = target(builder.nextRip + builder.immediate);
    }
  }

  private long target(long linear) {
    if (mode64) {
      return linear;
    }
    return linear & (builder.operandBytes == 2 ? 0xFFFF : 0xFFFFFFFFL);
  }
}
