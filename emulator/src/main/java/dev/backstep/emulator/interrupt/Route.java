package dev.backstep.emulator.interrupt;

/// How the targets of a message were found.
///
/// @param path whether the local APICs were searched
/// @param rule which rule chose the targets, for `ipi` events
public record Route(Path path, String rule) {
  /// A hypervisor that searches in vain says so to who sent the message.
  public enum Path {
    DIRECT,
    SEARCHED
  }
}
