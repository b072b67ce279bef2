package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.FpuState;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;

/// x87 control instructions: words, environment, state images. SDM Vol. 2 "FLDCW" to "FWAIT";
/// images: SDM Vol. 1 "Saving the x87 FPU's State with FSTENV/FNSTENV and FSAVE/FNSAVE".
public final class X87Control {
  private X87Control() {}

  /// WAIT heeds TS only together with MP.
  public static void fwait(Vcpu c, DecodedInstruction i) {
    if (c.cr0(ControlBits.CR0_TS) && c.cr0(ControlBits.CR0_MP)) {
      throw c.fault.withoutCode(GuestFault.NM);
    }
    VectorState.requireNoPendingException(c);
  }

  /// FENI, FDISI and FSETPM, which nothing since the 80287 heeds.
  public static void fnsetpm(Vcpu c, DecodedInstruction i) {
    VectorState.requireX87(c);
  }

  public static void fnop(Vcpu c, DecodedInstruction i) {
    X87Stack.check(c);
    X87Stack.note(c, i);
  }

  public static void fninit(Vcpu c, DecodedInstruction i) {
    VectorState.requireX87(c);
    c.fpu.initialise();
  }

  public static void fnclex(Vcpu c, DecodedInstruction i) {
    VectorState.requireX87(c);
    c.fpu.statusWord &=
        ~(X87Stack.EXCEPTIONS | X87Stack.STACK_FAULT | X87Stack.ERROR_SUMMARY | X87Stack.BUSY);
    c.fpu.errorReported = false;
  }

  public static void fldcw(Vcpu c, DecodedInstruction i) {
    X87Stack.check(c);
    int word = c.mmu.load16(i.segment, i.effectiveAddress(c.gpr));
    X87Stack.setControl(c.fpu, word);
    X87Stack.summarise(c.fpu);
  }

  public static void fnstcw(Vcpu c, DecodedInstruction i) {
    VectorState.requireX87(c);
    c.mmu.store16(i.segment, i.effectiveAddress(c.gpr), c.fpu.controlWord);
  }

  /// To memory or to AX.
  public static void fnstsw(Vcpu c, DecodedInstruction i) {
    VectorState.requireX87(c);
    int status = X87Stack.status(c.fpu);
    if (Operands.kind(i.operand0) == Operands.MEMORY) {
      c.mmu.store16(i.segment, i.effectiveAddress(c.gpr), status);
      return;
    }
    Registers.store16(c, Vcpu.RAX, status);
  }

  public static void fdecstp(Vcpu c, DecodedInstruction i) {
    moveTop(c, i, -1);
  }

  public static void fincstp(Vcpu c, DecodedInstruction i) {
    moveTop(c, i, 1);
  }

  private static void moveTop(Vcpu c, DecodedInstruction i, int by) {
    X87Stack.enter(c, i);
    c.fpu.top = c.fpu.top + by & 7;
  }

  public static void ffree(Vcpu c, DecodedInstruction i) {
    X87Stack.enter(c, i);
    c.fpu.tagValid &= ~(1 << X87Stack.physical(c.fpu, i.register0));
  }

  /// FFREE and a pop: not in the manuals, on all processors.
  public static void ffreep(Vcpu c, DecodedInstruction i) {
    ffree(c, i);
    X87Stack.pop(c.fpu);
  }

  public static void fnstenv(Vcpu c, DecodedInstruction i) {
    VectorState.requireX87(c);
    long ea = i.effectiveAddress(c.gpr);
    probeWrite(c, i, ea, environmentBytes(i));
    storeEnvironment(c, i, ea);
    c.fpu.controlWord |= X87Stack.EXCEPTIONS;
    X87Stack.summarise(c.fpu);
  }

  public static void fldenv(Vcpu c, DecodedInstruction i) {
    X87Stack.check(c);
    long ea = i.effectiveAddress(c.gpr);
    probeRead(c, i, ea, environmentBytes(i));
    loadEnvironment(c, i, ea);
  }

  public static void fnsave(Vcpu c, DecodedInstruction i) {
    VectorState.requireX87(c);
    long ea = i.effectiveAddress(c.gpr);
    int environment = environmentBytes(i);
    probeWrite(c, i, ea, environment + 80);
    storeEnvironment(c, i, ea);
    FpuState fpu = c.fpu;
    for (int k = 0; k < 8; k++) {
      long at = ea + environment + 10L * k;
      int physical = X87Stack.physical(fpu, k);
      storeRegister(c, i, at, fpu.significand[physical], fpu.signExponent[physical]);
    }
    fpu.initialise();
  }

  public static void frstor(Vcpu c, DecodedInstruction i) {
    X87Stack.check(c);
    long ea = i.effectiveAddress(c.gpr);
    int environment = environmentBytes(i);
    probeRead(c, i, ea, environment + 80);
    loadEnvironment(c, i, ea);
    FpuState fpu = c.fpu;
    for (int k = 0; k < 8; k++) {
      long at = ea + environment + 10L * k;
      int physical = X87Stack.physical(fpu, k);
      long significand = 0;
      for (int part = 0; part < 8; part += 2) {
        significand |= word(c, i, at + part) << 8 * part;
      }
      fpu.significand[physical] = significand;
      fpu.signExponent[physical] = (int) word(c, i, at + 8);
    }
  }

  /// All checks of an image, alignment to its fields included, before any of it is written.
  private static void probeWrite(Vcpu c, DecodedInstruction i, long ea, int bytes) {
    Memory.loadForWrite(c, i.segment, ea, i.operandBytes == 2 ? 2 : 4);
    Memory.probeImageForWrite(c, i.segment, ea, bytes);
  }

  private static void probeRead(Vcpu c, DecodedInstruction i, long ea, int bytes) {
    Memory.load(c, i.segment, ea, i.operandBytes == 2 ? 2 : 4);
    Memory.probeImage(c, i.segment, ea, bytes);
  }

  /// Registers lie at even distances: aligned, whatever their size, if the image is.
  private static void storeRegister(
      Vcpu c, DecodedInstruction i, long at, long significand, int signExponent) {
    for (int part = 0; part < 8; part += 2) {
      c.mmu.store16(i.segment, at + part & i.addressMask, (int) (significand >>> 8 * part));
    }
    c.mmu.store16(i.segment, at + 8 & i.addressMask, signExponent);
  }

  private static long word(Vcpu c, DecodedInstruction i, long at) {
    return c.mmu.load16(i.segment, at & i.addressMask) & Registers.LOW_16;
  }

  private static int environmentBytes(DecodedInstruction i) {
    return i.operandBytes == 2 ? 14 : 28;
  }

  /// Seven fields of the operand size: control, status, tags, instruction pointer and selector,
  /// data pointer and selector; in real-style modes the pointers are linear and their upper parts
  /// replace the selectors.
  private static void storeEnvironment(Vcpu c, DecodedInstruction i, long ea) {
    FpuState fpu = c.fpu;
    boolean realStyle = c.mode.isRealStyle();
    boolean selectors = !c.cpuid.zeroesPointerSelectors();
    long ip = fpu.lastInstructionPointer;
    long dp = fpu.lastDataPointer;
    long ipHigh;
    long dpHigh;
    if (realStyle) {
      ip += (long) fpu.lastInstructionSelector << 4;
      dp += (long) fpu.lastDataSelector << 4;
      ipHigh = ip >>> 16 << 12 | fpu.lastOpcode;
      dpHigh = dp >>> 16 << 12;
      ip &= 0xFFFF;
      dp &= 0xFFFF;
    } else {
      ipHigh = selectors ? fpu.lastInstructionSelector : 0;
      ipHigh |= i.operandBytes == 2 ? 0 : (long) fpu.lastOpcode << 16;
      dpHigh = selectors ? fpu.lastDataSelector : 0;
    }
    field(c, i, ea, 0, fpu.controlWord | 0xFFFF_0000L);
    field(c, i, ea, 1, X87Stack.status(fpu) | 0xFFFF_0000L);
    field(c, i, ea, 2, X87Stack.tagWord(fpu) | 0xFFFF_0000L);
    field(c, i, ea, 3, ip);
    field(c, i, ea, 4, ipHigh);
    field(c, i, ea, 5, dp);
    field(c, i, ea, 6, realStyle ? dpHigh : dpHigh | 0xFFFF_0000L);
  }

  private static void field(Vcpu c, DecodedInstruction i, long ea, int index, long value) {
    int bytes = i.operandBytes == 2 ? 2 : 4;
    Memory.store(c, i.segment, ea + (long) index * bytes & i.addressMask, bytes, value);
  }

  private static long field(Vcpu c, DecodedInstruction i, long ea, int index) {
    int bytes = i.operandBytes == 2 ? 2 : 4;
    long value = Memory.load(c, i.segment, ea + (long) index * bytes & i.addressMask, bytes);
    return value & (bytes == 2 ? Registers.LOW_16 : Registers.LOW_32);
  }

  private static void loadEnvironment(Vcpu c, DecodedInstruction i, long ea) {
    FpuState fpu = c.fpu;
    X87Stack.setControl(fpu, (int) field(c, i, ea, 0));
    X87Stack.setStatus(fpu, (int) field(c, i, ea, 1));
    X87Stack.setTagWord(fpu, (int) field(c, i, ea, 2));
    X87Stack.summarise(fpu);
    long ipHigh = field(c, i, ea, 4);
    long dpHigh = field(c, i, ea, 6);
    boolean realStyle = c.mode.isRealStyle();
    fpu.lastInstructionPointer = field(c, i, ea, 3) | (realStyle ? ipHigh >>> 12 << 16 : 0);
    fpu.lastDataPointer = field(c, i, ea, 5) | (realStyle ? dpHigh >>> 12 << 16 : 0);
    fpu.lastInstructionSelector = realStyle ? 0 : (int) ipHigh & 0xFFFF;
    fpu.lastDataSelector = realStyle ? 0 : (int) dpHigh & 0xFFFF;
    boolean withOpcode = realStyle || i.operandBytes != 2;
    fpu.lastOpcode = withOpcode ? (int) (realStyle ? ipHigh : ipHigh >>> 16) & 0x7FF : 0;
  }
}
