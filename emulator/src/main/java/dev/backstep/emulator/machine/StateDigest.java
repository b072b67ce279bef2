package dev.backstep.emulator.machine;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.device.StateSink;
import dev.backstep.emulator.mmu.Mtrrs;
import dev.backstep.emulator.time.VirtualClock;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.ControlFlowState;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.SystemMsrs;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/// Digests by which two runs are compared. State is hashed in little-endian order, a vCPU after the
/// other and then the devices.
final class StateDigest {
  /// Bytes of a register digest that are kept.
  private static final int REGISTER_DIGEST_BYTES = 8;

  private static final int PAGE = 4096;

  /// PAE paging keeps its four page-directory-pointer-table entries in registers.
  private static final int PDPTES = 4;

  private StateDigest() {}

  static byte[] ofRegisters(Board board, VirtualClock clock) {
    Hasher hasher = new Hasher();
    hasher.putLong(clock.nowNs());
    for (Vcpu c : board.vcpus()) {
      putVcpu(hasher, c);
    }
    board.deviceState().accept(hasher);
    return Arrays.copyOf(hasher.finish(), REGISTER_DIGEST_BYTES);
  }

  /// Hashes each page that is not all zeros, with its number before it: most of a guest's memory
  /// was never written, and to compare is much faster than to hash.
  static byte[] ofMemory(GuestRam ram) {
    MessageDigest sha = sha256();
    MemorySegment all = ram.segment();
    MemorySegment zeros = MemorySegment.ofArray(new byte[PAGE]);
    ByteBuffer number = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (long at = 0; at < all.byteSize(); at += PAGE) {
      if (MemorySegment.mismatch(all, at, at + PAGE, zeros, 0, PAGE) >= 0) {
        sha.update(number.putLong(0, at / PAGE).array());
        sha.update(all.asSlice(at, PAGE).asByteBuffer());
      }
    }
    return sha.digest();
  }

  private static void putVcpu(Hasher h, Vcpu c) {
    for (int k = 0; k < Vcpu.NO_REGISTER; k++) {
      h.putLong(c.gpr[k]);
    }
    h.putLong(c.rip);
    h.putLong(c.rflags());
    h.putLong(c.cr0);
    h.putLong(c.cr2);
    h.putLong(c.cr3);
    h.putLong(c.cr4);
    h.putLong(c.efer);
    h.putLong(c.xcr0);
    for (long value : c.dr) {
      h.putLong(value);
    }
    for (SegmentRegister s : c.segments) {
      putSegment(h, s);
    }
    putSegment(h, c.ldtr);
    putSegment(h, c.tr);
    h.putLong(c.gdtBase);
    h.putInt(c.gdtLimit);
    h.putLong(c.idtBase);
    h.putInt(c.idtLimit);
    h.putInt(c.cpl);
    h.putInt(c.activity.ordinal());
    putMsrs(h, c.msr);
    putControlFlow(h, c.cet);
    putFpu(h, c);
    putMtrrs(h, c.mmu.mtrrs());
    for (int k = 0; k < PDPTES; k++) {
      h.putLong(c.mmu.translations().pdpte(k));
    }
    h.putInt(
        (c.interruptShadow ? 1 : 0)
            | (c.nmiBlocked ? 2 : 0)
            | (c.nmiPending ? 4 : 0)
            | (c.initPending ? 8 : 0)
            | (c.stackSwitchShadow ? 16 : 0)
            | ((c.msr.debugControl & ControlBits.DEBUGCTL_BTF) != 0 ? 32 : 0)
            | (c.fpu.errorReported ? 64 : 0));
    h.putInt(c.sipiVector);
    h.putLong(c.pendingDebugTraps);
    h.putInt(c.pkru);
    if (c.vmEntry != null) {
      h.putFlag(c.entryDue);
      c.vmEntry.save(h);
    }
  }

  private static void putSegment(Hasher h, SegmentRegister s) {
    h.putInt(s.selector);
    h.putLong(s.base);
    h.putInt(s.limit);
    h.putInt(s.access);
    h.putInt(s.usable ? 1 : 0);
  }

  private static void putControlFlow(Hasher h, ControlFlowState s) {
    h.putLong(s.ssp);
    h.putLong(s.user);
    h.putLong(s.supervisor);
    for (long ssp : s.privilegeSsp) {
      h.putLong(ssp);
    }
    h.putLong(s.interruptSspTable);
  }

  private static void putMsrs(Hasher h, SystemMsrs m) {
    h.putLong(m.star);
    h.putLong(m.lstar);
    h.putLong(m.cstar);
    h.putLong(m.syscallMask);
    h.putLong(m.kernelGsBase);
    h.putLong(m.sysenterCs);
    h.putLong(m.sysenterEsp);
    h.putLong(m.sysenterEip);
    h.putLong(m.tscOffset);
    h.putLong(m.tscAdjust);
    h.putLong(m.tscAux);
    h.putLong(m.pat);
    h.putLong(m.miscEnable);
    h.putLong(m.platformInfo);
    h.putLong(m.microcodeRevision);
    h.putLong(m.archCapabilities);
    h.putLong(m.miscFeatures);
    h.putLong(m.featureControl);
    h.putLong(m.vmCr);
    h.putLong(m.vmHostSave);
    h.putLong(m.xss);
    h.putInt(m.pkrs);
    h.putLong(m.speculationControl);
    h.putLong(m.systemConfiguration);
    for (long directions : m.fixedRangeDirections) {
      h.putLong(directions);
    }
    h.putLong(m.machineCheckStatus);
    h.putLong(m.machineCheckControl);
    for (int k = 0; k < SystemMsrs.MACHINE_CHECK_BANKS; k++) {
      h.putLong(m.machineCheckBankControl[k]);
      h.putLong(m.machineCheckBankAddress[k]);
      h.putLong(m.machineCheckBankMisc[k]);
    }
  }

  private static void putFpu(Hasher h, Vcpu c) {
    for (int k = 0; k < 8; k++) {
      h.putLong(c.fpu.significand[k]);
      h.putInt(c.fpu.signExponent[k]);
    }
    h.putInt(c.fpu.controlWord);
    h.putInt(c.fpu.statusWord);
    h.putInt(c.fpu.top);
    h.putInt(c.fpu.tagValid);
    h.putInt(c.fpu.lastOpcode);
    h.putLong(c.fpu.lastInstructionPointer);
    h.putInt(c.fpu.lastInstructionSelector);
    h.putLong(c.fpu.lastDataPointer);
    h.putInt(c.fpu.lastDataSelector);
    h.putInt(c.fpu.mxcsr);
    for (long half : c.fpu.xmm) {
      h.putLong(half);
    }
    for (long half : c.fpu.ymmHigh) {
      h.putLong(half);
    }
  }

  private static void putMtrrs(Hasher h, Mtrrs m) {
    h.putLong(m.defType());
    for (int k = 0; k < Mtrrs.FIXED_REGISTERS; k++) {
      h.putLong(m.fixed(k));
    }
    for (int k = 0; k < Mtrrs.VARIABLE_RANGES; k++) {
      h.putLong(m.base(k));
      h.putLong(m.mask(k));
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  /// Collects values and hashes them.
  private static final class Hasher implements StateSink {
    private final MessageDigest sha = sha256();
    private final ByteBuffer buffer = ByteBuffer.allocate(8192).order(ByteOrder.LITTLE_ENDIAN);

    @Override
    public void putInt(int value) {
      room(Integer.BYTES);
      buffer.putInt(value);
    }

    @Override
    public void putLong(long value) {
      room(Long.BYTES);
      buffer.putLong(value);
    }

    @Override
    public void putBytes(byte[] values) {
      drain();
      sha.update(values);
    }

    private void room(int bytes) {
      if (buffer.remaining() < bytes) {
        drain();
      }
    }

    private void drain() {
      sha.update(buffer.array(), 0, buffer.position());
      buffer.clear();
    }

    byte[] finish() {
      drain();
      return sha.digest();
    }
  }
}
