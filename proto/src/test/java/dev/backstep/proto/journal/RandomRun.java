package dev.backstep.proto.journal;

import com.google.protobuf.ByteString;
import dev.backstep.proto.v1.BlockDefinition;
import dev.backstep.proto.v1.CodeMode;
import dev.backstep.proto.v1.Configuration;
import dev.backstep.proto.v1.ConsoleInput;
import dev.backstep.proto.v1.CpuidEvent;
import dev.backstep.proto.v1.End;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.Input;
import dev.backstep.proto.v1.IpiEvent;
import dev.backstep.proto.v1.Manifest;
import dev.backstep.proto.v1.MemoryTypeEvent;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// A made-up run of a machine, the same for the same seed, and what a trace of it must hold.
final class RandomRun {
  /// One block executed, as a walk must list it.
  record Step(int vcpu, long position, int block, int instructions) {}

  final List<Step> steps = new ArrayList<>();
  final List<Event> events = new ArrayList<>();
  final List<Input> inputs = new ArrayList<>();
  final List<BlockDefinition> blocks = new ArrayList<>();
  long position;

  private final Random random;
  private final int vcpus;

  RandomRun(long seed, int vcpus) {
    random = new Random(seed);
    this.vcpus = vcpus;
  }

  static Manifest manifest() {
    return Manifest.newBuilder()
        .setBackstepVersion("test")
        .setConfiguration(
            Configuration.newBuilder()
                .setKernel("guest.elf")
                .setMemoryBytes(128 << 20)
                .setVcpus(2)
                .setCpuModel("max")
                .setPlatform("bare-metal-intel"))
        .addArguments("-kernel")
        .addArguments("guest.elf")
        .build();
  }

  End end() {
    return End.newBuilder()
        .setReason("debug-exit")
        .setExitStatus(1)
        .setFinalPosition(position)
        .setFinalDigest(ByteString.copyFrom(new byte[] {1, 2, 3}))
        .build();
  }

  /// Writes a whole trace of `chunks` chunks and ends it.
  static RandomRun write(Path trace, long seed, int chunks, int turnsPerChunk) throws IOException {
    RandomRun run = new RandomRun(seed, 3);
    try (TraceWriter writer = TraceWriter.create(trace, manifest())) {
      ChunkBuilder builder = new ChunkBuilder();
      for (int chunk = 0; chunk < chunks; chunk++) {
        run.fill(builder, turnsPerChunk);
        writer.append(builder);
      }
      writer.finish(run.end());
    }
    return run;
  }

  /// Runs a while and puts what happened into `builder`.
  void fill(ChunkBuilder builder, int turns) {
    for (int turn = 0; turn < turns; turn++) {
      int vcpu = random.nextInt(vcpus);
      fillTurn(builder, vcpu);
      Event event = event(vcpu);
      events.add(event);
      builder.event(event);
    }
    if (random.nextInt(3) == 0) {
      Input input =
          Input.newBuilder()
              .setPosition(position)
              .setConsole(
                  ConsoleInput.newBuilder()
                      .setDevice("uart0")
                      .setBytes(ByteString.copyFromUtf8("ls\n")))
              .build();
      inputs.add(input);
      builder.input(input);
    }
    builder.registerDigest(new byte[] {(byte) turns, 7});
    if (random.nextInt(4) == 0) {
      builder.memoryDigest(new byte[] {9});
    }
  }

  private void fillTurn(ChunkBuilder builder, int vcpu) {
    int[] sequence = new int[400];
    int size = 0;
    long before = position;
    int loopStart = blocks.isEmpty() ? 0 : random.nextInt(blocks.size());
    int loopLength = 1 + random.nextInt(5);
    int count = 1 + random.nextInt(100);
    for (int i = 0; i < count; i++) {
      int number = blocks.isEmpty() ? 0 : (loopStart + i % loopLength) % blocks.size();
      if (blocks.isEmpty() || random.nextInt(50) == 0) {
        number = define(builder);
      }
      int instructions = blocks.get(number).getInstructionLengths().size();
      sequence[size++] = number;
      if (random.nextInt(20) == 0) {
        instructions = random.nextInt(instructions);
        sequence[size++] = ~instructions;
      }
      steps.add(new Step(vcpu, position, number, instructions));
      position += instructions;
    }
    builder.run(vcpu, sequence, 0, size, position - before);
  }

  private int define(ChunkBuilder builder) {
    int instructions = 1 + random.nextInt(12);
    byte[] lengths = new byte[instructions];
    int bytes = 0;
    for (int i = 0; i < instructions; i++) {
      lengths[i] = (byte) (1 + random.nextInt(15));
      bytes += lengths[i];
    }
    byte[] code = new byte[bytes];
    random.nextBytes(code);
    BlockDefinition block =
        BlockDefinition.newBuilder()
            .setNumber(blocks.size())
            .setMode(CodeMode.LONG_64)
            .setRip(0xffffffff81000000L + random.nextInt(1 << 20))
            .addGpa(random.nextInt(1 << 28))
            .setCode(ByteString.copyFrom(code))
            .setInstructionLengths(ByteString.copyFrom(lengths))
            .build();
    blocks.add(block);
    builder.block(block);
    return block.getNumber();
  }

  private Event event(int vcpu) {
    Event.Builder event =
        Event.newBuilder()
            .setPosition(position)
            .setVcpu(vcpu)
            .setRip(random.nextLong())
            .setTimeNs(position * 3);
    return switch (random.nextInt(3)) {
      case 0 -> event.setCpuid(CpuidEvent.newBuilder().setLeaf(7).setEax(random.nextInt())).build();
      case 1 ->
          event.setIpi(IpiEvent.newBuilder().setVector(0x20).addTargets(0).addTargets(2)).build();
      default ->
          event
              .setMemoryType(
                  MemoryTypeEvent.newBuilder()
                      .setGva(random.nextLong() & ~0xFFFL)
                      .setSize(4096)
                      .setMtrr("UC")
                      .setPat("WB")
                      .setEffective("UC")
                      .setRule("mtrr-uc"))
              .build();
    };
  }
}
