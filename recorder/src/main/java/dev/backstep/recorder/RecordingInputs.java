package dev.backstep.recorder;

import dev.backstep.emulator.control.ControlCall;
import dev.backstep.emulator.input.ExternalInputs;
import dev.backstep.proto.v1.Input;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// Passes external inputs on to the machine and logs every answer. What a machine asks while it is
/// built is kept until there is a log.
final class RecordingInputs implements ExternalInputs {
  private final ExternalInputs source;
  private final ControlScript script;
  private InputLog log = new BeforePowerUp();

  /// @param source answers everything but requests to the hypervisor
  /// @param script makes those
  RecordingInputs(ExternalInputs source, ControlScript script) {
    this.source = new ControlledInputs(source, script);
    this.script = script;
  }

  ControlScript script() {
    return script;
  }

  /// Connects the log and hands it what was asked before.
  void connect(InputLog newLog) {
    InputLog before = log;
    log = newLog;
    if (before instanceof BeforePowerUp early) {
      early.inputs.forEach(newLog::input);
    }
  }

  @Override
  public long realTimeClockSeconds() {
    long seconds = source.realTimeClockSeconds();
    log.input(InputTranslation.clock(seconds));
    return seconds;
  }

  @Override
  public long entropy() {
    long word = source.entropy();
    log.input(InputTranslation.entropy(log.position(), word));
    return word;
  }

  @Override
  public int consoleByte(long position) {
    int typed = source.consoleByte(position);
    if (typed != NOTHING) {
      log.input(InputTranslation.console(position, log.turn(), typed));
    }
    return typed;
  }

  @Override
  public boolean hasControlCalls() {
    return source.hasControlCalls();
  }

  @Override
  public @Nullable ControlCall controlCall(long position) {
    OptionalLong afterEvents = script.dueAfterEvents();
    ControlCall call = source.controlCall(position);
    if (call != null) {
      log.input(InputTranslation.request(position, log.turn(), call, afterEvents));
    }
    return call;
  }

  @Override
  public long nextControlPosition() {
    return source.nextControlPosition();
  }

  @Override
  public boolean awaitConsole(long position) {
    log.waiting();
    return source.awaitConsole(position);
  }

  private static final class BeforePowerUp implements InputLog {
    private final List<Input> inputs = new ArrayList<>();

    @Override
    public void input(Input input) {
      inputs.add(input);
    }

    @Override
    public long position() {
      return 0;
    }

    @Override
    public long turn() {
      return 0;
    }

    @Override
    public void waiting() {
      // Nothing has run yet.
    }
  }
}
