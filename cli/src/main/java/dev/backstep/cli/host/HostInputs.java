package dev.backstep.cli.host;

import dev.backstep.emulator.input.ExternalInputs;
import java.security.SecureRandom;

/// External inputs from the host: its clock, its entropy, and what is typed.
public final class HostInputs implements ExternalInputs {
  private final SecureRandom random = new SecureRandom();
  private final HostClock clock;
  private final TypedInput typed;

  public HostInputs(HostClock clock, TypedInput typed) {
    this.clock = clock;
    this.typed = typed;
  }

  @Override
  public long realTimeClockSeconds() {
    return clock.seconds();
  }

  @Override
  public long entropy() {
    return random.nextLong();
  }

  @Override
  public int consoleByte(long position) {
    return typed.poll(position);
  }

  @Override
  public boolean awaitConsole(long position) {
    return typed.await(position);
  }
}
