package dev.backstep.cli.command;

import com.google.protobuf.ByteString;
import dev.backstep.cli.host.HostClock;
import dev.backstep.emulator.cpuid.CpuSetting;
import dev.backstep.emulator.device.DeviceCatalog;
import dev.backstep.emulator.machine.MachineConfig;
import dev.backstep.emulator.machine.MachineConfig.Image;
import dev.backstep.proto.journal.FileDigest;
import dev.backstep.proto.v1.Manifest;
import dev.backstep.recorder.ConfigurationTranslation;
import dev.backstep.recorder.ModuleList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The machine as the command line describes it, in QEMU's spelling.
public final class MachineOptions {
  /// Properties of `-machine` that choose nothing in this machine.
  private static final Set<String> MEANINGLESS =
      Set.of("accel", "vmport", "usb", "smm", "hpet", "graphics", "dump-guest-core");

  @Option(
      names = "-kernel",
      paramLabel = "FILE",
      description = "kernel to boot: ELF32 with a Multiboot header")
  private @Nullable Path kernel;

  @Option(
      names = "-initrd",
      paramLabel = "FILE[ ARGS][,FILE…]",
      description = "the kernel's modules; a comma in a name is written twice")
  private @Nullable String initrd;

  @Option(names = "-append", paramLabel = "STR", description = "command line of the kernel")
  private String append = "";

  @Option(names = "-bios", paramLabel = "FILE", description = "firmware image, mapped below 4 GiB")
  private @Nullable Path bios;

  @Option(
      names = "-m",
      paramLabel = "SIZE",
      description = "memory, in MiB or with a suffix K, M or G (default: 128)")
  private String memory = "128";

  @Option(names = "-smp", paramLabel = "N", description = "number of vCPUs (default: 1)")
  private String smp = "1";

  @Option(
      names = "-cpu",
      paramLabel = "MODEL[,+flag,-flag]",
      description = "CPU model (default: max); see the verb platforms")
  private String cpu = "max";

  @Option(
      names = "-device",
      paramLabel = "NAME[,key=value…]",
      description = "isa-debug-exit, isa-debugcon, pc-testdev or pci-testdev")
  private List<String> devices = new ArrayList<>();

  @Option(
      names = {"-no-reboot", "--no-reboot"},
      description = "end the run when the guest resets the machine")
  private boolean noReboot;

  @Option(
      names = "-machine",
      paramLabel = "TYPE[,key=value…]",
      description = "pc; pit=off leaves out the 8254; accel=… has no meaning here")
  private List<String> machine = new ArrayList<>();

  @Option(
      names = "-rtc",
      paramLabel = "base=DATE",
      description = "what the clock shows at power-up: utc, localtime or YYYY-MM-DDTHH:MM:SS")
  private String rtc = "base=utc";

  @Option(
      names = "--platform",
      paramLabel = "NAME[,key=value…]",
      description = "bare-metal-intel (default), kvm-intel, …; see the verb platforms")
  private String platform = "bare-metal-intel";

  @Option(
      names = "--quirk",
      paramLabel = "NAME=on|off",
      description = "switches one quirk of the platform")
  private Map<String, String> quirks = new LinkedHashMap<>();

  @Option(
      names = "--cache-model",
      paramLabel = "on|off",
      description =
          "model the vCPUs' caches, so that memory types have consequences (default: off)")
  private String cacheModel = "off";

  @Option(
      names = "--max-instructions",
      paramLabel = "N",
      description = "end the run after so many instructions")
  private long maxInstructions = MachineConfig.UNLIMITED;

  /// The configuration, with every image read.
  public MachineConfig config() throws IOException {
    checkMachine();
    checkNames();
    if (maxInstructions <= 0) {
      throw CliException.usage("--max-instructions " + maxInstructions + ": give a number above 0");
    }
    return new MachineConfig(
        memoryBytes(memory),
        cpuCount(smp),
        cpu,
        platform,
        quirkSettings(),
        image("kernel", kernel),
        moduleImages(),
        append,
        image("firmware", bios),
        devices.stream().map(ConfigurationTranslation::toDevice).toList(),
        hasPit(),
        isOn("--cache-model ", cacheModel),
        noReboot ? MachineConfig.OnReset.STOP : MachineConfig.OnReset.RESTART,
        maxInstructions);
  }

  /// Uses another platform unless `--platform` names one: for `backstep-qemu`.
  void defaultPlatform(String name) {
    platform = name;
  }

  /// The clock that the options ask for.
  public HostClock clock() {
    return HostClock.parse(rtc);
  }

  /// What the manifest says about the images and the command line.
  public Manifest manifest(String version, List<String> arguments) throws IOException {
    Manifest.Builder manifest =
        Manifest.newBuilder().setBackstepVersion(version).addAllArguments(arguments);
    addImage(manifest, ConfigurationTranslation.KERNEL, kernel);
    List<String> modules = modules();
    for (int k = 0; k < modules.size(); k++) {
      addImage(manifest, ModuleList.role(k), Path.of(ModuleList.file(modules.get(k))));
    }
    addImage(manifest, ConfigurationTranslation.BIOS, bios);
    return manifest.build();
  }

  private static void addImage(Manifest.Builder manifest, String role, @Nullable Path file)
      throws IOException {
    if (file == null) {
      return;
    }
    manifest.addImages(
        dev.backstep.proto.v1.Image.newBuilder()
            .setRole(role)
            .setPath(file.toAbsolutePath().toString())
            .setSize(Files.size(file))
            .setSha256(ByteString.copyFrom(FileDigest.sha256(file))));
  }

  private static @Nullable Image image(String what, @Nullable Path file) throws IOException {
    return file == null ? null : new Image(file.toString(), bytes(what, file));
  }

  /// Reads an image. The error is worded as QEMU's, for scripts that look for it.
  private static byte[] bytes(String what, Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw CliException.failure("could not open " + what + " file '" + file + "': no such file");
    }
    return Files.readAllBytes(file);
  }

  private List<String> modules() {
    return initrd == null ? List.of() : ModuleList.split(initrd);
  }

  private List<Image> moduleImages() throws IOException {
    List<Image> images = new ArrayList<>();
    for (String module : modules()) {
      images.add(new Image(module, bytes("initrd", Path.of(ModuleList.file(module)))));
    }
    return images;
  }

  private Map<String, Boolean> quirkSettings() {
    Map<String, Boolean> settings = new LinkedHashMap<>();
    quirks.forEach((name, value) -> settings.put(name, isOn("--quirk " + name + "=", value)));
    return settings;
  }

  /// @param setting what is set, as it stands before `value`
  private static boolean isOn(String setting, String value) {
    return switch (value) {
      case "on" -> true;
      case "off" -> false;
      default -> throw CliException.usage(setting + value + ": give on or off");
    };
  }

  /// Comes before any image is opened, as in QEMU: scripts find out with a kernel that is not there
  /// whether a CPU or a device is known.
  private void checkNames() {
    try {
      CpuSetting.parse(cpu);
    } catch (IllegalArgumentException e) {
      throw CliException.failure(String.valueOf(e.getMessage()));
    }
    for (String device : devices) {
      String name = ConfigurationTranslation.toDevice(device).name();
      if (!DeviceCatalog.has(name)) {
        throw CliException.failure(
            "-device " + name + ": no such device; `backstep platforms` lists those there are");
      }
    }
  }

  private void checkMachine() {
    for (String part : machineProperties()) {
      String key = part.contains("=") ? part.substring(0, part.indexOf('=')) : "type";
      String value = part.substring(part.indexOf('=') + 1);
      boolean known =
          switch (key) {
            case "type" -> value.equals(ConfigurationTranslation.MACHINE_TYPE);
            case "pit" -> value.equals("on") || value.equals("off");
            default -> MEANINGLESS.contains(key);
          };
      if (!known) {
        throw CliException.usage(
            "-machine " + part + ": only type pc, pit=on|off and accel=… are known");
      }
    }
  }

  /// The properties of all `-machine` options: of two values of one, the last counts.
  private List<String> machineProperties() {
    return machine.stream().flatMap(text -> Stream.of(text.split(",", -1))).toList();
  }

  private boolean hasPit() {
    boolean on = true;
    for (String part : machineProperties()) {
      if (part.startsWith("pit=")) {
        on = !part.equals(ConfigurationTranslation.WITHOUT_PIT);
      }
    }
    return on;
  }

  /// QEMU's `-smp`: a number, or `cpus=N` among other properties.
  static int cpuCount(String text) {
    String number = text;
    for (String part : text.split(",", -1)) {
      if (part.startsWith("cpus=")) {
        number = part.substring("cpus=".length());
      }
    }
    if (number.contains(",")) {
      number = number.substring(0, number.indexOf(','));
    }
    try {
      return Integer.parseInt(number);
    } catch (NumberFormatException e) {
      throw CliException.usage("-smp " + text + ": give a number of vCPUs");
    }
  }

  /// QEMU's `-m`: MiB, or a number with suffix K, M, G or T; `size=` may stand before it.
  static long memoryBytes(String text) {
    String size = text.startsWith("size=") ? text.substring("size=".length()) : text;
    String upper = size.toUpperCase(Locale.ROOT);
    int shift =
        switch (upper.isEmpty() ? ' ' : upper.charAt(upper.length() - 1)) {
          case 'K' -> 10;
          case 'G' -> 30;
          case 'T' -> 40;
          default -> 20;
        };
    boolean suffix = upper.matches(".*[KMGT]");
    try {
      long number = Long.parseLong(suffix ? upper.substring(0, upper.length() - 1) : upper);
      return Math.multiplyExact(number, 1L << shift);
    } catch (ArithmeticException | NumberFormatException e) {
      throw CliException.usage("-m " + text + ": give a size such as 512, 512M or 2G");
    }
  }
}
