package dev.backstep.proto.codec;

import com.google.protobuf.CodedInputStream;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.EventBatch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// Turns events into a batch whose common fields stand in columns as differences, and back.
public final class EventColumn {
  /// The most events of one chunk.
  public static final int MAX_EVENTS = 1 << 16;

  private EventColumn() {}

  /// Events in the order of their positions, none before `firstPosition` or after `endPosition`.
  public static EventBatch pack(List<Event> events, long firstPosition, long endPosition) {
    EventBatch.Builder batch = EventBatch.newBuilder();
    long position = firstPosition;
    long rip = 0;
    long timeNs = 0;
    for (Event event : events) {
      PositionColumn.requireBetween("event", event.getPosition(), position, endPosition);
      batch.addPositionDelta(event.getPosition() - position);
      batch.addVcpu(event.getVcpu());
      batch.addRipDelta(event.getRip() - rip);
      batch.addTimeNsDelta(event.getTimeNs() - timeNs);
      batch.addEvent(
          event.toBuilder().clearPosition().clearVcpu().clearRip().clearTimeNs().build());
      position = event.getPosition();
      rip = event.getRip();
      timeNs = event.getTimeNs();
    }
    return batch.build();
  }

  /// The `count` events of a decoded column.
  public static List<Event> unpack(byte[] column, int count, long firstPosition, long endPosition)
      throws ColumnFormatException {
    if (count < 0 || count > MAX_EVENTS) {
      throw new ColumnFormatException("declares " + Integer.toUnsignedLong(count) + " events");
    }
    long[] positions = new long[count];
    long[] vcpus = new long[count];
    long[] rips = new long[count];
    long[] times = new long[count];
    List<Event> events = new ArrayList<>(count);
    BatchReader in = new BatchReader(column, EventBatch.getDescriptor());
    for (int tag = in.tag(); tag != 0; tag = in.tag()) {
      switch (tag >>> 3) {
        case EventBatch.POSITION_DELTA_FIELD_NUMBER ->
            in.numbers(tag, positions, CodedInputStream::readUInt64);
        case EventBatch.VCPU_FIELD_NUMBER ->
            in.numbers(tag, vcpus, i -> Integer.toUnsignedLong(i.readUInt32()));
        case EventBatch.RIP_DELTA_FIELD_NUMBER ->
            in.numbers(tag, rips, CodedInputStream::readSInt64);
        case EventBatch.TIME_NS_DELTA_FIELD_NUMBER ->
            in.numbers(tag, times, CodedInputStream::readSInt64);
        case EventBatch.EVENT_FIELD_NUMBER -> in.message(tag, Event.parser(), events, count);
        default -> in.skip(tag);
      }
    }
    if (events.size() != count || !in.allNumbersFilled(4, count)) {
      throw new ColumnFormatException("holds other than the " + count + " events declared");
    }
    PositionColumn.addUp(positions, firstPosition, endPosition);
    return placed(events, positions, vcpus, rips, times);
  }

  private static List<Event> placed(
      List<Event> events, long[] positions, long[] vcpus, long[] rips, long[] times) {
    long rip = 0;
    long timeNs = 0;
    for (int i = 0; i < events.size(); i++) {
      rip += rips[i];
      timeNs += times[i];
      events.set(
          i,
          events.get(i).toBuilder()
              .setPosition(positions[i])
              .setVcpu((int) vcpus[i])
              .setRip(rip)
              .setTimeNs(timeNs)
              .build());
    }
    return events;
  }

  /// What a reader of one number does.
  @FunctionalInterface
  interface NumberReader {
    long read(CodedInputStream from) throws IOException;
  }
}
