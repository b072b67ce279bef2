package dev.backstep.emulator.machine;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// All that a machine is made from, besides its external inputs. Two machines with equal
/// configurations and equal inputs run alike, instruction for instruction.
///
/// @param memoryBytes RAM size, a multiple of 1 MiB
/// @param cpuCount number of vCPUs, 1 to 1024
/// @param cpu CPU model with its flags as in QEMU's `-cpu`, e.g. `max,+x2apic`
/// @param platform name of the platform, e.g. `bare-metal-intel`
/// @param quirks quirk settings that differ from the platform's own: name to on/off
/// @param kernel what `-kernel` names, or null
/// @param modules what `-initrd` names, in order: the name of each is the string that the kernel
///   gets with it, a file name and perhaps arguments
/// @param append the kernel's command line
/// @param firmware what `-bios` names, or null
/// @param devices devices asked for by `-device`: see [dev.backstep.emulator.device.DeviceCatalog]
/// @param hasPit whether there is an 8254 interval timer (QEMU's `-machine pit=on`)
/// @param hasCacheModel whether the vCPUs' caches are modelled, so that memory types have
///   consequences
/// @param onReset what a guest reset does
/// @param maxInstructions position at which the run ends, or [#UNLIMITED]
public record MachineConfig(
    long memoryBytes,
    int cpuCount,
    String cpu,
    String platform,
    Map<String, Boolean> quirks,
    @Nullable Image kernel,
    List<Image> modules,
    String append,
    @Nullable Image firmware,
    List<DeviceConfig> devices,
    boolean hasPit,
    boolean hasCacheModel,
    OnReset onReset,
    long maxInstructions) {
  public static final long UNLIMITED = Long.MAX_VALUE;
  public static final int MOST_CPUS = 1024;
  public static final long SMALLEST_MEMORY = 1 << 20;
  public static final long LARGEST_MEMORY = 1L << 36;

  /// A file's name, as the guest's boot loader may see it, and its contents.
  public record Image(String name, byte[] bytes) {}

  /// A device and its properties, as in QEMU's `-device NAME,key=value`.
  public record DeviceConfig(String name, Map<String, String> properties) {
    public DeviceConfig {
      properties = Collections.unmodifiableMap(new TreeMap<>(properties));
    }

    /// A numeric property, decimal or 0x hex.
    ///
    /// @throws MachineConfigException if it is not a number
    public int number(String key, int otherwise) throws MachineConfigException {
      String text = properties.get(key);
      if (text == null) {
        return otherwise;
      }
      try {
        return Integer.decode(text);
      } catch (NumberFormatException e) {
        throw new MachineConfigException(
            "-device " + name + ": " + key + "=" + text + " is not a number", e);
      }
    }
  }

  /// What happens when the guest resets the machine (triple fault, port CF9h, keyboard controller).
  public enum OnReset {
    RESTART,
    STOP
  }

  public MachineConfig {
    quirks = Collections.unmodifiableMap(new TreeMap<>(quirks));
    modules = List.copyOf(modules);
    devices = List.copyOf(devices);
  }

  /// Refuses what no machine can be built from.
  void check() throws MachineConfigException {
    if (cpuCount < 1 || cpuCount > MOST_CPUS) {
      throw new MachineConfigException("-smp " + cpuCount + ": give 1 to " + MOST_CPUS + " vCPUs");
    }
    if (memoryBytes < SMALLEST_MEMORY || memoryBytes > LARGEST_MEMORY) {
      throw new MachineConfigException("-m: " + memoryBytes + " bytes of memory; give 1M to 64G");
    }
    if ((memoryBytes & 0xFFFFF) != 0) {
      throw new MachineConfigException(
          "-m: " + memoryBytes + " bytes is not a whole number of MiB");
    }
    if (kernel == null && firmware == null) {
      throw new MachineConfigException("nothing to boot: give -kernel FILE or -bios FILE");
    }
  }
}
