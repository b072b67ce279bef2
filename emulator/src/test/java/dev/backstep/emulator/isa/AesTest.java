package dev.backstep.emulator.isa;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import java.util.SplittableRandom;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

/// AES-128 out of the AES instructions, against FIPS 197 and the library's cipher.
class AesTest {
  private static final int ROUNDS = 10;

  private final long[] next = new long[2];

  @Test
  void encryptsTheExampleOfTheStandard() {
    // FIPS 197 Appendix C.1 "AES-128".
    long[] key = quadwords(HexFormat.of().parseHex("000102030405060708090a0b0c0d0e0f"));
    byte[] plain = HexFormat.of().parseHex("00112233445566778899aabbccddeeff");
    assertEquals(
        "69c4e0d86a7b0430d8cdb78070b4c55a",
        HexFormat.of().formatHex(bytes(encrypt(quadwords(plain), schedule(key)))));
  }

  @Test
  void agreesWithTheLibraryBothWays() throws GeneralSecurityException {
    SplittableRandom random = new SplittableRandom(20_261_122);
    for (int k = 0; k < 200; k++) {
      byte[] key = new byte[16];
      byte[] plain = new byte[16];
      random.nextBytes(key);
      random.nextBytes(plain);
      Cipher cipher = Cipher.getInstance("AES/ECB/NoPadding");
      cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"));
      byte[] expected = cipher.doFinal(plain);
      long[][] schedule = schedule(quadwords(key));
      long[] encrypted = encrypt(quadwords(plain), schedule);
      assertArrayEquals(expected, bytes(encrypted));
      assertArrayEquals(plain, bytes(decrypt(encrypted, schedule)));
    }
  }

  /// Eleven round keys. FIPS 197 "Key Expansion".
  private long[][] schedule(long[] key) {
    long[][] keys = new long[ROUNDS + 1][];
    keys[0] = key;
    int constant = 1;
    for (int r = 1; r <= ROUNDS; r++) {
      Aes.aeskeygenassist(next, keys[r - 1], 0, constant);
      constant = constant << 1 ^ (constant >= 0x80 ? 0x11B : 0);
      long low = spread(keys[r - 1][0]) ^ (next[1] >>> 32) * 0x1_0000_0001L;
      keys[r] = new long[] {low, spread(keys[r - 1][1]) ^ (low >>> 32) * 0x1_0000_0001L};
    }
    return keys;
  }

  /// The second word becomes the sum of both.
  private static long spread(long words) {
    return words ^ words << 32;
  }

  private long[] encrypt(long[] block, long[][] keys) {
    long[] state = {block[0] ^ keys[0][0], block[1] ^ keys[0][1]};
    for (int r = 1; r < ROUNDS; r++) {
      Aes.aesenc(next, state, keys[r], 0);
      state = next.clone();
    }
    Aes.aesenclast(next, state, keys[ROUNDS], 0);
    return next.clone();
  }

  /// FIPS 197 "Equivalent Inverse Cipher".
  private long[] decrypt(long[] block, long[][] keys) {
    long[] state = {block[0] ^ keys[ROUNDS][0], block[1] ^ keys[ROUNDS][1]};
    long[] key = new long[2];
    for (int r = ROUNDS - 1; r > 0; r--) {
      Aes.aesimc(key, keys[r], 0);
      Aes.aesdec(next, state, key, 0);
      state = next.clone();
    }
    Aes.aesdeclast(next, state, keys[0], 0);
    return next.clone();
  }

  private static long[] quadwords(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return new long[] {buffer.getLong(), buffer.getLong()};
  }

  private static byte[] bytes(long[] quadwords) {
    ByteBuffer buffer = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    return buffer.putLong(quadwords[0]).putLong(quadwords[1]).array();
  }
}
