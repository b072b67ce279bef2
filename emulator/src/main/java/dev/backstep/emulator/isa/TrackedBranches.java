package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// What stands for [Branches] while a shadow stack or branch tracking is on: blocks are bound a
/// second time for that, so that near calls cost nothing more without. SDM Vol. 2 "CALL", "RET",
/// "JMP".
public final class TrackedBranches {
  private TrackedBranches() {}

  /// CALL relative. That of the next instruction, the idiom for "where am I", leaves the shadow
  /// stack alone.
  public static void call(Vcpu c, DecodedInstruction i) {
    enter(c, i, i.immediate, i.immediate != i.nextRip);
  }

  public static void callTo16(Vcpu c, DecodedInstruction i, long target) {
    enterIndirect(c, i, target & 0xFFFF);
  }

  public static void callTo32(Vcpu c, DecodedInstruction i, long target) {
    enterIndirect(c, i, target & Registers.LOW_32);
  }

  public static void callTo64(Vcpu c, DecodedInstruction i, long target) {
    enterIndirect(c, i, target);
  }

  public static void jmpTo16(Vcpu c, DecodedInstruction i, long target) {
    jumpIndirect(c, i, target & 0xFFFF);
  }

  public static void jmpTo32(Vcpu c, DecodedInstruction i, long target) {
    jumpIndirect(c, i, target & Registers.LOW_32);
  }

  public static void jmpTo64(Vcpu c, DecodedInstruction i, long target) {
    jumpIndirect(c, i, target);
  }

  public static void ret(Vcpu c, DecodedInstruction i) {
    leave(c, i, 0);
  }

  public static void retPop(Vcpu c, DecodedInstruction i) {
    leave(c, i, i.immediate & 0xFFFF);
  }

  private static void jumpIndirect(Vcpu c, DecodedInstruction i, long target) {
    Branches.checkTarget(c, target);
    BranchTracking.nearIndirect(c, i);
    c.rip = target;
  }

  private static void enterIndirect(Vcpu c, DecodedInstruction i, long target) {
    enter(c, i, target, true);
    BranchTracking.nearIndirect(c, i);
  }

  private static void enter(Vcpu c, DecodedInstruction i, long target, boolean shadows) {
    Branches.checkCalled(c, i, target);
    if (!c.shadowStackActive || !shadows) {
      Stack.push(c, i.operandBytes, i.nextRip);
      c.rip = target;
      return;
    }
    int bytes = entryBytes(i);
    // Nothing is pushed on one stack if the push on the other faults.
    long slot = c.gpr[Vcpu.RSP] - i.operandBytes & Stack.pointerMask(c);
    Memory.loadForWrite(c, SegmentRegister.SS, slot, i.operandBytes);
    c.mmu.shadowStacks().write(c.cet.ssp - bytes, bytes, returnAddress(i), c.cpl);
    Stack.push(c, i.operandBytes, i.nextRip);
    c.cet.ssp -= bytes;
    c.rip = target;
  }

  private static long returnAddress(DecodedInstruction i) {
    return i.operandBytes == 2 ? i.nextRip & 0xFFFF : i.nextRip;
  }

  /// Entries of 4 bytes outside 64-bit mode, also for 16-bit calls.
  private static int entryBytes(DecodedInstruction i) {
    return i.operandBytes == 8 ? 8 : 4;
  }

  private static void leave(Vcpu c, DecodedInstruction i, long parameterBytes) {
    int bytes = i.operandBytes;
    long target = Stack.peek(c, 0, bytes);
    if (bytes != 8) {
      target &= bytes == 2 ? Registers.LOW_16 : Registers.LOW_32;
    }
    Branches.checkTarget(c, target);
    if (c.shadowStackActive) {
      int entry = entryBytes(i);
      if (c.mmu.shadowStacks().read(c.cet.ssp, entry, c.cpl) != target) {
        throw ShadowStack.fault(c, ShadowStack.CP_NEAR_RET);
      }
      c.cet.ssp += entry;
    }
    Stack.release(c, bytes + parameterBytes);
    c.rip = target;
  }
}
