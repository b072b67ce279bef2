package dev.backstep.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.machine.StopReason;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.v1.Input;
import dev.backstep.recorder.InputTranslation;
import dev.backstep.replay.ReplayResult.Diverged;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What RDRAND and RDSEED yielded comes from the journal in a replay.
class RandomNumbersTest {
  /// `mov ecx,ROUNDS` follows; then `rdrand eax; rdseed edx; xor eax,edx; rdrand bx; test al,1; jz
  /// +1; inc ebp; loop; mov al,1; out F4H,al`.
  private static final String LOOP = "0fc7f0 0fc7fa 31d0 660fc7f3 a801 7401 45 e2ed b001 e6f4 f4";

  @TempDir Path folder;

  private GuestRun rounds(int count) throws IOException {
    String rounds = "b9%02x%02x%02x00".formatted(count & 0xFF, count >> 8 & 0xFF, count >> 16);
    return GuestRun.of(TestKernel.write(folder.resolve("kernel.elf"), rounds, LOOP));
  }

  private static List<Input> entropy(Path trace) throws IOException {
    List<Input> all = new ArrayList<>();
    try (TraceReader reader = TraceReader.open(trace)) {
      for (int k = 0; k < reader.chunkCount(); k++) {
        all.addAll(reader.chunk(k).inputs().stream().filter(Input::hasEntropy).toList());
      }
    }
    return all;
  }

  @Test
  void replaysEveryRandomNumberOfManyChunks() throws Exception {
    Path trace = folder.resolve("trace");
    StopReason end = rounds(60_000).record(trace, new ScriptedInputs(0, 42));
    assertInstanceOf(StopReason.DebugExit.class, end);
    assertTrue(GuestRun.replayIdentically(trace).wholeRun());
    List<Input> words = entropy(trace);
    assertEquals(180_000, words.size());
    // RDRAND is the second instruction, RDSEED the third.
    assertEquals(1, words.get(0).getPosition());
    assertEquals(2, words.get(1).getPosition());
    assertEquals(4, words.get(2).getPosition());
  }

  @Test
  void namesTheFirstConsequenceOfAnotherNumber() throws Exception {
    Path trace = folder.resolve("trace");
    rounds(100).record(trace, new ScriptedInputs(0, 43));
    Input last = entropy(trace).getLast();
    Input other = InputTranslation.entropy(last.getPosition(), ~last.getEntropy().getWords(0));
    Path changed =
        new TraceRewriter(trace)
            .chunks(c -> c.inputs.set(c.inputs.size() - 1, other))
            .to(folder.resolve("changed"));
    Diverged d = assertInstanceOf(Diverged.class, GuestRun.replay(changed));
    assertTrue(d.position() >= last.getPosition(), d.toString());
  }
}
