package dev.backstep.emulator.decode;

/// Where a line of the opcode table stands.
record TableLine(String file, int number) {
  @Override
  public String toString() {
    return file + " line " + number;
  }
}
