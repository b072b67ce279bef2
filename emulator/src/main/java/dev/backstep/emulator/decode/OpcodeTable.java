package dev.backstep.emulator.decode;

import dev.backstep.emulator.decode.Opcode.Attribute;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The opcode table, read from the files of folder `opcodes`, one for each unit, and checked when
/// this class is initialised.
///
/// Forms are found by map and opcode byte; where several share them, the first whose [Context] bits
/// match is meant, those that ask for more standing first.
public final class OpcodeTable {
  static final int MAPS = 8;
  private static final int COLUMNS = 7;
  private static final List<String> FILES =
      List.of(
          "integer.tbl",
          "bit-manipulation.tbl",
          "cryptography.tbl",
          "system.tbl",
          "x87.tbl",
          "simd-integer.tbl",
          "simd-float.tbl",
          "avx-integer.tbl",
          "avx-float.tbl");
  private static final OpcodeForm[] NO_FORMS = {};

  private static final OpcodeTable COMPLETE = read();

  private final List<OpcodeForm> forms;
  private final OpcodeForm[][] slots;

  /// Compiles the lines of a table.
  ///
  /// @param file its name, for messages
  /// @param text its lines
  /// @throws OpcodeTableException naming the line that is wrong
  OpcodeTable(String file, String text) {
    this(parse(file, text));
  }

  private OpcodeTable(List<OpcodeForm> forms) {
    this.forms = forms;
    slots = new OpcodeForm[MAPS << 8][];
    for (int k = 0; k < slots.length; k++) {
      slots[k] = NO_FORMS;
    }
    for (OpcodeForm form : forms) {
      Encoding e = form.encoding;
      int count = e.registerInOpcode() ? 8 : 1;
      for (int k = 0; k < count; k++) {
        int slot = e.map() << 8 | e.opcodeByte() + k;
        slots[slot] = inserted(slots[slot], form);
      }
    }
    for (OpcodeForm[] slot : slots) {
      check(slot);
    }
  }

  /// The table as committed.
  static OpcodeTable complete() {
    return COMPLETE;
  }

  /// All forms, in the order of the table.
  public static List<Opcode> opcodes() {
    List<Opcode> all = new ArrayList<>();
    for (OpcodeForm form : COMPLETE.forms) {
      all.add(form.opcode);
    }
    return List.copyOf(all);
  }

  /// The forms of each unit of the processor, that is of each file of the table, by its name.
  public static Map<String, List<Opcode>> units() {
    Map<String, List<Opcode>> units = new LinkedHashMap<>();
    for (OpcodeForm form : COMPLETE.forms) {
      String file = form.line.file();
      String unit = file.substring(0, file.lastIndexOf('.'));
      units.computeIfAbsent(unit, k -> new ArrayList<>()).add(form.opcode);
    }
    return units;
  }

  List<OpcodeForm> forms() {
    return forms;
  }

  /// What may be meant by an opcode byte, most specific form first.
  OpcodeForm[] candidates(int map, int opcodeByte) {
    return slots[map << 8 | opcodeByte];
  }

  /// This table for a processor that lacks some features: their forms are undefined.
  OpcodeTable without(Set<String> absentFeatures) {
    List<OpcodeForm> left = new ArrayList<>();
    for (OpcodeForm form : forms) {
      if (!absentFeatures.contains(form.opcode.feature())) {
        left.add(form);
      } else if (!form.opcode.is(Attribute.FALLBACK)) {
        left.add(form.undefined());
      }
    }
    return new OpcodeTable(left);
  }

  private static OpcodeTable read() {
    List<OpcodeForm> forms = new ArrayList<>();
    for (String file : FILES) {
      forms.addAll(parse(file, text(file)));
    }
    return new OpcodeTable(forms);
  }

  private static String text(String file) {
    try (InputStream in = OpcodeTable.class.getResourceAsStream("opcodes/" + file)) {
      if (in == null) {
        throw new AssertionError("the resource opcodes/" + file + " is missing");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<OpcodeForm> parse(String file, String text) {
    List<OpcodeForm> forms = new ArrayList<>();
    int number = 0;
    int from = 0;
    while (from < text.length()) {
      int end = text.indexOf('\n', from);
      end = end < 0 ? text.length() : end;
      number++;
      String line = text.substring(from, end).strip();
      if (!line.isEmpty() && line.charAt(0) != '#') {
        forms.add(compile(new TableLine(file, number), line));
      }
      from = end + 1;
    }
    return forms;
  }

  private static OpcodeForm compile(TableLine place, String line) {
    List<String> columns = columns(line);
    if (columns.size() != COLUMNS) {
      throw new OpcodeTableException(place, columns.size() + " columns, not " + COLUMNS);
    }
    try {
      return OpcodeForm.of(place, columns);
    } catch (IllegalArgumentException e) {
      throw new OpcodeTableException(place, String.valueOf(e.getMessage()));
    }
  }

  private static List<String> columns(String line) {
    List<String> columns = new ArrayList<>();
    int from = 0;
    for (int bar = line.indexOf('|'); bar >= 0; bar = line.indexOf('|', from)) {
      columns.add(line.substring(from, bar).strip());
      from = bar + 1;
    }
    columns.add(line.substring(from).strip());
    return columns;
  }

  /// `others` with `form` before all that are less specific.
  private static OpcodeForm[] inserted(OpcodeForm[] others, OpcodeForm form) {
    OpcodeForm[] result = new OpcodeForm[others.length + 1];
    int at = 0;
    while (at < others.length && bits(others[at]) >= bits(form)) {
      at++;
    }
    System.arraycopy(others, 0, result, 0, at);
    result[at] = form;
    System.arraycopy(others, at, result, at + 1, others.length - at);
    return result;
  }

  private static int bits(OpcodeForm form) {
    return Integer.bitCount(form.mask);
  }

  /// Any bytes must mean one line: of two that match, one is more specific, or a third is more
  /// specific than both.
  private static void check(OpcodeForm[] slot) {
    for (int k = 0; k < slot.length; k++) {
      for (int j = 0; j < slot.length; j++) {
        OpcodeForm form = slot[k];
        OpcodeForm other = slot[j];
        if (form.encoding.hasModrm() != other.encoding.hasModrm()) {
          throw new OpcodeTableException(
              form.line, "has ModRM and " + other.line + " has not, or the other way round");
        }
        if (k > j && isAmbiguous(form, other, slot)) {
          throw new OpcodeTableException(form.line, "matches the same bytes as " + other.line);
        }
      }
    }
  }

  private static boolean isAmbiguous(OpcodeForm form, OpcodeForm other, OpcodeForm[] slot) {
    if (!form.overlaps(other) || form.isMoreSpecificThan(other) || other.isMoreSpecificThan(form)) {
      return false;
    }
    for (OpcodeForm third : slot) {
      if (third.mask == (form.mask | other.mask) && third.value == (form.value | other.value)) {
        return third == form || third == other;
      }
    }
    return true;
  }
}
