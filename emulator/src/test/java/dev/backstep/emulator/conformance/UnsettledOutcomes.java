package dev.backstep.emulator.conformance;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.FpuState;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.Arrays;

/// What two processors may do differently with an instruction that can be compared otherwise: seen
/// of the case under way, before the instruction executes or when it has ended the case.
final class UnsettledOutcomes {
  private static final long END_OF_32_BITS = 0x1_0000_0000L;

  /// At least the bytes of the longest memory operand, an image of XSAVE.
  private static final int LONGEST_OPERAND = 1024;

  private final Vcpu c;
  private boolean restored;
  private boolean wroteVectors;

  UnsettledOutcomes(Vcpu c) {
    this.c = c;
  }

  /// A case begins.
  void begin() {
    restored = false;
    wroteVectors = false;
  }

  /// Whether `i`, whose bytes begin at `from`, is better left out.
  boolean isBefore(DecodedInstruction i, byte[] code, int from) {
    return mayBeOfHost(i, code, from) || mayLeaveOut(i);
  }

  /// Whether `i`, which ended the case, may end it otherwise.
  ///
  /// @param vector of the exception
  /// @param pageFaultAddress what CR2 would say of it
  boolean isAfter(DecodedInstruction i, int vector, long pageFaultAddress) {
    return wraps(i, vector, pageFaultAddress) || faultsTwice(i) || readsHalf(i);
  }

  /// Whether a case ended by an access that may have passed the end of 4 GiB. SDM Vol. 3 "Limit
  /// Checking": with a limit of FFFFFFFFH that may be a fault of the segment or not.
  private boolean wraps(DecodedInstruction i, int vector, long pageFaultAddress) {
    if (c.mode == CpuMode.LONG64) {
      return false;
    }
    long address =
        switch (vector) {
          case GuestFault.PF -> pageFaultAddress;
          case GuestFault.AC, GuestFault.GP, GuestFault.SS ->
              i.isMemory() ? i.effectiveAddress(c.gpr) : highestPointer();
          default -> 0;
        };
    return address >= END_OF_32_BITS - LONGEST_OPERAND;
  }

  /// The highest of the registers that an operand may stand at that is not encoded.
  private long highestPointer() {
    long pointers = Math.max(c.gpr[Vcpu.RSP], c.gpr[Vcpu.RBP]);
    return Math.max(pointers, Math.max(c.gpr[Vcpu.RSI], c.gpr[Vcpu.RDI]));
  }

  /// Whether a CMPS ended a case both of whose operands fault. The SDM does not say which does
  /// first, and the host is not of one mind.
  private boolean faultsTwice(DecodedInstruction i) {
    if (!i.opcode.mnemonic().equals("CMPS")) {
      return false;
    }
    int bytes = Operands.bytes(i.operand0);
    long mask = i.addressMask;
    return faults(i.segment, c.gpr[Vcpu.RSI] & mask, bytes)
        && faults(SegmentRegister.ES, c.gpr[Vcpu.RDI] & mask, bytes);
  }

  /// An XSAVE of any kind after an XRSTOR, or after an AVX instruction that left nothing but zeroes
  /// in the upper halves. SDM Vol. 1 "Processor Tracking of XSAVE-Managed State": what counts as in
  /// its initial configuration, and as modified, is up to the processor.
  private boolean mayLeaveOut(DecodedInstruction i) {
    restored |= i.opcode.mnemonic().startsWith("XRSTOR");
    wroteVectors |= i.isVex();
    boolean untold = restored || wroteVectors && Arrays.stream(c.fpu.ymmHigh).allMatch(h -> h == 0);
    return untold && i.opcode.mnemonic().startsWith("XSAVE");
  }

  /// Whether what is undefined here is an instruction that the host may have: of AVX-512 (EVEX, or
  /// VEX with mask registers), or AMD's MOV of CR8, spelled LOCK MOV of CR0 (APM Vol. 3 "MOV CRn").
  private static boolean mayBeOfHost(DecodedInstruction i, byte[] code, int from) {
    if (!EmulatedProcessor.isUndefined(i)) {
      return false;
    }
    int at = from;
    boolean lock = false;
    while (isPrefix(code[at] & 0xFF)) {
      lock |= (code[at] & 0xFF) == 0xF0;
      at++;
    }
    if (lock) {
      at += (code[at] & 0xF0) == 0x40 ? 1 : 0;
      return code[at] == 0x0F && (code[at + 1] & 0xFD) == 0x20;
    }
    return switch (code[at] & 0xFF) {
      case 0x62 -> true;
      case 0xC5 -> isOfMasks(1, code[at + 2] & 0xFF);
      case 0xC4 -> isOfMasks(code[at + 1] & 0x1F, code[at + 3] & 0xFF);
      default -> false;
    };
  }

  private static boolean isOfMasks(int map, int opcode) {
    return map == 1
        ? opcode >= 0x41 && opcode <= 0x4B || opcode >= 0x90 && opcode <= 0x99
        : map == 3 && opcode >= 0x30 && opcode <= 0x33;
  }

  /// Whether a byte is a prefix other than REP and REX.
  private static boolean isPrefix(int b) {
    return (b & 0xE7) == 0x26 || b >= 0x64 && b <= 0x67 || b == 0xF0;
  }

  /// Whether an EPYC reads only the lower half of an operand that MXCSR.MM lets lie anywhere: seen
  /// at the end of a page, for PUNPCKL and shifts by a count in memory.
  private boolean readsHalf(DecodedInstruction i) {
    String name = i.opcode.mnemonic();
    return (c.fpu.mxcsr & FpuState.MXCSR_MISALIGNED) != 0
        && i.isMemory()
        && (name.contains("UNPCKL") || name.startsWith("PSLL") || name.startsWith("PSR"));
  }

  private boolean faults(int segment, long ea, int bytes) {
    try {
      c.mmu.probeRead(segment, ea, bytes);
      return c.flag(Rflags.AC) && (ea & bytes - 1) != 0;
    } catch (GuestFault _) {
      return true;
    }
  }
}
