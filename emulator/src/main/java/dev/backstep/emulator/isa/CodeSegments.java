package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// Checks on code segments that control is transferred to, and the transfer itself. SDM Vol. 3
/// "Privilege Level Checking When Transferring Program Control Between Code Segments".
final class CodeSegments {
  private CodeSegments() {}

  /// Whether code in this segment runs in 64-bit mode.
  static boolean isLong(Vcpu c, long descriptor) {
    return c.isLongModeActive() && Descriptor.is(descriptor, SegmentRegister.LONG);
  }

  /// L and D set together are reserved in long mode.
  private static boolean isReservedSize(Vcpu c, long descriptor) {
    return isLong(c, descriptor) && Descriptor.is(descriptor, SegmentRegister.DEFAULT_BIG);
  }

  /// A JMP or CALL that names the code segment itself.
  static void requireDirect(Vcpu c, int selector, long descriptor) {
    int code = DescriptorFetch.code(selector, 0);
    int dpl = Descriptor.dpl(descriptor);
    if (isReservedSize(c, descriptor)) {
      throw c.fault.generalProtection(code);
    }
    boolean allowed =
        Descriptor.isConforming(descriptor)
            ? dpl <= c.cpl
            : dpl == c.cpl && DescriptorFetch.rpl(selector) <= c.cpl;
    if (!allowed) {
      throw c.fault.generalProtection(code);
    }
    requirePresent(c, selector, descriptor, 0);
  }

  /// A RET or IRET to the segment: its privilege is the selector's RPL, never an inner one.
  static void requireReturn(Vcpu c, int selector, long descriptor) {
    int code = DescriptorFetch.code(selector, 0);
    int rpl = DescriptorFetch.rpl(selector);
    int dpl = Descriptor.dpl(descriptor);
    boolean allowed =
        Descriptor.isCode(descriptor)
            && rpl >= c.cpl
            && !isReservedSize(c, descriptor)
            && (Descriptor.isConforming(descriptor) ? dpl <= rpl : dpl == rpl);
    if (!allowed) {
      throw c.fault.generalProtection(code);
    }
    requirePresent(c, selector, descriptor, 0);
  }

  /// The target of a gate of long mode must be 64-bit code. #GP.
  static void requireLongTarget(Vcpu c, int selector, long descriptor, int ext) {
    boolean is64 =
        Descriptor.is(descriptor, SegmentRegister.LONG)
            && !Descriptor.is(descriptor, SegmentRegister.DEFAULT_BIG);
    if (c.isLongModeActive() && !is64) {
      throw c.fault.generalProtection(DescriptorFetch.code(selector, ext));
    }
  }

  static void requirePresent(Vcpu c, int selector, long descriptor, int ext) {
    if (!Descriptor.isPresent(descriptor)) {
      throw c.fault.withCode(GuestFault.NP, DescriptorFetch.code(selector, ext));
    }
  }

  /// #GP(ext) unless `rip` can be executed in the segment: canonical in 64-bit mode, else within
  /// the limit.
  static void requireTarget(Vcpu c, long descriptor, long rip, int ext) {
    boolean inside =
        isLong(c, descriptor)
            ? c.mmu.isCanonical(rip)
            : Long.compareUnsigned(rip, Descriptor.limit(descriptor) & 0xFFFFFFFFL) <= 0;
    if (!inside) {
      throw c.fault.generalProtection(ext);
    }
  }

  /// Loads CS, sets CPL and RIP. Everything was checked.
  static void commit(Vcpu c, int selector, long descriptor, int newCpl, long rip) {
    SegmentRegister cs = c.segments[SegmentRegister.CS];
    SegmentLoads.fill(cs, selector & 0xFFFC | newCpl, descriptor);
    if (isLong(c, descriptor)) {
      // SDM Vol. 3 "Code-Segment Descriptor in 64-bit Mode": base and limit are ignored.
      cs.base = 0;
    }
    c.cpl = newCpl;
    c.rip = rip;
    c.mmu.segmentChanged(SegmentRegister.CS);
    c.updateMode();
  }

  /// Loads CS and RIP in real-address or virtual-8086 mode.
  ///
  /// @throws GuestFault #GP(0) if `rip` is beyond the limit
  static void jumpRealStyle(Vcpu c, int selector, long rip) {
    requireRealStyleTarget(c, rip);
    SegmentLoads.loadRealStyle(c, SegmentRegister.CS, selector);
    c.rip = rip;
    c.mmu.segmentChanged(SegmentRegister.CS);
    c.updateMode();
  }

  static void requireRealStyleTarget(Vcpu c, long rip) {
    int limit =
        c.mode == CpuMode.VM86 ? SegmentLoads.REAL_LIMIT : c.segments[SegmentRegister.CS].limit;
    if (Long.compareUnsigned(rip, limit & 0xFFFFFFFFL) > 0) {
      throw c.fault.generalProtection(0);
    }
  }

  /// After a return to less privileged code: data segments that it must not use become null, and
  /// those that hold a null selector hold 0. SDM Vol. 2 "RET", "IRET"; that the privilege bits of
  /// null selectors are lost too is how processors of both makers do it.
  static void dropInnerDataSegments(Vcpu c) {
    dropIfInner(c, SegmentRegister.ES);
    dropIfInner(c, SegmentRegister.DS);
    dropIfInner(c, SegmentRegister.FS);
    dropIfInner(c, SegmentRegister.GS);
  }

  private static void dropIfInner(Vcpu c, int segment) {
    SegmentRegister s = c.segments[segment];
    int conformingCode = SegmentRegister.TYPE_CODE | SegmentRegister.TYPE_EXPAND_DOWN;
    boolean conforming = (s.access & conformingCode) == conformingCode;
    if (!s.usable) {
      s.selector = 0;
    } else if (s.dpl() < c.cpl && !conforming) {
      // The base stays: in 64-bit mode FS and GS go on using it.
      s.selector = 0;
      s.access = 0;
      s.usable = false;
      c.mmu.segmentChanged(segment);
    }
  }
}
