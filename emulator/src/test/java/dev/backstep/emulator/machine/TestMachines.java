package dev.backstep.emulator.machine;

import dev.backstep.emulator.input.ExternalInputs;
import dev.backstep.emulator.machine.MachineConfig.DeviceConfig;
import dev.backstep.emulator.machine.MachineConfig.Image;
import dev.backstep.emulator.machine.MachineConfig.OnReset;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/// Machines that run a few bytes of 32-bit code, loaded at 1 MiB by a Multiboot header.
final class TestMachines {
  /// Where the code begins.
  static final long CODE = 0x10_0020;

  private static final int LOAD = 0x10_0000;
  private static final int MAGIC = 0x1BADB002;
  private static final int HAS_ADDRESSES = 1 << 16;

  private TestMachines() {}

  /// A kernel of `code`, given as hexadecimal digits with blanks.
  static Image kernel(String code) {
    String digits = code.replace(" ", "");
    ByteBuffer image =
        ByteBuffer.allocate(0x20 + digits.length() / 2).order(ByteOrder.LITTLE_ENDIAN);
    image.putInt(MAGIC).putInt(HAS_ADDRESSES).putInt(-(MAGIC + HAS_ADDRESSES));
    image.putInt(LOAD).putInt(LOAD).putInt(0).putInt(0).putInt((int) CODE);
    image.put(HexFormat.of().parseHex(digits));
    return new Image("test", image.array());
  }

  static MachineConfig config(String code, int cpus, OnReset onReset, long maxInstructions) {
    return new MachineConfig(
        4 << 20,
        cpus,
        "max",
        "bare-metal-intel",
        Map.of(),
        kernel(code),
        List.of(),
        "",
        null,
        List.of(new DeviceConfig("isa-debug-exit", Map.of("iobase", "0xf4", "iosize", "4"))),
        true,
        false,
        onReset,
        maxInstructions);
  }

  /// The same machine without an interval timer.
  static MachineConfig withoutPit(MachineConfig c) {
    return new MachineConfig(
        c.memoryBytes(),
        c.cpuCount(),
        c.cpu(),
        c.platform(),
        c.quirks(),
        c.kernel(),
        c.modules(),
        c.append(),
        c.firmware(),
        c.devices(),
        false,
        c.hasCacheModel(),
        c.onReset(),
        c.maxInstructions());
  }

  /// The same machine on another platform.
  static MachineConfig onPlatform(MachineConfig c, String platform) {
    return new MachineConfig(
        c.memoryBytes(),
        c.cpuCount(),
        c.cpu(),
        platform,
        c.quirks(),
        c.kernel(),
        c.modules(),
        c.append(),
        c.firmware(),
        c.devices(),
        c.hasPit(),
        c.hasCacheModel(),
        c.onReset(),
        c.maxInstructions());
  }

  static Machine machine(MachineConfig config) throws MachineConfigException {
    return new Machine(config, new Silence(), bytes -> {});
  }

  static Machine machine(String code) throws MachineConfigException {
    return machine(config(code, 1, OnReset.STOP, 1_000_000));
  }

  /// Nothing comes from outside.
  static class Silence implements ExternalInputs {
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
      return NOTHING;
    }

    @Override
    public boolean awaitConsole(long position) {
      return false;
    }
  }
}
