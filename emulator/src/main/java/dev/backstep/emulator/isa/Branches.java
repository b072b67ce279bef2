package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// Near jumps, calls and returns, LOOP, and BOUND. The interpreter has set RIP to the following
/// instruction; a branch taken overwrites it. SDM Vol. 2 "Jcc", "JMP", "CALL", "RET", "LOOP",
/// "BOUND".
public final class Branches {
  private Branches() {}

  public static void jmp(Vcpu c, DecodedInstruction i) {
    jump(c, i.immediate);
  }

  public static void jmpTo16(Vcpu c, DecodedInstruction i, long target) {
    jump(c, target & 0xFFFF);
  }

  public static void jmpTo32(Vcpu c, DecodedInstruction i, long target) {
    jump(c, target & Registers.LOW_32);
  }

  public static void jmpTo64(Vcpu c, DecodedInstruction i, long target) {
    jump(c, target);
  }

  public static void jcc(Vcpu c, DecodedInstruction i, int condition) {
    if (Rflags.condition(c, condition)) {
      jump(c, i.immediate);
    }
  }

  public static void call(Vcpu c, DecodedInstruction i) {
    enter(c, i, i.immediate);
  }

  public static void callTo16(Vcpu c, DecodedInstruction i, long target) {
    enter(c, i, target & 0xFFFF);
  }

  public static void callTo32(Vcpu c, DecodedInstruction i, long target) {
    enter(c, i, target & Registers.LOW_32);
  }

  public static void callTo64(Vcpu c, DecodedInstruction i, long target) {
    enter(c, i, target);
  }

  private static void enter(Vcpu c, DecodedInstruction i, long target) {
    checkCalled(c, i, target);
    Stack.push(c, i.operandBytes, i.nextRip);
    c.rip = target;
  }

  public static void ret(Vcpu c, DecodedInstruction i) {
    leave(c, i, 0);
  }

  /// RET with the number of bytes of parameters to release.
  public static void retPop(Vcpu c, DecodedInstruction i) {
    leave(c, i, i.immediate & 0xFFFF);
  }

  private static void leave(Vcpu c, DecodedInstruction i, long parameterBytes) {
    int bytes = i.operandBytes;
    long target = Stack.peek(c, 0, bytes);
    if (bytes != 8) {
      target &= bytes == 2 ? Registers.LOW_16 : Registers.LOW_32;
    }
    checkTarget(c, target);
    Stack.release(c, bytes + parameterBytes);
    c.rip = target;
  }

  public static void loop(Vcpu c, DecodedInstruction i) {
    countDown(c, i, true);
  }

  public static void loope(Vcpu c, DecodedInstruction i) {
    countDown(c, i, Rflags.zf(c));
  }

  public static void loopne(Vcpu c, DecodedInstruction i) {
    countDown(c, i, !Rflags.zf(c));
  }

  /// The counter is CX, ECX or RCX by address size.
  private static void countDown(Vcpu c, DecodedInstruction i, boolean again) {
    long count = c.gpr[Vcpu.RCX] - 1;
    if (again && (count & i.addressMask) != 0) {
      checkTarget(c, i.immediate);
      c.rip = i.immediate;
    }
    Registers.storeMasked(c, Vcpu.RCX, count, i.addressMask);
  }

  /// JCXZ, JECXZ, JRCXZ by address size.
  public static void jcxz(Vcpu c, DecodedInstruction i) {
    if ((c.gpr[Vcpu.RCX] & i.addressMask) == 0) {
      jump(c, i.immediate);
    }
  }

  /// BOUND: the bounds are signed, and both belong to the array.
  public static void bound(Vcpu c, DecodedInstruction i) {
    int bytes = i.operandBytes;
    long ea = i.effectiveAddress(c.gpr);
    long lower = Memory.load(c, i.segment, ea, bytes);
    long upper = Memory.load(c, i.segment, ea + bytes & i.addressMask, bytes);
    long value = c.gpr[Operands.register(i.operand0)];
    long index = bytes == 2 ? (short) value : (int) value;
    if (index < lower || index > upper) {
      throw c.fault.withoutCode(GuestFault.BR);
    }
  }

  /// Whether `i`, which has just run, is a branch, near or far, and was taken; a branch to the next
  /// instruction counts.
  static boolean wasTaken(Vcpu c, DecodedInstruction i) {
    boolean counting = (c.gpr[Vcpu.RCX] & i.addressMask) != 0;
    return switch (i.opcode.mnemonic()) {
      case "JMP", "CALL", "RET", "RETF", "IRET", "SYSCALL", "SYSENTER", "SYSEXIT", "SYSEXITQ" ->
          true;
      case "LOOP" -> counting;
      case "LOOPE" -> counting && Rflags.zf(c);
      case "LOOPNE" -> counting && !Rflags.zf(c);
      case "JCXZ", "JECXZ", "JRCXZ" -> !counting;
      default -> i.opcode.semantics().equals("Branches.jcc") && Rflags.condition(c, i.condition());
    };
  }

  private static void jump(Vcpu c, long target) {
    checkTarget(c, target);
    c.rip = target;
  }

  /// #GP(0) for a target that is not canonical or lies beyond the code segment's limit.
  static void checkTarget(Vcpu c, long target) {
    if (!isReachable(c, target)) {
      throw c.fault.generalProtection(0);
    }
  }

  /// Checks the target of a near call. Nothing is pushed if it is wrong, but AMD's processors see
  /// first whether the push would fault.
  static void checkCalled(Vcpu c, DecodedInstruction i, long target) {
    if (isReachable(c, target)) {
      return;
    }
    if (c.cpuid.vendor().checksPushOfCallFirst()) {
      long slot = c.gpr[Vcpu.RSP] - i.operandBytes & Stack.pointerMask(c);
      Memory.loadForWrite(c, SegmentRegister.SS, slot, i.operandBytes);
    }
    throw c.fault.generalProtection(0);
  }

  private static boolean isReachable(Vcpu c, long target) {
    if (c.mode == CpuMode.LONG64) {
      return target << 16 >> 16 == target || isCanonical57(c, target);
    }
    return Integer.compareUnsigned((int) target, c.segments[SegmentRegister.CS].limit) <= 0;
  }

  private static boolean isCanonical57(Vcpu c, long target) {
    return c.cr4(ControlBits.CR4_LA57) && target << 7 >> 7 == target;
  }
}
