package dev.backstep.recorder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.backstep.emulator.machine.MachineConfig;
import dev.backstep.emulator.machine.MachineConfig.DeviceConfig;
import dev.backstep.emulator.machine.MachineConfig.Image;
import dev.backstep.emulator.machine.MachineConfig.OnReset;
import dev.backstep.proto.v1.Configuration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ConfigurationTranslationTest {
  private static final Image KERNEL = new Image("k.elf", new byte[] {1});
  private static final Image MODULE = new Image("i a=1,2", new byte[] {2});
  private static final Image OTHER_MODULE = new Image("j", new byte[] {4});
  private static final Image BIOS = new Image("b", new byte[] {3});
  private static final Map<String, Image> IMAGES =
      Map.of("kernel", KERNEL, "initrd", MODULE, "initrd1", OTHER_MODULE, "bios", BIOS);

  private static MachineConfig config(long limit) {
    return new MachineConfig(
        64 << 20,
        3,
        "qemu64,+x2apic,-smep",
        "kvm-intel",
        Map.of("b", true, "a", false),
        KERNEL,
        List.of(MODULE, OTHER_MODULE),
        "console=ttyS0 x,y",
        BIOS,
        List.of(
            new DeviceConfig("isa-debug-exit", Map.of("iosize", "4", "iobase", "0xf4")),
            new DeviceConfig("pc-testdev", Map.of())),
        false,
        false,
        OnReset.STOP,
        limit);
  }

  @Test
  void readsBackWhatItWrote() {
    MachineConfig config = config(1_000);
    Configuration written = ConfigurationTranslation.toProto(config);
    assertEquals(
        config, ConfigurationTranslation.toMachine(written, IMAGES, MachineConfig.UNLIMITED));
    assertEquals("k.elf", written.getKernel());
    assertEquals("i a=1,,2, j", written.getInitrd());
    assertEquals("pc,pit=off", written.getMachine());
    assertEquals(
        "isa-debug-exit,iobase=0xf4,iosize=0x4".replace("0x4", "4"), written.getDevices(0));
  }

  @Test
  void writesNoLimitWhereThereIsNone() {
    Configuration written = ConfigurationTranslation.toProto(config(MachineConfig.UNLIMITED));
    assertFalse(written.hasMaxInstructions());
    assertEquals(5, ConfigurationTranslation.toMachine(written, IMAGES, 5).maxInstructions());
  }

  @Test
  void readsADevicePropertyWithoutAValueAsOn() {
    assertEquals(
        new DeviceConfig("d", Map.of("a", "on", "b", "", "c", "x=y")),
        ConfigurationTranslation.toDevice("d,a,b=,c=x=y"));
  }
}
