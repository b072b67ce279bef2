package dev.backstep.emulator.conformance;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.IdentityHashMap;
import java.util.Set;

/// Which instructions can be compared, and which of the flags they leave.
public final class Comparability {
  /// Depend on the kernel, on time, on chance, or on tables of the host's kernel.
  private static final Set<String> FOREIGN =
      Set.of(
          "CPUID",
          "RDTSC",
          "RDTSCP",
          "RDPMC",
          "RDPID",
          "RDRAND",
          "RDSEED",
          "XGETBV",
          "VERR",
          "VERW",
          "LAR",
          "LSL",
          "SLDT",
          "STR",
          "SGDT",
          "SIDT",
          "SMSW",
          "LLDT",
          "LTR",
          "LGDT",
          "LIDT",
          "INT",
          "INT1",
          "INTO",
          "SYSCALL",
          "SYSENTER",
          "SYSRET",
          "SYSRETQ",
          "SYSEXIT",
          "SYSEXITQ",
          "WRFSBASE",
          "WRGSBASE",
          "RDFSBASE",
          "RDGSBASE",
          "VMCALL",
          "VMMCALL",
          "RSM",
          "MWAIT",
          "MONITOR",
          "IN",
          "OUT",
          "INS",
          "OUTS",
          "CLAC",
          "STAC",
          "UD0",
          "UD1",
          "RDPKRU",
          "WRPKRU",
          "RDPRU",
          "CLZERO",
          "XSETBV",
          "INVLPG",
          "SERIALIZE",
          "IRET",
          "INVPCID",
          "MCOMMIT");

  /// No host of ours has these, and so nobody has seen the emulator agree. Shadow stacks must also
  /// be switched on for the process, and would be part of the state to compare.
  private static final Set<String> FOREIGN_FEATURES =
      Set.of("CLDEMOTE", "MOVDIRI", "MOVDIR64B", "WBNOINVD", "CET_SS");

  private static final Set<String> TRANSCENDENTAL =
      Set.of("F2XM1", "FYL2X", "FYL2XP1", "FPTAN", "FPATAN", "FSIN", "FCOS", "FSINCOS");

  /// Those of virtualization among them: a host that is itself a guest has EFER.SVME or CR4.VMXE
  /// set by its hypervisor, and then raises #GP at CPL 3 where a processor without raises #UD.
  private static final Set<String> FOREIGN_FAMILIES =
      Set.of(
          "FarTransfers",
          "FarReturns",
          "SegmentLoads",
          "Interrupts",
          "InterruptReturns",
          "VirtualizationOps");

  /// Components of XSAVE that the host may have switched on and the emulator has not: AVX-512 and
  /// PKRU.
  private static final long FOREIGN_STATE = 0x2E0;

  /// Table columns, as masks of RFLAGS.
  ///
  /// @param empties whether CF is undefined once all bits are shifted out
  private record Effects(
      long reads, long writes, long undefined, boolean foreign, boolean shift, boolean empties) {}

  private final Vcpu c;
  private final IdentityHashMap<Opcode, Effects> known = new IdentityHashMap<>();

  Comparability(Vcpu c) {
    this.c = c;
  }

  /// Whether cases are drawn of this line of the opcode table, on a host that has its feature.
  public static boolean isDrawn(Opcode opcode) {
    return !isForeign(opcode);
  }

  static boolean isForeign(Opcode opcode) {
    String family = opcode.semantics().substring(0, opcode.semantics().indexOf('.'));
    return FOREIGN.contains(opcode.mnemonic())
        || FOREIGN_FAMILIES.contains(family)
        || FOREIGN_FEATURES.contains(opcode.feature());
  }

  private Effects effects(Opcode opcode) {
    Effects effects = known.get(opcode);
    if (effects == null) {
      String semantics = opcode.semantics();
      effects =
          new Effects(
              mask(opcode, "r"),
              mask(opcode, "w") | mask(opcode, "0") | mask(opcode, "1"),
              mask(opcode, "u"),
              isForeign(opcode),
              semantics.startsWith("Shifts.") || semantics.startsWith("Rotates."),
              opcode.mnemonic().equals("SHL") || opcode.mnemonic().equals("SHR"));
      known.put(opcode, effects);
    }
    return effects;
  }

  private static long mask(Opcode opcode, String kind) {
    long mask = 0;
    for (String part : opcode.flags().split(" ", -1)) {
      for (int k = 2; part.startsWith(kind + "=") && k < part.length(); k++) {
        mask |= flag(part.charAt(k));
      }
    }
    return mask;
  }

  private static int flag(char letter) {
    return switch (letter) {
      case 'O' -> Rflags.OF;
      case 'S' -> Rflags.SF;
      case 'Z' -> Rflags.ZF;
      case 'A' -> Rflags.AF;
      case 'P' -> Rflags.PF;
      case 'C' -> Rflags.CF;
      default -> 0;
    };
  }

  /// Whether the outcome of `i` does not depend on what cannot be compared.
  boolean isComparable(DecodedInstruction i, long undefinedBefore) {
    Effects effects = effects(i.opcode);
    if (effects.foreign || (effects.reads & undefinedBefore) != 0 || isShortBranch(i)) {
      return false;
    }
    if (usesExtendedState(i) && usesForeignState(i) || isWordExtension(i)) {
      return false;
    }
    if (effects.shift && undefinedBefore != 0 && count(i) == 0) {
      return true;
    }
    // SDM Vol. 2 "SHLD", "SHRD": undefined by more than the operand's size.
    boolean twoSources = effects.shift && i.opcode.operands().size() == 3;
    return !twoSources || count(i) <= 8 * Operands.bytes(i.operand0);
  }

  /// MOVSXD of 16 bits from memory: AMD's processors read 32 (seen by #AC and #PF).
  private static boolean isWordExtension(DecodedInstruction i) {
    return i.opcode.mnemonic().equals("MOVSXD") && i.operandBytes == 2 && i.isMemory();
  }

  /// Whether a state image has, or is asked to have, components that only the host may have.
  private boolean usesForeignState(DecodedInstruction i) {
    long components = c.gpr[Vcpu.RAX];
    if (i.opcode.mnemonic().startsWith("XRSTOR")) {
      long header = i.effectiveAddress(c.gpr) + 512 & i.addressMask;
      try {
        components |= c.mmu.load64(i.segment, header);
        components |= c.mmu.load64(i.segment, header + 8 & i.addressMask);
      } catch (GuestFault _) {
        // The instruction will meet it, too.
        return (components & FOREIGN_STATE) != 0;
      }
    }
    return (components & FOREIGN_STATE) != 0;
  }

  private static boolean usesExtendedState(DecodedInstruction i) {
    String mnemonic = i.opcode.mnemonic();
    return mnemonic.startsWith("XSAVE") || mnemonic.startsWith("XRSTOR");
  }

  /// A near branch with 66 in 64-bit mode: Intel's processors ignore the prefix (SDM Vol. 2 "JMP"),
  /// AMD's cut RIP to 16 bits (APM Vol. 3 "JMP (Near)"). The emulator's do as Intel's.
  private boolean isShortBranch(DecodedInstruction i) {
    return c.mode == CpuMode.LONG64
        && i.has(DecodedInstruction.PREFIX_OPERAND_SIZE)
        && i.opcode.semantics().startsWith("Branches.");
  }

  /// Instructions whose last bits the SDM leaves open (SDM Vol. 1 "Transcendental Instruction
  /// Accuracy"), and makers differ in.
  static boolean isTranscendental(Opcode opcode) {
    return TRANSCENDENTAL.contains(opcode.mnemonic());
  }

  /// What `i`, about to execute, leaves undefined: the table's column, and what SDM Vol. 2
  /// "SAL/SAR/SHL/SHR" and "RCL/RCR/ROL/ROR" say: OF for counts other than 1, and CF once SHL or
  /// SHR has shifted everything out; nothing changes for a count of 0.
  long undefinedFlags(DecodedInstruction i) {
    Effects effects = effects(i.opcode);
    if (!effects.shift) {
      return effects.undefined;
    }
    int count = count(i);
    if (count == 0) {
      return 0;
    }
    long mask = effects.undefined;
    mask |= count == 1 ? 0 : Rflags.OF;
    mask |= effects.empties && count >= 8 * Operands.bytes(i.operand0) ? Rflags.CF : 0;
    return mask;
  }

  long writtenFlags(DecodedInstruction i) {
    Effects effects = effects(i.opcode);
    boolean nothing = effects.shift ? count(i) == 0 : isRepeatedNever(i);
    return nothing ? 0 : effects.writes;
  }

  private boolean isRepeatedNever(DecodedInstruction i) {
    return i.opcode.is(Opcode.Attribute.REP)
        && i.has(DecodedInstruction.PREFIX_REP | DecodedInstruction.PREFIX_REPNE)
        && (c.gpr[Vcpu.RCX] & i.addressMask) == 0;
  }

  private int count(DecodedInstruction i) {
    String last = i.opcode.operands().getLast();
    long count =
        switch (last) {
          case "1" -> 1;
          case "CL" -> c.gpr[Vcpu.RCX];
          default -> i.immediate;
        };
    return (int) count & (Operands.bytes(i.operand0) == 8 ? 63 : 31);
  }
}
