package dev.backstep.emulator.cpuid;

import dev.backstep.emulator.vcpu.ControlBits;

/// The state components of XSAVE that a CPU has, and where they stand in the standard format. SDM
/// Vol. 1 "Managing State Using the XSAVE Feature Set".
final class StateComponents {
  /// XSAVE's legacy region and header.
  static final int LEGACY_AND_HEADER_BYTES = 512 + 64;

  static final int AVX = 2;
  static final int PKRU = 9;
  static final int CET_USER = 11;
  static final int CET_SUPERVISOR = 12;

  /// Those beyond the legacy region.
  private static final long EXTENDED = -1L << AVX;

  /// Where parts with AVX-512 have PKRU, whatever CPUID enumerates of it: the place belongs to the
  /// part. AMD's without AVX-512 have it after the AVX state.
  private static final int PKRU_OFFSET_INTEL = 2688;

  private static final int PKRU_OFFSET_AMD = 832;

  private final long user;
  private final long supervisor;
  private final int pkruOffset;

  StateComponents(CpuidTable cpuid) {
    long xcr0 = 0;
    long xss = 0;
    if (cpuid.has(CpuFeature.XSAVE)) {
      xcr0 = ControlBits.XCR0_X87 | ControlBits.XCR0_SSE;
      xcr0 |= cpuid.has(CpuFeature.AVX) ? 1L << AVX : 0;
      xcr0 |= cpuid.has(CpuFeature.PKU) ? 1L << PKRU : 0;
    }
    if (cpuid.has(CpuFeature.XSAVES)) {
      boolean cet = cpuid.has(CpuFeature.CET_SS) || cpuid.has(CpuFeature.CET_IBT);
      xss |= cet ? 1L << CET_USER | 1L << CET_SUPERVISOR : 0;
    }
    user = xcr0;
    supervisor = xss;
    pkruOffset = cpuid.vendor() == Vendor.AMD ? PKRU_OFFSET_AMD : PKRU_OFFSET_INTEL;
  }

  /// The bits that XCR0 can have.
  long user() {
    return user;
  }

  /// The bits that IA32_XSS can have.
  long supervisor() {
    return supervisor;
  }

  static int bytes(int component) {
    return switch (component) {
      case AVX -> 256;
      case PKRU -> 8;
      case CET_USER -> 16;
      case CET_SUPERVISOR -> 24;
      default -> 0;
    };
  }

  /// In the standard format; supervisor components have no place there.
  int offset(int component) {
    return switch (component) {
      case AVX -> LEGACY_AND_HEADER_BYTES;
      case PKRU -> pkruOffset;
      default -> 0;
    };
  }

  /// The size of an XSAVE area of components `xcr0` in the standard format.
  int standardBytes(long xcr0) {
    int end = LEGACY_AND_HEADER_BYTES;
    for (long left = xcr0 & EXTENDED; left != 0; left &= left - 1) {
      int k = Long.numberOfTrailingZeros(left);
      end = Math.max(end, offset(k) + bytes(k));
    }
    return end;
  }

  /// The size of an XSAVE area of `components` in the compacted format. None is aligned.
  static int compactedBytes(long components) {
    int end = LEGACY_AND_HEADER_BYTES;
    for (long left = components & EXTENDED; left != 0; left &= left - 1) {
      end += bytes(Long.numberOfTrailingZeros(left));
    }
    return end;
  }
}
