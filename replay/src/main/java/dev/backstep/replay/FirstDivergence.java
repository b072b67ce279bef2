package dev.backstep.replay;

import dev.backstep.replay.ReplayResult.Diverged;
import org.jspecify.annotations.Nullable;

/// Keeps the first difference that is noticed. The machine runs on to the end of its turn, because
/// what led to a difference in an event or an input may be an instruction before it, which is
/// compared only then.
final class FirstDivergence {
  private @Nullable Diverged found;

  boolean isFound() {
    return found != null;
  }

  @Nullable Diverged found() {
    return found;
  }

  /// A difference was noticed; it counts if there is none from before.
  void report(Diverged divergence) {
    if (found == null) {
      found = divergence;
    }
  }

  /// Instructions differ: that counts rather than what followed from it.
  void reportInstruction(Diverged divergence) {
    Diverged before = found;
    if (before == null
        || Long.compareUnsigned(divergence.position(), before.position()) < 0
        || divergence.position() == before.position() && !before.fact().equals(Diverged.CODE)) {
      found = divergence;
    }
  }
}
