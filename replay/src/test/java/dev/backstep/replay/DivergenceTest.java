package dev.backstep.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.backstep.proto.journal.BlockTable;
import dev.backstep.proto.journal.ChunkWalk;
import dev.backstep.proto.journal.DecodedChunk;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.v1.BlockDefinition;
import dev.backstep.proto.v1.Event;
import dev.backstep.recorder.InputTranslation;
import dev.backstep.replay.ChunkContent.Entry;
import dev.backstep.replay.ReplayResult.Diverged;
import dev.backstep.replay.listing.EventText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// One journaled fact is changed at a time: the replay names it.
class DivergenceTest {
  /// One executed block, as the journal has it.
  private record Executed(int entry, long position, int block, int executed) {}

  @TempDir static Path shared;
  @TempDir Path folder;

  private static Path trace;
  private static List<Event> events;
  private static List<Executed> executed;
  private static BlockTable blocks;

  @BeforeAll
  static void record() throws Exception {
    trace = shared.resolve("tour");
    GuestRun.builtIn("tour").withCpus(2).record(trace);
    blocks = new BlockTable();
    executed = new ArrayList<>();
    try (TraceReader reader = TraceReader.open(trace)) {
      assertEquals(1, reader.chunkCount());
      DecodedChunk chunk = reader.chunk(0);
      events = chunk.events();
      blocks.add(chunk);
      int entry = 0;
      for (ChunkWalk walk = new ChunkWalk(chunk, blocks); walk.next(); ) {
        executed.add(new Executed(entry, walk.position(), walk.blockNumber(), walk.instructions()));
        boolean left = walk.instructions() < blocks.instructionCount(walk.blockNumber());
        entry += left ? 2 : 1;
      }
    }
  }

  private Diverged replay(TraceRewriter rewriter) throws Exception {
    return assertInstanceOf(
        Diverged.class, GuestRun.replay(rewriter.to(folder.resolve("changed"))));
  }

  private static void assertBefore(Diverged d) {
    assertEquals(10, d.before().size());
    for (int k = 0; k < 10; k++) {
      String position = d.before().get(k).strip().split(" ", 2)[0];
      assertEquals(d.position() - 10 + k, Long.parseLong(position), d.before().toString());
    }
  }

  @Test
  void namesAnEventWithAnotherValue() throws Exception {
    int index = firstEvent(Event::hasMsr, 3);
    Event original = events.get(index);
    Event changed =
        original.toBuilder()
            .setMsr(original.getMsr().toBuilder().setValue(original.getMsr().getValue() ^ 1))
            .build();
    Diverged d = replay(new TraceRewriter(trace).chunks(c -> c.events.set(index, changed)));
    assertEquals(Diverged.EVENT, d.fact());
    assertEquals(original.getPosition(), d.position());
    assertEquals(original.getVcpu(), d.vcpu());
    assertTrue(d.expected().endsWith(EventText.facts(changed)), d.expected());
    assertTrue(d.found().endsWith(EventText.facts(original)), d.found());
    assertBefore(d);
  }

  @Test
  void namesAnEventThatTheJournalDoesNotHave() throws Exception {
    int index = firstEvent(Event::hasCpuid, 3);
    Diverged d = replay(new TraceRewriter(trace).chunks(c -> c.events.remove(index)));
    assertEquals(Diverged.EVENT, d.fact());
    assertEquals(events.get(index).getPosition(), d.position());
    assertTrue(d.found().endsWith(EventText.facts(events.get(index))), d.found());
    assertTrue(d.expected().endsWith(EventText.facts(events.get(index + 1))), d.expected());
  }

  @Test
  void namesAnEventThatDoesNotHappenAgain() throws Exception {
    int index = firstEvent(Event::hasCpuid, 3);
    Event added = events.get(index).toBuilder().setTimeNs(7).build();
    Diverged d = replay(new TraceRewriter(trace).chunks(c -> c.events.add(index, added)));
    assertEquals(Diverged.EVENT, d.fact());
    assertEquals(added.getPosition(), d.position());
    assertTrue(d.expected().contains("time 7 ns"), d.expected());
  }

  @Test
  void namesAnEventAfterTheLastOne() throws Exception {
    Event added = events.getLast();
    Diverged d = replay(new TraceRewriter(trace).chunks(c -> c.events.add(added)));
    assertEquals(Diverged.EVENT, d.fact());
    assertEquals(added.getPosition(), d.position());
    assertEquals("no event there", d.found());
  }

  @Test
  void namesTheFirstInstructionOfAnotherBlock() throws Exception {
    Executed at = executed.stream().filter(e -> e.position > 20_000).findFirst().orElseThrow();
    int other = blockWith(at.executed, at.block);
    Diverged d =
        replay(
            new TraceRewriter(trace)
                .chunks(
                    c ->
                        c.entries.set(at.entry, new Entry(c.entries.get(at.entry).vcpu(), other))));
    assertEquals(Diverged.INSTRUCTION, d.fact());
    assertEquals(at.position, d.position());
    assertTrue(d.expected().contains("(block " + other + ")"), d.expected());
    assertTrue(d.found().contains("(block " + at.block + ")"), d.found());
    assertBefore(d);
  }

  @Test
  void namesTheInstructionBeforeWhichABlockWasLeft() throws Exception {
    Executed at =
        executed.stream()
            .filter(e -> e.executed > 1 && e.executed < blocks.instructionCount(e.block))
            .filter(e -> e.position > 100)
            .findFirst()
            .orElseThrow();
    long end = executed.getLast().position + executed.getLast().executed - 1;
    Diverged d =
        replay(
            new TraceRewriter(trace)
                .chunks(
                    c -> {
                      int vcpu = c.entries.get(at.entry).vcpu();
                      c.entries.set(at.entry + 1, new Entry(vcpu, ~(at.executed - 1)));
                      c.events.removeIf(e -> e.getPosition() > end);
                    }));
    assertEquals(Diverged.INSTRUCTION, d.fact());
    assertEquals(at.position + at.executed - 1, d.position());
    assertTrue(d.expected().contains("leaves block " + at.block), d.expected());
  }

  @Test
  void namesTheVcpuThatShouldRun() throws Exception {
    Executed at = executed.stream().filter(e -> e.position > 20_000).findFirst().orElseThrow();
    Diverged d =
        replay(
            new TraceRewriter(trace)
                .chunks(
                    c -> {
                      Entry entry = c.entries.get(at.entry);
                      c.entries.set(at.entry, new Entry(1 - entry.vcpu(), entry.value()));
                      if (c.entries.get(at.entry + 1).value() < 0) {
                        throw new AssertionError("choose a block that runs to its end");
                      }
                    }));
    assertEquals(Diverged.INSTRUCTION, d.fact());
    assertEquals(at.position, d.position());
  }

  @Test
  void namesABlockWithOtherBytes() throws Exception {
    int number = blocks.size() / 2;
    long first =
        executed.stream().filter(e -> e.block == number).findFirst().orElseThrow().position;
    BlockDefinition block = blocks.block(number);
    byte[] code = block.getCode().toByteArray();
    code[code.length - 1] ^= 1;
    BlockDefinition changed = block.toBuilder().setCode(ByteString.copyFrom(code)).build();
    Diverged d =
        replay(
            new TraceRewriter(trace).chunks(c -> c.blocks.set(c.blocks.indexOf(block), changed)));
    assertEquals(Diverged.CODE, d.fact());
    assertEquals(first, d.position());
  }

  @Test
  void namesADigestOfRegistersOrMemory() throws Exception {
    Diverged d = replay(new TraceRewriter(trace).chunks(c -> c.registerDigest[3] ^= 0x10));
    assertEquals(Diverged.REGISTERS, d.fact());
    assertEquals(executed.getLast().position + executed.getLast().executed, d.position());
    d =
        assertInstanceOf(
            Diverged.class,
            GuestRun.replay(
                new TraceRewriter(trace)
                    .chunks(c -> c.memoryDigest[0] ^= 1)
                    .to(folder.resolve("memory"))));
    assertEquals(Diverged.MEMORY, d.fact());
  }

  @Test
  void namesAnInputThatNobodyAsksFor() throws Exception {
    long end = executed.getLast().position + executed.getLast().executed;
    Diverged d =
        replay(
            new TraceRewriter(trace)
                .chunks(c -> c.inputs.add(InputTranslation.console(end, Long.MAX_VALUE, 'x'))));
    assertEquals(Diverged.INPUT, d.fact());
    assertEquals("not asked for", d.found());
    assertTrue(d.expected().contains("\"x\""), d.expected());
  }

  @Test
  void namesAMissingClock() throws Exception {
    Diverged d = replay(new TraceRewriter(trace).chunks(c -> c.inputs.clear()));
    assertEquals(Diverged.INPUT, d.fact());
    assertEquals(0, d.position());
    assertEquals("no further input", d.expected());
  }

  @Test
  void namesEachFactOfTheEnd() throws Exception {
    Diverged d = replay(new TraceRewriter(trace).end(e -> e.toBuilder().setReason("idle").build()));
    assertEquals(Diverged.END, d.fact());
    assertEquals("ended by idle", d.expected());
    assertEquals("ended by debug-exit", d.found());
    d =
        replayEnd(
            "status", new TraceRewriter(trace).end(e -> e.toBuilder().setExitStatus(9).build()));
    assertEquals("exit status 9", d.expected());
    d =
        replayEnd(
            "time", new TraceRewriter(trace).end(e -> e.toBuilder().setFinalTimeNs(9).build()));
    assertEquals("virtual time in ns 9", d.expected());
    d =
        replayEnd(
            "digest",
            new TraceRewriter(trace)
                .end(e -> e.toBuilder().setFinalDigest(ByteString.copyFromUtf8("x")).build()));
    assertEquals(Diverged.MEMORY, d.fact());
  }

  private Diverged replayEnd(String name, TraceRewriter rewriter) throws Exception {
    return assertInstanceOf(Diverged.class, GuestRun.replay(rewriter.to(folder.resolve(name))));
  }

  @Test
  void namesTheFirstInstructionAfterAJournalThatStopsTooEarly() throws Exception {
    Executed at = executed.stream().filter(e -> e.position > 30_000).findFirst().orElseThrow();
    Diverged d =
        replay(
            new TraceRewriter(trace)
                .chunks(
                    c -> {
                      c.entries.subList(at.entry, c.entries.size()).clear();
                      c.events.removeIf(e -> e.getPosition() >= at.position);
                    }));
    // Events of the rest of the turn are noticed first, instructions compared after it.
    assertEquals(Diverged.INSTRUCTION, d.fact());
    assertEquals(at.position, d.position());
    assertEquals("the end of the run", d.expected());
  }

  @Test
  void namesTheEndOfARunThatShouldGoOn() throws Exception {
    Diverged d =
        replay(
            new TraceRewriter(trace)
                .chunks(c -> c.entries.add(new Entry(0, executed.getFirst().block))));
    assertEquals(Diverged.END, d.fact());
    assertEquals(executed.getLast().position + executed.getLast().executed, d.position());
    assertEquals("it stops", d.found());
  }

  @Test
  void replaysAnIncompleteTraceToItsLastChunk() throws Exception {
    // Its one chunk was closed at the end of the run; a recording that was killed has no such
    // chunk.
    Path plain =
        new TraceRewriter(trace)
            .withoutEnd()
            .chunks(
                c -> {
                  c.registerDigest = new byte[0];
                  c.memoryDigest = new byte[0];
                })
            .to(folder.resolve("plain"));
    assertFalse(GuestRun.replayIdentically(plain).wholeRun());
  }

  @Test
  void refusesATraceWithoutChunks() throws Exception {
    Path none = new TraceRewriter(trace).firstChunks(0).withoutEnd().to(folder.resolve("none"));
    ReplayException e = assertThrows(ReplayException.class, () -> GuestRun.replay(none));
    assertTrue(e.getMessage().contains("no whole chunk"), e.getMessage());
  }

  @Test
  void refusesAnImageThatIsGoneOrChanged() throws Exception {
    Path kernel = folder.resolve("kernel.elf");
    Files.copy(GuestRun.builtIn("real").kernel(), kernel);
    Path recorded = folder.resolve("recorded");
    GuestRun.of(kernel).upTo(1_000).record(recorded);
    byte[] bytes = Files.readAllBytes(kernel);
    bytes[bytes.length - 1] ^= 1;
    Files.write(kernel, bytes);
    assertRefused(recorded, "has changed since the recording");
    Files.write(kernel, new byte[3]);
    assertRefused(recorded, "(3 bytes, recorded: " + bytes.length + ")");
    Files.delete(kernel);
    assertRefused(recorded, "is gone");
    Files.createDirectory(kernel);
    assertRefused(recorded, "is not a file");
  }

  private static void assertRefused(Path recorded, String why) {
    ReplayException e = assertThrows(ReplayException.class, () -> GuestRun.replay(recorded));
    assertTrue(e.getMessage().contains(why), e.getMessage());
    assertTrue(e.getMessage().contains("kernel.elf"), e.getMessage());
  }

  @Test
  void refusesAMachineThatCannotBeBuilt() throws IOException {
    Path strange =
        new TraceRewriter(trace)
            .manifest(
                m ->
                    m.toBuilder()
                        .setConfiguration(m.getConfiguration().toBuilder().setPlatform("abacus"))
                        .build())
            .to(folder.resolve("strange"));
    ReplayException e = assertThrows(ReplayException.class, () -> GuestRun.replay(strange));
    assertTrue(e.getMessage().contains("abacus"), e.getMessage());
  }

  /// The index of the `count`th event of a kind.
  private static int firstEvent(Predicate<Event> kind, int count) {
    int seen = 0;
    for (int k = 0; k < events.size(); k++) {
      if (kind.test(events.get(k)) && ++seen == count) {
        return k;
      }
    }
    throw new AssertionError("fewer than " + count);
  }

  /// Another block of so many instructions.
  private static int blockWith(int instructions, int not) {
    for (int k = 0; k < blocks.size(); k++) {
      if (k != not && blocks.instructionCount(k) == instructions) {
        return k;
      }
    }
    throw new AssertionError("no block of " + instructions + " instructions");
  }
}
