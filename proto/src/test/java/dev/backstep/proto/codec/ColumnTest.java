package dev.backstep.proto.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.backstep.proto.v1.BlockBatch;
import dev.backstep.proto.v1.BlockDefinition;
import dev.backstep.proto.v1.CodeMode;
import dev.backstep.proto.v1.Column;
import dev.backstep.proto.v1.CpuidEvent;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.EventBatch;
import dev.backstep.proto.v1.HaltEvent;
import dev.backstep.proto.v1.Input;
import dev.backstep.proto.v1.OtherInput;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ColumnTest {
  @Test
  void eventsComeBackWithAnyPositionsRipsAndTimes() throws ColumnFormatException {
    Random random = new Random(1);
    List<Event> events = new ArrayList<>();
    long position = -5_000;
    for (int i = 0; i < 300; i++) {
      events.add(
          Event.newBuilder()
              .setPosition(position)
              .setVcpu(random.nextInt())
              .setRip(random.nextLong())
              .setTimeNs(random.nextLong())
              .setCpuid(CpuidEvent.newBuilder().setEax(random.nextInt()))
              .build());
      position += random.nextInt(3);
    }
    byte[] column = EventColumn.pack(events, -6_000, -1_000).toByteArray();
    assertEquals(events, EventColumn.unpack(column, 300, -6_000, -1_000));
  }

  @Test
  void inputsComeBack() throws ColumnFormatException {
    List<Input> inputs = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      inputs.add(
          Input.newBuilder()
              .setPosition(100 + i / 2)
              .setOther(OtherInput.newBuilder().setName("n" + i))
              .build());
    }
    byte[] column = InputColumn.pack(inputs, 100, 124).toByteArray();
    assertEquals(inputs, InputColumn.unpack(column, 50, 100, 124));
  }

  @Test
  void refusesEventsOutOfOrder() {
    Event early = Event.newBuilder().setPosition(4).setHalt(HaltEvent.newBuilder()).build();
    assertThrows(IllegalArgumentException.class, () -> EventColumn.pack(List.of(early), 5, 9));
  }

  @Test
  void refusesEventsAfterTheEnd() {
    assertThrows(IllegalArgumentException.class, () -> EventColumn.pack(events(3), 0, 1));
    byte[] three = EventColumn.pack(events(3), 0, 2).toByteArray();
    assertThrows(ColumnFormatException.class, () -> EventColumn.unpack(three, 3, 0, 1));
  }

  @Test
  void refusesMoreOrFewerMessagesThanDeclared() {
    byte[] three = EventColumn.pack(events(3), 0, 2).toByteArray();
    for (int declared : new int[] {0, 2, 4, EventColumn.MAX_EVENTS + 1, -1}) {
      assertThrows(
          ColumnFormatException.class,
          () -> EventColumn.unpack(three, declared, 0, 2),
          "" + declared);
    }
  }

  @Test
  void refusesABatchWithoutOneOfItsColumns() {
    byte[] noRips =
        EventColumn.pack(events(3), 0, 2).toBuilder().clearRipDelta().build().toByteArray();
    assertThrows(ColumnFormatException.class, () -> EventColumn.unpack(noRips, 3, 0, 2));
    byte[] twice = EventBatch.newBuilder().addPositionDelta(1).build().toByteArray();
    assertThrows(ColumnFormatException.class, () -> EventColumn.unpack(twice, 0, 0, 2));
  }

  @Test
  void refusesBlocksWhoseLengthsDoNotAddUp() throws ColumnFormatException {
    BlockDefinition sound =
        BlockDefinition.newBuilder()
            .setMode(CodeMode.REAL)
            .addGpa(0x7C00)
            .setCode(ByteString.copyFrom(new byte[] {(byte) 0x90, (byte) 0xEB, (byte) 0xFE}))
            .setInstructionLengths(ByteString.copyFrom(new byte[] {1, 2}))
            .build();
    assertEquals(List.of(sound), BlockColumn.unpack(batch(sound), 1));
    List<BlockDefinition> unsound =
        List.of(
            sound.toBuilder().clearMode().build(),
            sound.toBuilder().clearGpa().build(),
            sound.toBuilder().setModeValue(99).build(),
            sound.toBuilder().clearInstructionLengths().build(),
            sound.toBuilder().setInstructionLengths(lengths(3, 0)).build(),
            sound.toBuilder().setInstructionLengths(lengths(1, 1)).build(),
            sound.toBuilder().setInstructionLengths(lengths(16)).build(),
            sound.toBuilder().setInstructionLengths(lengths(-1, 4)).build());
    for (BlockDefinition block : unsound) {
      assertThrows(
          ColumnFormatException.class, () -> BlockColumn.unpack(batch(block), 1), block.toString());
      assertThrows(IllegalArgumentException.class, () -> BlockColumn.pack(List.of(block)));
    }
  }

  @Test
  void believesNoDeclaredSize() {
    byte[] bytes = new byte[1000];
    Column.Builder packed;
    try (ColumnEncoder encoder = new ColumnEncoder()) {
      packed =
          encoder
              .message(Column.newBuilder().setBytes(ByteString.copyFrom(bytes)).build())
              .toBuilder();
    }
    assertEquals(Column.Encoding.ZSTD, packed.getEncoding());
    for (int size : new int[] {-1, 0, 999, 1 << 30, ColumnDecoder.MAX_COLUMN_BYTES}) {
      Column column = packed.setSize(size).build();
      assertThrows(ColumnFormatException.class, () -> ColumnDecoder.bytes(column), "" + size);
      Column stored = column.toBuilder().setEncoding(Column.Encoding.STORED).build();
      assertThrows(ColumnFormatException.class, () -> ColumnDecoder.bytes(stored), "" + size);
    }
    Column unknown = packed.setEncodingValue(7).setSize(5).build();
    assertThrows(ColumnFormatException.class, () -> ColumnDecoder.bytes(unknown));
  }

  @Test
  void shortColumnsAreStoredAsTheyAre() throws ColumnFormatException {
    Turns turns = new Turns();
    turns.add(1, 3);
    try (ColumnEncoder encoder = new ColumnEncoder()) {
      Column column = encoder.turns(turns);
      assertEquals(Column.Encoding.STORED, column.getEncoding());
      assertArrayEquals(new byte[] {1, 3}, ColumnDecoder.bytes(column));
    }
  }

  @Test
  void refusesTurnsThatDoNotHoldTheEntriesDeclared() {
    assertTurnsRefused(new byte[] {0, 4, 0, 4}, 2, 8);
    assertTurnsRefused(new byte[] {0, 4, 1, 0}, 2, 4);
    assertTurnsRefused(new byte[] {0, 4, 1, 5}, 2, 8);
    assertTurnsRefused(new byte[] {0, 4, 1, 3}, 2, 8);
    assertTurnsRefused(new byte[] {0, 4, 1, 4, 9}, 2, 8);
    assertTurnsRefused(new byte[] {0, 4, 1}, 2, 8);
    assertTurnsRefused(new byte[] {(byte) 0x80, (byte) 0x80, 4, 8}, 1, 8);
    assertTurnsRefused(new byte[] {0, -1, -1, -1, -1, 0x7F}, 1, 8);
  }

  private static void assertTurnsRefused(byte[] column, int turns, int entries) {
    assertThrows(ColumnFormatException.class, () -> Turns.decode(column, turns, entries));
  }

  private static List<Event> events(int count) {
    List<Event> events = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      events.add(Event.newBuilder().setPosition(i).setHalt(HaltEvent.newBuilder()).build());
    }
    return events;
  }

  private static byte[] batch(BlockDefinition block) {
    return BlockBatch.newBuilder().addBlock(block).build().toByteArray();
  }

  private static ByteString lengths(int... lengths) {
    ByteString.Output out = ByteString.newOutput();
    for (int length : lengths) {
      out.write(length);
    }
    return out.toByteString();
  }

  @Test
  void everyDamagedEventColumnEndsInAnErrorOrInEvents() {
    byte[] column = EventColumn.pack(events(20), 0, 30).toByteArray();
    int errors = 0;
    for (int at = 0; at < column.length; at++) {
      for (int bit = 0; bit < 8; bit++) {
        byte[] damaged = column.clone();
        damaged[at] ^= (byte) (1 << bit);
        try {
          assertEquals(20, EventColumn.unpack(damaged, 20, 0, 30).size());
        } catch (ColumnFormatException e) {
          errors++;
        }
      }
    }
    assertTrue(errors > 0);
  }
}
