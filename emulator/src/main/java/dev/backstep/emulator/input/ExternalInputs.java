package dev.backstep.emulator.input;

import dev.backstep.emulator.control.ControlCall;
import org.jspecify.annotations.Nullable;

/// Everything that a run depends on besides its configuration and images. A recorder decorates it
/// and journals the answers; a replayer answers from the journal. The machine asks in a
/// deterministic order, always on its own thread.
public interface ExternalInputs {
  /// Nothing was typed.
  int NOTHING = -1;

  /// Seconds since 1970-01-01 UTC that the real-time clock shows at power-up. Asked once.
  long realTimeClockSeconds();

  /// 64 random bits.
  long entropy();

  /// The next byte typed on the console, 0 to 255, or [#NOTHING] if none is there yet.
  ///
  /// @param position instructions retired. Several questions may be asked at one position, while
  ///   every vCPU waits and time passes
  int consoleByte(long position);

  /// Whether requests to the hypervisor may come: a machine that has none refuses to be built then.
  default boolean hasControlCalls() {
    return false;
  }

  /// The next request to the hypervisor that is due, or null. Asked at the beginning of each turn,
  /// again after each request.
  ///
  /// @param position instructions retired
  default @Nullable ControlCall controlCall(long position) {
    return null;
  }

  /// The position at which the next such request will be due, so that a turn ends there; no
  /// position is as far as [Long#MAX_VALUE].
  default long nextControlPosition() {
    return Long.MAX_VALUE;
  }

  /// Every vCPU is idle and no timer is armed: waits until a console byte can be read.
  ///
  /// @return false if none will ever come
  boolean awaitConsole(long position);
}
