package dev.backstep.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.machine.StopReason;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.journal.TraceVerifier;
import dev.backstep.proto.v1.Event;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Guests that do a lot between two instructions, or nothing for ever.
class HardGuestsTest {
  @TempDir Path folder;

  private GuestRun kernel(String... code) throws IOException {
    return GuestRun.of(TestKernel.write(folder.resolve("kernel.elf"), code));
  }

  /// Records and replays; returns how the recorded machine stopped.
  private StopReason check(GuestRun run) throws Exception {
    Path trace = folder.resolve("trace");
    StopReason reason = run.record(trace);
    ReplayResult.Identical identical = GuestRun.replayIdentically(trace);
    assertTrue(identical.wholeRun());
    return reason;
  }

  private TraceReader open() throws IOException {
    return TraceReader.open(folder.resolve("trace"));
  }

  @Test
  void journalsTwoHundredThousandPortWritesOfOneInstruction() throws Exception {
    GuestRun run =
        kernel(
            "be 00001000", // mov esi, 0x100000
            "ba 80000000", // mov edx, 0x80
            "b9 400d0300", // mov ecx, 200000
            "fc f36e", // cld; rep outsb
            "ba f4000000 31c0 ee", // mov edx, 0xf4; xor eax, eax; out dx, al
            "f4 ebfd"); // hlt; jmp to it
    assertEquals(new StopReason.DebugExit(0), check(run.on("kvm-intel")));
    try (TraceReader reader = open()) {
      TraceVerifier.Result result = TraceVerifier.verify(reader);
      assertTrue(result.chunks() > 5, result.toString());
      assertTrue(result.events() >= 200_000, result.toString());
    }
  }

  @Test
  void journalsAGuestThatFaultsForEverAndRetiresNothing() throws Exception {
    GuestRun run =
        kernel(
            "0f0115 35001000", // lgdt
            "0f011d 3b001000", // lidt
            "ea 25001000 0800", // ljmp 8:next
            "b8 10000000 8ed0 bc 0000f001", // SS, ESP
            "0f0b", // ud2
            "0f0b", // the handler of #UD: ud2
            "1700 41001000 3f00 59001000", // GDTR, IDTR
            "0000000000000000 ffff0000009bcf00 ffff00000093cf00", // GDT
            "00".repeat(48),
            "33000800008e1000", // IDT: vector 6
            "00".repeat(8));
    assertEquals(new StopReason.Stuck(0), check(run));
    try (TraceReader reader = open()) {
      TraceVerifier.Result result = TraceVerifier.verify(reader);
      assertEquals(6, result.instructions());
      assertTrue(result.chunks() > 2, result.toString());
    }
  }

  /// The frame of #AC's handler at CPL 3 is not aligned: #AC, for ever.
  @Test
  void replaysAGuestThatDeliversForEver() throws Exception {
    GuestRun run =
        kernel(
            "0f0115 54001000", // lgdt
            "0f011d 5a001000", // lidt
            "ea 25001000 0800", // ljmp 8:next
            "b8 10000000 8ed0 bc 0000f001", // SS, ESP
            "0f20c0 0d 00000400 0f22c0", // CR0.AM
            "68 00000400 9d", // EFLAGS.AC
            "6a23 68 f1ffef01 6a1b 68 51001000 cb", // to CPL 3, with an odd ESP
            "50 9090", // push eax
            "2700 60001000 8f00 88001000", // GDTR, IDTR
            "0000000000000000 ffff0000009bcf00 ffff00000093cf00", // GDT
            "ffff000000fbcf00 ffff000000f3cf00",
            "00".repeat(8 * 17),
            "51001b0000ef1000"); // IDT: vector 17
    assertEquals(new StopReason.Stuck(0), check(run));
    try (TraceReader reader = open()) {
      assertEquals(16, TraceVerifier.verify(reader).instructions());
    }
  }

  @Test
  void journalsFortyThousandBlocksThatRunOnce() throws Exception {
    GuestRun run =
        kernel(
            "bf 00004000 b9 409c0000", // mov edi, 0x400000; mov ecx, 40000
            "c607b8 894f01 66c74705eb00", // writes mov eax, ecx's value; jmp $+2
            "83c707 e2ef c607c3", // add edi, 7; loop; ret behind them
            "bc 0000f001 b8 00004000 ffd0", // ESP; call 0x400000
            "ba f4000000 31c0 ee"); // exit
    assertEquals(new StopReason.DebugExit(0), check(run));
    try (TraceReader reader = open()) {
      assertTrue(TraceVerifier.verify(reader).blocks() >= 40_000);
    }
  }

  @Test
  void replaysTripleFaultsThatRestartTheGuest() throws Exception {
    GuestRun run =
        kernel(
            "ff05 00002000 833d 00002000 03", // inc dword [0x200000]; cmp it with 3
            "7208 ba f4000000 31c0 ee", // jb on; exit
            "0f011d 30001000 0f0b", // lidt with limit 0; ud2
            "00".repeat(8));
    assertEquals(new StopReason.DebugExit(0), check(run.restarting()));
    try (TraceReader reader = open()) {
      assertEquals(2, reader.chunk(0).events().stream().filter(Event::hasReset).count());
    }
  }

  @Test
  void endsAGuestThatOnlyResets() throws Exception {
    assertInstanceOf(StopReason.Stuck.class, check(kernel("0f0b").restarting()));
  }

  @Test
  void endsAGuestThatResetsAfterAFewInstructionsAtTheLimit() throws Exception {
    GuestRun run = kernel("90 90 0f0b").restarting().upTo(2_001);
    assertEquals(new StopReason.InstructionLimit(), check(run));
    try (TraceReader reader = open()) {
      assertEquals(2_001, reader.endPosition());
    }
  }

  @Test
  void replaysAGuestThatWaitsForEver() throws Exception {
    assertEquals(new StopReason.Idle(), check(kernel("fa f4 ebfd")));
  }

  @Test
  void replaysARunThatEndsWithinABlock() throws Exception {
    for (long limit : new long[] {1, 999, 20_001}) {
      Path trace = folder.resolve("limit" + limit);
      assertEquals(
          new StopReason.InstructionLimit(),
          GuestRun.builtIn("tour").withCpus(2).upTo(limit).record(trace));
      assertEquals(limit, GuestRun.replayIdentically(trace).position());
    }
  }

  @Test
  void replaysEightVcpus() throws Exception {
    assertEquals(
        new StopReason.DebugExit(0), check(GuestRun.builtIn("tour").withCpus(8).on("kvm-intel")));
  }
}
