package dev.backstep.cli.host;

/// Nobody types.
public final class NoInput implements TypedInput {
  @Override
  public int poll(long position) {
    return NOTHING;
  }

  @Override
  public boolean await(long position) {
    return false;
  }
}
