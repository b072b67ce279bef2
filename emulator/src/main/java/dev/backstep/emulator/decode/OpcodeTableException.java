package dev.backstep.emulator.decode;

/// The opcode table is wrong; the message names the line.
public final class OpcodeTableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  OpcodeTableException(TableLine line, String message) {
    super(line + ": " + message);
  }
}
