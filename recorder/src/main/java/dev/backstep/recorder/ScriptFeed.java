package dev.backstep.recorder;

import dev.backstep.emulator.execution.CodeBlock;
import dev.backstep.emulator.listen.ExecutionListener;
import dev.backstep.emulator.listen.MachineEvent;

/// Tells a script of every event of a run that nobody records.
public final class ScriptFeed implements ExecutionListener {
  private final ControlScript script;

  public ScriptFeed(ControlScript script) {
    this.script = script;
  }

  @Override
  public void event(MachineEvent event) {
    script.heard(EventTranslation.toProto(event));
  }

  @Override
  public void blockBuilt(CodeBlock block) {
    // Conditions are about events.
  }

  @Override
  public void executed(int vcpu, long firstPosition, int[] entries, int count, long instructions) {
    // Conditions are about events.
  }
}
