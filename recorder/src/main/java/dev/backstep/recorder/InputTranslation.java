package dev.backstep.recorder;

import com.google.protobuf.ByteString;
import dev.backstep.emulator.control.ControlCall;
import dev.backstep.proto.v1.ClockInput;
import dev.backstep.proto.v1.ConsoleInput;
import dev.backstep.proto.v1.EntropyInput;
import dev.backstep.proto.v1.InjectionInput;
import dev.backstep.proto.v1.Input;
import java.util.OptionalLong;

/// How each external input is written into the journal.
public final class InputTranslation {
  private static final String CONSOLE = "serial0";
  private static final String CLOCK = "rtc";
  private static final String ENTROPY = "cpu";

  private InputTranslation() {}

  /// One byte typed on the console.
  ///
  /// @param turn which turn of the machine's began with it
  /// @param octet 0 to 255
  public static Input console(long position, long turn, int octet) {
    ByteString bytes = ByteString.copyFrom(new byte[] {(byte) octet});
    return Input.newBuilder()
        .setPosition(position)
        .setConsole(ConsoleInput.newBuilder().setDevice(CONSOLE).setBytes(bytes).setTurn(turn))
        .build();
  }

  /// What the real-time clock shows at power-up.
  public static Input clock(long seconds) {
    return Input.newBuilder()
        .setClock(ClockInput.newBuilder().setDevice(CLOCK).setSeconds(seconds))
        .build();
  }

  public static Input entropy(long position, long word) {
    return Input.newBuilder()
        .setPosition(position)
        .setEntropy(EntropyInput.newBuilder().setDevice(ENTROPY).addWords(word))
        .build();
  }

  /// A request to the hypervisor.
  ///
  /// @param turn which turn of the machine's began with it
  /// @param afterEvents how many events had happened when one of them made it due
  public static Input request(
      long position, long turn, ControlCall call, OptionalLong afterEvents) {
    InjectionInput.Builder request =
        InjectionInput.newBuilder().setSpecification(call.text()).setTurn(turn);
    if (call.target() != ControlCall.WHOLE_MACHINE) {
      request.setVcpu(call.target());
    }
    afterEvents.ifPresent(request::setAfterEvents);
    return Input.newBuilder().setPosition(position).setInjection(request).build();
  }
}
