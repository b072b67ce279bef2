package dev.backstep.proto.codec;

/// A column's bytes do not follow the format. The message is one line that says what is wrong.
public final class ColumnFormatException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String what;

  public ColumnFormatException(String what) {
    super(what);
    this.what = what;
  }

  @Override
  public String getMessage() {
    return what;
  }

  ColumnFormatException causedBy(Exception cause) {
    initCause(cause);
    return this;
  }
}
