package dev.backstep.cli.command;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.CpuModel;
import dev.backstep.emulator.device.DeviceCatalog;
import dev.backstep.emulator.platform.PlatformProperty;
import dev.backstep.emulator.platform.Platforms;
import dev.backstep.emulator.platform.Quirk;
import java.util.Set;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `backstep platforms`: what `--platform`, `--quirk`, `-cpu` and `-device` can name.
@Command(
    name = "platforms",
    description = "Lists the platforms, their quirks with the sources, CPU models and devices.",
    mixinStandardHelpOptions = true)
public final class PlatformsCommand implements Callable<Integer> {
  @Mixin private DebugOption debug = new DebugOption();

  @Override
  public Integer call() {
    System.out.println("Platforms (--platform NAME)");
    for (Platforms.Entry platform : Platforms.list()) {
      line(platform.name(), platform.description());
      for (Quirk quirk : platform.quirks()) {
        line("", "quirk " + quirk + "=on");
      }
      for (PlatformProperty property : platform.properties()) {
        line("", "property " + property.key() + "=" + property.choices().getFirst());
      }
    }
    System.out.printf("%nQuirks (--quirk NAME=on|off)%n");
    for (Quirk quirk : Quirk.values()) {
      line(quirk.toString(), quirk.description());
      line("", "source: " + quirk.source());
      if (quirk.invisible() != null) {
        line("", "cannot be given: " + quirk.invisible());
      }
    }
    System.out.printf("%nProperties (--platform NAME,PROPERTY=VALUE)%n");
    for (PlatformProperty property : PlatformProperty.values()) {
      line(property.key(), String.join("|", property.choices()) + ": " + property.description());
      line("", "source: " + property.source());
    }
    System.out.printf("%nCPU models (-cpu MODEL[,+flag,-flag])%n");
    for (CpuModel model : CpuModel.values()) {
      line(model.modelName(), model.brand());
    }
    line("host", "the same as max");
    System.out.printf("%nCPU flags%n  %s%n", names(CpuModel.implemented()));
    System.out.printf("%nDevices (-device NAME[,key=value…])%n");
    for (DeviceCatalog.Entry device : DeviceCatalog.entries()) {
      line(device.name(), device.description() + " (" + device.bus() + ")");
    }
    return 0;
  }

  private static void line(String name, String text) {
    System.out.printf("  %-18s %s%n", name, text);
  }

  private static String names(Set<CpuFeature> features) {
    StringJoiner names = new StringJoiner(" ");
    features.forEach(f -> names.add(f.flag()));
    return names.toString();
  }
}
