package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// Reads descriptors from the GDT and the LDT. SDM Vol. 3 "Segment Selectors", "Segment Descriptor
/// Tables in IA-32e Mode".
final class DescriptorFetch {
  static final int DESCRIPTOR_BYTES = 8;

  /// A TSS, LDT or gate descriptor of long mode.
  static final int LONG_DESCRIPTOR_BYTES = 16;

  /// Table indicator: the selector names the LDT.
  private static final int SELECTOR_TI = 4;

  private static final int OFFSET_MASK = 0xFFF8;

  /// Byte of a descriptor that holds its type.
  private static final int ACCESS_BYTE = 5;

  private DescriptorFetch() {}

  /// Whether a selector is one of the four null selectors.
  static boolean isNull(int selector) {
    return (selector & 0xFFFC) == 0;
  }

  static int rpl(int selector) {
    return selector & 3;
  }

  static boolean isLocal(int selector) {
    return (selector & SELECTOR_TI) != 0;
  }

  /// The error code that names a selector; `ext` is 0, or 1 for events external to the program.
  static int code(int selector, int ext) {
    return selector & 0xFFFC | ext;
  }

  /// Whether the `bytes` bytes of the selector's descriptor lie within its table.
  static boolean isWithinTable(Vcpu c, int selector, int bytes) {
    long last = (selector & OFFSET_MASK) + bytes - 1L;
    if (isLocal(selector)) {
      return c.ldtr.usable && last <= (c.ldtr.limit & 0xFFFFFFFFL);
    }
    return last <= (c.gdtLimit & 0xFFFFL);
  }

  /// Linear address of the selector's descriptor.
  static long gva(Vcpu c, int selector) {
    long table = isLocal(selector) ? c.ldtr.base : c.gdtBase;
    long gva = table + (selector & OFFSET_MASK);
    return c.isLongModeActive() ? gva : gva & 0xFFFFFFFFL;
  }

  /// The descriptor of a selector; `vector` with the selector's error code if it is beyond its
  /// table.
  static long read(Vcpu c, int selector, int vector, int ext) {
    if (!isWithinTable(c, selector, DESCRIPTOR_BYTES)) {
      throw c.fault.withCode(vector, code(selector, ext));
    }
    return c.mmu.readSystem(gva(c, selector), DESCRIPTOR_BYTES);
  }

  /// The same for most far transfers and segment loads: #GP.
  static long read(Vcpu c, int selector) {
    return read(c, selector, GuestFault.GP, 0);
  }

  /// The second half of a long-mode system descriptor: bits 63:32 of its base or offset are in the
  /// low half of the result. #GP if it is beyond the table or its type field, which must be zero,
  /// is not.
  static long readUpperHalf(Vcpu c, int selector, int ext) {
    if (!isWithinTable(c, selector, LONG_DESCRIPTOR_BYTES)) {
      throw c.fault.generalProtection(code(selector, ext));
    }
    long upper = c.mmu.readSystem(gva(c, selector) + DESCRIPTOR_BYTES, DESCRIPTOR_BYTES);
    // SDM Vol. 3 "Call Gates" (64-bit): the type field of the upper half is checked to be zero.
    if ((upper >>> 40 & 0x1F) != 0) {
      throw c.fault.generalProtection(code(selector, ext));
    }
    return upper;
  }

  /// Sets the accessed bit of a code or data descriptor in its table, if it is clear.
  static void markAccessed(Vcpu c, int selector, long descriptor) {
    if (!Descriptor.is(descriptor, SegmentRegister.TYPE_ACCESSED)) {
      int access = Descriptor.access(descriptor) & 0xFF | SegmentRegister.TYPE_ACCESSED;
      c.mmu.writeSystem(gva(c, selector) + ACCESS_BYTE, 1, access);
    }
  }

  /// Sets or clears the busy bit of a TSS descriptor.
  static void writeType(Vcpu c, int selector, long descriptor, int type) {
    int access = Descriptor.access(descriptor) & 0xF0 | type;
    c.mmu.writeSystem(gva(c, selector) + ACCESS_BYTE, 1, access);
  }
}
