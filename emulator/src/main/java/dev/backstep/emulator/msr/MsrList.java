package dev.backstep.emulator.msr;

import java.util.TreeMap;

/// Collects registers when a table is made.
final class MsrList {
  private final TreeMap<Integer, Msr> msrs = new TreeMap<>();

  void add(int index, String name, Msr.Reader reader, Msr.Writer writer) {
    add(index, name, reader, writer, writer);
  }

  void add(int index, String name, Msr.Reader reader, Msr.Writer writer, Msr.Writer userWriter) {
    Msr other = msrs.put(index, new Msr(index, name, reader, writer, userWriter));
    if (other != null) {
      throw new AssertionError("MSR 0x%x is both %s and %s".formatted(index, other.name(), name));
    }
  }

  /// A register that always reads as `value`, and cannot be written.
  void constant(int index, String name, long value) {
    add(index, name, c -> value, Msr.READ_ONLY);
  }

  /// In order of (signed) index.
  Msr[] sorted() {
    return msrs.values().toArray(new Msr[0]);
  }
}
