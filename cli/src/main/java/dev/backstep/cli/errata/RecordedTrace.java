package dev.backstep.cli.errata;

import dev.backstep.indexer.FieldValue;
import dev.backstep.indexer.Hit;
import dev.backstep.indexer.HitField;
import dev.backstep.indexer.TraceSearch;
import dev.backstep.indexer.query.QueryException;
import dev.backstep.indexer.query.TraceQuery;
import dev.backstep.indexer.query.TraceQueryParser;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.replay.ReplayException;
import dev.backstep.replay.ReplayResult;
import dev.backstep.replay.ReplaySession;
import dev.backstep.replay.listing.EventFeed;
import dev.backstep.replay.listing.EventText;
import dev.backstep.replay.listing.TraceListing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;

/// A trace that was just recorded, open for observations. One thread.
final class RecordedTrace implements AutoCloseable {
  private static final long SHOWN_BEFORE = 4;
  private static final long SHOWN_AFTER = 2;
  private static final int MOST_LINES = 24;

  private final TraceReader reader;
  private final TraceSearch search;

  private RecordedTrace(TraceReader reader, TraceSearch search) {
    this.reader = reader;
    this.search = search;
  }

  static RecordedTrace open(Path folder) throws IOException {
    TraceReader reader = TraceReader.open(folder);
    try {
      return new RecordedTrace(reader, TraceSearch.inMemory(reader, (_, _) -> {}));
    } catch (IOException | RuntimeException e) {
      reader.close();
      throw e;
    }
  }

  /// Runs it again.
  ///
  /// @return the first difference, in a line; empty if there is none
  Optional<String> replay() throws IOException {
    try (ReplaySession session = new ReplaySession(reader, _ -> {})) {
      return switch (session.run()) {
        case ReplayResult.Identical _ -> Optional.empty();
        case ReplayResult.Diverged(
                long position,
                int vcpu,
                String fact,
                String expected,
                String found,
                List<String> _) ->
            Optional.of(
                "diverged at position %d on vcpu%d: %s: expected %s, found %s"
                    .formatted(position, vcpu, fact, expected, found));
      };
    } catch (ReplayException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  /// @throws QueryException if the observation's query is none
  Observed observe(Observation observation) throws IOException, QueryException {
    return switch (observation) {
      case Observation.FirstEvent(String query, List<String> fields) ->
          first(TraceQueryParser.parse(query))
              .map(hit -> Observed.at(hit.position(), values(hit, fields)))
              .orElseGet(Observed::nothing);
      case Observation.Count(String query) -> count(TraceQueryParser.parse(query));
      case Observation.Printed(String key) -> printed(key + "=");
      case Observation.Ending _ ->
          Observed.at(reader.endPosition(), reader.manifest().getEnd().getReason());
    };
  }

  private Optional<Hit> first(TraceQuery query) throws IOException {
    List<Hit> hits = new ArrayList<>();
    search.each(
        query,
        1,
        hit -> {
          hits.add(hit);
          return true;
        });
    return hits.stream().findFirst();
  }

  private Observed count(TraceQuery query) throws IOException {
    String count = Long.toString(search.count(query));
    return first(query)
        .map(hit -> Observed.at(hit.position(), count))
        .orElseGet(() -> Observed.nowhere(count));
  }

  private static String values(Hit hit, List<String> fields) {
    if (fields.size() == 1) {
      return value(hit, fields.getFirst());
    }
    StringJoiner values = new StringJoiner(" ");
    fields.forEach(field -> values.add(field + "=" + value(hit, field)));
    return values.toString();
  }

  private static String value(Hit hit, String field) {
    return hit.fields().stream()
        .filter(candidate -> candidate.name().equals(field))
        .findFirst()
        .map(HitField::value)
        .map(FieldValue::shown)
        .orElse("none");
  }

  private Observed printed(String beginning) throws IOException {
    List<Observed> found = new ArrayList<>();
    ConsoleLines lines =
        new ConsoleLines(
            (position, line) -> {
              if (line.startsWith(beginning)) {
                found.add(Observed.at(position, line.substring(beginning.length())));
              }
            });
    new EventFeed(reader, 0)
        .upTo(
            reader.endPosition(),
            event -> {
              if (found.isEmpty() && event.hasConsole()) {
                lines.printed(event.getPosition(), event.getConsole().getText().toStringUtf8());
              }
            });
    return found.stream().findFirst().orElseGet(Observed::nothing);
  }

  /// What was executed around a position, with the events between, as `show` lists it.
  List<String> around(long position) throws IOException {
    long first = Math.max(0, position - SHOWN_BEFORE);
    long last = Math.min(position + SHOWN_AFTER, reader.endPosition());
    List<String> lines = new ArrayList<>();
    EventFeed events = new EventFeed(reader, first);
    new TraceListing(reader)
        .from(
            first,
            listed -> {
              if (listed.position() > last) {
                return false;
              }
              events.upTo(listed.position(), event -> lines.add(EventText.of(event)));
              lines.add(TraceListing.line(listed));
              return true;
            });
    events.upTo(last, event -> lines.add(EventText.of(event)));
    return lines.subList(0, Math.min(lines.size(), MOST_LINES));
  }

  @Override
  public void close() throws IOException {
    search.close();
    reader.close();
  }
}
