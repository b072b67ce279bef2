package dev.backstep.emulator.execution;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.Locale;

/// With caches modelled, what instructions do to the write-combining buffers besides what they do
/// anyway: it is put around their operations when these are bound, so that nothing is asked while
/// they execute.
final class StoreOrder implements OperationBinding {
  /// SDM Vol. 3 "Serializing Instructions": WRMSR to these is none.
  private static final int TSC_DEADLINE = 0x6E0;

  private static final int FIRST_X2APIC = 0x802;
  private static final int LAST_X2APIC = 0x83F;

  private static final String LOCK = "lock";

  /// What an instruction is to the buffers.
  private enum Role {
    NONE,
    /// Empties them before it does anything else.
    DRAINS,
    /// WRMSR, which does so for most registers.
    DRAINS_BY_MSR,
    /// Is atomic: stores before it, and its own, are not held back.
    LOCKS,
    /// Its stores may be held back, whatever the type of memory but UC and WP.
    NON_TEMPORAL,
    /// The same, but they are not combined with others.
    DIRECT
  }

  @Override
  public Operation bind(DecodedInstruction i, Operation plain) {
    String why = i.opcode.mnemonic().toLowerCase(Locale.ROOT);
    return switch (roleOf(i)) {
      case NONE -> plain;
      case DRAINS -> new Draining(plain, why);
      case DRAINS_BY_MSR -> new DrainingByMsr(plain, why);
      case LOCKS -> new Locking(plain);
      case NON_TEMPORAL -> new NonTemporal(plain);
      case DIRECT -> new Direct(plain, why);
    };
  }

  private static Role roleOf(DecodedInstruction i) {
    switch (i.opcode.semantics()) {
      case "ControlRegisters.moveToControl" -> {
        // With LOCK, AMD's way to say CR8 outside 64-bit mode. SDM Vol. 3 "Serializing
        // Instructions": moves to CR8 are none.
        return Operands.register(i.operand0) == 8 ? Role.NONE : Role.DRAINS;
      }
      case "ControlRegisters.moveToDebug" -> {
        return Role.DRAINS;
      }
      default -> {
        boolean exchange = i.opcode.mnemonic().equals("XCHG") && i.isMemory();
        boolean locks = i.has(DecodedInstruction.PREFIX_LOCK) || exchange;
        return locks ? Role.LOCKS : roleOf(i.opcode.mnemonic());
      }
    }
  }

  /// SDM Vol. 3 "Serializing Instructions", "Buffering of Write Combining Memory Locations"; APM
  /// Vol. 2 "Write Combining" and, for HLT, AMD's optimization guides "Write-Combining Completion
  /// Events".
  private static Role roleOf(String mnemonic) {
    return switch (mnemonic) {
      case "SFENCE", "MFENCE" -> Role.DRAINS;
      case "CPUID", "IRET", "RSM", "SERIALIZE", "HLT" -> Role.DRAINS;
      case "INVD", "WBINVD", "WBNOINVD", "INVLPG", "INVPCID" -> Role.DRAINS;
      case "LGDT", "LIDT", "LLDT", "LTR" -> Role.DRAINS;
      case "IN", "OUT", "INS", "OUTS" -> Role.DRAINS;
      case "WRMSR" -> Role.DRAINS_BY_MSR;
      case "MOVNTI", "MOVNTQ", "MOVNTPS", "MOVNTPD", "MOVNTDQ", "MOVNTSS", "MOVNTSD" ->
          Role.NON_TEMPORAL;
      case "VMOVNTPS", "VMOVNTPD", "VMOVNTDQ" -> Role.NON_TEMPORAL;
      case "MASKMOVQ", "MASKMOVDQU", "VMASKMOVDQU", "CLZERO" -> Role.NON_TEMPORAL;
      case "MOVDIRI", "MOVDIR64B" -> Role.DIRECT;
      default -> Role.NONE;
    };
  }

  private static final class Draining extends Operation {
    private final Operation plain;
    private final String why;

    Draining(Operation plain, String why) {
      this.plain = plain;
      this.why = why;
    }

    @Override
    public void execute(Vcpu c, DecodedInstruction i) {
      c.mmu.caches().drain(why);
      plain.execute(c, i);
    }
  }

  private static final class DrainingByMsr extends Operation {
    private final Operation plain;
    private final String why;

    DrainingByMsr(Operation plain, String why) {
      this.plain = plain;
      this.why = why;
    }

    @Override
    public void execute(Vcpu c, DecodedInstruction i) {
      int msr = (int) c.gpr[Vcpu.RCX];
      if (msr != TSC_DEADLINE && (msr < FIRST_X2APIC || msr > LAST_X2APIC)) {
        c.mmu.caches().drain(why);
      }
      plain.execute(c, i);
    }
  }

  private static final class Locking extends Operation {
    private final Operation plain;

    Locking(Operation plain) {
      this.plain = plain;
    }

    @Override
    public void execute(Vcpu c, DecodedInstruction i) {
      c.mmu.caches().drain(LOCK);
      plain.execute(c, i);
      c.mmu.caches().drain(LOCK);
    }
  }

  private static final class NonTemporal extends Operation {
    private final Operation plain;

    NonTemporal(Operation plain) {
      this.plain = plain;
    }

    @Override
    public void execute(Vcpu c, DecodedInstruction i) {
      c.mmu.caches().beginNonTemporal();
      try {
        plain.execute(c, i);
      } finally {
        c.mmu.caches().endNonTemporal();
      }
    }
  }

  /// SDM Vol. 2 "MOVDIRI", "MOVDIR64B": direct stores are weakly ordered and not combined with
  /// others.
  private static final class Direct extends Operation {
    private final Operation store;
    private final String why;

    Direct(Operation plain, String why) {
      store = new NonTemporal(plain);
      this.why = why;
    }

    @Override
    public void execute(Vcpu c, DecodedInstruction i) {
      c.mmu.caches().drain(why);
      store.execute(c, i);
      c.mmu.caches().drain(why);
    }
  }
}
