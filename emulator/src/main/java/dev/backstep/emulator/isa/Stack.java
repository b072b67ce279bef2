package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// The stack: PUSH, POP, PUSHA, POPA, ENTER, LEAVE, and the primitives that other families push and
/// pop with. RSP moves after the access, so that a fault leaves it alone.
///
/// The stack pointer is RSP in 64-bit mode, else ESP or SP by SS.B: SDM Vol. 1 "Stack Alignment",
/// "Address-Size Attributes for Stack Accesses".
public final class Stack {
  private static final int SS = SegmentRegister.SS;

  private Stack() {}

  /// All ones of the stack pointer's width.
  public static long pointerMask(Vcpu c) {
    if (c.mode == CpuMode.LONG64) {
      return -1;
    }
    return c.segments[SS].is(SegmentRegister.DEFAULT_BIG) ? Registers.LOW_32 : Registers.LOW_16;
  }

  public static void push16(Vcpu c, long value) {
    long mask = pointerMask(c);
    long sp = c.gpr[Vcpu.RSP] - 2 & mask;
    c.mmu.store16(SS, sp, (int) value);
    Registers.storeMasked(c, Vcpu.RSP, sp, mask);
  }

  public static void push32(Vcpu c, long value) {
    long mask = pointerMask(c);
    long sp = c.gpr[Vcpu.RSP] - 4 & mask;
    c.mmu.store32(SS, sp, (int) value);
    Registers.storeMasked(c, Vcpu.RSP, sp, mask);
  }

  /// 64-bit mode only.
  public static void push64(Vcpu c, long value) {
    long sp = c.gpr[Vcpu.RSP] - 8;
    c.mmu.store64(SS, sp, value);
    c.gpr[Vcpu.RSP] = sp;
  }

  public static long pop16(Vcpu c) {
    long mask = pointerMask(c);
    long sp = c.gpr[Vcpu.RSP] & mask;
    long value = c.mmu.load16(SS, sp);
    Registers.storeMasked(c, Vcpu.RSP, sp + 2, mask);
    return value;
  }

  public static long pop32(Vcpu c) {
    long mask = pointerMask(c);
    long sp = c.gpr[Vcpu.RSP] & mask;
    long value = c.mmu.load32(SS, sp);
    Registers.storeMasked(c, Vcpu.RSP, sp + 4, mask);
    return value;
  }

  /// 64-bit mode only.
  public static long pop64(Vcpu c) {
    long sp = c.gpr[Vcpu.RSP];
    long value = c.mmu.load64(SS, sp);
    c.gpr[Vcpu.RSP] = sp + 8;
    return value;
  }

  /// Pushes 2, 4 or 8 bytes.
  public static void push(Vcpu c, int bytes, long value) {
    switch (bytes) {
      case 2 -> push16(c, value);
      case 4 -> push32(c, value);
      default -> push64(c, value);
    }
  }

  /// Reads what lies `depth` bytes above the top of the stack, sign-extended.
  public static long peek(Vcpu c, long depth, int bytes) {
    return Memory.load(c, SS, c.gpr[Vcpu.RSP] + depth & pointerMask(c), bytes);
  }

  /// Moves the stack pointer up by `bytes`.
  public static void release(Vcpu c, long bytes) {
    Registers.storeMasked(c, Vcpu.RSP, c.gpr[Vcpu.RSP] + bytes, pointerMask(c));
  }

  public static void pushImmediate(Vcpu c, DecodedInstruction i) {
    push(c, i.operandBytes, i.immediate);
  }

  /// POP to memory: an effective address that uses RSP uses it as incremented. SDM Vol. 2 "POP".
  public static void popTo(Vcpu c, DecodedInstruction i) {
    int bytes = i.operandBytes;
    long value = peek(c, 0, bytes);
    long before = c.gpr[Vcpu.RSP];
    release(c, bytes);
    if (!i.isMemory()) {
      Registers.store(c, i.operand0, value);
      return;
    }
    long ea = i.effectiveAddress(c.gpr);
    long after = c.gpr[Vcpu.RSP];
    c.gpr[Vcpu.RSP] = before;
    Memory.store(c, i.segment, ea, bytes, value);
    c.gpr[Vcpu.RSP] = after;
  }

  /// All eight slots are checked before the first is written.
  public static void pusha(Vcpu c, DecodedInstruction i) {
    int bytes = i.operandBytes;
    long mask = pointerMask(c);
    long sp = c.gpr[Vcpu.RSP];
    for (int k = 1; k <= 8; k++) {
      c.mmu.probeWrite(SS, sp - (long) k * bytes & mask, bytes);
    }
    for (int k = 0; k < 8; k++) {
      Memory.store(c, SS, sp - (k + 1L) * bytes & mask, bytes, c.gpr[k]);
    }
    Registers.storeMasked(c, Vcpu.RSP, sp - 8L * bytes, mask);
  }

  /// The slot of SP is skipped.
  public static void popa(Vcpu c, DecodedInstruction i) {
    int bytes = i.operandBytes;
    long mask = pointerMask(c);
    long sp = c.gpr[Vcpu.RSP];
    for (int k = 0; k < 8; k++) {
      c.mmu.probeRead(SS, sp + (long) k * bytes & mask, bytes);
    }
    for (int k = 0; k < 8; k++) {
      long value = Memory.load(c, SS, sp + (long) k * bytes & mask, bytes);
      if (7 - k != Vcpu.RSP) {
        Registers.store(c, 7 - k, bytes, value);
      }
    }
    Registers.storeMasked(c, Vcpu.RSP, sp + 8L * bytes, mask);
  }

  /// Writes to the stack below RSP happen before RBP and RSP change; when one faults they are
  /// repeated. SDM Vol. 2 "ENTER".
  public static void enter(Vcpu c, DecodedInstruction i) {
    int bytes = i.operandBytes;
    long mask = pointerMask(c);
    int level = (int) i.immediate2 & 31;
    long sp = c.gpr[Vcpu.RSP] - bytes;
    Memory.store(c, SS, sp & mask, bytes, c.gpr[Vcpu.RBP]);
    // With a 16-bit stack the frame keeps the high half of ESP: so does an AMD EPYC.
    long frame = c.gpr[Vcpu.RSP] & ~mask | sp & mask;
    long oldFrame = c.gpr[Vcpu.RBP];
    for (int k = 1; k < level; k++) {
      oldFrame -= bytes;
      sp -= bytes;
      Memory.store(c, SS, sp & mask, bytes, Memory.load(c, SS, oldFrame & mask, bytes));
    }
    if (level > 0) {
      sp -= bytes;
      Memory.store(c, SS, sp & mask, bytes, frame);
    }
    sp -= i.immediate & 0xFFFF;
    // The new top of the stack must be writable, although nothing is written.
    Memory.loadForWrite(c, SS, sp & mask, bytes);
    Registers.storeMasked(c, Vcpu.RSP, sp, mask);
    Registers.store(c, Vcpu.RBP, bytes, frame);
  }

  public static void leave(Vcpu c, DecodedInstruction i) {
    int bytes = i.operandBytes;
    long mask = pointerMask(c);
    long frame = c.gpr[Vcpu.RBP] & mask;
    long value = Memory.load(c, SS, frame, bytes);
    Registers.storeMasked(c, Vcpu.RSP, frame + bytes, mask);
    Registers.store(c, Vcpu.RBP, bytes, value);
  }

  /// PUSHF: VM and RF are pushed as zero. In virtual-8086 mode below IOPL 3 it faults or, with
  /// CR4.VME, shows VIF in the place of IF. SDM Vol. 2 "PUSHF", Vol. 3 "Virtual-8086 Mode
  /// Extensions".
  public static void pushf(Vcpu c, DecodedInstruction i) {
    long image = c.rflags() & ~(Rflags.VM | Rflags.RF);
    if (isSensitive(c)) {
      requireVme(c, i);
      image = image & ~Rflags.IF | Rflags.IOPL | (c.flag(Rflags.VIF) ? Rflags.IF : 0);
    }
    push(c, i.operandBytes, image);
  }

  /// POPF: which flags change depends on CPL and IOPL; VM, VIF and VIP never do, RF is cleared. SDM
  /// Vol. 2 "POPF", table "Effect of POPF/POPFD on the EFLAGS Register".
  public static void popf(Vcpu c, DecodedInstruction i) {
    long image = peek(c, 0, i.operandBytes);
    long writable = Rflags.ARITHMETIC | Rflags.TF | Rflags.DF | Rflags.NT;
    long forced = 0;
    if (isSensitive(c)) {
      requireVme(c, i);
      boolean opensWithPending = c.flag(Rflags.VIP) && (image & Rflags.IF) != 0;
      if ((image & Rflags.TF) != 0 || opensWithPending) {
        throw c.fault.generalProtection(0);
      }
      writable |= Rflags.VIF;
      forced = (image & Rflags.IF) != 0 ? Rflags.VIF : 0;
      image &= ~Rflags.VIF;
    } else {
      writable |= c.cpl <= c.iopl() ? Rflags.IF : 0;
      writable |= c.cpl == 0 ? Rflags.IOPL : 0;
      writable |= i.operandBytes > 2 ? Rflags.AC | Rflags.ID : 0;
    }
    release(c, i.operandBytes);
    replaceFlags(c, c.rflags() & ~writable | image & writable | forced);
  }

  private static void replaceFlags(Vcpu c, long flags) {
    boolean alignmentChecks = c.flag(Rflags.AC);
    c.setRflags(flags & ~Rflags.RF);
    if (alignmentChecks != c.flag(Rflags.AC)) {
      c.mmu.modeChanged();
    }
  }

  private static boolean isSensitive(Vcpu c) {
    return c.mode == CpuMode.VM86 && c.iopl() < 3;
  }

  private static void requireVme(Vcpu c, DecodedInstruction i) {
    if (!c.cr4(ControlBits.CR4_VME) || i.operandBytes != 2) {
      throw c.fault.generalProtection(0);
    }
  }
}
