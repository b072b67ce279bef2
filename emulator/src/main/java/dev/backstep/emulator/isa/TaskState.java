package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// The part of the registers that a 16- or 32-bit TSS holds: saved and loaded. SDM Vol. 3
/// "Task-State Segment (TSS)", "16-Bit Task-State Segment (TSS)".
///
/// ```
/// 32-bit  0 link 4 ESP0 8 SS0 … 28 CR3 32 EIP 36 EFLAGS 40 EAX ECX EDX EBX ESP EBP ESI EDI
///         72 ES CS SS DS FS GS 96 LDT 100 T 102 I/O map base
///         104 SSP
/// 16-bit  0 link 2 SP0 4 SS0 … 14 IP 16 FLAGS 18 AX CX DX BX SP BP SI DI 34 ES CS SS DS 42 LDT
/// ```
final class TaskState {
  static final int MINIMUM_LIMIT32 = 0x67;
  static final int MINIMUM_LIMIT16 = 0x2B;

  /// With SSP, which a TSS must have while CR4.CET is set.
  static final int MINIMUM_LIMIT_CET = 0x6B;

  private static final int CR3_32 = 28;
  private static final int TRAP_32 = 100;
  private static final int SSP_32 = 104;

  private TaskState() {}

  static boolean is32(int tssType) {
    return (tssType & Descriptor.TYPE_32BIT) != 0;
  }

  /// Saves EIP, EFLAGS, the general and the segment registers in the current TSS.
  static void save(Vcpu c, long rip, long flags) {
    boolean is32 = is32(c.tr.type());
    int slot = is32 ? 4 : 2;
    long at = c.tr.base + (is32 ? 32 : 14);
    c.mmu.writeSystem(at, slot, rip);
    c.mmu.writeSystem(at + slot, slot, flags);
    at += 2L * slot;
    for (int register = 0; register < 8; register++) {
      c.mmu.writeSystem(at, slot, c.gpr[register]);
      at += slot;
    }
    int segments = is32 ? 6 : 4;
    for (int segment = 0; segment < segments; segment++) {
      c.mmu.writeSystem(at, 2, c.segments[segment].selector);
      at += slot;
    }
  }

  static long rip(Vcpu c, long tss, boolean is32) {
    return is32 ? c.mmu.readSystem(tss + 32, 4) : c.mmu.readSystem(tss + 14, 2);
  }

  static long flags(Vcpu c, long tss, boolean is32) {
    return is32 ? c.mmu.readSystem(tss + 36, 4) : c.mmu.readSystem(tss + 16, 2);
  }

  /// The privilege level of the task of a TSS: that of its CS, 3 in virtual-8086 mode.
  static int privilege(Vcpu c, long tss, long descriptor) {
    boolean is32 = is32(Descriptor.type(descriptor));
    boolean inVm86 = is32 && (flags(c, tss, true) & Rflags.VM) != 0;
    return inVm86 ? 3 : DescriptorFetch.rpl(selector(c, tss, is32, SegmentRegister.CS));
  }

  static int selector(Vcpu c, long tss, boolean is32, int segment) {
    if (is32) {
      return (int) c.mmu.readSystem(tss + 72 + 4L * segment, 2);
    }
    // A 16-bit TSS has no FS and GS: they become null.
    return segment > SegmentRegister.DS ? 0 : (int) c.mmu.readSystem(tss + 34 + 2L * segment, 2);
  }

  static int ldtSelector(Vcpu c, long tss, boolean is32) {
    return (int) c.mmu.readSystem(tss + (is32 ? 96 : 42), 2);
  }

  static void loadGeneralRegisters(Vcpu c, long tss, boolean is32) {
    int slot = is32 ? 4 : 2;
    long at = tss + (is32 ? 40 : 18);
    for (int register = 0; register < 8; register++) {
      long value = c.mmu.readSystem(at, slot);
      // The upper halves that a 16-bit TSS does not hold are undefined; processors set them.
      c.gpr[register] = is32 ? value : value | 0xFFFF0000L;
      at += slot;
    }
  }

  /// CR3 of the new task, with paging on and a 32-bit TSS.
  static long pageDirectoryBase(Vcpu c, long tss) {
    return c.mmu.readSystem(tss + CR3_32, 4);
  }

  /// The shadow stack pointer that a 32-bit TSS has for its task.
  static long shadowStackPointer(Vcpu c, long tss) {
    return c.mmu.readSystem(tss + SSP_32, 4);
  }

  static boolean hasTrapBit(Vcpu c, long tss, boolean is32) {
    return is32 && (c.mmu.readSystem(tss + TRAP_32, 1) & 1) != 0;
  }

  /// A new task starts without local breakpoints. SDM Vol. 3 "Debug Control Register (DR7)".
  static void clearLocalBreakpoints(Vcpu c) {
    c.dr[7] &= ~ControlBits.DR7_LOCAL;
    c.updateStepping();
    c.mmu.debugRegistersChanged();
  }
}
