package dev.backstep.emulator.device;

/// How a device's accesses reach one line of memory: bytes of RAM that lie within 64 naturally
/// aligned ones.
public interface DmaPath {
  /// Most bytes of one call, and what they lie within.
  int LINE_BYTES = 64;

  /// Whether an access looks into the processors' caches. PCI Express Base Specification, "No Snoop
  /// Attribute".
  enum Snooping {
    CACHES,
    NOTHING
  }

  /// Reads into `into[at]` and on.
  ///
  /// @return how many bytes differ from what the processors see
  int read(long ramOffset, byte[] into, int at, int length, Snooping snooping);

  /// Writes what is in `from[at]` and on.
  ///
  /// @return how many bytes the processors see otherwise
  int write(long ramOffset, byte[] from, int at, int length, Snooping snooping);
}
