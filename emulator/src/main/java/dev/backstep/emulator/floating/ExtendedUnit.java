package dev.backstep.emulator.floating;

/// The working registers of the x87: operands, results, and the environment they are computed in.
/// Scratch of the running instruction; no part of saved state.
public final class ExtendedUnit {
  public final FloatEnvironment environment;

  /// Operands. For instructions with two: `a` is ST(0) or the destination.
  public final ExtendedNumber a = new ExtendedNumber();

  public final ExtendedNumber b = new ExtendedNumber();

  /// What goes to the destination.
  public final ExtendedNumber result = new ExtendedNumber();

  /// What is pushed, where an instruction has two results.
  public final ExtendedNumber second = new ExtendedNumber();

  /// Condition bits that the instruction computed, at their places in the status word.
  public int conditions;

  final WideNumber wide = new WideNumber();
  final WideNumber wide1 = new WideNumber();
  final WideNumber wide2 = new WideNumber();
  final WideNumber wide3 = new WideNumber();

  public ExtendedUnit(FloatEnvironment environment) {
    this.environment = environment;
  }

  /// Whether an exception was met that is known before there is a result, and is not masked: then
  /// there is none.
  boolean stopped() {
    FloatEnvironment e = environment;
    return (e.flags & ~e.masks & FloatEnvironment.BEFORE_RESULT) != 0;
  }

  /// The response to an invalid operation.
  void invalid() {
    environment.raise(FloatEnvironment.INVALID);
    result.putIndefinite();
  }

  /// Deals with an operand `a` that is no number; false if it is one, infinite or finite.
  boolean settledByNan() {
    if (a.kind < ExtendedNumber.QUIET_NAN) {
      return false;
    }
    if (a.kind == ExtendedNumber.UNSUPPORTED) {
      invalid();
      return true;
    }
    if (a.kind == ExtendedNumber.SIGNALLING_NAN) {
      environment.raise(FloatEnvironment.INVALID);
    }
    result.put(a.significand | ExtendedNumber.QUIET_BIT, a.signExponent);
    return true;
  }

  /// Deals with operands `a` and `b` of which one is no number; false if both are. SDM Vol. 1
  /// "Rules for Handling NaNs".
  boolean settledByNans() {
    if (a.kind < ExtendedNumber.QUIET_NAN && b.kind < ExtendedNumber.QUIET_NAN) {
      return false;
    }
    if (a.kind == ExtendedNumber.UNSUPPORTED || b.kind == ExtendedNumber.UNSUPPORTED) {
      invalid();
      return true;
    }
    boolean aSignals = a.kind == ExtendedNumber.SIGNALLING_NAN;
    boolean bSignals = b.kind == ExtendedNumber.SIGNALLING_NAN;
    if (aSignals || bSignals) {
      environment.raise(FloatEnvironment.INVALID);
    }
    ExtendedNumber nan = chosen(aSignals, bSignals) ? a : b;
    result.put(nan.significand | ExtendedNumber.QUIET_BIT, nan.signExponent);
    return true;
  }

  /// Whether the result is `a`'s: a quiet NaN goes before a signalling one, then the larger
  /// significand, then the positive.
  private boolean chosen(boolean aSignals, boolean bSignals) {
    if (!a.isNan() || !b.isNan()) {
      return a.isNan();
    }
    if (aSignals != bSignals) {
      return bSignals;
    }
    int order =
        Long.compareUnsigned(
            a.significand | ExtendedNumber.QUIET_BIT, b.significand | ExtendedNumber.QUIET_BIT);
    return order != 0 ? order > 0 : !a.negative;
  }

  /// Notes a denormal among the operands `a` and `b`.
  void noteDenormals() {
    if (a.denormal || b.denormal) {
      environment.raise(FloatEnvironment.DENORMAL);
    }
  }

  void noteDenormal() {
    if (a.denormal) {
      environment.raise(FloatEnvironment.DENORMAL);
    }
  }

  /// Makes `n`, which is finite and not zero, the exact result that is to be rounded.
  void exact(ExtendedNumber n, boolean negative) {
    FloatEnvironment e = environment;
    e.negative = negative;
    e.exponent = n.exponent;
    e.high = n.normal;
    e.low = 0;
  }
}
