package dev.backstep.emulator.vcpu;

/// The stack on which a call gate, an interrupt or an exception builds its frame, before anything
/// of the transfer is committed: a segment, a pointer, and the privilege of the pushes.
///
/// SDM Vol. 3 "Stack Switching", "Stack Switching in 64-bit Mode".
public final class InnerStack {
  /// The stack segment; its selector becomes SS.
  public final SegmentRegister segment = new SegmentRegister();

  /// What becomes RSP.
  public long pointer;

  private long pointerMask;
  private boolean checksLimit;
  private boolean changesSegment;
  private int cpl;
  private int errorCode;

  /// Starts on the stack in use. `ext` is the error code of a stack fault.
  public void startCurrent(Vcpu c, int ext) {
    segment.copyFrom(c.segments[SegmentRegister.SS]);
    pointer = c.gpr[Vcpu.RSP];
    cpl = c.cpl;
    errorCode = ext;
    changesSegment = false;
    useSegmentSize();
  }

  /// Starts on a stack of a segment that was set in [#segment] before.
  public void start(long newPointer, int newCpl, int stackFaultCode) {
    pointer = newPointer;
    cpl = newCpl;
    errorCode = stackFaultCode;
    changesSegment = true;
    useSegmentSize();
  }

  /// Makes this a stack of 64-bit mode: no limit, canonical addresses. SS stays as [#segment] says.
  public void useLongMode() {
    pointerMask = -1;
    checksLimit = false;
  }

  private void useSegmentSize() {
    pointerMask = segment.is(SegmentRegister.DEFAULT_BIG) ? 0xFFFFFFFFL : 0xFFFF;
    checksLimit = true;
  }

  /// Selects the stack segment of 64-bit mode for privilege `newCpl`: a null selector with that
  /// RPL.
  public void selectNull(int newCpl) {
    segment.set(newCpl, 0, 0, newCpl << 5, false);
  }

  /// Checks that `bytes` more bytes fit, so that nothing is written if the frame does not.
  public void requireRoom(Vcpu c, int bytes) {
    if (!checksLimit) {
      requireCanonical(c, pointer - bytes);
      requireCanonical(c, pointer - 1);
    } else {
      long lowest = pointer - bytes & pointerMask;
      long highest = pointer - 1 & pointerMask;
      if (lowest > highest) {
        throw c.fault.withCode(GuestFault.SS, errorCode);
      }
      requireInside(c, lowest, bytes);
    }
  }

  /// Pushes the low `bytes` bytes of `value`.
  public void push(Vcpu c, long value, int bytes) {
    long slot = pointer - bytes & pointerMask;
    long gva = checksLimit ? segment.base + slot & 0xFFFFFFFFL : slot;
    requireAligned(c, gva, bytes);
    if (checksLimit) {
      requireInside(c, slot, bytes);
    } else {
      requireCanonical(c, gva);
    }
    c.mmu.writeLinear(gva, bytes, value, cpl);
    pointer = pointer & ~pointerMask | slot;
  }

  private void requireInside(Vcpu c, long offset, int bytes) {
    long limit = segment.limit & 0xFFFFFFFFL;
    long last = offset + bytes - 1;
    boolean inside = last <= limit;
    if (segment.is(SegmentRegister.TYPE_EXPAND_DOWN)) {
      // SDM Vol. 3 "Limit Checking": valid offsets lie above the limit, up to FFFFH or FFFFFFFFH.
      inside = offset > limit && last <= pointerMask;
    }
    if (!inside) {
      throw c.fault.withCode(GuestFault.SS, errorCode);
    }
  }

  /// SDM Vol. 3 "Interrupt 17—Alignment Check Exception (#AC)": pushes at CPL 3 are checked.
  private void requireAligned(Vcpu c, long gva, int bytes) {
    boolean checks = cpl == 3 && c.cr0(ControlBits.CR0_AM) && c.flag(Rflags.AC);
    if (checks && (gva & bytes - 1) != 0) {
      throw c.fault.withCode(GuestFault.AC, 0);
    }
  }

  private void requireCanonical(Vcpu c, long gva) {
    if (!c.mmu.isCanonical(gva)) {
      throw c.fault.withCode(GuestFault.SS, errorCode);
    }
  }

  /// Makes this the vCPU's stack. The caller sets CPL.
  public void commit(Vcpu c) {
    c.gpr[Vcpu.RSP] = pointer;
    if (changesSegment) {
      c.segments[SegmentRegister.SS].copyFrom(segment);
      c.mmu.segmentChanged(SegmentRegister.SS);
    }
  }
}
