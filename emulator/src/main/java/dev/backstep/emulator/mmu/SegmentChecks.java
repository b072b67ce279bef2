package dev.backstep.emulator.mmu;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// From segment and effective address to linear address: limit, type, null and canonical checks.
/// SDM Vol. 3 "Limit Checking", "Type Checking"; Vol. 1 "Canonical Addressing".
final class SegmentChecks {
  private static final long MASK_32 = 0xFFFF_FFFFL;
  private static final int FLAT_LIMIT = -1;

  private final Vcpu c;

  /// The processor has 5-level paging.
  private final boolean fiveLevels;

  SegmentChecks(Vcpu c) {
    this.c = c;
    fiveLevels = c.cpuid.has(CpuFeature.LA57);
  }

  /// The base that the fast path may add without any check, or [Mmu#POISON].
  long fastBase(int segment) {
    SegmentRegister s = c.segments[segment];
    if (c.mode == CpuMode.LONG64) {
      return segment >= SegmentRegister.FS ? s.base : 0;
    }
    // With paging of 64-bit addresses a sum above 4 GiB could hit a translation that is not meant.
    long base = s.base & MASK_32;
    boolean sumIsChecked = base == 0 || !c.isLongModeActive();
    if (s.limit != FLAT_LIMIT || !sumIsChecked) {
      return Mmu.POISON;
    }
    return c.mode.isReal() || isWritableExpandUp(s) ? base : Mmu.POISON;
  }

  private static boolean isWritableExpandUp(SegmentRegister s) {
    int wanted = SegmentRegister.TYPE_WRITABLE;
    int mask = wanted | SegmentRegister.TYPE_CODE | SegmentRegister.TYPE_EXPAND_DOWN;
    return s.usable && (s.access & mask) == wanted;
  }

  /// The linear address of the first of `bytes` bytes.
  ///
  /// @throws GuestFault #GP(0), or #SS(0) through SS
  long linear(int segment, long ea, int bytes, int access) {
    SegmentRegister s = c.segments[segment];
    if (c.mode == CpuMode.LONG64) {
      long gva = withoutMetadata(segment >= SegmentRegister.FS ? s.base + ea : ea);
      if (!isCanonical(gva) || !isCanonical(gva + bytes - 1)) {
        throw fault(segment);
      }
      return gva;
    }
    long offset = ea & MASK_32;
    boolean allowed = c.mode.isReal() || isTypeAllowed(s, access);
    if (!allowed || !isWithinLimit(s, offset, bytes)) {
      throw fault(segment);
    }
    return s.base + offset & MASK_32;
  }

  private static boolean isTypeAllowed(SegmentRegister s, int access) {
    if (!s.usable) {
      return false;
    }
    boolean code = s.is(SegmentRegister.TYPE_CODE);
    boolean second = s.is(SegmentRegister.TYPE_WRITABLE);
    if (Access.is(access, Access.WRITE)) {
      return !code && second;
    }
    return !code || second;
  }

  private static boolean isWithinLimit(SegmentRegister s, long offset, int bytes) {
    long limit = Integer.toUnsignedLong(s.limit);
    long last = offset + bytes - 1;
    boolean expandDown = !s.is(SegmentRegister.TYPE_CODE) && s.is(SegmentRegister.TYPE_EXPAND_DOWN);
    if (expandDown) {
      long top = s.is(SegmentRegister.DEFAULT_BIG) ? MASK_32 : 0xFFFF;
      return offset > limit && last <= top;
    }
    // An access that runs past 4 GiB in a flat segment wraps; the SDM leaves that open.
    return last <= limit || s.limit == FLAT_LIMIT;
  }

  /// Whether bits 63:47 are equal (63:56 with 5-level paging).
  boolean isCanonical(long gva) {
    int shift = c.cr4(ControlBits.CR4_LA57) ? 7 : 16;
    return gva << shift >> shift == gva;
  }

  /// Whether `gva` is canonical for the widest linear address that the processor has, whatever the
  /// depth of paging: what registers that hold addresses are checked for when they are loaded.
  /// Intel "5-Level Paging and 5-Level EPT" white paper, "Canonicality".
  boolean isLoadable(long gva) {
    int shift = fiveLevels ? 7 : 16;
    return gva << shift >> shift == gva;
  }

  /// Linear-address masking: a data access ignores the bits between the address's width and bit 63.
  /// SDM Vol. 3 "Linear-Address Masking (LAM)".
  private long withoutMetadata(long address) {
    int width = maskedWidth(address);
    if (width == 0) {
      return address;
    }
    long extended = address << 64 - width >> 64 - width;
    return extended & Long.MAX_VALUE | address & Long.MIN_VALUE;
  }

  /// How many low bits count: 48, 57, or 0 for all.
  private int maskedWidth(long address) {
    if (address < 0) {
      boolean deep = c.cr4(ControlBits.CR4_LA57);
      return c.cr4(ControlBits.CR4_LAM_SUP) ? deep ? 57 : 48 : 0;
    }
    if ((c.cr3 & ControlBits.CR3_LAM_U57) != 0) {
      return 57;
    }
    return (c.cr3 & ControlBits.CR3_LAM_U48) != 0 ? 48 : 0;
  }

  private GuestFault fault(int segment) {
    return c.fault.withCode(segment == SegmentRegister.SS ? GuestFault.SS : GuestFault.GP, 0);
  }
}
