package dev.backstep.emulator.isa;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.cpuid.Vendor;
import dev.backstep.emulator.testing.BareVcpu;
import dev.backstep.emulator.testing.InstructionRunner;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.foreign.Arena;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Digests of one block out of the SHA instructions, against the library's. Vectors are arrays of
/// four words, the lowest first.
class ShaTest {
  private final Arena arena = Arena.ofConfined();
  private final Vcpu c = vcpu(Vendor.INTEL);
  private final InstructionRunner runner = new InstructionRunner();
  private final SplittableRandom random = new SplittableRandom(20_261_122);

  @AfterEach
  void close() {
    arena.close();
  }

  private Vcpu vcpu(Vendor vendor) {
    return new BareVcpu(arena, 0x10_0000, vendor).longMode(0x20_0000, 0x1000, 0x8000).vcpu;
  }

  @Test
  void digestsAsSha256Does() throws NoSuchAlgorithmException {
    for (int length = 0; length < 56; length++) {
      byte[] message = new byte[length];
      random.nextBytes(message);
      byte[] expected = MessageDigest.getInstance("SHA-256").digest(message);
      assertArrayEquals(expected, bytes(sha256(block(message))), "length " + length);
    }
  }

  @Test
  void digestsAsSha1Does() throws NoSuchAlgorithmException {
    for (int length = 0; length < 56; length++) {
      byte[] message = new byte[length];
      random.nextBytes(message);
      byte[] expected = MessageDigest.getInstance("SHA-1").digest(message);
      assertArrayEquals(expected, bytes(sha1(block(message))), "length " + length);
    }
  }

  @Test
  void asksForAlignedMemoryOfIntelOnly() {
    c.gpr[Vcpu.RAX] = 0x20_0008;
    assertEquals(GuestFault.GP, runner.run(c, "0F 38 C8 00"));
    Vcpu amd = vcpu(Vendor.AMD);
    amd.gpr[Vcpu.RAX] = 0x20_0008;
    assertEquals(InstructionRunner.NO_FAULT, runner.run(amd, "0F 38 C8 00"));
  }

  /// The only block of a short message. FIPS 180-4 "Padding the Message".
  private static int[] block(byte[] message) {
    ByteBuffer padded = ByteBuffer.allocate(64);
    padded.put(message).put((byte) 0x80).putLong(56, 8L * message.length).rewind();
    int[] words = new int[16];
    padded.asIntBuffer().get(words);
    return words;
  }

  private static byte[] bytes(int[] words) {
    ByteBuffer buffer = ByteBuffer.allocate(4 * words.length);
    buffer.asIntBuffer().put(words);
    return buffer.array();
  }

  private int[] sha256(int[] block) {
    int[] h = new int[8];
    for (int k = 0; k < 8; k++) {
      h[k] = fraction(k, 2);
    }
    int[] w = schedule256(block);
    int[] abef = {h[5], h[4], h[1], h[0]};
    int[] cdgh = {h[7], h[6], h[3], h[2]};
    for (int t = 0; t < 64; t += 2) {
      int[] words = {w[t] + fraction(t, 3), w[t + 1] + fraction(t + 1, 3), 0, 0};
      int[] next = run("0F 38 CB CA", cdgh, abef, words);
      cdgh = abef;
      abef = next;
    }
    int[] end = {abef[3], abef[2], cdgh[3], cdgh[2], abef[1], abef[0], cdgh[1], cdgh[0]};
    for (int k = 0; k < 8; k++) {
      end[k] += h[k];
    }
    return end;
  }

  private int[] schedule256(int[] block) {
    int[] w = new int[64];
    System.arraycopy(block, 0, w, 0, 16);
    for (int t = 16; t < 64; t += 4) {
      int[] sum = run("0F 38 CC CA", four(w, t - 16), four(w, t - 12), new int[4]);
      for (int k = 0; k < 4; k++) {
        sum[k] += w[t - 7 + k];
      }
      System.arraycopy(run("0F 38 CD CA", sum, four(w, t - 4), new int[4]), 0, w, t, 4);
    }
    return w;
  }

  private int[] sha1(int[] block) {
    int[] h = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    int[] abcd = {h[3], h[2], h[1], h[0]};
    int[] before = {0, 0, 0, Integer.rotateLeft(h[4], 2)};
    int[][] w = new int[20][];
    for (int g = 0; g < 20; g++) {
      w[g] = g < 4 ? reversed(four(block, 4 * g)) : next(w, g);
      // E of four rounds ago is A of then, turned.
      int[] sum = run("0F 38 C8 CA", before, w[g], new int[4]);
      before = abcd;
      abcd = run("0F 3A CC CA 0" + g / 5, abcd, sum, new int[4]);
    }
    int e = Integer.rotateLeft(before[3], 30);
    return new int[] {h[0] + abcd[3], h[1] + abcd[2], h[2] + abcd[1], h[3] + abcd[0], h[4] + e};
  }

  private int[] next(int[][] w, int g) {
    int[] sum = run("0F 38 C9 CA", w[g - 4], w[g - 3], new int[4]);
    for (int k = 0; k < 4; k++) {
      sum[k] ^= w[g - 2][k];
    }
    return run("0F 38 CA CA", sum, w[g - 1], new int[4]);
  }

  private static int[] four(int[] words, int from) {
    return new int[] {words[from], words[from + 1], words[from + 2], words[from + 3]};
  }

  private static int[] reversed(int[] v) {
    return new int[] {v[3], v[2], v[1], v[0]};
  }

  /// Executes an instruction on XMM1 and XMM2.
  private int[] run(String hex, int[] xmm1, int[] xmm2, int[] xmm0) {
    set(0, xmm0);
    set(1, xmm1);
    set(2, xmm2);
    assertEquals(InstructionRunner.NO_FAULT, runner.run(c, hex));
    long low = c.fpu.xmm[2];
    long high = c.fpu.xmm[3];
    return new int[] {(int) low, (int) (low >>> 32), (int) high, (int) (high >>> 32)};
  }

  private void set(int register, int[] v) {
    c.fpu.xmm[2 * register] = v[0] & 0xFFFF_FFFFL | (long) v[1] << 32;
    c.fpu.xmm[2 * register + 1] = v[2] & 0xFFFF_FFFFL | (long) v[3] << 32;
  }

  /// 32 bits behind the point of the square or cube root of prime number `k`. FIPS 180-4 "SHA-224
  /// and SHA-256 Constants".
  private static int fraction(int k, int root) {
    BigInteger prime = BigInteger.TWO;
    for (int n = 0; n < k; n++) {
      prime = prime.nextProbablePrime();
    }
    BigInteger scaled = prime.shiftLeft(32 * root);
    if (root == 2) {
      return scaled.sqrt().intValue();
    }
    BigInteger low = BigInteger.ZERO;
    for (int bit = 36; bit >= 0; bit--) {
      BigInteger tried = low.setBit(bit);
      low = tried.pow(3).compareTo(scaled) <= 0 ? tried : low;
    }
    return low.intValue();
  }
}
