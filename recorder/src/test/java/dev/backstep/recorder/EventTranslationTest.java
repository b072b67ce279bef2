package dev.backstep.recorder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.listen.MachineEvent.At;
import dev.backstep.emulator.listen.MachineEvent.Op;
import dev.backstep.proto.v1.Event;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every kind of event, found by its sealed interface, is written down with all of its facts.
class EventTranslationTest {
  /// #PF: the exception whose CR2 is a fact.
  private static final int PAGE_FAULT = 14;

  static Stream<Class<?>> kinds() {
    return Arrays.stream(MachineEvent.class.getPermittedSubclasses());
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void journalsEveryFactOfAnEvent(Class<?> kind) throws ReflectiveOperationException {
    Object[] facts =
        Arrays.stream(kind.getRecordComponents()).map(EventTranslationTest::value).toArray();
    Event event = EventTranslation.toProto(build(kind, facts));
    assertNotEquals(Event.KindCase.KIND_NOT_SET, event.getKindCase());
    assertEquals(5, event.getPosition());
    assertEquals(3, event.getVcpu());
    assertEquals(0xFFFF_FFFF_8000_0000L, event.getRip());
    assertEquals(7, event.getTimeNs());
    for (int k = 1; k < facts.length; k++) {
      Object[] changed = facts.clone();
      changed[k] = other(changed[k]);
      assertNotEquals(
          event,
          EventTranslation.toProto(build(kind, changed)),
          kind.getSimpleName() + "." + kind.getRecordComponents()[k].getName());
    }
  }

  @Test
  void givesEachKindANameOfItsOwn() throws ReflectiveOperationException {
    Set<Event.KindCase> seen = new HashSet<>();
    for (Class<?> kind : kinds().toList()) {
      Object[] facts =
          Arrays.stream(kind.getRecordComponents()).map(EventTranslationTest::value).toArray();
      seen.add(EventTranslation.toProto(build(kind, facts)).getKindCase());
    }
    assertEquals(MachineEvent.class.getPermittedSubclasses().length, seen.size());
    // All kinds that a trace can hold, but for "none".
    assertEquals(Event.KindCase.values().length - 1, seen.size());
  }

  private static MachineEvent build(Class<?> kind, Object[] facts)
      throws ReflectiveOperationException {
    Class<?>[] types =
        Arrays.stream(kind.getRecordComponents())
            .map(RecordComponent::getType)
            .toArray(Class<?>[]::new);
    return (MachineEvent) kind.getDeclaredConstructor(types).newInstance(facts);
  }

  private static Object value(RecordComponent component) {
    Class<?> type = component.getType();
    if (type == At.class) {
      return new At(5, 3, 0xFFFF_FFFF_8000_0000L, 7);
    }
    if (type == int.class) {
      return component.getName().equals("vector") ? PAGE_FAULT : 11;
    }
    if (type == long.class) {
      return 13L;
    }
    if (type == boolean.class) {
      return true;
    }
    if (type == String.class) {
      return component.getName();
    }
    if (type == Op.class) {
      return Op.READ;
    }
    if (type == int[].class) {
      return new int[] {1, 2};
    }
    if (type == byte[].class) {
      return new byte[] {1, (byte) 0xFF};
    }
    throw new AssertionError("a fact of a new type: " + component);
  }

  private static Object other(Object value) {
    return switch (value) {
      case Integer i -> i + 1;
      case Long l -> l + 1;
      case Boolean b -> !b;
      case String s -> s + "x";
      case Op op -> op == Op.READ ? Op.WRITE : Op.READ;
      case int[] i -> new int[] {1};
      case byte[] b -> new byte[] {1};
      default -> throw new AssertionError(value);
    };
  }
}
