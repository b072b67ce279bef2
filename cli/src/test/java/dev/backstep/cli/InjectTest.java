package dev.backstep.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `--inject`, as a user gives it.
class InjectTest {
  private static final String REFUSED =
      "--inject: %s has no hypervisor to ask; choose --platform kvm-intel or kvm-amd";

  @TempDir private Path folder = Path.of("unset");

  private List<String> words(String verb, String platform, String... more) throws Exception {
    List<String> words =
        new ArrayList<>(
            List.of(
                verb,
                "--platform",
                platform,
                "-kernel",
                Guests.copy("tour", folder).toString(),
                "-device",
                Guests.EXIT_DEVICE,
                "-serial",
                "null"));
    words.addAll(List.of(more));
    return words;
  }

  private CommandRun backstep(String verb, String platform, String... more) throws Exception {
    return CommandRun.backstep(words(verb, platform, more).toArray(new String[0]));
  }

  @ParameterizedTest
  @ValueSource(strings = {"kvm-intel", "kvm-amd"})
  void recordsReplaysAndFindsRequests(String platform) throws Exception {
    Path scenario =
        Files.writeString(
            folder.resolve("more"),
            """
            - when: 'kind:cr AND reg:CR3'
              call: get-vcpu-events
              vcpu: 5
            - when: 'kind:control AND vcpu:0'
              call: enable-cap
              cap: X2APIC_API
              flags: 0x8000000000000000
            """);
    String trace = folder.resolve("trace").toString();
    CommandRun recorded =
        backstep(
            "record",
            platform,
            "--inject",
            "enable-cap,cap=X2APIC_API,flags=1,at=1000",
            "--inject",
            "@" + scenario,
            "--inject",
            "get-vcpu-events,vcpu=0,when=kind:reset AND source:nothing",
            "-o",
            trace);
    assertEquals(Guests.PASSED, recorded.status(), recorded.err());
    assertEquals(
        "backstep: --inject get-vcpu-events,vcpu=0,when=kind:reset AND source:nothing: never became"
            + " due",
        recorded.err().strip());
    assertEquals(0, CommandRun.backstep("replay", trace).status());
    assertEquals("1", count(trace, "kind:control AND position:1000 AND result:0"));
    assertEquals("1", count(trace, "call:get-vcpu-events AND result:\"-ENOENT\""));
    assertEquals("1", count(trace, "call:enable-cap AND result:\"-EINVAL\""));
    assertEquals("3", count(trace, "kind:control"));
    String info = CommandRun.backstep("info", trace).out();
    assertEquals(4, info.lines().filter(line -> line.startsWith("injection")).count(), info);
    assertTrue(info.contains("enable-cap,cap=X2APIC_API,flags=0x1,at=1000"), info);
  }

  private static String count(String trace, String query) {
    return CommandRun.backstep("search", trace, query, "--count").out().strip();
  }

  @Test
  void runMakesRequestsWithoutRecording() throws Exception {
    CommandRun run =
        backstep(
            "run",
            "kvm-intel",
            "--inject",
            "get-vcpu-events,vcpu=5,when=kind:cr",
            "--inject",
            "get-vcpu-events,vcpu=5,when=kind:cr AND reg:nothing");
    assertEquals(Guests.PASSED, run.status(), run.err());
    assertEquals(1, run.err().lines().count(), run.err());
    assertTrue(run.err().contains("reg:nothing: never became due"), run.err());
  }

  @ParameterizedTest
  @ValueSource(strings = {"bare-metal-intel", "bare-metal-amd"})
  void isRefusedOnBareMetalBeforeAnythingRuns(String platform) throws Exception {
    Path trace = folder.resolve("trace");
    String step = "create-vcpu,id=9,at=0";
    for (CommandRun run :
        List.of(
            backstep("record", platform, "--inject", step, "-o", trace.toString()),
            backstep("run", platform, "--inject", step))) {
      assertEquals(1, run.status());
      assertTrue(run.err().contains(REFUSED.formatted(platform)), run.err());
      assertEquals(1, run.err().lines().count(), run.err());
      assertEquals("", run.out());
    }
    assertFalse(Files.exists(trace));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "create-vcpu,id=9",
        "create-vcpu,id=9,at=50%",
        "create-vcpu,id=9,at=1,when=kind:cr",
        "create-vcpu,id=9,at=1,at=2",
        "create-vcpu,id=9,when=mnemonic:hlt",
        "create-vcpu,id=9,when=",
        "create-vcpu,identity=9,at=0",
        "reboot,at=0",
        "at=0",
        "",
        "@",
        "@nowhere",
        "nowhere.yaml"
      })
  void wrongSpecificationsAreWrongUsage(String specification) throws Exception {
    CommandRun run = backstep("run", "kvm-intel", "--inject", specification);
    assertEquals(2, run.status(), run.err());
    assertEquals(1, run.err().lines().count(), run.err());
    assertEquals("", run.out());
  }

  @Test
  void qemusCommandLineTakesItToo() throws Exception {
    List<String> words = words("", "", "--inject", "create-vcpu,id=9,at=99999999999");
    CommandRun run = CommandRun.qemu(words.subList(3, words.size()).toArray(new String[0]));
    assertEquals(Guests.PASSED, run.status(), run.err());
    assertTrue(run.err().contains("never became due"), run.err());
  }
}
