package dev.backstep.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.cli.errata.Behaviour;
import dev.backstep.cli.errata.BehaviourList;
import dev.backstep.cli.errata.ErrataPlatform;
import dev.backstep.cli.errata.ErrataRun;
import dev.backstep.cli.errata.Observation;
import dev.backstep.cli.errata.Recipe;
import dev.backstep.cli.errata.Trial;
import dev.backstep.cli.errata.Verdict;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ErrataRunTest {
  private static final Recipe GUEST = Recipe.guest("faults");
  private static final List<ErrataPlatform> METAL = List.of(ErrataPlatform.BARE_METAL_INTEL);

  @TempDir private Path folder = Path.of("unset");

  @Test
  void eachObservationIsReadFromTheTrace() throws Exception {
    BehaviourList list = new BehaviourList("r");
    add(list, "field", GUEST, Observation.field("kind:exception AND vector:6", "vector", "cr2"));
    add(list, "one-field", GUEST, Observation.field("kind:exception AND vector:6", "name"));
    add(list, "no-event", GUEST, Observation.field("kind:exception AND vector:99", "vector"));
    add(list, "count", GUEST, Observation.count("kind:console AND text:Backstep*"));
    add(list, "count-of-none", GUEST, Observation.count("kind:exception AND vector:99"));
    add(list, "not-printed", GUEST, Observation.printed("frobnicate"));
    add(list, "ending", GUEST, Observation.ending());
    List<Verdict> verdicts = run(list.done(), METAL, ErrataTest::record);
    assertEquals(
        List.of("vector=6 cr2=none", "#UD", "nothing", "1", "0", "nothing", "power-off"),
        verdicts.stream().map(Verdict::observed).toList());
    assertTrue(verdicts.get(0).position().isPresent());
    assertTrue(verdicts.get(4).position().isEmpty());
  }

  @Test
  void behavioursWithTheSameCommandShareARecording() throws Exception {
    BehaviourList list = new BehaviourList("r");
    add(list, "one", GUEST, Observation.ending());
    add(list, "two", GUEST, Observation.count("kind:exception"));
    add(list, "three", GUEST.memory("32"), Observation.ending());
    AtomicInteger recordings = new AtomicInteger();
    run(
        list.done(),
        METAL,
        (words, errors) -> {
          recordings.incrementAndGet();
          return ErrataTest.record(words, errors);
        });
    assertEquals(2, recordings.get());
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(0, left.count());
    }
  }

  @Test
  void requestToTheHypervisorIsRefusedOnBareMetal() throws Exception {
    BehaviourList list = new BehaviourList("r");
    list.add("refusal", "A request.")
        .recorded(GUEST.inject("get-vcpu-events,vcpu=0,at=1000"))
        .observed(Observation.ending())
        .refusedOnBareMetal()
        .expect("power-off", "the source", ErrataPlatform.KVM_INTEL, ErrataPlatform.KVM_AMD);
    List<Verdict> verdicts = run(list.done(), List.of(ErrataPlatform.values()), ErrataTest::record);
    assertTrue(verdicts.stream().allMatch(Verdict::agrees), verdicts.toString());
    assertTrue(verdicts.getFirst().observed().startsWith("refused: --inject: bare-metal-intel"));
  }

  @Test
  void recordingThatBreaksSpoilsNoOther() throws Exception {
    BehaviourList list = new BehaviourList("r");
    add(list, "broken", Recipe.guest("no-such-guest"), Observation.ending());
    add(list, "whole", GUEST, Observation.ending());
    List<Verdict> verdicts = run(list.done(), METAL, ErrataTest::record);
    assertTrue(verdicts.get(0).observed().startsWith("failed: "), verdicts.toString());
    assertFalse(verdicts.get(0).agrees());
    assertEquals("power-off", verdicts.get(1).observed());
  }

  private List<Verdict> run(
      List<Behaviour> behaviours, List<ErrataPlatform> platforms, ErrataRun.Recorder recorder)
      throws Exception {
    return new ErrataRun(recorder, folder, ErrataRun.Traces.DELETED, ErrataRun.Depth.OUTCOMES)
        .run(Trial.of(behaviours, platforms), (_, _) -> {});
  }

  private static void add(BehaviourList list, String name, Recipe recipe, Observation observation) {
    list.add(name, "Something.")
        .recorded(recipe)
        .observed(observation)
        .expectEverywhere("anything", "the source");
  }
}
