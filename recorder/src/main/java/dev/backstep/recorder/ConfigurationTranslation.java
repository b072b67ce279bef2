package dev.backstep.recorder;

import dev.backstep.emulator.machine.MachineConfig;
import dev.backstep.emulator.machine.MachineConfig.DeviceConfig;
import dev.backstep.emulator.machine.MachineConfig.Image;
import dev.backstep.emulator.time.VirtualClock;
import dev.backstep.proto.v1.Configuration;
import dev.backstep.proto.v1.Quirk;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// How a machine's configuration is written into the manifest and read back. Images are named there
/// by role and digest; their bytes are the caller's to find.
public final class ConfigurationTranslation {
  /// Roles of images in the manifest.
  public static final String KERNEL = "kernel";

  public static final String BIOS = "bios";

  /// The machine that there is, and its property without a PIT, as `-machine` spells them.
  public static final String MACHINE_TYPE = "pc";

  public static final String WITHOUT_PIT = "pit=off";

  /// The name of an option that no field of the manifest has, and its value.
  private static final String CACHE_MODEL = "cache-model";

  private static final String ON = "on";

  private ConfigurationTranslation() {}

  public static Configuration toProto(MachineConfig config) {
    List<String> cpu = List.of(config.cpu().split(",", -1));
    Configuration.Builder b =
        Configuration.newBuilder()
            .setMemoryBytes(config.memoryBytes())
            .setVcpus(config.cpuCount())
            .setCpuModel(cpu.getFirst())
            .addAllCpuFlags(cpu.subList(1, cpu.size()))
            .setPlatform(config.platform())
            .setAppend(config.append())
            .setNoReboot(config.onReset() == MachineConfig.OnReset.STOP)
            .setTscHz(VirtualClock.TSC_HZ);
    Image kernel = config.kernel();
    if (kernel != null) {
      b.setKernel(kernel.name());
    }
    if (!config.modules().isEmpty()) {
      b.setInitrd(ModuleList.join(config.modules().stream().map(Image::name).toList()));
    }
    Image firmware = config.firmware();
    if (firmware != null) {
      b.setBios(firmware.name());
    }
    if (!config.hasPit()) {
      b.setMachine(MACHINE_TYPE + "," + WITHOUT_PIT);
    }
    new TreeMap<>(config.quirks())
        .forEach((name, on) -> b.addQuirks(Quirk.newBuilder().setName(name).setEnabled(on)));
    config.devices().forEach(d -> b.addDevices(toText(d)));
    if (config.maxInstructions() != MachineConfig.UNLIMITED) {
      b.setMaxInstructions(config.maxInstructions());
    }
    if (config.hasCacheModel()) {
      b.putOther(CACHE_MODEL, ON);
    }
    return b.build();
  }

  /// The configuration that the manifest describes.
  ///
  /// @param images the images by role
  /// @param limit where the run is to end at the latest
  public static MachineConfig toMachine(Configuration c, Map<String, Image> images, long limit) {
    Map<String, Boolean> quirks = new HashMap<>();
    c.getQuirksList().forEach(q -> quirks.put(q.getName(), q.getEnabled()));
    List<String> cpu = new ArrayList<>();
    cpu.add(c.getCpuModel());
    cpu.addAll(c.getCpuFlagsList());
    return new MachineConfig(
        c.getMemoryBytes(),
        c.getVcpus(),
        String.join(",", cpu),
        c.getPlatform(),
        quirks,
        image(images, KERNEL),
        modules(images),
        c.getAppend(),
        image(images, BIOS),
        c.getDevicesList().stream().map(ConfigurationTranslation::toDevice).toList(),
        !c.getMachine().contains(WITHOUT_PIT),
        ON.equals(c.getOtherMap().get(CACHE_MODEL)),
        c.getNoReboot() ? MachineConfig.OnReset.STOP : MachineConfig.OnReset.RESTART,
        c.hasMaxInstructions() ? Math.min(limit, c.getMaxInstructions()) : limit);
  }

  private static List<Image> modules(Map<String, Image> images) {
    List<Image> modules = new ArrayList<>();
    Image module = images.get(ModuleList.role(0));
    while (module != null) {
      modules.add(module);
      module = images.get(ModuleList.role(modules.size()));
    }
    return modules;
  }

  private static @Nullable Image image(Map<String, Image> images, String role) {
    return images.get(role);
  }

  private static String toText(DeviceConfig device) {
    StringBuilder text = new StringBuilder(device.name());
    new TreeMap<>(device.properties())
        .forEach((key, value) -> text.append(',').append(key).append('=').append(value));
    return text.toString();
  }

  /// Reads a device in QEMU's `NAME,key=value` form; a property without a value is `on`.
  public static DeviceConfig toDevice(String text) {
    List<String> parts = List.of(text.split(",", -1));
    Map<String, String> properties = new HashMap<>();
    for (String part : parts.subList(1, parts.size())) {
      int equals = part.indexOf('=');
      properties.put(
          equals < 0 ? part : part.substring(0, equals),
          equals < 0 ? "on" : part.substring(equals + 1));
    }
    return new DeviceConfig(parts.getFirst(), properties);
  }
}
