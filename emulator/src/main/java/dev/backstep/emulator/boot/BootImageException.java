package dev.backstep.emulator.boot;

/// An image that cannot be booted: which file, where in it, and what is wrong.
public final class BootImageException extends Exception {
  private static final long serialVersionUID = 1L;

  /// @param path the file, as the user named it
  /// @param offset where in the file
  /// @param what what is wrong there, and what to do if something can be done
  public BootImageException(String path, long offset, String what) {
    super("failed to load %s: offset 0x%x: %s".formatted(path, offset, what));
  }
}
