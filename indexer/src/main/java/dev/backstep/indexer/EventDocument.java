package dev.backstep.indexer;

import dev.backstep.indexer.query.Numbers;
import dev.backstep.proto.v1.Event;
import java.util.Locale;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.LongPoint;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.StringField;

/// The index document of an event.
final class EventDocument {
  /// Lucene refuses terms of more than 32,766 bytes. What a console prints at once is far shorter.
  private static final int LONGEST_TEXT = 8_000;

  private EventDocument() {}

  static Document of(Event event, int chunk, int ordinal) {
    Document doc = new Document();
    doc.add(new StringField(IndexFields.DOC, IndexFields.EVENT, Field.Store.NO));
    doc.add(new NumericDocValuesField(IndexFields.CHUNK_NUMBER, chunk));
    doc.add(new NumericDocValuesField(IndexFields.ORDINAL, ordinal));
    for (HitField field : EventFields.of(event)) {
      add(doc, field.name(), field.value());
    }
    return doc;
  }

  private static void add(Document doc, String field, FieldValue value) {
    switch (value) {
      case FieldValue.Numeric(long unsigned, boolean _) ->
          doc.add(new LongPoint(IndexFields.numbers(field), Numbers.toPoint(unsigned)));
      case FieldValue.Text(String text) -> add(doc, field, text);
      case FieldValue.Flag(boolean set) -> add(doc, field, Boolean.toString(set));
      case FieldValue.Bytes bytes -> add(doc, field, bytes.lossless());
      case FieldValue.Several several -> several.values().forEach(one -> add(doc, field, one));
    }
  }

  private static void add(Document doc, String field, String text) {
    doc.add(
        new StringField(
            IndexFields.texts(field), indexed(text).toLowerCase(Locale.ROOT), Field.Store.NO));
  }

  /// As much of a text as can be searched.
  static String indexed(String text) {
    return text.length() > LONGEST_TEXT ? text.substring(0, LONGEST_TEXT) : text;
  }
}
