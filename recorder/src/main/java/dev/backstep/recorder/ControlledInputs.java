package dev.backstep.recorder;

import dev.backstep.emulator.control.ControlCall;
import dev.backstep.emulator.input.ExternalInputs;
import org.jspecify.annotations.Nullable;

/// External inputs of which the requests to the hypervisor come from a script.
public final class ControlledInputs implements ExternalInputs {
  private final ExternalInputs source;
  private final ControlScript script;

  /// @param source answers everything else
  public ControlledInputs(ExternalInputs source, ControlScript script) {
    this.source = source;
    this.script = script;
  }

  @Override
  public long realTimeClockSeconds() {
    return source.realTimeClockSeconds();
  }

  @Override
  public long entropy() {
    return source.entropy();
  }

  @Override
  public int consoleByte(long position) {
    return source.consoleByte(position);
  }

  @Override
  public boolean hasControlCalls() {
    return !script.isEmpty();
  }

  @Override
  public @Nullable ControlCall controlCall(long position) {
    ControlCall call = script.due(position);
    if (call != null) {
      script.made();
    }
    return call;
  }

  @Override
  public long nextControlPosition() {
    return script.nextPosition();
  }

  @Override
  public boolean awaitConsole(long position) {
    return source.awaitConsole(position);
  }
}
