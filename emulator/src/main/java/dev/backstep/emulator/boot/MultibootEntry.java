package dev.backstep.emulator.boot;

import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// How a Multiboot kernel starts. Multiboot Specification, "Machine state".
///
/// @param entryGpa the kernel's entry point
/// @param informationGpa the boot information
public record MultibootEntry(long entryGpa, long informationGpa) {
  private static final long LOADED_MAGIC = 0x2BAD_B002L;
  private static final int FLAT_CODE = 0xC09B;
  private static final int FLAT_DATA = 0xC093;

  /// Puts a vCPU that was just reset into the state at the entry point: protected mode, flat 32-bit
  /// segments, interrupts off. GDTR points to a GDT in ROM that has the same segments.
  public void enter(Vcpu c) {
    c.cr0 |= ControlBits.CR0_PE;
    for (int k = 0; k < c.segments.length; k++) {
      if (k != SegmentRegister.CS) {
        c.segments[k].set(LegacyRom.DATA_SELECTOR, 0, -1, FLAT_DATA, true);
        c.mmu.segmentChanged(k);
      }
    }
    c.segments[SegmentRegister.CS].set(LegacyRom.CODE_SELECTOR, 0, -1, FLAT_CODE, true);
    c.mmu.segmentChanged(SegmentRegister.CS);
    c.cpl = 0;
    c.gdtBase = LegacyRom.GDT_GPA;
    c.gdtLimit = LegacyRom.GDT_LIMIT;
    c.gpr[Vcpu.RAX] = LOADED_MAGIC;
    c.gpr[Vcpu.RBX] = informationGpa;
    c.rip = entryGpa;
    c.updateMode();
  }
}
