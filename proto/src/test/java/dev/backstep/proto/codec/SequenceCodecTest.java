package dev.backstep.proto.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SequenceCodecTest {
  private final SequenceCodec encoder = new SequenceCodec();
  private final SequenceCodec decoder = new SequenceCodec();

  @Test
  void decodesWhatItEncodedOfAnyLengthAndAnyTurns() throws ColumnFormatException {
    for (int seed = 0; seed < 400; seed++) {
      Random random = new Random(seed);
      Turns turns = new Turns();
      int[] entries = sequence(random, turns, random.nextInt(2_000), 1 + random.nextInt(300));
      assertArrayEquals(entries, roundTrip(entries, turns), "seed " + seed);
    }
  }

  @Test
  void decodesTheLongestSequence() throws ColumnFormatException {
    Random random = new Random(9);
    Turns turns = new Turns();
    turns.add(Turns.MAX_VCPUS - 1, SequenceCodec.MAX_ENTRIES);
    int[] entries = random.ints(SequenceCodec.MAX_ENTRIES, 0, SequenceCodec.ENTRY_LIMIT).toArray();
    assertArrayEquals(entries, roundTrip(entries, turns));
  }

  @Test
  void decodesTheExtremeEntries() throws ColumnFormatException {
    int limit = SequenceCodec.ENTRY_LIMIT - 1;
    int[] entries = {limit, -limit, limit, 0, -1, limit, ~0, 0};
    Turns turns = new Turns();
    turns.add(0, entries.length);
    assertArrayEquals(entries, roundTrip(entries, turns));
  }

  @Test
  void aChunkDecodesWithoutTheOnesBefore() throws ColumnFormatException {
    int[] entries = new int[1000];
    Arrays.setAll(entries, i -> i % 7);
    Turns turns = new Turns();
    turns.add(3, entries.length);
    byte[] first = encoded(entries, turns);
    assertArrayEquals(first, encoded(entries, turns));
    assertArrayEquals(entries, new SequenceCodec().decode(first, turns));
  }

  @Test
  void aLoopCostsNothingHoweverOftenItRuns() {
    int[] entries = new int[SequenceCodec.MAX_ENTRIES];
    Arrays.setAll(entries, i -> 10 + i % 5);
    Turns turns = new Turns();
    turns.add(0, entries.length);
    assertTrue(encoded(entries, turns).length < 40);
  }

  @Test
  void turnsOfOtherVcpusDoNotDisturbALoop() {
    Turns turns = new Turns();
    int[] entries = new int[10_000];
    for (int first = 0; first < entries.length; first += 100) {
      int vcpu = first / 100 % 4;
      turns.add(vcpu, 100);
      for (int i = 0; i < 100; i++) {
        entries[first + i] = 50 * vcpu + i % 4;
      }
    }
    assertTrue(encoded(entries, turns).length < 100);
  }

  @Test
  void anyChangedOrMissingByteEndsInAnErrorOrInOtherEntries() {
    Random random = new Random(5);
    Turns turns = new Turns();
    int[] entries = sequence(random, turns, 400, 20);
    byte[] column = encoded(entries, turns);
    for (int at = 0; at < column.length; at++) {
      for (int bit = 0; bit < 8; bit++) {
        byte[] damaged = column.clone();
        damaged[at] ^= (byte) (1 << bit);
        decodesBounded(damaged, turns, entries.length);
      }
      byte[] shorter = Arrays.copyOf(column, at);
      assertThrows(ColumnFormatException.class, () -> decoder.decode(shorter, turns));
    }
  }

  private void decodesBounded(byte[] column, Turns turns, int length) {
    try {
      assertEquals(length, decoder.decode(column, turns).length);
    } catch (ColumnFormatException e) {
      assertTrue(
          e.getMessage().startsWith("has ")
              || e.getMessage().startsWith("ends ")
              || e.getMessage().startsWith("a number ")
              || e.getMessage().startsWith("predicts "),
          e.getMessage());
    }
  }

  private int[] roundTrip(int[] entries, Turns turns) throws ColumnFormatException {
    ByteBuilder bytes = new ByteBuilder(16);
    turns.encode(bytes);
    Turns decodedTurns =
        Turns.decode(Arrays.copyOf(bytes.array(), bytes.size()), turns.size(), entries.length);
    return decoder.decode(encoded(entries, turns), decodedTurns);
  }

  private byte[] encoded(int[] entries, Turns turns) {
    ByteBuilder out = encoder.encode(entries, turns);
    return Arrays.copyOf(out.array(), out.size());
  }

  private static int[] sequence(Random random, Turns turns, int count, int blocks) {
    int[] entries = new int[count];
    int at = 0;
    while (at < count) {
      int size = 1 + random.nextInt(Math.min(60, count - at));
      int start = random.nextInt(blocks);
      int loop = 1 + random.nextInt(9);
      for (int i = 0; i < size; i++, at++) {
        boolean early = i > 0 && entries[at - 1] >= 0 && random.nextInt(12) == 0;
        entries[at] = early ? ~random.nextInt(9) : start + i % loop;
      }
      turns.add(turns.size() == 0 ? 0 : random.nextInt(5), size);
    }
    return entries;
  }
}
