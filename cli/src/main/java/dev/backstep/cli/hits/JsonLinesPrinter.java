package dev.backstep.cli.hits;

import com.google.gson.stream.JsonWriter;
import dev.backstep.indexer.FieldValue;
import dev.backstep.indexer.Hit;
import dev.backstep.indexer.HitField;
import java.io.IOException;
import java.io.StringWriter;
import java.io.Writer;
import java.math.BigInteger;

/// Prints one JSON object a line: numbers as numbers, however large, bytes as text that nothing is
/// lost in.
final class JsonLinesPrinter implements HitPrinter {
  private final Writer out;

  JsonLinesPrinter(Writer out) {
    this.out = out;
  }

  @Override
  public void begin() {
    // Each line stands for itself.
  }

  @Override
  public void print(Hit hit) throws IOException {
    StringWriter line = new StringWriter();
    // One writer makes one document.
    try (JsonWriter json = new JsonWriter(line)) {
      json.beginObject();
      for (HitField field : hit.fields()) {
        json.name(field.name());
        print(json, field.value());
      }
      json.endObject();
    }
    out.write(line.append('\n').toString());
  }

  private static void print(JsonWriter json, FieldValue value) throws IOException {
    switch (value) {
      case FieldValue.Numeric(long unsigned, boolean _) when unsigned >= 0 -> json.value(unsigned);
      case FieldValue.Numeric(long unsigned, boolean _) ->
          json.value(new BigInteger(Long.toUnsignedString(unsigned)));
      case FieldValue.Text(String text) -> json.value(text);
      case FieldValue.Flag(boolean set) -> json.value(set);
      case FieldValue.Bytes bytes -> json.value(bytes.lossless());
      case FieldValue.Several several -> {
        json.beginArray();
        for (FieldValue one : several.values()) {
          print(json, one);
        }
        json.endArray();
      }
    }
  }
}
