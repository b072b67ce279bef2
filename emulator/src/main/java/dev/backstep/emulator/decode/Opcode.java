package dev.backstep.emulator.decode;

import java.util.List;
import java.util.Set;

/// One line of the opcode table: one form of one instruction.
///
/// @param encoding as in the SDM, e.g. `0F B6 /r`
/// @param opcodeByte the last opcode byte
/// @param mnemonic upper case, e.g. `MOVZX`; condition codes spelled out, e.g. `JNZ`
/// @param operands in the SDM's letters, e.g. `Gv`, `Eb`; at most four
/// @param feature name of the CPUID feature that the form needs, or "" for none
/// @param semantics class and method in package `isa`, e.g. `IntAlu.add`
/// @param flags effects on the arithmetic flags, for documentation and tests, e.g. `w=OSZAPC u=A`
/// @param attributes see [Attribute]
public record Opcode(
    String encoding,
    int opcodeByte,
    String mnemonic,
    List<String> operands,
    String feature,
    String semantics,
    String flags,
    Set<Attribute> attributes) {
  /// What the decoder and the interpreter must know about a form.
  public enum Attribute {
    /// Ends a code block: changes RIP, or the way that code is found or interrupted.
    END,
    /// LOCK is allowed when the destination is memory.
    LOCK,
    /// REP (F3) and REPNE (F2) repeat it.
    REP,
    /// Invalid in 64-bit mode.
    NOT64,
    /// Valid in 64-bit mode only.
    ONLY64,
    /// Default operand size in 64-bit mode is 64 (PUSH, near branches…); 66 selects 16 where
    /// allowed.
    DEFAULT64,
    /// Operand size is 64 in 64-bit mode whatever the prefixes say (near branches on Intel, MOV
    /// CR).
    FORCE64,
    /// Not recognised in real-address and virtual-8086 mode: #UD.
    PROTECTED,
    /// The ModRM operand must be memory, else #UD.
    MEMORY_ONLY,
    /// The ModRM operand must be a register, else #UD.
    REGISTER_ONLY,
    /// The mod field is ignored: rm is a register whatever it says (MOV CR and DR).
    MOD_IGNORED,
    /// Without its feature the bytes mean the less demanding line (TZCNT is BSF), not #UD.
    FALLBACK,
    /// The mnemonic shows the operand size when a prefix changed it (IRETQ, PUSHFW).
    SIZE_SUFFIX
  }

  /// What undecodable bytes decode to: raises #UD when executed.
  public static final Opcode INVALID =
      new Opcode("", 0, "(bad)", List.of(), "", "SystemOps.undefined", "", Set.of(Attribute.END));

  /// What more than 15 bytes decode to: raises #GP(0). SDM Vol. 3 "Interrupt 13".
  public static final Opcode TOO_LONG =
      new Opcode("", 0, "(bad)", List.of(), "", "SystemOps.tooLong", "", Set.of(Attribute.END));

  public boolean is(Attribute attribute) {
    return attributes.contains(attribute);
  }
}
