package dev.backstep.emulator.msr;

import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;

/// One model-specific register: what its index means and does.
///
/// @param index what ECX names it by
/// @param name the SDM's (or APM's) name
/// @param reader RDMSR
/// @param writer WRMSR
/// @param userWriter a write by the hypervisor's user: KVM_SET_MSRS
record Msr(int index, String name, Reader reader, Writer writer, Writer userWriter) {
  /// RDMSR.
  interface Reader {
    /// @throws GuestFault #GP(0)
    long read(Vcpu c);
  }

  /// WRMSR.
  interface Writer {
    /// @throws GuestFault #GP(0), and nothing written
    void write(Vcpu c, long value);
  }

  /// Cannot be written.
  static final Writer READ_ONLY =
      (c, value) -> {
        throw fault(c);
      };

  /// Writes are accepted and do nothing.
  static final Writer IGNORED = (c, value) -> {};

  static GuestFault fault(Vcpu c) {
    return c.fault.generalProtection(0);
  }

  /// #GP(0) if `value` sets a bit outside `allowed`.
  static void checkReserved(Vcpu c, long value, long allowed) {
    if ((value & ~allowed) != 0) {
      throw fault(c);
    }
  }

  /// #GP(0) if `value` is not canonical for the processor. SDM Vol. 2 "WRMSR" lists the registers.
  static void checkCanonical(Vcpu c, long value) {
    if (!c.mmu.isLoadable(value)) {
      throw fault(c);
    }
  }
}
