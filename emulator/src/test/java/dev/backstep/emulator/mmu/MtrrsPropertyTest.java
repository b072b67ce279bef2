package dev.backstep.emulator.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Random MTRRs against a transcript of SDM Vol. 3 "MTRR Precedences".
class MtrrsPropertyTest {
  private static final int PHYSICAL_BITS = 46;
  private static final long FIXED_END = 1 << 20;
  private static final int[] TYPES = {0, 1, 4, 5, 6};

  private final Random random = new Random(0x30);
  private final Mtrrs mtrrs = new Mtrrs(PHYSICAL_BITS);

  private long type() {
    return TYPES[random.nextInt(TYPES.length)];
  }

  private void programVariable(int k) {
    long maskBits = (1L << PHYSICAL_BITS) - 4096;
    long size = 4096L << random.nextInt(12);
    // Masks with holes are legal and rarely used: SDM Vol. 3 "Base and Mask Calculations".
    long mask = random.nextInt(8) == 0 ? random.nextLong() & maskBits : maskBits & -size;
    long valid = random.nextInt(4) == 0 ? 0 : 1 << 11;
    assertTrue(mtrrs.setBase(k, random.nextLong(1 << 22) & -4096L | type()));
    assertTrue(mtrrs.setMask(k, mask | valid));
  }

  private void program() {
    for (int k = 0; k < Mtrrs.VARIABLE_RANGES; k++) {
      programVariable(k);
    }
    for (int k = 0; k < Mtrrs.FIXED_REGISTERS; k++) {
      long value = 0;
      for (int field = 0; field < 8; field++) {
        value |= type() << 8 * field;
      }
      assertTrue(mtrrs.setFixed(k, value));
    }
    long enables = random.nextInt(8) == 0 ? 0 : 1 << 11;
    assertTrue(mtrrs.setDefType(enables | random.nextInt(2) << 10 | type()));
  }

  /// Which of the 88 fixed ranges holds `gpa`: register * 8 + field.
  private static int fixedRange(int gpa) {
    for (int range = 0; range < 88; range++) {
      int start;
      int size;
      if (range < 8) {
        size = 0x1_0000;
        start = range * size;
      } else if (range < 24) {
        size = 0x4000;
        start = 0x8_0000 + (range - 8) * size;
      } else {
        size = 0x1000;
        start = 0xC_0000 + (range - 24) * size;
      }
      if (gpa >= start && gpa < start + size) {
        return range;
      }
    }
    throw new AssertionError("no fixed range holds " + gpa);
  }

  private static MemoryType named(long encoding) {
    for (MemoryType type : MemoryType.values()) {
      if (type.encoding() == encoding) {
        return type;
      }
    }
    throw new AssertionError("no type " + encoding);
  }

  private MemoryType expected(long gpa) {
    long def = mtrrs.defType();
    if ((def & 1 << 11) == 0) {
      return MemoryType.UC;
    }
    if (gpa < FIXED_END && (def & 1 << 10) != 0) {
      int range = fixedRange((int) gpa);
      return named(mtrrs.fixed(range / 8) >>> range % 8 * 8 & 0xFF);
    }
    Set<MemoryType> matching = EnumSet.noneOf(MemoryType.class);
    for (int k = 0; k < Mtrrs.VARIABLE_RANGES; k++) {
      long mask = mtrrs.mask(k) >>> 12;
      boolean valid = (mtrrs.mask(k) & 1 << 11) != 0;
      if (valid && (mask & gpa >>> 12) == (mask & mtrrs.base(k) >>> 12)) {
        matching.add(named(mtrrs.base(k) & 0xFF));
      }
    }
    if (matching.isEmpty()) {
      return named(def & 0xFF);
    }
    if (matching.size() == 1) {
      return matching.iterator().next();
    }
    return matching.equals(EnumSet.of(MemoryType.WT, MemoryType.WB))
        ? MemoryType.WT
        : MemoryType.UC;
  }

  @Test
  void resolvesEveryAddressAsThePrecedencesSay() {
    for (int round = 0; round < 300; round++) {
      program();
      for (long gpa = 0; gpa < 1 << 22; gpa += 4096) {
        long within = gpa + random.nextInt(4096);
        assertEquals(expected(within), mtrrs.resolve(within).type(), "round " + round);
      }
    }
  }

  @Test
  void callsNoRangeUniformThatHasTwoTypes() {
    int uniform = 0;
    for (int round = 0; round < 300; round++) {
      program();
      for (long large = 0; large < 1 << 22; large += 2 << 20) {
        if (mtrrs.isUniform(large, 2 << 20)) {
          uniform++;
          for (long gpa = large; gpa < large + (2 << 20); gpa += 4096) {
            assertEquals(mtrrs.resolve(large).type(), mtrrs.resolve(gpa).type());
          }
        }
      }
    }
    assertTrue(uniform > 20, "some are uniform");
  }

  @Test
  void acceptsExactlyTheBitsThatExist() {
    long physical = (1L << PHYSICAL_BITS) - 1;
    for (int bit = 0; bit < 64; bit++) {
      long one = 1L << bit;
      boolean address = bit >= 12 && bit < PHYSICAL_BITS;
      assertEquals(address || bit == 11, mtrrs.setMask(0, one), "mask bit " + bit);
      // As types, 1 is WC, 2 reserved, 4 WT, and more than 7 reserved.
      boolean type = bit == 0 || bit == 2;
      assertEquals(address || type, mtrrs.setBase(0, one), "base bit " + bit);
      boolean enables = bit == 10 || bit == 11;
      assertEquals(enables || type, mtrrs.setDefType(one), "default type bit " + bit);
    }
    for (int encoding = 0; encoding < 256; encoding++) {
      boolean valid = encoding < 2 || encoding >= 4 && encoding <= 6;
      assertEquals(valid, mtrrs.setBase(0, encoding));
      assertEquals(valid, mtrrs.setDefType(encoding));
      for (int field = 0; field < 8; field++) {
        assertEquals(valid, mtrrs.setFixed(0, (long) encoding << 8 * field));
      }
    }
    assertTrue(mtrrs.setBase(0, physical & -4096L | 6));
  }
}
