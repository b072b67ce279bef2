package dev.backstep.proto.codec;

import com.google.protobuf.CodedInputStream;
import dev.backstep.proto.v1.Input;
import dev.backstep.proto.v1.InputBatch;
import java.util.ArrayList;
import java.util.List;

/// The external inputs that the machine consumed during a chunk, in their order.
public final class InputColumn {
  /// The most inputs of one chunk.
  public static final int MAX_INPUTS = 1 << 16;

  private InputColumn() {}

  public static InputBatch pack(List<Input> inputs, long firstPosition, long endPosition) {
    InputBatch.Builder batch = InputBatch.newBuilder();
    long position = firstPosition;
    for (Input input : inputs) {
      PositionColumn.requireBetween("input", input.getPosition(), position, endPosition);
      batch.addPositionDelta(input.getPosition() - position);
      batch.addInput(input.toBuilder().clearPosition().build());
      position = input.getPosition();
    }
    return batch.build();
  }

  public static List<Input> unpack(byte[] column, int count, long firstPosition, long endPosition)
      throws ColumnFormatException {
    if (count < 0 || count > MAX_INPUTS) {
      throw new ColumnFormatException("declares " + Integer.toUnsignedLong(count) + " inputs");
    }
    long[] positions = new long[count];
    List<Input> inputs = new ArrayList<>(count);
    BatchReader in = new BatchReader(column, InputBatch.getDescriptor());
    for (int tag = in.tag(); tag != 0; tag = in.tag()) {
      switch (tag >>> 3) {
        case InputBatch.POSITION_DELTA_FIELD_NUMBER ->
            in.numbers(tag, positions, CodedInputStream::readUInt64);
        case InputBatch.INPUT_FIELD_NUMBER -> in.message(tag, Input.parser(), inputs, count);
        default -> in.skip(tag);
      }
    }
    if (inputs.size() != count || !in.allNumbersFilled(1, count)) {
      throw new ColumnFormatException("holds other than the " + count + " inputs declared");
    }
    PositionColumn.addUp(positions, firstPosition, endPosition);
    for (int i = 0; i < count; i++) {
      inputs.set(i, inputs.get(i).toBuilder().setPosition(positions[i]).build());
    }
    return inputs;
  }
}
