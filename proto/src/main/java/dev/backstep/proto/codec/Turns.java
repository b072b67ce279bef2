package dev.backstep.proto.codec;

import java.util.Arrays;

/// Which vCPU ran which part of a sequence: a list of turns, each a vCPU and how many entries of
/// the sequence it ran. Grows; one thread.
public final class Turns {
  /// vCPU numbers are below this, in every trace.
  public static final int MAX_VCPUS = 1 << 16;

  private int[] vcpus = new int[16];
  private int[] entryCounts = new int[16];
  private int size;
  private int totalEntries;

  public int size() {
    return size;
  }

  public int vcpu(int turn) {
    return vcpus[checked(turn)];
  }

  public int entryCount(int turn) {
    return entryCounts[checked(turn)];
  }

  /// The entries of all turns together.
  public int totalEntries() {
    return totalEntries;
  }

  public void clear() {
    size = 0;
    totalEntries = 0;
  }

  /// Adds `entries` of `vcpu`; continues the last turn if it was of the same vCPU.
  public void add(int vcpu, int entries) {
    if (vcpu < 0 || vcpu >= MAX_VCPUS || entries < 0) {
      throw new IllegalArgumentException("vcpu " + vcpu + ", entries " + entries);
    }
    if (entries == 0) {
      return;
    }
    totalEntries = Math.addExact(totalEntries, entries);
    if (size > 0 && vcpus[size - 1] == vcpu) {
      entryCounts[size - 1] += entries;
      return;
    }
    if (size == vcpus.length) {
      vcpus = Arrays.copyOf(vcpus, size * 2);
      entryCounts = Arrays.copyOf(entryCounts, size * 2);
    }
    vcpus[size] = vcpu;
    entryCounts[size++] = entries;
  }

  int highestVcpu() {
    int highest = -1;
    for (int turn = 0; turn < size; turn++) {
      highest = Math.max(highest, vcpus[turn]);
    }
    return highest;
  }

  void encode(ByteBuilder to) {
    for (int turn = 0; turn < size; turn++) {
      to.putVarint(vcpus[turn]);
      to.putVarint(entryCounts[turn]);
    }
  }

  static Turns decode(byte[] column, int turnCount, int entryCount) throws ColumnFormatException {
    Turns turns = new Turns();
    ByteCursor cursor = new ByteCursor(column);
    for (int turn = 0; turn < turnCount; turn++) {
      int vcpu = cursor.varint();
      int entries = cursor.varint();
      if (vcpu < 0 || vcpu >= MAX_VCPUS) {
        throw new ColumnFormatException(
            "turn " + turn + " is of vCPU " + Integer.toUnsignedLong(vcpu));
      }
      if (entries <= 0 || entries > entryCount - turns.totalEntries) {
        throw new ColumnFormatException(
            "turn " + turn + " has " + Integer.toUnsignedLong(entries) + " entries");
      }
      turns.add(vcpu, entries);
    }
    if (turns.totalEntries != entryCount) {
      throw new ColumnFormatException(
          "turns hold " + turns.totalEntries + " of " + entryCount + " entries");
    }
    if (turns.size != turnCount || !cursor.atEnd()) {
      throw new ColumnFormatException(
          "turns are more or fewer than the " + turnCount + " declared");
    }
    return turns;
  }

  private int checked(int turn) {
    if (turn >= size) {
      throw new IndexOutOfBoundsException(turn);
    }
    return turn;
  }
}
