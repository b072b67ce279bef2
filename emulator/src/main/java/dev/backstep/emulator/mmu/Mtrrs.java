package dev.backstep.emulator.mmu;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.CpuidTable;
import java.util.Arrays;

/// One vCPU's memory type range registers. SDM Vol. 3 "Memory Type Range Registers (MTRRs)".
///
/// ```
/// DEF_TYPE   11 E   10 FE   7..0 default type
/// PHYSBASE   MAXPHYADDR-1..12 base   7..0 type
/// PHYSMASK   MAXPHYADDR-1..12 mask   11 V
/// fixed      eight types, the lowest range in the low byte
/// ```
public final class Mtrrs {
  /// Variable ranges; KVM has as many.
  public static final int VARIABLE_RANGES = 8;

  public static final int FIXED_REGISTERS = 11;

  /// IA32_MTRRCAP: WC supported, fixed ranges supported, VCNT.
  public static final long CAPABILITY = 1 << 10 | 1 << 8 | VARIABLE_RANGES;

  private static final long ENABLE = 1 << 11;
  private static final long FIXED_ENABLE = 1 << 10;
  private static final long VALID = 1 << 11;
  private static final long TYPE = 0xFF;
  private static final long FIXED_END = 0x10_0000;

  /// How a type was found.
  public enum Rule {
    /// The processor has no MTRRs: nothing keeps RAM from being cached.
    ABSENT,
    DISABLED,
    FIXED,
    VARIABLE,
    OVERLAP_UC,
    OVERLAP_WT,

    /// An overlap whose type the SDM leaves undefined: UC here.
    OVERLAP_UNDEFINED,
    DEFAULT
  }

  /// The type of an address and how it was found.
  public record Resolution(MemoryType type, Rule rule) {}

  private final boolean exist;
  private final long physicalMask;
  private final long[] fixed = new long[FIXED_REGISTERS];
  private final long[] base = new long[VARIABLE_RANGES];
  private final long[] mask = new long[VARIABLE_RANGES];
  private long defType;

  Mtrrs(CpuidTable cpuid) {
    this(cpuid.physicalAddressBits(), cpuid.has(CpuFeature.MTRR));
  }

  Mtrrs(int physicalAddressBits) {
    this(physicalAddressBits, true);
  }

  private Mtrrs(int physicalAddressBits, boolean exist) {
    this.exist = exist;
    physicalMask = (1L << physicalAddressBits) - 1;
  }

  /// Power-up: disabled, so all memory is UC. INIT leaves MTRRs alone.
  public void reset() {
    defType = 0;
    Arrays.fill(fixed, 0);
    Arrays.fill(base, 0);
    Arrays.fill(mask, 0);
  }

  /// What firmware leaves: WB by default and in conventional memory, the VGA window UC, option ROMs
  /// and BIOS WP, and the hole below 4 GiB UC.
  ///
  /// @param holeStart where the hole for devices begins
  public void setAsFirmwareDoes(long holeStart) {
    reset();
    Arrays.fill(fixed, 0, 2, 0x0606060606060606L);
    Arrays.fill(fixed, 3, FIXED_REGISTERS, 0x0505050505050505L);
    long at = holeStart;
    for (int k = 0; k < VARIABLE_RANGES && at < 1L << 32; k++) {
      long size = Long.lowestOneBit(at | 1L << 31);
      base[k] = at | MemoryType.UC.encoding();
      mask[k] = physicalMask & -size | VALID;
      at += size;
    }
    defType = ENABLE | FIXED_ENABLE | MemoryType.WB.encoding();
  }

  public long defType() {
    return defType;
  }

  /// @return false for reserved bits or types: #GP
  public boolean setDefType(long value) {
    if ((value & ~(ENABLE | FIXED_ENABLE | TYPE)) != 0 || !isType(value & TYPE)) {
      return false;
    }
    defType = value;
    return true;
  }

  /// Fixed-range register `k`: 64K_00000, 16K_80000, 16K_A0000, 4K_C0000 … 4K_F8000.
  public long fixed(int k) {
    return fixed[k];
  }

  /// @return false for a reserved type: #GP
  public boolean setFixed(int k, long value) {
    for (int shift = 0; shift < 64; shift += 8) {
      if (!isType(value >>> shift & TYPE)) {
        return false;
      }
    }
    fixed[k] = value;
    return true;
  }

  public long base(int k) {
    return base[k];
  }

  /// @return false for reserved bits or types: #GP
  public boolean setBase(int k, long value) {
    if ((value & ~physicalMask) != 0 || (value & 0xF00) != 0 || !isType(value & TYPE)) {
      return false;
    }
    base[k] = value;
    return true;
  }

  public long mask(int k) {
    return mask[k];
  }

  /// @return false for reserved bits: #GP
  public boolean setMask(int k, long value) {
    if ((value & ~physicalMask) != 0 || (value & 0x7FF) != 0) {
      return false;
    }
    mask[k] = value;
    return true;
  }

  private static boolean isType(long encoding) {
    return MemoryType.ofMtrr((int) encoding) != null;
  }

  private static MemoryType typeOf(long encoding) {
    MemoryType type = MemoryType.ofMtrr((int) (encoding & TYPE));
    if (type == null) {
      throw new AssertionError("MTRR type %x was never valid".formatted(encoding));
    }
    return type;
  }

  /// The type of the byte at `gpa`. SDM Vol. 3 "MTRR Precedences".
  public Resolution resolve(long gpa) {
    if (!exist) {
      return new Resolution(MemoryType.WB, Rule.ABSENT);
    }
    if ((defType & ENABLE) == 0) {
      return new Resolution(MemoryType.UC, Rule.DISABLED);
    }
    if (gpa < FIXED_END && (defType & FIXED_ENABLE) != 0) {
      return new Resolution(fixedType((int) gpa), Rule.FIXED);
    }
    int types = 0;
    for (int k = 0; k < VARIABLE_RANGES; k++) {
      if (covers(k, gpa)) {
        types |= 1 << (int) (base[k] & 7);
      }
    }
    return types == 0 ? new Resolution(typeOf(defType), Rule.DEFAULT) : combine(types);
  }

  /// The type of addresses in no range.
  public MemoryType defaultType() {
    return typeOf(defType);
  }

  public boolean isValid(int k) {
    return (mask[k] & VALID) != 0;
  }

  /// The bits of an address that variable range `k` leaves open.
  public long openBits(int k) {
    return ~mask[k] & physicalMask | 0xFFF;
  }

  /// The type of variable range `k`.
  public MemoryType variableType(int k) {
    return typeOf(base[k]);
  }

  /// Whether variable range `k` is valid and holds `gpa`.
  public boolean covers(int k, long gpa) {
    long m = mask[k] & Mmu.PAGE_MASK;
    return (mask[k] & VALID) != 0 && (gpa & m) == (base[k] & m);
  }

  private static Resolution combine(int types) {
    if (Integer.bitCount(types) == 1) {
      return new Resolution(typeOf(Integer.numberOfTrailingZeros(types)), Rule.VARIABLE);
    }
    if ((types & 1 << MemoryType.UC.encoding()) != 0) {
      return new Resolution(MemoryType.UC, Rule.OVERLAP_UC);
    }
    if (types == (1 << MemoryType.WT.encoding() | 1 << MemoryType.WB.encoding())) {
      return new Resolution(MemoryType.WT, Rule.OVERLAP_WT);
    }
    return new Resolution(MemoryType.UC, Rule.OVERLAP_UNDEFINED);
  }

  private MemoryType fixedType(int gpa) {
    int register;
    int field;
    if (gpa < 0x8_0000) {
      register = 0;
      field = gpa >>> 16;
    } else if (gpa < 0xC_0000) {
      register = 1 + (gpa - 0x8_0000 >>> 17);
      field = gpa >>> 14 & 7;
    } else {
      register = 3 + (gpa - 0xC_0000 >>> 15);
      field = gpa >>> 12 & 7;
    }
    return typeOf(fixed[register] >>> 8 * field);
  }

  /// Whether no register can tell one 4 KiB page of the naturally aligned range from another: the
  /// whole of a large page has one type then. SDM Vol. 3 "Large Page Size Considerations".
  boolean isUniform(long gpa, long bytes) {
    if (!exist || (defType & ENABLE) == 0) {
      return true;
    }
    if (gpa < FIXED_END && (defType & FIXED_ENABLE) != 0) {
      return false;
    }
    long within = bytes - 1 & Mmu.PAGE_MASK;
    for (int k = 0; k < VARIABLE_RANGES; k++) {
      if ((mask[k] & VALID) != 0 && (mask[k] & within) != 0 && mayCover(k, gpa, within)) {
        return false;
      }
    }
    return true;
  }

  private boolean mayCover(int k, long gpa, long within) {
    long m = mask[k] & Mmu.PAGE_MASK & ~within;
    return (gpa & m) == (base[k] & m);
  }
}
