package dev.backstep.emulator.vcpu;

/// An exception that the guest's instruction raised, thrown to abandon the instruction before it
/// commits. One preallocated, stackless object per vCPU: throwing costs no allocation.
///
/// Vectors and error codes: SDM Vol. 3 "Exception and Interrupt Reference".
public final class GuestFault extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public static final int DE = 0;
  public static final int DB = 1;
  public static final int NMI = 2;
  public static final int BP = 3;
  public static final int OF = 4;
  public static final int BR = 5;
  public static final int UD = 6;
  public static final int NM = 7;
  public static final int DF = 8;
  public static final int TS = 10;
  public static final int NP = 11;
  public static final int SS = 12;
  public static final int GP = 13;
  public static final int PF = 14;
  public static final int MF = 16;
  public static final int AC = 17;
  public static final int MC = 18;
  public static final int XM = 19;
  public static final int CP = 21;

  /// No exception: the instruction waits for an interrupt and is tried again after it.
  public static final int FREEZE = -1;

  private int vector;
  private boolean hasErrorCode;
  private int errorCode;
  private long faultingLinearAddress;

  GuestFault() {
    super(null, null, false, false);
  }

  /// The exception vector, 0 to 31, or [#FREEZE].
  public int vector() {
    return vector;
  }

  /// Whether delivery pushes an error code.
  public boolean hasErrorCode() {
    return hasErrorCode;
  }

  /// The error code; 0 where there is none.
  public int errorCode() {
    return errorCode;
  }

  /// The linear address that goes into CR2; of meaning for #PF only.
  public long faultingLinearAddress() {
    return faultingLinearAddress;
  }

  /// Fills this fault for a vector without an error code and returns it, to be thrown.
  public GuestFault withoutCode(int newVector) {
    vector = newVector;
    hasErrorCode = false;
    errorCode = 0;
    faultingLinearAddress = 0;
    return this;
  }

  /// Fills this fault for a vector with an error code and returns it, to be thrown.
  public GuestFault withCode(int newVector, int newErrorCode) {
    vector = newVector;
    hasErrorCode = true;
    errorCode = newErrorCode;
    faultingLinearAddress = 0;
    return this;
  }

  /// Fills this fault as a page fault at `gva` and returns it, to be thrown.
  public GuestFault pageFault(long gva, int newErrorCode) {
    vector = PF;
    hasErrorCode = true;
    errorCode = newErrorCode;
    faultingLinearAddress = gva;
    return this;
  }

  /// #UD.
  public GuestFault undefinedOpcode() {
    return withoutCode(UD);
  }

  /// #GP with the given error code (a selector with its EXT/IDT/TI bits, or 0).
  public GuestFault generalProtection(int newErrorCode) {
    return withCode(GP, newErrorCode);
  }
}
