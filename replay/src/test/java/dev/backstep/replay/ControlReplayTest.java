package dev.backstep.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.control.ControlCall;
import dev.backstep.emulator.input.ExternalInputs;
import dev.backstep.emulator.machine.Machine;
import dev.backstep.emulator.machine.StopReason;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.v1.Configuration;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.Input;
import dev.backstep.proto.v1.Manifest;
import dev.backstep.recorder.ControlScript;
import dev.backstep.recorder.ControlScript.Moment;
import dev.backstep.recorder.ControlScript.Step;
import dev.backstep.recorder.RecordSession;
import dev.backstep.replay.ReplayResult.Diverged;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Requests to the hypervisor are made again at the same moments.
class ControlReplayTest {
  /// To an APIC that is not there: changes nothing.
  private static final ControlCall LOST_MESSAGE =
      ControlCall.parse("signal-msi,address=0xfee77000,data=0x55");

  private static final ControlCall NO_VCPU = ControlCall.parse("get-vcpu-events,vcpu=77");

  @TempDir Path folder;

  private static Step at(long position, ControlCall call) {
    return new Step(call, new Moment.At(position));
  }

  private static Step when(Predicate<Event> condition, ControlCall call) {
    return new Step(call, new Moment.When("a test's", condition));
  }

  private static ControlScript script(Step... steps) {
    return new ControlScript(List.of(steps));
  }

  private static List<Input> requests(Path trace) throws IOException {
    List<Input> requests = new ArrayList<>();
    try (TraceReader reader = TraceReader.open(trace)) {
      for (int k = 0; k < reader.chunkCount(); k++) {
        reader.chunk(k).inputs().stream().filter(Input::hasInjection).forEach(requests::add);
      }
    }
    return requests;
  }

  private static List<Event> controls(Path trace) throws IOException {
    List<Event> controls = new ArrayList<>();
    try (TraceReader reader = TraceReader.open(trace)) {
      for (int k = 0; k < reader.chunkCount(); k++) {
        reader.chunk(k).events().stream().filter(Event::hasControl).forEach(controls::add);
      }
    }
    return controls;
  }

  @ParameterizedTest
  @CsvSource({
    "1, uptime, 1, kvm-intel, ''",
    "2, sieve, 4, kvm-amd, 20000",
    "3, tour, 2, kvm-intel, ''",
    "4, uptime, 1, kvm-amd, ''",
    "5, sieve, 3, kvm-intel, 20000",
    "6, faults, 1, kvm-intel, ''",
  })
  void recordsAlikeTwiceAndReplaysAnyScript(
      long seed, String guest, int cpus, String platform, String arguments) throws Exception {
    // A vCPU that the guest did not reckon with may keep it waiting for ever.
    GuestRun run =
        GuestRun.builtIn(guest)
            .on(platform)
            .withCpus(cpus)
            .withArguments(arguments)
            .upTo(1_000_000);
    Path first = folder.resolve("first");
    Path second = folder.resolve("second");
    run.record(first, ScriptedInputs.none(), randomScript(seed, cpus));
    run.record(second, ScriptedInputs.none(), randomScript(seed, cpus));
    assertEquals(end(first), end(second));
    assertEquals(controls(first), controls(second));
    assertTrue(controls(first).size() > 3, "seed " + seed + " made no requests");
    assertTrue(GuestRun.replayIdentically(first).wholeRun());
  }

  private static dev.backstep.proto.v1.End end(Path trace) throws IOException {
    try (TraceReader reader = TraceReader.open(trace)) {
      return reader.manifest().getEnd().toBuilder().clearJournalFiles().build();
    }
  }

  /// Steps at positions, and after so many events of any kind or of one.
  private static ControlScript randomScript(long seed, int cpus) {
    Random random = new Random(seed);
    List<ControlCall> calls =
        List.of(
            LOST_MESSAGE,
            NO_VCPU,
            ControlCall.parse("enable-cap,cap=X2APIC_API,flags=1"),
            ControlCall.parse("set-vcpu-events,vcpu=0"),
            ControlCall.parse("set-vcpu-events,vcpu=0,nmi-masked=on,shadow=1,flags=4"),
            ControlCall.parse("set-vcpu-events,vcpu=0,injected=on,nr=1"),
            ControlCall.parse("get-vcpu-events,vcpu=" + (cpus - 1)),
            ControlCall.parse("create-vcpu,id=" + (40 + random.nextInt(300))));
    List<Step> steps = new ArrayList<>();
    long position = 0;
    for (int k = 0; k < 40; k++) {
      ControlCall call = calls.get(random.nextInt(calls.size()));
      position += random.nextInt(800);
      steps.add(
          switch (random.nextInt(4)) {
            case 0 -> at(position, call);
            case 1 -> when(nth(1 + random.nextInt(30), event -> true), call);
            case 2 -> when(nth(1 + random.nextInt(4), Event::hasVmexit), call);
            default -> when(event -> event.hasInterrupt() || event.hasVmexit(), call);
          });
    }
    return new ControlScript(steps);
  }

  /// Holds for the `n`th event of those that meet a condition.
  private static Predicate<Event> nth(int n, Predicate<Event> condition) {
    int[] left = {n};
    return event -> condition.test(event) && --left[0] == 0;
  }

  @Test
  void makesARequestExactlyAtItsPosition() throws Exception {
    Path trace = folder.resolve("trace");
    ControlScript script = script(at(12_345, NO_VCPU), at(5, NO_VCPU), at(12_347, LOST_MESSAGE));
    GuestRun.builtIn("tour")
        .on("kvm-intel")
        .withCpus(2)
        .record(trace, ScriptedInputs.none(), script);
    assertEquals(
        List.of(12_345L, 12_345L, 12_347L),
        requests(trace).stream().map(Input::getPosition).toList());
    assertEquals(
        List.of(12_345L, 12_345L, 12_347L),
        controls(trace).stream().map(Event::getPosition).toList());
    assertTrue(script.open().isEmpty());
    GuestRun.replayIdentically(trace);
  }

  @Test
  void makesARequestBehindTheInstructionThatMadeItDue() throws Exception {
    Path trace = folder.resolve("trace");
    long[] seen = {-1};
    Predicate<Event> condition =
        event -> {
          seen[0] = event.getPosition();
          return event.hasCpuid() && event.getPosition() > 2_000;
        };
    GuestRun.builtIn("tour")
        .on("kvm-intel")
        .record(trace, ScriptedInputs.none(), script(when(condition, NO_VCPU)));
    assertEquals(seen[0] + 1, controls(trace).getFirst().getPosition());
    assertTrue(requests(trace).getFirst().getInjection().hasAfterEvents());
    GuestRun.replayIdentically(trace);
  }

  @Test
  void aStepHearsOfWhatTheOneBeforeItDid() throws Exception {
    Path trace = folder.resolve("trace");
    ControlScript script =
        script(at(500, NO_VCPU), when(Event::hasControl, LOST_MESSAGE), at(0, NO_VCPU));
    GuestRun.builtIn("tour").on("kvm-amd").record(trace, ScriptedInputs.none(), script);
    assertEquals(
        List.of(500L, 500L, 500L), controls(trace).stream().map(Event::getPosition).toList());
    GuestRun.replayIdentically(trace);
  }

  @Test
  void replaysRequestsWhileEveryVcpuWaits() throws Exception {
    Path trace = folder.resolve("trace");
    ControlScript script =
        script(
            when(Event::hasHalt, LOST_MESSAGE),
            when(Event::hasWake, NO_VCPU),
            when(nth(20, Event::hasHalt), LOST_MESSAGE));
    GuestRun.builtIn("uptime").on("kvm-intel").record(trace, ScriptedInputs.none(), script);
    assertEquals(3, controls(trace).size());
    GuestRun.replayIdentically(trace);
  }

  /// Where a chunk is full: the request that ends a turn there must not be lost with the next one.
  @Test
  void aJournalCutBehindAFullChunkHoldsTheRequestThatEndedIt() throws Exception {
    GuestRun run = GuestRun.builtIn("sieve").on("kvm-intel").withCpus(2).withArguments("1000000");
    Path plain = folder.resolve("plain");
    run.upTo(6_000_000).record(plain);
    long boundary;
    try (TraceReader reader = TraceReader.open(plain)) {
      assertTrue(reader.chunkCount() > 1);
      boundary = reader.chunk(0).endPosition();
    }
    Path trace = folder.resolve("trace");
    run.upTo(6_000_000).record(trace, ScriptedInputs.none(), script(at(boundary, NO_VCPU)));
    GuestRun.replayIdentically(trace);
    Path cut = new TraceRewriter(trace).withoutEnd().firstChunks(1).to(folder.resolve("cut"));
    assertEquals(1, requests(cut).size());
    assertFalse(GuestRun.replayIdentically(cut).wholeRun());
  }

  @Test
  void replaysPartsOfARunWithManyRequests() throws Exception {
    GuestRun run = GuestRun.builtIn("sieve").on("kvm-amd").withCpus(2).withArguments("1000000");
    List<Step> steps = new ArrayList<>();
    for (long position = 1_000; position < 5_000_000; position += 17_777) {
      steps.add(at(position, LOST_MESSAGE));
      steps.add(when(event -> true, NO_VCPU));
    }
    Path trace = folder.resolve("trace");
    run.upTo(6_000_000).record(trace, ScriptedInputs.none(), new ControlScript(steps));
    GuestRun.replayIdentically(trace);
    int chunks;
    try (TraceReader reader = TraceReader.open(trace)) {
      chunks = reader.chunkCount();
    }
    assertTrue(chunks > 1);
    for (int k = 1; k < chunks; k++) {
      Path cut = new TraceRewriter(trace).withoutEnd().firstChunks(k).to(folder.resolve("c" + k));
      GuestRun.replayIdentically(cut);
    }
  }

  @Test
  void replaysAMachineThatWasStoppedWhenARequestWasDue() throws Exception {
    AtomicReference<Machine> machine = new AtomicReference<>();
    Predicate<Event> stopping =
        event -> {
          boolean due = event.hasCpuid() && event.getPosition() > 2_000;
          if (due) {
            machine.get().requestStop();
          }
          return due;
        };
    Path trace = folder.resolve("event");
    assertEquals(
        new StopReason.Requested(),
        stopped(trace, ScriptedInputs.none(), script(when(stopping, NO_VCPU)), machine));
    assertEquals(1, requests(trace).size());
    assertTrue(controls(trace).isEmpty());
    assertTrue(GuestRun.replayIdentically(trace).wholeRun());

    Path other = folder.resolve("position");
    StoppingInputs inputs = new StoppingInputs(machine);
    assertEquals(
        new StopReason.Requested(), stopped(other, inputs, script(at(1_234, NO_VCPU)), machine));
    assertEquals(1_234, requests(other).getFirst().getPosition());
    assertTrue(controls(other).isEmpty());
    assertTrue(GuestRun.replayIdentically(other).wholeRun());
  }

  private StopReason stopped(
      Path trace, ExternalInputs inputs, ControlScript script, AtomicReference<Machine> machine)
      throws Exception {
    GuestRun run = GuestRun.builtIn("tour").on("kvm-intel").withCpus(2);
    try (RecordSession session =
        RecordSession.create(trace, run.manifest(), run.config(), inputs, bytes -> {}, script)) {
      machine.set(session.machine());
      return session.run();
    }
  }

  /// Stops the machine in its first turn.
  private record StoppingInputs(AtomicReference<Machine> machine) implements ExternalInputs {
    @Override
    public long realTimeClockSeconds() {
      return 0;
    }

    @Override
    public long entropy() {
      return 0;
    }

    @Override
    public int consoleByte(long position) {
      if (position >= 1_000) {
        machine.get().requestStop();
      }
      return NOTHING;
    }

    @Override
    public boolean awaitConsole(long position) {
      return false;
    }
  }

  @Test
  void namesTheRequestThatDiffers() throws Exception {
    Path trace = folder.resolve("trace");
    GuestRun.builtIn("tour")
        .on("kvm-intel")
        .record(
            trace,
            ScriptedInputs.none(),
            script(at(1_000, NO_VCPU), when(event -> event.hasMsr(), LOST_MESSAGE)));
    Input second = requests(trace).getLast();

    Diverged d = replayWith(trace, "call", second.toBuilder(), "signal-msi,address=0x0,data=0x0");
    assertEquals(Diverged.EVENT, d.fact());
    assertEquals(second.getPosition(), d.position());

    d =
        replayWith(
            trace, "spelling", second.toBuilder(), "signal-msi,data=0x55,address=0xfee77000");
    assertEquals(Diverged.INPUT, d.fact());
    assertTrue(d.found().contains("signal-msi"), d.found());

    Input.Builder late = second.toBuilder();
    late.getInjectionBuilder().setTurn(second.getInjection().getTurn() + 1_000_000);
    d = replayWith(trace, "late", late, LOST_MESSAGE.text());
    assertTrue(d.position() >= second.getPosition(), d.toString());

    Input.Builder early = second.toBuilder();
    early.getInjectionBuilder().setAfterEvents(1_000_000);
    replayWith(trace, "early", early, LOST_MESSAGE.text());
  }

  private Diverged replayWith(Path trace, String name, Input.Builder last, String text)
      throws Exception {
    return assertInstanceOf(Diverged.class, GuestRun.replay(changed(trace, name, last, text)));
  }

  private Path changed(Path trace, String name, Input.Builder last, String text)
      throws IOException {
    last.getInjectionBuilder().setSpecification(text);
    return new TraceRewriter(trace)
        .chunks(
            c ->
                c.inputs.replaceAll(
                    input ->
                        input.hasInjection() && input.getInjection().hasAfterEvents()
                            ? last.build()
                            : input))
        .to(folder.resolve(name));
  }

  @Test
  void refusesARequestThatCannotBeRead() throws Exception {
    Path trace = folder.resolve("trace");
    GuestRun.builtIn("tour")
        .on("kvm-intel")
        .record(trace, ScriptedInputs.none(), script(when(Event::hasMsr, LOST_MESSAGE)));
    Input request = requests(trace).getFirst();
    for (String text : List.of("", "set-msr,vcpu=0\nfoo", "rm -rf,x=1", "signal-msi,address=")) {
      Path changed = changed(trace, "t" + text.length(), request.toBuilder(), text);
      IOException e = assertThrows(IOException.class, () -> GuestRun.replay(changed));
      String message = String.valueOf(e.getMessage());
      assertTrue(message.contains("a request to the hypervisor that cannot be read"), message);
      assertFalse(message.contains("\n"), message);
    }
  }

  @Test
  void divergesIfTheManifestHidesItsRequests() throws Exception {
    Path trace = folder.resolve("trace");
    GuestRun.builtIn("tour")
        .on("kvm-intel")
        .record(trace, ScriptedInputs.none(), script(at(1_000, NO_VCPU)));
    Path changed =
        new TraceRewriter(trace)
            .manifest(ControlReplayTest::withoutInjections)
            .to(folder.resolve("changed"));
    assertInstanceOf(Diverged.class, GuestRun.replay(changed));
  }

  private static Manifest withoutInjections(Manifest manifest) {
    Configuration.Builder configuration = manifest.getConfiguration().toBuilder().clearInjections();
    return manifest.toBuilder().setConfiguration(configuration).build();
  }

  @Test
  void theManifestHoldsTheStepsAsText() throws Exception {
    Path trace = folder.resolve("trace");
    GuestRun.builtIn("tour")
        .on("kvm-intel")
        .record(trace, ScriptedInputs.none(), script(at(7, NO_VCPU), when(e -> false, NO_VCPU)));
    try (TraceReader reader = TraceReader.open(trace)) {
      assertEquals(
          List.of("get-vcpu-events,vcpu=77,at=7", "get-vcpu-events,vcpu=77,when=a test's"),
          reader.manifest().getConfiguration().getInjectionsList());
    }
  }
}
