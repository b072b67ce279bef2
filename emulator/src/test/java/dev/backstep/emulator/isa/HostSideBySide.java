package dev.backstep.emulator.isa;

import static org.junit.jupiter.api.Assertions.fail;

import dev.backstep.emulator.cpuid.Vendor;
import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Decoder;
import dev.backstep.emulator.execution.OperationFactory;
import dev.backstep.emulator.testing.BareVcpu;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Vcpu;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/// The emulator and the host's processor, side by side: both execute the same few instructions from
/// the same registers and the same [#WINDOW] bytes of memory, and must leave the same.
final class HostSideBySide implements AutoCloseable {
  static final int WINDOW = 0x400;

  /// Linear address of the memory both see.
  static final long MEMORY = HostCpu.SCRATCH + 0x1000;

  private static final long GPA = 0x8000;
  private static final int ARITHMETIC_AND_DF = 0xCD5;

  /// A case that differs is run so often again: when the host's kernel takes the CPU away between
  /// two instructions, AMD's FXSAVE loses the x87's pointers.
  private static final int REPETITIONS = 2;

  /// Instructions to execute.
  ///
  /// @param name what they are, for messages
  /// @param registers RAX to R15 and RFLAGS
  /// @param memory contents of the window before
  record Sequence(String name, byte[] code, long[] registers, byte[] memory) {}

  private final Arena arena = Arena.ofConfined();
  private final BareVcpu bare =
      new BareVcpu(arena, 0x10_0000, hostVendor())
          .longMode(HostCpu.SCRATCH, HostCpu.SCRATCH_BYTES, GPA);
  private final MemorySegment guestWindow =
      bare.ram.segment().asSlice(GPA + MEMORY - HostCpu.SCRATCH, WINDOW);
  private final Decoder decoder = new Decoder(Set.of());
  private final OperationFactory factory = new OperationFactory();
  private final HostCpu host;
  private final MemorySegment hostWindow;
  private final long seed;

  private HostSideBySide(HostCpu host, long seed) {
    this.host = host;
    this.seed = seed;
    hostWindow = host.scratch().asSlice(MEMORY - HostCpu.SCRATCH, WINDOW);
  }

  /// Skips the test that asks where there is no such host.
  static HostSideBySide open(long seed) {
    return new HostSideBySide(HostCpu.openOrSkip(), seed);
  }

  /// Whose processor the host is: where vendors differ, the emulator is to be of the same.
  private static Vendor hostVendor() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      boolean amd = lines.anyMatch(line -> line.startsWith("vendor_id") && line.contains("AMD"));
      return amd ? Vendor.AMD : Vendor.INTEL;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Whether the host has a feature, by its name in the opcode table.
  static boolean hostHas(String feature) throws IOException {
    if (feature.isEmpty()) {
      return true;
    }
    for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
      if (line.startsWith("flags")) {
        return (line + " ").contains(" " + feature.toLowerCase(Locale.ROOT) + " ");
      }
    }
    return false;
  }

  /// Random registers, with flags at index 16, and random memory.
  static Sequence sequence(String name, byte[] code, SplittableRandom random) {
    long[] registers = new long[17];
    for (int k = 0; k < 16; k++) {
      registers[k] = random.nextLong();
    }
    registers[16] = random.nextInt() & 0x8D5 | 0x202;
    byte[] memory = new byte[WINDOW];
    random.nextBytes(memory);
    return new Sequence(name, code, registers, memory);
  }

  /// What is different between the memory that the emulator left and that which the host left; an
  /// empty text if nothing is that should not be.
  interface MemoryJudge {
    String differences(MemorySegment guest, MemorySegment host);
  }

  /// Runs all of them; all memory must agree.
  void compare(List<Sequence> sequences) throws Throwable {
    compare(sequences, HostSideBySide::memoryDifferences);
  }

  static String memoryDifferences(MemorySegment guest, MemorySegment host) {
    long at = host.mismatch(guest);
    if (at < 0) {
      return "";
    }
    long word = at & -16;
    return " memory at %x: ".formatted(word) + hex(guest, word) + ", host " + hex(host, word);
  }

  /// Runs all of them.
  void compare(List<Sequence> sequences, MemoryJudge judge) throws Throwable {
    for (int from = 0; from < sequences.size(); from += HostCpu.BATCH) {
      List<Sequence> batch =
          sequences.subList(from, Math.min(from + HostCpu.BATCH, sequences.size()));
      host.load(batch.stream().map(Sequence::code).toArray(byte[][]::new));
      for (int k = 0; k < batch.size(); k++) {
        Sequence one = batch.get(k);
        String differences = differences(one, k, judge);
        for (int more = 0; more < REPETITIONS && !differences.isEmpty(); more++) {
          differences = differences(one, k, judge);
        }
        if (!differences.isEmpty()) {
          fail(describe(one, differences));
        }
      }
    }
  }

  private String differences(Sequence one, int thunk, MemoryJudge judge) throws Throwable {
    Vcpu c = bare.vcpu;
    MemorySegment.copy(one.memory, 0, guestWindow, ValueLayout.JAVA_BYTE, 0, WINDOW);
    MemorySegment.copy(one.memory, 0, hostWindow, ValueLayout.JAVA_BYTE, 0, WINDOW);
    System.arraycopy(one.registers, 0, c.gpr, 0, 16);
    c.setRflags(one.registers[16]);
    execute(one);
    long[] state = one.registers.clone();
    host.run(thunk, state);
    StringBuilder differences = new StringBuilder();
    for (int k = 0; k < 16; k++) {
      if (k != 4 && state[k] != c.gpr[k]) {
        differences.append(" r%d %x, host %x;".formatted(k, c.gpr[k], state[k]));
      }
    }
    if (((state[16] ^ c.rflags()) & ARITHMETIC_AND_DF) != 0) {
      differences.append(" flags %x, host %x;".formatted(c.rflags(), state[16]));
    }
    differences.append(judge.differences(guestWindow, hostWindow));
    return differences.toString();
  }

  private static String hex(MemorySegment window, long at) {
    return HexFormat.of().formatHex(window.asSlice(at, 16).toArray(ValueLayout.JAVA_BYTE));
  }

  private void execute(Sequence one) {
    int at = 0;
    while (at < one.code.length) {
      int left = one.code.length - at;
      DecodedInstruction i = decoder.decode(one.code, at, left, CpuMode.LONG64, 0x40_0000 + at);
      if (i == null) {
        fail(describe(one, "does not decode at " + at));
        return;
      }
      try {
        factory.operationFor(i).execute(bare.vcpu, i);
      } catch (RuntimeException e) {
        fail(describe(one, "at " + at + " " + i.opcode.mnemonic()), e);
      }
      at += i.length;
    }
  }

  private String describe(Sequence one, String what) {
    return "%s [%s] seed %d: %s\nmemory %s"
        .formatted(
            one.name,
            HexFormat.ofDelimiter(" ").formatHex(one.code),
            seed,
            what,
            HexFormat.of().formatHex(one.memory, 0, 192));
  }

  @Override
  public void close() {
    host.close();
    arena.close();
  }
}
