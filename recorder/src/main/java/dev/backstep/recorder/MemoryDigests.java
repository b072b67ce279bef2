package dev.backstep.recorder;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// When memory is digested, and how digests are put together.
public final class MemoryDigests {
  private static final long SHORTEST_INTERVAL = 1L << 28;

  private MemoryDigests() {}

  /// Instructions between two digests of memory, such that digesting costs a few percent of a run.
  static long intervalFor(long memoryBytes) {
    return Math.max(SHORTEST_INTERVAL, memoryBytes);
  }

  /// The digest of a whole machine: SHA-256 of its register digest followed by its memory digest.
  public static byte[] combine(byte[] registers, byte[] memory) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      sha.update(registers);
      sha.update(memory);
      return sha.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
