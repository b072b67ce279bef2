package dev.backstep.replay.listing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.backstep.proto.v1.ConsoleEvent;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.ExceptionEvent;
import dev.backstep.proto.v1.IpiEvent;
import dev.backstep.proto.v1.MsrEvent;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EventTextTest {
  static Stream<FieldDescriptor> kinds() {
    return Event.getDescriptor().getOneofs().getFirst().getFields().stream();
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void namesEveryFieldOfEveryKind(FieldDescriptor kind) {
    Event.Builder event = Event.newBuilder();
    Message.Builder facts = event.newBuilderForField(kind);
    for (FieldDescriptor field : kind.getMessageType().getFields()) {
      if (!field.isRepeated()) {
        facts.setField(field, field.getDefaultValue());
      }
    }
    String text = EventText.facts(event.setField(kind, facts.build()).build());
    assertTrue(text.equals(kind.getName()) || text.startsWith(kind.getName() + " "), text);
    for (FieldDescriptor field : kind.getMessageType().getFields()) {
      assertTrue(text.contains(" " + field.getName() + "="), text);
    }
  }

  @Test
  void printsNumbersAsTheirFieldsAsk() {
    Event event =
        Event.newBuilder()
            .setPosition(-1)
            .setMsr(MsrEvent.newBuilder().setOp("read").setMsr(0xC0000080).setName("EFER"))
            .build();
    assertEquals(
        "msr op=read msr=0xc0000080 name=EFER value=0x0 fault=false", EventText.facts(event));
    assertEquals(
        "ipi vector=4 delivery_mode= dest=0x0 dest_mode= shorthand= targets=[0,2] rule="
            + " hardware_targets=[]",
        EventText.facts(
            Event.newBuilder()
                .setIpi(IpiEvent.newBuilder().setVector(4).addTargets(0).addTargets(2))
                .build()));
  }

  @Test
  void leavesOutFactsThatDoNotExist() {
    Event event = Event.newBuilder().setException(ExceptionEvent.newBuilder().setVector(6)).build();
    assertEquals("exception vector=6 name= has_error_code=false origin=", EventText.facts(event));
  }

  @Test
  void escapesWhatIsNotText() {
    ByteString bytes = ByteString.copyFrom(new byte[] {'a', '"', '\\', '\n', '\r', 7, -1});
    Event event = Event.newBuilder().setConsole(ConsoleEvent.newBuilder().setText(bytes)).build();
    assertEquals("console text=\"a\\\"\\\\\\n\\r\\x07\\xff\" device=", EventText.facts(event));
  }

  @Test
  void namesAnEventOfNoKnownKind() {
    assertTrue(EventText.facts(Event.getDefaultInstance()).length() > 0);
  }
}
