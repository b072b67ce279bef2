package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// Loads and stores of the data segment registers and SS. SDM Vol. 2 "MOV", "POP",
/// "LDS/LES/LFS/LGS/LSS", Vol. 3 "Privilege Level Checking When Accessing Data Segments".
public final class SegmentLoads {
  /// Present, DPL 3, writable data, accessed: what every segment of virtual-8086 mode has.
  static final int VM86_ACCESS = 0xF3;

  /// Present, DPL 0, writable data, accessed.
  static final int REAL_ACCESS = 0x93;

  static final int REAL_LIMIT = 0xFFFF;

  private SegmentLoads() {}

  /// MOV Sreg, r/m16.
  public static void moveToSegment(Vcpu c, DecodedInstruction i) {
    int segment = Operands.register(i.operand0);
    if (segment == SegmentRegister.CS || segment > SegmentRegister.GS) {
      throw c.fault.undefinedOpcode();
    }
    load(c, segment, selectorOperand(c, i, i.operand1));
    shadowAfterStackSegment(c, segment);
  }

  /// MOV r/m, Sreg: 16 bits to memory; a register gets the selector zero-extended to its size.
  public static void moveFromSegment(Vcpu c, DecodedInstruction i) {
    int segment = Operands.register(i.operand1);
    if (segment > SegmentRegister.GS) {
      throw c.fault.undefinedOpcode();
    }
    SelectorStores.store(c, i, c.segments[segment].selector & 0xFFFFL);
  }

  /// POP Sreg.
  public static void popSegment(Vcpu c, DecodedInstruction i) {
    int segment = Operands.register(i.operand0);
    // Only the selector is used; SDM Vol. 2 "POP".
    int selector = (int) StackFrame.read(c, 0, i.operandBytes) & 0xFFFF;
    // The pointer moves as wide as the stack that was popped, not as the one that POP SS selects.
    long mask = StackFrame.mask(c);
    load(c, segment, selector);
    StackFrame.setPointer(c, mask, c.gpr[Vcpu.RSP] + i.operandBytes);
    shadowAfterStackSegment(c, segment);
  }

  /// PUSH Sreg. SDM Vol. 2 "PUSH": with a 32-bit operand recent processors write 16 bits and leave
  /// the upper half of the slot alone; with 64 bits they write the selector zero-extended.
  public static void pushSegment(Vcpu c, DecodedInstruction i) {
    int segment = Operands.register(i.operand0);
    long mask = StackFrame.mask(c);
    long slot = c.gpr[Vcpu.RSP] - i.operandBytes & mask;
    int selector = c.segments[segment].selector;
    if (i.operandBytes == 8) {
      c.mmu.store64(SegmentRegister.SS, slot, selector & 0xFFFFL);
    } else {
      c.mmu.store16(SegmentRegister.SS, slot, selector);
    }
    StackFrame.setPointer(c, mask, slot);
  }

  /// LES, LDS, LSS, LFS, LGS.
  public static void loadFarPointer(Vcpu c, DecodedInstruction i) {
    int segment =
        switch (i.opcode.opcodeByte()) {
          case 0xC4 -> SegmentRegister.ES;
          case 0xC5 -> SegmentRegister.DS;
          case 0xB2 -> SegmentRegister.SS;
          case 0xB4 -> SegmentRegister.FS;
          default -> SegmentRegister.GS;
        };
    long ea = i.effectiveAddress(c.gpr);
    long offset = FarPointers.offset(c, i, ea);
    int selector = FarPointers.selector(c, i, ea);
    load(c, segment, selector);
    int register = Operands.register(i.operand0);
    c.gpr[register] = i.operandBytes == 2 ? c.gpr[register] & ~0xFFFFL | offset & 0xFFFF : offset;
  }

  /// Loads a data segment register or SS with a selector, in any mode.
  ///
  /// @throws GuestFault #GP, #NP, #SS with the selector; nothing is changed then
  public static void load(Vcpu c, int segment, int selector) {
    if (c.mode.isRealStyle()) {
      loadRealStyle(c, segment, selector);
    } else if (segment == SegmentRegister.SS) {
      loadStack(c, selector);
    } else {
      loadData(c, segment, selector);
    }
    c.mmu.segmentChanged(segment);
  }

  /// Real-address and virtual-8086 mode. In real mode the limit and the access rights stay what
  /// they were before, as on every processor since the Pentium: this is what makes "unreal" mode
  /// work. But the code becomes 16-bit code: SDM Vol. 3 "Switching Back to Real-Address Mode" has a
  /// far jump load CS with access rights for real mode.
  static void loadRealStyle(Vcpu c, int segment, int selector) {
    SegmentRegister s = c.segments[segment];
    long base = (long) (selector & 0xFFFF) << 4;
    if (c.mode == CpuMode.VM86) {
      s.set(selector & 0xFFFF, base, REAL_LIMIT, VM86_ACCESS, true);
    } else if (s.usable) {
      s.selector = selector & 0xFFFF;
      s.base = base;
      s.access &= segment == SegmentRegister.CS ? ~SegmentRegister.DEFAULT_BIG : -1;
    } else {
      s.set(selector & 0xFFFF, base, REAL_LIMIT, REAL_ACCESS, true);
    }
  }

  private static void loadData(Vcpu c, int segment, int selector) {
    SegmentRegister s = c.segments[segment];
    if (DescriptorFetch.isNull(selector)) {
      s.set(selector, 0, 0, 0, false);
      return;
    }
    long d = DescriptorFetch.read(c, selector);
    requireLoadableData(c, selector, d, 0, GuestFault.GP);
    DescriptorFetch.markAccessed(c, selector, d);
    fill(s, selector, d);
  }

  /// The checks on the descriptor for DS, ES, FS, GS; `vector` is #GP, or #TS in a task switch.
  static void requireLoadableData(Vcpu c, int selector, long d, int ext, int vector) {
    int code = DescriptorFetch.code(selector, ext);
    boolean readable =
        !Descriptor.isSystem(d)
            && (!Descriptor.isCode(d) || Descriptor.is(d, SegmentRegister.TYPE_WRITABLE));
    if (!readable) {
      throw c.fault.withCode(vector, code);
    }
    int privilege = Math.max(c.cpl, DescriptorFetch.rpl(selector));
    if (!Descriptor.isConforming(d) && privilege > Descriptor.dpl(d)) {
      throw c.fault.withCode(vector, code);
    }
    if (!Descriptor.isPresent(d)) {
      throw c.fault.withCode(GuestFault.NP, code);
    }
  }

  private static void loadStack(Vcpu c, int selector) {
    SegmentRegister ss = c.segments[SegmentRegister.SS];
    if (DescriptorFetch.isNull(selector)) {
      if (c.mode != CpuMode.LONG64 || c.cpl == 3 || DescriptorFetch.rpl(selector) != c.cpl) {
        throw c.fault.generalProtection(0);
      }
      ss.set(selector, 0, 0, c.cpl << 5, false);
      return;
    }
    long d = DescriptorFetch.read(c, selector);
    requireLoadableStack(c, selector, d, 0, GuestFault.GP, c.cpl);
    DescriptorFetch.markAccessed(c, selector, d);
    fill(ss, selector, d);
  }

  /// The checks on the descriptor for SS at privilege `cpl`; `vector` is #GP, or #TS when the
  /// selector comes from a TSS.
  static void requireLoadableStack(Vcpu c, int selector, long d, int ext, int vector, int cpl) {
    int code = DescriptorFetch.code(selector, ext);
    if (DescriptorFetch.rpl(selector) != cpl
        || !Descriptor.isWritableData(d)
        || Descriptor.dpl(d) != cpl) {
      throw c.fault.withCode(vector, code);
    }
    if (!Descriptor.isPresent(d)) {
      throw c.fault.withCode(GuestFault.SS, code);
    }
  }

  /// Sets a segment register from a descriptor that passed its checks and is marked accessed.
  static void fill(SegmentRegister s, int selector, long d) {
    int access = Descriptor.access(d) | SegmentRegister.TYPE_ACCESSED;
    s.set(selector, Descriptor.base(d), Descriptor.limit(d), access, true);
  }

  private static int selectorOperand(Vcpu c, DecodedInstruction i, int operand) {
    if (Operands.kind(operand) == Operands.GPR) {
      return (int) c.gpr[Operands.register(operand)] & 0xFFFF;
    }
    return c.mmu.load16(i.segment, i.effectiveAddress(c.gpr)) & 0xFFFF;
  }

  /// MOV SS and POP SS hold off interrupts and debug traps until after the next instruction. SDM
  /// Vol. 3 "Masking Exceptions and Interrupts When Switching Stacks". (LSS does not.)
  private static void shadowAfterStackSegment(Vcpu c, int segment) {
    if (segment == SegmentRegister.SS) {
      c.interruptShadow = true;
      c.stackSwitchShadow = true;
      // The single step after this instruction does not come later either: the next one has its
      // own.
      c.stepTrapSuppressed = true;
      c.updateStepping();
      c.requestAttention();
    }
  }
}
