package dev.backstep.proto.codec;

/// A column's bytes do not follow the format. The message is one line that says what is wrong.
public final class ColumnFormatException extends Exception {
  private static final long serialVersionUID = 1L;

  public ColumnFormatException(String what) {
    super(what);
  }

  ColumnFormatException causedBy(Exception cause) {
    initCause(cause);
    return this;
  }
}
