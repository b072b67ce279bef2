package dev.backstep.emulator.vcpu;

/// RFLAGS, the six arithmetic flags of which are computed only when somebody asks.
///
/// An instruction that sets flags leaves behind a kind, its operands and its result, all
/// sign-extended from the operand width to 64 bits, so that the flags follow without knowing the
/// width:
///
/// | kind | meaning of `flagA`, `flagB`, `flagResult` |
/// |---|---|
/// | `ADD`, `ADC` | operands, result; ADC's carry-in is implied by the three |
/// | `SUB`, `SBB` | minuend, subtrahend, result |
/// | `LOGIC` | unused; CF, OF and AF are 0 |
/// | `INC`, `DEC` | operand; `flagB` = the CF to keep, 0 or 1 |
/// | `RESULT` | `flagA` = CF and OF in their RFLAGS places; SF, ZF and PF follow the result, AF is 0 |
/// | `EXPLICIT` | `flagA` = CF PF AF ZF SF OF in their RFLAGS places |
///
/// SDM Vol. 1 "EFLAGS Register".
public final class Rflags {
  public static final int CF = 1;
  public static final int PF = 1 << 2;
  public static final int AF = 1 << 4;
  public static final int ZF = 1 << 6;
  public static final int SF = 1 << 7;
  public static final int TF = 1 << 8;
  public static final int IF = 1 << 9;
  public static final int DF = 1 << 10;
  public static final int OF = 1 << 11;
  public static final int IOPL = 3 << 12;
  public static final int NT = 1 << 14;
  public static final int RF = 1 << 16;
  public static final int VM = 1 << 17;
  public static final int AC = 1 << 18;
  public static final int VIF = 1 << 19;
  public static final int VIP = 1 << 20;
  public static final int ID = 1 << 21;

  /// The six flags that arithmetic sets.
  public static final int ARITHMETIC = CF | PF | AF | ZF | SF | OF;

  /// Bit 1 always reads as one.
  public static final int FIXED = 1 << 1;

  public static final int EXPLICIT = 0;
  public static final int ADD = 1;
  public static final int ADC = 2;
  public static final int SUB = 3;
  public static final int SBB = 4;
  public static final int LOGIC = 5;
  public static final int INC = 6;
  public static final int DEC = 7;
  public static final int RESULT = 8;

  private Rflags() {}

  public static boolean cf(Vcpu c) {
    return switch (c.flagKind) {
      case EXPLICIT, RESULT -> (c.flagA & CF) != 0;
      case ADD -> Long.compareUnsigned(c.flagResult, c.flagA) < 0;
      case ADC -> ((c.flagA & c.flagB) | ((c.flagA | c.flagB) & ~c.flagResult)) < 0;
      case SUB -> Long.compareUnsigned(c.flagA, c.flagB) < 0;
      case SBB -> ((~c.flagA & c.flagB) | ((~c.flagA | c.flagB) & c.flagResult)) < 0;
      case INC, DEC -> c.flagB != 0;
      default -> false;
    };
  }

  public static boolean of(Vcpu c) {
    return switch (c.flagKind) {
      case EXPLICIT, RESULT -> (c.flagA & OF) != 0;
      case ADD, ADC -> ((c.flagA ^ c.flagResult) & (c.flagB ^ c.flagResult)) < 0;
      case SUB, SBB -> ((c.flagA ^ c.flagB) & (c.flagA ^ c.flagResult)) < 0;
      case INC -> (~c.flagA & c.flagResult) < 0;
      case DEC -> (c.flagA & ~c.flagResult) < 0;
      default -> false;
    };
  }

  public static boolean zf(Vcpu c) {
    return c.flagKind == EXPLICIT ? (c.flagA & ZF) != 0 : c.flagResult == 0;
  }

  public static boolean sf(Vcpu c) {
    return c.flagKind == EXPLICIT ? (c.flagA & SF) != 0 : c.flagResult < 0;
  }

  public static boolean pf(Vcpu c) {
    if (c.flagKind == EXPLICIT) {
      return (c.flagA & PF) != 0;
    }
    return (Integer.bitCount((int) c.flagResult & 0xFF) & 1) == 0;
  }

  public static boolean af(Vcpu c) {
    return switch (c.flagKind) {
      case EXPLICIT -> (c.flagA & AF) != 0;
      case ADD, ADC, SUB, SBB -> ((c.flagA ^ c.flagB ^ c.flagResult) & AF) != 0;
      case INC -> (c.flagResult & 0xF) == 0;
      case DEC -> (c.flagResult & 0xF) == 0xF;
      default -> false;
    };
  }

  /// The arithmetic flags in their RFLAGS places.
  public static int arithmetic(Vcpu c) {
    if (c.flagKind == EXPLICIT) {
      return (int) c.flagA;
    }
    return (cf(c) ? CF : 0)
        | (pf(c) ? PF : 0)
        | (af(c) ? AF : 0)
        | (zf(c) ? ZF : 0)
        | (sf(c) ? SF : 0)
        | (of(c) ? OF : 0);
  }

  /// Replaces the arithmetic flags by those of `bits`; other bits of it are ignored.
  public static void setArithmetic(Vcpu c, long bits) {
    c.flagKind = EXPLICIT;
    c.flagA = bits & ARITHMETIC;
  }

  /// Whether condition code `cc` (the low nibble of Jcc's opcode) holds. SDM Vol. 1 "Condition
  /// Codes".
  public static boolean condition(Vcpu c, int cc) {
    boolean holds =
        switch (cc >> 1) {
          case 0 -> of(c);
          case 1 -> cf(c);
          case 2 -> zf(c);
          case 3 -> cf(c) || zf(c);
          case 4 -> sf(c);
          case 5 -> pf(c);
          case 6 -> sf(c) != of(c);
          default -> zf(c) || sf(c) != of(c);
        };
    return holds ^ (cc & 1) != 0;
  }
}
