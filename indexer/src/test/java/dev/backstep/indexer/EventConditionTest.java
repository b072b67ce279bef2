package dev.backstep.indexer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.indexer.query.QueryException;
import dev.backstep.proto.v1.ControlEvent;
import dev.backstep.proto.v1.CrEvent;
import dev.backstep.proto.v1.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A condition holds for the events that a search finds.
class EventConditionTest {
  private static final int EVENTS = 300;
  private static final int QUERIES = 400;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void holdsForWhatBruteForceFinds(long seed) throws QueryException {
    Random random = new Random(seed);
    SampleEvents sample = new SampleEvents(random);
    List<Row> rows = new ArrayList<>();
    List<Event> events = new ArrayList<>();
    for (int k = 0; k < EVENTS; k++) {
      events.add(sample.next(10L * k, k % 3, rows));
    }
    RandomQueries queries = new RandomQueries(random, rows);
    int met = 0;
    for (int k = 0; k < QUERIES; k++) {
      RandomQueries.Query query = queries.next();
      if (!query.instructions()) {
        List<Event> expected = matching(query, rows, events);
        assertEquals(expected, met(query.text(), events), query.text());
        met += expected.isEmpty() ? 0 : 1;
      }
    }
    assertTrue(met > QUERIES / 10, met + " conditions were ever met");
  }

  private static List<Event> matching(
      RandomQueries.Query query, List<Row> rows, List<Event> events) {
    List<Event> matching = new ArrayList<>();
    for (int k = 0; k < events.size(); k++) {
      if (query.matches().test(rows.get(k))) {
        matching.add(events.get(k));
      }
    }
    return matching;
  }

  /// The events that meet the condition; none if it is refused because no event ever can.
  private static List<Event> met(String text, List<Event> events) throws QueryException {
    try {
      return events.stream().filter(EventCondition.compile(text)).toList();
    } catch (QueryException e) {
      if (String.valueOf(e.getMessage()).startsWith("no event can ever meet the condition")) {
        return List.of();
      }
      throw e;
    }
  }

  @Test
  void readsTheFieldsOfAnEvent() throws QueryException {
    Event cr3 =
        Event.newBuilder()
            .setPosition(7)
            .setVcpu(1)
            .setCr(CrEvent.newBuilder().setOp("write").setReg("CR3").setValue(-4096))
            .build();
    assertTrue(EventCondition.compile("kind:cr AND reg:CR3").test(cr3));
    assertTrue(EventCondition.compile("value:>=0x8000000000000000 AND vcpu:1").test(cr3));
    assertFalse(EventCondition.compile("kind:cr AND NOT vcpu:1").test(cr3));
    Event control =
        Event.newBuilder()
            .setControl(ControlEvent.newBuilder().setCall("enable-cap").setResult("-EINVAL"))
            .build();
    assertTrue(EventCondition.compile("kind:control AND result:\"-EINVAL\"").test(control));
    assertFalse(EventCondition.compile("reason:*").test(control));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "kind:instruction",
        "mnemonic:wrmsr",
        "kind:cr OR bytes:0fa2",
        "kind:cpuid AND reg:CR3",
        "kind:nothing",
        "field:1",
        "",
        "kind:cr AND ("
      })
  void refusesInOneLineWhatNoEventCanMeet(String text) {
    QueryException e = assertThrows(QueryException.class, () -> EventCondition.compile(text));
    assertFalse(String.valueOf(e.getMessage()).contains("\n"), e.getMessage());
  }
}
