package dev.backstep.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TourTest {
  @TempDir private Path folder = Path.of("unset");

  @Test
  void demoShowsThatTheSameMtrrIsHonouredOnBareMetalOnly() {
    CommandRun demo = CommandRun.backstep("demo", "-o", folder.toString());
    assertEquals(0, demo.status(), demo.err());
    assertTrue(demo.out().contains("mtrr=UC  pat=WB  cr0_cd=false  effective=UC"), demo.out());
    assertTrue(demo.out().contains("nested=WB|IPAT  cr0_cd=false  effective=WB"), demo.out());
    assertEquals(2, demo.out().lines().filter(line -> line.startsWith("identical: ")).count());
  }

  @Test
  void qemuCommandLineRunsAGuestWithQemusStatus() throws Exception {
    CommandRun run =
        CommandRun.qemu(
            "-nodefaults",
            "-device",
            "pc-testdev",
            "-device",
            Guests.EXIT_DEVICE,
            "-display",
            "none",
            "-serial",
            "file:" + folder.resolve("serial"),
            "-device",
            "pci-testdev",
            "-machine",
            "accel=tcg",
            "-global",
            "kvm-pit.lost_tick_policy=discard",
            "--no-reboot",
            "-kernel",
            Guests.copy("faults", folder).toString(),
            "-smp",
            "1",
            "-cpu",
            "qemu64,+x2apic",
            "-append",
            "x");
    assertEquals(Guests.PASSED, run.status(), run.err());
    assertEquals("", run.err());
  }

  @Test
  void traceOfAGuestWithTwoModulesReplaysFromBothFiles() throws Exception {
    Path first = Files.writeString(folder.resolve("first"), "1");
    Path second = Files.writeString(folder.resolve("second"), "22");
    String trace = folder.resolve("trace").toString();
    String kernel = Guests.copy("faults", folder).toString();
    CommandRun record =
        CommandRun.backstep(
            "record",
            "-o",
            trace,
            "-kernel",
            kernel,
            "-initrd",
            first + " a=1,," + "2," + second,
            "-machine",
            "pc,pit=off",
            "-device",
            Guests.EXIT_DEVICE);
    assertEquals(Guests.PASSED, record.status(), record.err());
    CommandRun replay = CommandRun.backstep("replay", trace);
    assertEquals(0, replay.status(), replay.err());
    assertTrue(replay.out().startsWith("identical: "), replay.out());

    Files.writeString(second, "23");
    CommandRun changed = CommandRun.backstep("replay", trace);
    assertEquals(1, changed.status());
    assertTrue(changed.err().contains(second + ": the initrd1 image has changed"), changed.err());
  }

  @Test
  void missingKernelIsOneLineInQemusWords() {
    CommandRun run =
        CommandRun.qemu("-nodefaults", "-enable-kvm", "-no-user-config", "-kernel", "_NO_FILE_");
    assertEquals(1, run.status());
    assertEquals(
        "backstep-qemu: could not open kernel file '_NO_FILE_': no such file", run.err().strip());
  }

  @Test
  void unknownOptionIsNamed() {
    CommandRun run = CommandRun.backstep("run", "-frobnicate", "-kernel", "x");
    assertEquals(2, run.status());
    assertTrue(run.err().contains("-frobnicate"), run.err());
    assertEquals(1, run.err().strip().lines().count());
  }

  @Test
  void infoOfSomethingThatIsNoTraceIsOneLine() {
    CommandRun run = CommandRun.backstep("info", folder.toString());
    assertEquals(1, run.status());
    assertEquals(1, run.err().strip().lines().count(), run.err());
  }

  @Test
  void platformsListsWhatTheOptionsCanName() {
    String listed = CommandRun.backstep("platforms").out();
    for (String name : new String[] {"bare-metal-intel", "kvm-intel", "IGNORE_GUEST_PAT", "max"}) {
      assertTrue(listed.contains(name), name);
    }
  }
}
