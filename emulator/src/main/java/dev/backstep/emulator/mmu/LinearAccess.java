package dev.backstep.emulator.mmu;

import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;

/// Accesses that name a linear address: stack switches, system structures, instruction fetches. In
/// long mode the address has 64 bits whatever the code segment, else 32. SDM Vol. 3 "Determination
/// of Access Rights" says which are implicit.
final class LinearAccess {
  private final Vcpu c;
  private final LinearMemory memory;
  private final SegmentChecks checks;

  LinearAccess(Vcpu c, LinearMemory memory, SegmentChecks checks) {
    this.c = c;
    this.memory = memory;
    this.checks = checks;
  }

  private int width() {
    return c.isLongModeActive() ? 0 : Access.WRAP_32;
  }

  /// The access of kind `kind` that instructions make at `cpl`.
  int explicitAt(int cpl, int kind) {
    return kind | (cpl == 3 ? Access.USER : 0) | width();
  }

  long read(long gva, int bytes, int cpl) {
    checkCanonical(gva, bytes, GuestFault.SS);
    int access = explicitAt(cpl, Access.READ);
    return memory.load(Access.wrap(gva, access), bytes, access);
  }

  void write(long gva, int bytes, long value, int cpl) {
    checkCanonical(gva, bytes, GuestFault.SS);
    int access = explicitAt(cpl, Access.WRITE);
    memory.store(Access.wrap(gva, access), bytes, value, access);
  }

  void probe(long gva, int bytes, int cpl, AccessType type) {
    checkCanonical(gva, bytes, GuestFault.SS);
    int access = explicitAt(cpl, Access.of(type));
    memory.probe(Access.wrap(gva, access), bytes, access);
  }

  long readSystem(long gva, int bytes) {
    checkCanonical(gva, bytes, GuestFault.GP);
    int access = Access.READ | Access.IMPLICIT | width();
    return memory.load(Access.wrap(gva, access), bytes, access);
  }

  void writeSystem(long gva, int bytes, long value) {
    checkCanonical(gva, bytes, GuestFault.GP);
    int access = Access.WRITE | Access.IMPLICIT | width();
    memory.store(Access.wrap(gva, access), bytes, value, access);
  }

  /// A fault with `vector` and error code 0 unless the address is canonical where that matters.
  void checkCanonical(long gva, int bytes, int vector) {
    boolean canonical = checks.isCanonical(gva) && checks.isCanonical(gva + bytes - 1);
    if (c.isLongModeActive() && !canonical) {
      throw c.fault.withCode(vector, 0);
    }
  }

  /// @param explicit the width and privilege of explicit accesses now
  long fetch(long gva, int explicit) {
    int access = Access.FETCH | explicit;
    long at = Access.wrap(gva, access);
    if (c.mode == CpuMode.LONG64 && !checks.isCanonical(at)) {
      throw c.fault.generalProtection(0);
    }
    int entry = memory.translate(at, access);
    return memory.tlb().gpa(entry, at);
  }
}
