package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.Vcpu;

/// SHA-1 and SHA-256 rounds and message schedules. FIPS 180-4; SDM Vol. 2 "SHA1RNDS4" to
/// "SHA256MSG2", which number doublewords from the low end.
public final class Sha {
  /// FIPS 180-4 "SHA-1 Constants", of rounds 0 to 19, 20 to 39 and so on.
  private static final int[] SHA1_ROUNDS = {0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6};

  private Sha() {}

  /// Checks, and fetches operand 1 into scratch vector B and operand 0, which it returns. Memory is
  /// aligned as for all legacy instructions (SDM Vol. 2 "Exceptions Type 4"), but on AMD's:
  /// measured on Zen 4.
  private static long[] first(Vcpu c, DecodedInstruction i) {
    VectorOperands.require(c, i);
    if (i.isMemory() && c.cpuid.vendor().allowsMisalignedSha()) {
      VectorOperands.loadMemory(c, i, i.effectiveAddress(c.gpr), 16, c.fpu.scratchB);
    } else {
      VectorOperands.load(c, i, 1, c.fpu.scratchB);
    }
    VectorOperands.load(c, i, 0, c.fpu.scratchA);
    return c.fpu.scratchA;
  }

  private static int low(long quadword) {
    return (int) quadword;
  }

  private static int high(long quadword) {
    return (int) (quadword >>> 32);
  }

  private static long pair(int upper, int lower) {
    return (long) upper << 32 | lower & Registers.LOW_32;
  }

  /// Four rounds. The message words come from the high end, E is added to the first already.
  public static void sha1rnds4(Vcpu c, DecodedInstruction i) {
    long[] a = first(c, i);
    long[] b = c.fpu.scratchB;
    int choice = (int) i.immediate & 3;
    int va = high(a[1]);
    int vb = low(a[1]);
    int vc = high(a[0]);
    int vd = low(a[0]);
    int ve = 0;
    for (int k = 0; k < 4; k++) {
      long words = b[1 - (k >> 1)];
      int word = (k & 1) == 0 ? high(words) : low(words);
      int next =
          mix(choice, vb, vc, vd) + Integer.rotateLeft(va, 5) + word + ve + SHA1_ROUNDS[choice];
      ve = vd;
      vd = vc;
      vc = Integer.rotateLeft(vb, 30);
      vb = va;
      va = next;
    }
    VectorState.storeXmm(c, i.register0, pair(vc, vd), pair(va, vb));
  }

  private static int mix(int choice, int b, int c, int d) {
    return switch (choice) {
      case 0 -> choose(b, c, d);
      case 2 -> majority(b, c, d);
      default -> b ^ c ^ d;
    };
  }

  private static int choose(int x, int y, int z) {
    return x & y ^ ~x & z;
  }

  private static int majority(int x, int y, int z) {
    return x & y ^ x & z ^ y & z;
  }

  public static void sha1nexte(Vcpu c, DecodedInstruction i) {
    long[] a = first(c, i);
    long[] b = c.fpu.scratchB;
    VectorState.storeXmm(
        c, i.register0, b[0], b[1] + ((long) Integer.rotateLeft(high(a[1]), 30) << 32));
  }

  public static void sha1msg1(Vcpu c, DecodedInstruction i) {
    long[] a = first(c, i);
    long[] b = c.fpu.scratchB;
    VectorState.storeXmm(c, i.register0, b[1] ^ a[0], a[0] ^ a[1]);
  }

  public static void sha1msg2(Vcpu c, DecodedInstruction i) {
    long[] a = first(c, i);
    long[] b = c.fpu.scratchB;
    int w16 = Integer.rotateLeft(high(a[1]) ^ low(b[1]), 1);
    int w17 = Integer.rotateLeft(low(a[1]) ^ high(b[0]), 1);
    int w18 = Integer.rotateLeft(high(a[0]) ^ low(b[0]), 1);
    int w19 = Integer.rotateLeft(low(a[0]) ^ w16, 1);
    VectorState.storeXmm(c, i.register0, pair(w18, w19), pair(w16, w17));
  }

  /// Two rounds: C, D, G and H are in operand 0, A, B, E and F in operand 1, the message words with
  /// their constants added in XMM0.
  public static void sha256rnds2(Vcpu c, DecodedInstruction i) {
    long[] a = first(c, i);
    long[] b = c.fpu.scratchB;
    long ef = b[0];
    long ab = b[1];
    long gh = a[0];
    long cd = a[1];
    long words = c.fpu.xmm[0];
    for (int k = 0; k < 2; k++) {
      int e = high(ef);
      int oldA = high(ab);
      int word = (int) (words >>> 32 * k);
      int sum = choose(e, low(ef), high(gh)) + sigma(e, 6, 11, 25) + word + low(gh);
      int nextA = sum + majority(oldA, low(ab), high(cd)) + sigma(oldA, 2, 13, 22);
      int nextE = sum + low(cd);
      gh = pair(low(ef), high(gh));
      cd = pair(low(ab), high(cd));
      ef = pair(nextE, e);
      ab = pair(nextA, oldA);
    }
    VectorState.storeXmm(c, i.register0, ef, ab);
  }

  /// FIPS 180-4 "SHA-224 and SHA-256 Functions", the capital sigmas.
  private static int sigma(int x, int first, int second, int third) {
    return Integer.rotateRight(x, first)
        ^ Integer.rotateRight(x, second)
        ^ Integer.rotateRight(x, third);
  }

  private static int smallSigma0(int x) {
    return Integer.rotateRight(x, 7) ^ Integer.rotateRight(x, 18) ^ x >>> 3;
  }

  private static int smallSigma1(int x) {
    return Integer.rotateRight(x, 17) ^ Integer.rotateRight(x, 19) ^ x >>> 10;
  }

  public static void sha256msg1(Vcpu c, DecodedInstruction i) {
    long[] a = first(c, i);
    long[] b = c.fpu.scratchB;
    int w0 = low(a[0]) + smallSigma0(high(a[0]));
    int w1 = high(a[0]) + smallSigma0(low(a[1]));
    int w2 = low(a[1]) + smallSigma0(high(a[1]));
    int w3 = high(a[1]) + smallSigma0(low(b[0]));
    VectorState.storeXmm(c, i.register0, pair(w1, w0), pair(w3, w2));
  }

  public static void sha256msg2(Vcpu c, DecodedInstruction i) {
    long[] a = first(c, i);
    long[] b = c.fpu.scratchB;
    int w16 = low(a[0]) + smallSigma1(low(b[1]));
    int w17 = high(a[0]) + smallSigma1(high(b[1]));
    int w18 = low(a[1]) + smallSigma1(w16);
    int w19 = high(a[1]) + smallSigma1(w17);
    VectorState.storeXmm(c, i.register0, pair(w17, w16), pair(w19, w18));
  }
}
