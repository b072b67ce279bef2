package dev.backstep.proto.codec;

import java.util.Arrays;

/// Encodes and decodes the sequence of blocks a chunk executed, by predicting each entry.
///
/// An entry is a block number (>= 0), or `~k` (< 0): the block named just before was left after `k`
/// of its instructions. Each vCPU's two entries before an entry select a slot of a table; the slot
/// holds the entry that followed them last time. Only entries that differ from their slot are
/// written: the count of right predictions since the last wrong one, then what the entry is
/// instead, both as LEB128. Loops cost nothing but the count. What it is instead:
/// - 0: what a second table holds, whose slots are selected by the one entry before and which is
///   brought up to date only here;
/// - otherwise 1 + the zigzag number of its difference from the entry before: code that runs for
///   the first time has numbers that follow one another.
///
/// The tables start with zeros in each chunk, so that chunks decode independently.
///
/// One codec belongs to one thread; its tables are used again from chunk to chunk.
public final class SequenceCodec {
  /// The most entries of one chunk.
  public static final int MAX_ENTRIES = 1 << 18;

  /// Entries lie between `-ENTRY_LIMIT` and `ENTRY_LIMIT`, so that differences cannot overflow.
  public static final int ENTRY_LIMIT = 1 << 24;

  private static final int MIN_TABLE_BITS = 8;
  private static final int MAX_TABLE_BITS = 16;
  // A wrong prediction costs at most two numbers of five bytes.
  private static final int MAX_MISS_BYTES = 10;

  private final int[] table = new int[1 << MAX_TABLE_BITS];
  private final int[] missTable = new int[1 << MAX_TABLE_BITS];
  private final ByteBuilder out = new ByteBuilder(1 << 16);
  // By vCPU: the last entry and the one before it. 0 at the start of a chunk.
  private int[] lasts = new int[64];
  private int[] seconds = new int[64];

  /// The column for `turns.totalEntries()` entries; valid until the next call.
  ByteBuilder encode(int[] entries, Turns turns) {
    assert isWellFormed(entries, turns);
    int shift = start(turns);
    out.clear();
    int run = 0;
    int first = 0;
    for (int turn = 0; turn < turns.size(); turn++) {
      int end = first + turns.entryCount(turn);
      run = encodeTurn(entries, first, end, turns.vcpu(turn), shift, run);
      first = end;
    }
    if (run > 0) {
      out.putVarint(run);
    }
    return out;
  }

  private int encodeTurn(int[] entries, int first, int end, int vcpu, int shift, int startRun) {
    int[] slots = table;
    int last = lasts[vcpu];
    int second = seconds[vcpu];
    int run = startRun;
    for (int i = first; i < end; i++) {
      int entry = entries[i];
      int slot = slot(last, second, shift);
      if (slots[slot] == entry) {
        run++;
      } else {
        slots[slot] = entry;
        putMiss(run, entry, last, shift);
        run = 0;
      }
      second = last;
      last = entry;
    }
    lasts[vcpu] = last;
    seconds[vcpu] = second;
    return run;
  }

  private void putMiss(int run, int entry, int last, int shift) {
    int slot = slot(last, 0, shift);
    int code = 0;
    if (missTable[slot] != entry) {
      missTable[slot] = entry;
      code = 1 + zigzag(entry - last);
    }
    byte[] to = out.reserve(MAX_MISS_BYTES);
    int at = ByteBuilder.putVarint(to, out.size(), run);
    out.advanceTo(ByteBuilder.putVarint(to, at, code));
  }

  private int missed(int code, int last, int shift) {
    int slot = slot(last, 0, shift);
    if (code != 0) {
      missTable[slot] = last + unzigzag(code - 1);
    }
    return missTable[slot];
  }

  /// The `turns.totalEntries()` entries that [#encode] was given.
  int[] decode(byte[] column, Turns turns) throws ColumnFormatException {
    if (turns.totalEntries() > MAX_ENTRIES) {
      throw new ColumnFormatException(turns.totalEntries() + " entries, more than " + MAX_ENTRIES);
    }
    int[] entries = new int[turns.totalEntries()];
    int shift = start(turns);
    ByteCursor in = new ByteCursor(column);
    int run = 0;
    boolean missAfterRun = false;
    int at = 0;
    for (int turn = 0; turn < turns.size(); turn++) {
      int vcpu = turns.vcpu(turn);
      int last = lasts[vcpu];
      int second = seconds[vcpu];
      for (int end = at + turns.entryCount(turn); at < end; at++) {
        if (run == 0 && !missAfterRun) {
          run = in.varint();
          if (run < 0 || run > entries.length - at) {
            throw new ColumnFormatException("predicts beyond its last entry at entry " + at);
          }
          missAfterRun = true;
        }
        int slot = slot(last, second, shift);
        int entry;
        if (run > 0) {
          run--;
          entry = table[slot];
        } else {
          missAfterRun = false;
          entry = missed(in.varint(), last, shift);
          table[slot] = entry;
        }
        entries[at] = entry;
        second = last;
        last = entry;
      }
      lasts[vcpu] = last;
      seconds[vcpu] = second;
    }
    if (run != 0 || !in.atEnd()) {
      throw new ColumnFormatException("has bytes after its last entry");
    }
    if (!isWellFormed(entries, turns)) {
      throw new ColumnFormatException("has an early exit without a block, or an absurd entry");
    }
    return entries;
  }

  /// Empties what the codec has learnt; returns the shift from hash to slot.
  private int start(Turns turns) {
    int count = turns.totalEntries();
    int bits = 32 - Integer.numberOfLeadingZeros(Math.max(1, count) - 1);
    bits = Math.clamp(bits, MIN_TABLE_BITS, MAX_TABLE_BITS);
    Arrays.fill(table, 0, 1 << bits, 0);
    Arrays.fill(missTable, 0, 1 << bits, 0);
    int vcpus = turns.highestVcpu() + 1;
    if (lasts.length < vcpus) {
      lasts = new int[vcpus];
      seconds = new int[vcpus];
    }
    Arrays.fill(lasts, 0, vcpus, 0);
    Arrays.fill(seconds, 0, vcpus, 0);
    return 32 - bits;
  }

  private static int slot(int last, int second, int shift) {
    return (last * 0x9E3779B1 + second * 0x85EBCA6B) >>> shift;
  }

  private static int zigzag(int entry) {
    return (entry << 1) ^ (entry >> 31);
  }

  private static int unzigzag(int number) {
    return (number >>> 1) ^ -(number & 1);
  }

  /// Whether each early exit follows a block in its turn, and all entries are within bounds.
  private static boolean isWellFormed(int[] entries, Turns turns) {
    int at = 0;
    for (int turn = 0; turn < turns.size(); turn++) {
      int before = -1;
      for (int end = at + turns.entryCount(turn); at < end; at++) {
        int entry = entries[at];
        if (entry < 0 && before < 0 || entry >= ENTRY_LIMIT || entry <= -ENTRY_LIMIT) {
          return false;
        }
        before = entry;
      }
    }
    return true;
  }
}
