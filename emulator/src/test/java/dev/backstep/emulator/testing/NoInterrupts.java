package dev.backstep.emulator.testing;

import dev.backstep.emulator.interrupt.LocalInterrupts;

/// A local APIC that is disabled and silent.
public final class NoInterrupts implements LocalInterrupts {
  @Override
  public boolean hasDeliverable() {
    return false;
  }

  @Override
  public int acknowledge() {
    return NO_VECTOR;
  }

  @Override
  public String acknowledgedSource() {
    return "";
  }

  @Override
  public int acknowledgedFrom() {
    return -1;
  }

  @Override
  public int taskPriorityClass() {
    return 0;
  }

  @Override
  public void setTaskPriorityClass(int priorityClass) {}

  @Override
  public long apicBase() {
    return 0;
  }

  @Override
  public boolean setApicBase(long value) {
    return false;
  }

  @Override
  public long mmioPage() {
    return -1;
  }

  @Override
  public long readMmio(int offset, int bytes) {
    return 0;
  }

  @Override
  public void writeMmio(int offset, int bytes, long value) {}

  @Override
  public boolean readX2apic(int msr) {
    return false;
  }

  @Override
  public long x2apicValue() {
    return 0;
  }

  @Override
  public boolean writeX2apic(int msr, long value) {
    return false;
  }

  @Override
  public long tscDeadline() {
    return 0;
  }

  @Override
  public void setTscDeadline(long tsc) {}

  @Override
  public void tscOffsetChanged(long offset) {}

  @Override
  public boolean canSendForGuest() {
    return false;
  }

  @Override
  public boolean sendForGuest(long apicId, int icrLow) {
    return false;
  }

  @Override
  public void init() {}

  @Override
  public void reset() {}
}
