package dev.backstep.indexer.query;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TraceQueryParserTest {
  private static Condition condition(String text) {
    return assertDoesNotThrow(() -> TraceQueryParser.parse(text), text).condition();
  }

  private static String error(String text) {
    QueryException e = assertThrows(QueryException.class, () -> TraceQueryParser.parse(text));
    return String.valueOf(e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "kind:cpuid AND leaf:7",
        "kind:apic AND reg:ICR",
        "kind:exception AND vector:14 AND cr2:[0x1000 TO 0x1fff]",
        "kind:memory_type AND NOT effective:WB",
        "kind:instruction AND mnemonic:wrmsr",
        "position:[1000 TO 2000] AND vcpu:1",
        "source:lapic-timer",
        "effective:UC-",
        "name:#PF",
        "text:\"a:b (c) [d]\"",
        "text:a\\:b",
        "ipi.targets:[1 TO 3]",
        "reason:triple-fault OR reason:7",
      })
  void readsWhatUsersWrite(String text) {
    assertTrue(condition(text) != Condition.Constant.NOTHING);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "leaf:7                 | leaf:0x7",
        "leaf:7                 | leaf:[7 TO 7]",
        "leaf:{6 TO 8}          | leaf:0X07",
        "position:>=5           | position:[5 TO *]",
        "position:>5            | position:[6 TO *}",
        "position:<=5           | position:[* TO 5]",
        "position:<5            | position:{* TO 5}",
        "position:*             | position:[* TO *]",
        "rip:>=0xffffffffffffffff | rip:18446744073709551615",
        "effective:wb           | effective:WB",
        "fault:true             | fault:1",
        "bytes:\"0F A2\"        | bytes:0fa2",
        "NOT kind:io            | -kind:io",
        "!kind:io               | *:* AND NOT kind:io",
        "kind:io leaf:7         | kind:io AND leaf:7",
        "kind:io OR kind:msr && vcpu:1 | kind:io OR (kind:msr AND vcpu:1)",
        "kind:(io OR msr)       | kind:io OR kind:msr",
        "kind:io^3              | kind:io",
        "ipi.targets:3          | kind:ipi AND targets:3",
        "text:a\\*b*            | text:A\\*b*",
      })
  void readsBothAlike(String one, String other) {
    assertEquals(condition(other), condition(one));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "leef:7                 | unknown field leef",
        "ipi.leaf:7             | unknown field ipi.leaf",
        "leaf:seven             | field leaf holds numbers: seven",
        "leaf:0x1ffffffffffffffff | field leaf holds numbers",
        "leaf:7*                | field leaf holds numbers: 7*",
        "position:>=x           | field position holds numbers: x",
        "cr2:[a TO b]           | field cr2 holds numbers: a",
        "op:[a TO b]            | field op holds text",
        "fault:perhaps          | field fault holds true or false",
        "kind:cpiud             | unknown kind cpiud",
        "bytes:0f2              | field bytes: 0f2",
        "text:/x.*/             | field text: regular expressions",
        "text:hallo~            | field text: values are matched exactly",
        "cpuid                  | a value without a field",
        "kind:io AND            | ends too early",
        "(kind:io               | ends too early",
        "device:pci:00          | unexpected : at column 11",
        "text:\"open            | not closed",
      })
  void saysInALineWhatIsWrong(String query, String expected) {
    String message = error(query);
    assertTrue(message.contains(expected), message);
    assertEquals(1, message.lines().count(), message);
  }

  @Test
  void takesTheEmptyRangeForNothing() {
    assertEquals(Condition.Constant.NOTHING, condition("port:{0xffffffffffffffff TO *]"));
    assertEquals(Condition.Constant.NOTHING, condition("port:<0"));
  }

  @Test
  void endsHostileQueriesSoonAndWithAnError() {
    List<String> hostile =
        List.of(
            "",
            "  ",
            "(".repeat(5_000) + "vcpu:1" + ")".repeat(5_000),
            "vcpu:1 OR ".repeat(5_000) + "vcpu:1",
            "(vcpu:1 OR vcpu:2) AND ".repeat(400) + "vcpu:1",
            "text:" + "*a".repeat(20_000),
            "text:*a*a*a*a*a*b?????????????????????????",
            "x".repeat(1 << 20),
            "NOT ".repeat(10_000) + "vcpu:1",
            "text:\"",
            "text:\\",
            "text:\\u12",
            ")(",
            "[[[[",
            "\u0000",
            "vcpu:99999999999999999999999999999999");
    for (String query : hostile) {
      assertTimeoutPreemptively(
          Duration.ofSeconds(20), () -> assertEquals(1, error(query).lines().count()));
    }
  }

  @Test
  void asksForInstructionsOnlyWhereTheyAreNamed() throws QueryException {
    for (String query :
        List.of("mnemonic:nop", "NOT bytes:90", "*:* OR kind:instruction", "instruction.rip:5")) {
      assertTrue(TraceQueryParser.parse(query).asksForInstructions(), query);
    }
    for (String query : List.of("kind:*", "*:*", "rip:5", "NOT kind:io", "kind:i*")) {
      assertFalse(TraceQueryParser.parse(query).asksForInstructions(), query);
    }
  }

  @Test
  void knowsWhichKindsAQueryCanFind() throws QueryException {
    assertEquals(
        List.of("exception"), TraceQueryParser.parse("cr2:5 AND vector:14").possibleKinds());
    assertEquals(
        List.of("kind", "position", "vcpu", "rip", "gpa", "bytes", "mnemonic", "text"),
        TraceQueryParser.parse("mnemonic:nop").possibleFields());
    assertFalse(TraceQueryParser.parse("NOT kind:io").possibleKinds().contains("io"));
  }

  @Test
  void matchesPatternsInTimeHoweverManyStars() {
    assertTrue(Glob.matches("*a*b?c", "xxaxxbbyc"));
    assertTrue(Glob.matches("a\\*b", "a*b"));
    assertFalse(Glob.matches("a\\*b", "axb"));
    assertTrue(Glob.matches("gr?n", "grün"));
    assertTrue(Glob.matches("?", "\ud83d\ude00"));
    assertTrue(Glob.matches(Glob.literal("a*?\\b") + "*", "a*?\\bc"));
    assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> assertFalse(Glob.matches("*a".repeat(100) + "b", "a".repeat(5_000))));
  }
}
