package dev.backstep.recorder;

import com.google.protobuf.ByteString;
import dev.backstep.emulator.input.ExternalInputs;
import dev.backstep.proto.v1.ClockInput;
import dev.backstep.proto.v1.ConsoleInput;
import dev.backstep.proto.v1.EntropyInput;
import dev.backstep.proto.v1.Input;

/// Passes external inputs on to the machine and logs every answer.
final class RecordingInputs implements ExternalInputs {
  /// The device name of console input.
  static final String CONSOLE = "serial0";

  private final ExternalInputs source;
  private final InputLog log;
  private long position;

  RecordingInputs(ExternalInputs source, InputLog log) {
    this.source = source;
    this.log = log;
  }

  @Override
  public long realTimeClockSeconds() {
    long seconds = source.realTimeClockSeconds();
    log.input(
        Input.newBuilder()
            .setPosition(position)
            .setClock(ClockInput.newBuilder().setDevice("rtc").setSeconds(seconds))
            .build());
    return seconds;
  }

  @Override
  public long entropy() {
    long word = source.entropy();
    log.input(
        Input.newBuilder()
            .setPosition(position)
            .setEntropy(EntropyInput.newBuilder().setDevice("cpu").addWords(word))
            .build());
    return word;
  }

  @Override
  public int consoleByte(long newPosition) {
    position = newPosition;
    int typed = source.consoleByte(newPosition);
    if (typed != NOTHING) {
      ByteString bytes = ByteString.copyFrom(new byte[] {(byte) typed});
      log.input(
          Input.newBuilder()
              .setPosition(newPosition)
              .setConsole(ConsoleInput.newBuilder().setDevice(CONSOLE).setBytes(bytes))
              .build());
    }
    return typed;
  }

  @Override
  public boolean awaitConsole(long newPosition) {
    log.waiting();
    return source.awaitConsole(newPosition);
  }
}
