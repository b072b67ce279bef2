package dev.backstep.replay;

/// Leaves the machine at the first difference. Carries no stack: it is a result, not a failure.
final class DivergenceFound extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient ReplayResult.Diverged divergence;

  DivergenceFound(ReplayResult.Diverged divergence) {
    super(null, null, false, false);
    this.divergence = divergence;
  }

  ReplayResult.Diverged divergence() {
    return divergence;
  }
}
