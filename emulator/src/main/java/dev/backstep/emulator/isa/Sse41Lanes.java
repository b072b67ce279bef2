package dev.backstep.emulator.isa;

/// SSE4.1 and SSE4.2 packed integer arithmetic on each 64-bit lane by itself. SDM Vol. 2 "PMULLD",
/// "PMULDQ", "PMINSB" to "PMAXUD", "PCMPEQQ", "PCMPGTQ", "PBLENDVB", "BLENDVPS", "BLENDVPD".
public final class Sse41Lanes {
  /// Turns the order of unsigned elements into that of signed ones.
  private static final long HIGH_16 = 0x8000_8000_8000_8000L;

  private static final long HIGH_32 = 0x8000_0000_8000_0000L;

  private Sse41Lanes() {}

  public static long pmulld(long a, long b) {
    return a * b & Registers.LOW_32 | (a >> 32) * (b >> 32) << 32;
  }

  public static long pmuldq(long a, long b) {
    return (long) (int) a * (int) b;
  }

  public static long pcmpeqq(long a, long b) {
    return a == b ? -1 : 0;
  }

  public static long pcmpgtq(long a, long b) {
    return a > b ? -1 : 0;
  }

  public static long pminsb(long a, long b) {
    return chosen(a, b, SseInteger.pcmpgtb(a, b));
  }

  public static long pmaxsb(long a, long b) {
    return chosen(b, a, SseInteger.pcmpgtb(a, b));
  }

  public static long pminuw(long a, long b) {
    return chosen(a, b, SseInteger.pcmpgtw(a ^ HIGH_16, b ^ HIGH_16));
  }

  public static long pmaxuw(long a, long b) {
    return chosen(b, a, SseInteger.pcmpgtw(a ^ HIGH_16, b ^ HIGH_16));
  }

  public static long pminsd(long a, long b) {
    return chosen(a, b, SseInteger.pcmpgtd(a, b));
  }

  public static long pmaxsd(long a, long b) {
    return chosen(b, a, SseInteger.pcmpgtd(a, b));
  }

  public static long pminud(long a, long b) {
    return chosen(a, b, SseInteger.pcmpgtd(a ^ HIGH_32, b ^ HIGH_32));
  }

  public static long pmaxud(long a, long b) {
    return chosen(b, a, SseInteger.pcmpgtd(a ^ HIGH_32, b ^ HIGH_32));
  }

  /// The top bit of each mask element chooses.
  public static long pblendvb(long a, long b, long mask) {
    return chosen(a, b, (mask >>> 7 & 0x0101_0101_0101_0101L) * 0xFF);
  }

  public static long blendvps(long a, long b, long mask) {
    return chosen(a, b, (mask >>> 31 & 0x0000_0001_0000_0001L) * Registers.LOW_32);
  }

  public static long blendvpd(long a, long b, long mask) {
    return mask < 0 ? b : a;
  }

  /// `b` where `mask` is set, else `a`.
  private static long chosen(long a, long b, long mask) {
    return a & ~mask | b & mask;
  }
}
