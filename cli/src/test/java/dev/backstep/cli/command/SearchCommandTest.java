package dev.backstep.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.backstep.proto.journal.ChunkBuilder;
import dev.backstep.proto.journal.TraceLayout;
import dev.backstep.proto.journal.TraceWriter;
import dev.backstep.proto.v1.BlockDefinition;
import dev.backstep.proto.v1.CodeMode;
import dev.backstep.proto.v1.CpuidEvent;
import dev.backstep.proto.v1.End;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.Manifest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class SearchCommandTest {
  @TempDir Path folder;
  private Path trace;
  private final StringWriter err = new StringWriter();

  /// Twice `cpuid; hlt`, in two chunks, with an event for each `cpuid`.
  @BeforeEach
  void writeTrace() throws IOException {
    trace = folder.resolve("t");
    try (TraceWriter writer = TraceWriter.create(trace, Manifest.getDefaultInstance())) {
      ChunkBuilder builder = new ChunkBuilder();
      builder.block(
          BlockDefinition.newBuilder()
              .setMode(CodeMode.LONG_64)
              .setRip(0x1000)
              .addGpa(0x1000)
              .setCode(ByteString.copyFrom(new byte[] {0x0f, (byte) 0xa2, (byte) 0xf4}))
              .setInstructionLengths(ByteString.copyFrom(new byte[] {2, 1}))
              .build());
      for (int k = 0; k < 2; k++) {
        builder.run(0, new int[] {0}, 0, 1, 2);
        builder.event(
            Event.newBuilder()
                .setPosition(2L * k)
                .setRip(0x1000)
                .setCpuid(CpuidEvent.newBuilder().setLeaf(7 * k))
                .build());
        writer.append(builder);
      }
      writer.finish(End.newBuilder().setReason("debug-exit").setFinalPosition(4).build());
    }
  }

  private int search(OutputStream out, String... words) {
    List<String> line = new ArrayList<>(List.of(trace.toString()));
    line.addAll(List.of(words));
    CommandLine command = CliErrors.commandLine(new SearchCommand(out));
    command.setErr(new PrintWriter(err, true));
    return command.execute(line.toArray(String[]::new));
  }

  private List<String> found(String... words) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertEquals(0, search(out, words), err.toString());
    return out.toString(StandardCharsets.UTF_8).lines().toList();
  }

  @Test
  void printsWhatItFindsInOrder() {
    List<String> lines = found("kind:cpuid OR mnemonic:cpuid OR mnemonic:hlt");
    assertEquals(6, lines.size());
    assertTrue(lines.get(0).contains("cpuid        leaf=0x0"), lines.get(0));
    assertTrue(lines.get(1).contains("mnemonic=cpuid"), lines.get(1));
    assertTrue(lines.get(2).contains("mnemonic=hlt"), lines.get(2));
    assertEquals(lines.subList(0, 3), found("*:* OR kind:instruction", "--limit", "3"));
    assertEquals(List.of(), found("kind:io"));
  }

  @Test
  void countsAndFacets() {
    assertEquals(List.of("4"), found("kind:instruction", "--count"));
    assertEquals(List.of("1"), found("kind:cpuid AND leaf:0x7", "--count"));
    assertEquals(
        List.of("instruction\t4", "cpuid\t2"),
        found("kind:cpuid OR rip:[0 TO *] OR mnemonic:*", "--facet", "kind"));
    assertEquals(
        List.of("cpuid\t2"), found("kind:instruction", "--facet", "mnemonic", "--limit", "1"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "leef:7 | unknown field leef",
        "leaf:x | field leaf",
        "kind:io AND | not understood",
      })
  void saysInOneLineWhatIsWrongWithAQuery(String query, String expected) {
    assertEquals(2, search(OutputStream.nullOutputStream(), query));
    assertTrue(err.toString().contains(expected), err.toString());
    assertEquals(1, err.toString().lines().count());
  }

  @Test
  void refusesOptionsThatMakeNoSense() {
    assertEquals(2, search(OutputStream.nullOutputStream(), "kind:io", "--limit", "-1"));
    assertEquals(2, search(OutputStream.nullOutputStream(), "kind:io", "--facet", "nosuch"));
    assertEquals(2, search(OutputStream.nullOutputStream(), "kind:io", "--format", "xml"));
    assertEquals(2, search(OutputStream.nullOutputStream(), "kind:io", "--count", "--facet", "op"));
  }

  @Test
  void endsQuietlyWhereNobodyReadsAndLoudlyWhereTheDiskIsFull() {
    assertEquals(0, search(failing("Broken pipe"), "kind:cpuid"));
    assertEquals("", err.toString());
    assertEquals(1, search(failing("No space left on device"), "kind:cpuid"));
    assertEquals(1, err.toString().lines().count());
  }

  private static OutputStream failing(String message) {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        throw new IOException(message);
      }
    };
  }

  @Test
  void reportsDamageAfterWhatIsWhole() throws IOException {
    byte[] journal = Files.readAllBytes(TraceLayout.journalFile(trace));
    int used = journal.length;
    while (journal[used - 1] == 0) {
      used--;
    }
    journal[used - 10] ^= 1;
    Files.write(TraceLayout.journalFile(trace), journal);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertEquals(1, search(out, "kind:instruction"));
    assertEquals(2, out.toString(StandardCharsets.UTF_8).lines().count());
  }

  @Test
  void indexesOnce() {
    CommandLine index = CliErrors.commandLine(new IndexCommand());
    assertEquals(0, index.execute(trace.toString()));
    assertTrue(Files.isDirectory(TraceLayout.index(trace)));
    assertEquals(0, index.execute(trace.toString()));
  }
}
