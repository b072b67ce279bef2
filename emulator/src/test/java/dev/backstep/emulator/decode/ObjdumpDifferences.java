package dev.backstep.emulator.decode;

import dev.backstep.emulator.decode.ObjdumpListing.Line;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/// Where objdump and the decoder are allowed to differ, and why.
final class ObjdumpDifferences {
  /// What we know by another name: "theirs ours".
  private static final Set<String> OTHER_NAMES =
      Set.of(
          // The SDM has no name of its own for MOV with 64-bit immediates or offsets.
          "movabs mov",
          // 66 90 is NOP with an operand size; F3 REX.B 90 exchanges on processors.
          "xchg nop",
          "pause xchg",
          "sysretd sysret",
          "sysexitd sysexit",
          // No MPX, CLDEMOTE, PREFETCHIT, WBNOINVD: their bytes mean what they meant
          // before.
          "bndcl nop",
          "bndcn nop",
          "bndcu nop",
          "bndldx nop",
          "bndmk nop",
          "bndmov nop",
          "bndstx nop",
          "cldemote nop",
          "prefetchit0 nop",
          "prefetchit1 nop",
          "wbnoinvd wbinvd",
          "fneni(8087 fneni",
          "fndisi(8087 fndisi",
          "fnsetpm(287 fnsetpm");

  /// What objdump calls undefined and processors execute: the r/m field of fences is ignored, and
  /// so are prefixes that mean nothing for BSF, BSR and WBINVD; reserved hint NOPs; SALC, which
  /// nobody documents; nor the second encodings of FCOM, FCOMP, FXCH and FSTP.
  private static final Set<String> DEFINED =
      Set.of(
          "mfence", "sfence", "lfence", "bsf", "bsr", "wbinvd", "nop", "salc", "fcom", "fcomp",
          "fxch", "fstp", "fstpnce");

  /// Prefixes, then EVEX, which we do not know; or VEX after a prefix that it does not suffer,
  /// which objdump does not check.
  private static final Pattern EVEX_OR_SPOILT_VEX =
      Pattern.compile(
          "((2e|3e|26|36|6[4567]|f[023]|4[0-9a-f]) )*(62|(66|f[023]|4[0-9a-f]) (67 )*c[45]) .*");

  /// What is spelled with other operand sizes though the same is meant: the source of LAR, LSL and
  /// MOV to a segment register is 16 bits wide; m16:64 has no name there; INVPCID, LDDQU, WRSS and
  /// WRUSS are shown with no size; VEX.L does not make VMOVSS wider; 66 does not narrow MOVQ2DQ,
  /// MOVDQ2Q, RDFSBASE or a MOVSXD with REX.W.
  private static final Set<String> OTHER_OPERANDS =
      Set.of(
          "lar",
          "lsl",
          "mov",
          "call",
          "jmp",
          "lss",
          "lfs",
          "lgs",
          "cmpxchg16b",
          "invpcid",
          "invept",
          "invvpid",
          "lddqu",
          "vlddqu",
          "vmovss",
          "vmovsd",
          "movq2dq",
          "movdq2q",
          "movsxd",
          "rdfsbase",
          "rdgsbase",
          "wrfsbase",
          "wrgsbase",
          "wrssd",
          "wrssq",
          "wrussd",
          "wrussq");

  private static final Set<String> KNOWN = new HashSet<>();

  static {
    for (Opcode opcode : OpcodeTable.opcodes()) {
      KNOWN.add(opcode.mnemonic().toLowerCase(Locale.ROOT));
    }
  }

  private ObjdumpDifferences() {}

  /// "" where both agree or may differ, otherwise what the difference is.
  static String between(Line theirs, DecodedInstruction ours) {
    String mnemonic = Disassembler.mnemonic(ours);
    if (mnemonic.equals("fwait")) {
      // objdump takes FWAIT for a prefix of what follows.
      return "";
    }
    if (theirs.isUndefined()) {
      boolean allowed =
          mnemonic.equals("(bad)") || mnemonic.contains("gather") || DEFINED.contains(mnemonic);
      return allowed ? "" : "accepts " + mnemonic;
    }
    if (mnemonic.equals("(bad)")) {
      return mayBeUndefined(theirs) ? "" : "rejects " + theirs.mnemonic();
    }
    if (ours.length != theirs.length()) {
      return "length of " + theirs.mnemonic();
    }
    if (!mnemonic.equals(theirs.mnemonic())) {
      boolean allowed = OTHER_NAMES.contains(theirs.mnemonic() + " " + mnemonic);
      return allowed || isSizeSuffix(theirs.mnemonic(), mnemonic)
          ? ""
          : theirs.mnemonic() + " is " + mnemonic;
    }
    boolean allowed =
        OTHER_OPERANDS.contains(mnemonic)
            || isRelative(ours)
            // An index of 4 in SIB is none; objdump shows which scale was given with it.
            || theirs.text().contains("iz*");
    String text = ObjdumpListing.plain(Disassembler.text(ours));
    return allowed || text.equals(theirs.text()) ? "" : "operands of " + mnemonic + ": " + text;
  }

  /// Targets are compared by other tests: objdump does not wrap them at 16 bits.
  private static boolean isRelative(DecodedInstruction ours) {
    return Operands.kind(ours.operand0) == Operands.RELATIVE;
  }

  /// objdump writes the operand size after some mnemonics where a prefix changed it.
  private static boolean isSizeSuffix(String theirs, String ours) {
    return theirs.length() == ours.length() + 1
        && theirs.startsWith(ours)
        && "wdq".indexOf(theirs.charAt(ours.length())) >= 0;
  }

  private static boolean mayBeUndefined(Line theirs) {
    if (!KNOWN.contains(theirs.mnemonic()) || theirs.text().contains("?")) {
      // Not in the table; or a segment or control register that does not exist.
      return true;
    }
    if (EVEX_OR_SPOILT_VEX.matcher(theirs.bytes() + " ").matches()) {
      return true;
    }
    if ((' ' + theirs.bytes() + ' ').contains(" f0 ")) {
      // SDM Vol. 2 "LOCK"; objdump does not check what it stands before.
      return true;
    }
    return switch (theirs.mnemonic()) {
      // SDM Vol. 2 "NP": 66, F2 and F3 are not allowed; F2 with 66 0F D7 neither.
      case "clac", "stac", "monitor", "mwait", "xgetbv", "xsetbv", "vmcall", "vmmcall" -> true;
      case "vmlaunch", "vmresume", "vmxoff", "vmfunc", "vmptrst", "vmptrld", "vmread", "vmwrite" ->
          true;
      case "fxsave", "fxsave64", "fxrstor", "fxrstor64", "ldmxcsr", "stmxcsr" -> true;
      case "lfence", "mfence", "sfence", "pmovmskb" -> true;
      case "xsavec", "xsavec64", "xsaves", "xsaves64", "xrstors", "xrstors64" -> true;
      // Outside 64-bit mode with VEX.W, as on AMD's processors.
      case "vpextrd", "vpinsrd" -> true;
      // 64-bit mode only.
      case "swapgs", "rdfsbase", "rdgsbase", "wrfsbase", "wrgsbase" -> true;
      // CS cannot be loaded; test registers are gone, CR1, CR5..., DR8... never were.
      case "mov" ->
          theirs.text().startsWith("mov cs,")
              || theirs.text().matches(".*\\b(tr\\d|cr(1|5|6|7|9|1\\d)|dr(8|9|1\\d))\\b.*");
      default -> false;
    };
  }
}
