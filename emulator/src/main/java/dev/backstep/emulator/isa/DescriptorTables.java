package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// Instructions on the descriptor table registers and TR, and those that inspect descriptors. SDM
/// Vol. 2 under the instructions' names.
public final class DescriptorTables {
  private DescriptorTables() {}

  public static void sgdt(Vcpu c, DecodedInstruction i) {
    storeTable(c, i, c.gdtBase, c.gdtLimit);
  }

  public static void sidt(Vcpu c, DecodedInstruction i) {
    storeTable(c, i, c.idtBase, c.idtLimit);
  }

  public static void lgdt(Vcpu c, DecodedInstruction i) {
    Privilege.requireZero(c);
    long ea = i.effectiveAddress(c.gpr);
    int limit = c.mmu.load16(i.segment, ea) & 0xFFFF;
    long base = loadTableBase(c, i, ea);
    c.gdtBase = base;
    c.gdtLimit = limit;
  }

  public static void lidt(Vcpu c, DecodedInstruction i) {
    Privilege.requireZero(c);
    long ea = i.effectiveAddress(c.gpr);
    int limit = c.mmu.load16(i.segment, ea) & 0xFFFF;
    long base = loadTableBase(c, i, ea);
    c.idtBase = base;
    c.idtLimit = limit;
  }

  /// Stores all 32 (64) bits of the base whatever the operand size, as processors since the 386 do.
  private static void storeTable(Vcpu c, DecodedInstruction i, long base, int limit) {
    Privilege.requireNoUserPrevention(c);
    long ea = i.effectiveAddress(c.gpr);
    long baseEa = ea + 2 & i.addressMask;
    boolean wide = c.mode == CpuMode.LONG64;
    c.mmu.probeWrite(i.segment, ea, 2);
    c.mmu.probeWrite(i.segment, baseEa, wide ? 8 : 4);
    c.mmu.store16(i.segment, ea, limit);
    if (wide) {
      c.mmu.store64(i.segment, baseEa, base);
    } else {
      c.mmu.store32(i.segment, baseEa, (int) base);
    }
  }

  private static long loadTableBase(Vcpu c, DecodedInstruction i, long ea) {
    long baseEa = ea + 2 & i.addressMask;
    if (c.mode == CpuMode.LONG64) {
      long base = c.mmu.load64(i.segment, baseEa);
      if (!c.mmu.isLoadable(base)) {
        throw c.fault.generalProtection(0);
      }
      return base;
    }
    long base = c.mmu.load32(i.segment, baseEa) & 0xFFFFFFFFL;
    return i.operandBytes == 2 ? base & 0xFFFFFF : base;
  }

  public static void sldt(Vcpu c, DecodedInstruction i) {
    Privilege.requireNoUserPrevention(c);
    SelectorStores.store(c, i, c.ldtr.selector & 0xFFFFL);
  }

  public static void str(Vcpu c, DecodedInstruction i) {
    Privilege.requireNoUserPrevention(c);
    SelectorStores.store(c, i, c.tr.selector & 0xFFFFL);
  }

  public static void lldt(Vcpu c, DecodedInstruction i) {
    Privilege.requireZero(c);
    int selector = selectorOperand(c, i, i.operand0);
    if (DescriptorFetch.isNull(selector)) {
      c.ldtr.set(selector, 0, 0, 0, false);
      return;
    }
    long d = fetchGlobal(c, selector);
    int code = DescriptorFetch.code(selector, 0);
    if (!Descriptor.isSystem(d) || Descriptor.type(d) != Descriptor.LDT) {
      throw c.fault.generalProtection(code);
    }
    CodeSegments.requirePresent(c, selector, d, 0);
    long base = systemBase(c, selector, d);
    c.ldtr.set(selector, base, Descriptor.limit(d), Descriptor.access(d), true);
  }

  public static void ltr(Vcpu c, DecodedInstruction i) {
    Privilege.requireZero(c);
    int selector = selectorOperand(c, i, i.operand0);
    if (DescriptorFetch.isNull(selector)) {
      throw c.fault.generalProtection(0);
    }
    long d = fetchGlobal(c, selector);
    int type = Descriptor.type(d);
    boolean available =
        type == Descriptor.TSS32_AVAILABLE
            || type == Descriptor.TSS16_AVAILABLE && !c.isLongModeActive();
    if (!Descriptor.isSystem(d) || !available) {
      throw c.fault.generalProtection(DescriptorFetch.code(selector, 0));
    }
    CodeSegments.requirePresent(c, selector, d, 0);
    long base = systemBase(c, selector, d);
    DescriptorFetch.writeType(c, selector, d, type | Descriptor.TYPE_BUSY);
    int access = Descriptor.access(d) | Descriptor.TYPE_BUSY;
    c.tr.set(selector, base, Descriptor.limit(d), access, true);
  }

  /// A descriptor that must be in the GDT.
  private static long fetchGlobal(Vcpu c, int selector) {
    if (DescriptorFetch.isLocal(selector)) {
      throw c.fault.generalProtection(DescriptorFetch.code(selector, 0));
    }
    return DescriptorFetch.read(c, selector);
  }

  /// Base of an LDT or TSS: 64 bits in long mode.
  private static long systemBase(Vcpu c, int selector, long d) {
    if (!c.isLongModeActive()) {
      return Descriptor.base(d);
    }
    long base = DescriptorFetch.readUpperHalf(c, selector, 0) << 32 | Descriptor.base(d);
    if (!c.mmu.isLoadable(base)) {
      throw c.fault.generalProtection(DescriptorFetch.code(selector, 0));
    }
    return base;
  }

  public static void verr(Vcpu c, DecodedInstruction i) {
    long d = visibleSegment(c, selectorOperand(c, i, i.operand0));
    boolean readable =
        d != INVISIBLE
            && !Descriptor.isSystem(d)
            && (!Descriptor.isCode(d) || Descriptor.is(d, SegmentRegister.TYPE_WRITABLE));
    setZero(c, readable);
  }

  public static void verw(Vcpu c, DecodedInstruction i) {
    long d = visibleSegment(c, selectorOperand(c, i, i.operand0));
    setZero(c, d != INVISIBLE && Descriptor.isWritableData(d));
  }

  public static void lar(Vcpu c, DecodedInstruction i) {
    long d = visibleSegment(c, selectorOperand(c, i, i.operand1));
    boolean valid = d != INVISIBLE && (!Descriptor.isSystem(d) || larAccepts(c, d));
    setZero(c, valid);
    if (valid) {
      // SDM Vol. 2 "LAR" leaves bits 19:16 open: processors store what is there, the limit.
      setDestination(c, i, d >>> 32 & 0xFFFF00);
    }
  }

  public static void lsl(Vcpu c, DecodedInstruction i) {
    long d = visibleSegment(c, selectorOperand(c, i, i.operand1));
    boolean valid = d != INVISIBLE && (!Descriptor.isSystem(d) || lslAccepts(c, d));
    setZero(c, valid);
    if (valid) {
      setDestination(c, i, Descriptor.limit(d) & 0xFFFFFFFFL);
    }
  }

  /// SDM Vol. 2 table "Segment and Gate Types" of LAR.
  private static boolean larAccepts(Vcpu c, long d) {
    return switch (Descriptor.type(d)) {
      case Descriptor.LDT,
          Descriptor.TSS32_AVAILABLE,
          Descriptor.TSS32_BUSY,
          Descriptor.CALL_GATE32 ->
          true;
      case Descriptor.TSS16_AVAILABLE,
          Descriptor.TSS16_BUSY,
          Descriptor.CALL_GATE16,
          Descriptor.TASK_GATE ->
          !c.isLongModeActive();
      default -> false;
    };
  }

  /// SDM Vol. 2 table "Segment and Gate Descriptor Types" of LSL: gates have no limit.
  private static boolean lslAccepts(Vcpu c, long d) {
    return switch (Descriptor.type(d)) {
      case Descriptor.LDT, Descriptor.TSS32_AVAILABLE, Descriptor.TSS32_BUSY -> true;
      case Descriptor.TSS16_AVAILABLE, Descriptor.TSS16_BUSY -> !c.isLongModeActive();
      default -> false;
    };
  }

  /// No descriptor that the program may see.
  private static final long INVISIBLE = 0;

  /// The descriptor of a selector that the program may look at, or [#INVISIBLE].
  private static long visibleSegment(Vcpu c, int selector) {
    boolean exists =
        !DescriptorFetch.isNull(selector)
            && DescriptorFetch.isWithinTable(c, selector, DescriptorFetch.DESCRIPTOR_BYTES);
    if (!exists) {
      return INVISIBLE;
    }
    long d = DescriptorFetch.read(c, selector, GuestFault.GP, 0);
    int privilege = Math.max(c.cpl, DescriptorFetch.rpl(selector));
    boolean visible = Descriptor.isConforming(d) || privilege <= Descriptor.dpl(d);
    return visible ? d : INVISIBLE;
  }

  /// ARPL: raises the destination's RPL to the source's. A memory operand is written only if it
  /// changes: an AMD EPYC takes one that is not writable and stays as it is.
  public static void arpl(Vcpu c, DecodedInstruction i) {
    int source = (int) c.gpr[Operands.register(i.operand1)] & 3;
    boolean register = Operands.kind(i.operand0) == Operands.GPR;
    int number = Operands.register(i.operand0);
    long ea = register ? 0 : i.effectiveAddress(c.gpr);
    int selector = (register ? (int) c.gpr[number] : c.mmu.load16(i.segment, ea)) & 0xFFFF;
    boolean raises = (selector & 3) < source;
    if (raises && register) {
      c.gpr[number] = c.gpr[number] & ~3L | source;
    } else if (raises) {
      c.mmu.store16(i.segment, ea, selector & ~3 | source);
    }
    setZero(c, raises);
  }

  private static void setZero(Vcpu c, boolean zero) {
    int others = Rflags.arithmetic(c) & ~Rflags.ZF;
    Rflags.setArithmetic(c, zero ? others | Rflags.ZF : others);
  }

  private static int selectorOperand(Vcpu c, DecodedInstruction i, int operand) {
    if (Operands.kind(operand) == Operands.GPR) {
      return (int) c.gpr[Operands.register(operand)] & 0xFFFF;
    }
    return c.mmu.load16(i.segment, i.effectiveAddress(c.gpr)) & 0xFFFF;
  }

  private static void setDestination(Vcpu c, DecodedInstruction i, long value) {
    int register = Operands.register(i.operand0);
    c.gpr[register] = i.operandBytes == 2 ? c.gpr[register] & ~0xFFFFL | value & 0xFFFF : value;
  }
}
