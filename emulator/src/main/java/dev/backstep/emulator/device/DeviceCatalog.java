package dev.backstep.emulator.device;

import java.util.List;

/// The devices that `-device` can add.
public final class DeviceCatalog {
  /// One of them.
  ///
  /// @param name as `-device` takes it
  /// @param bus ISA or PCI
  /// @param properties the properties it takes besides its name
  /// @param description what it is for, one line
  public record Entry(String name, String bus, List<String> properties, String description) {
    public Entry {
      properties = List.copyOf(properties);
    }

    /// The line that `-device ?` prints, in QEMU's form.
    public String line() {
      return "name \"%s\", bus %s, desc \"%s\"".formatted(name, bus, description);
    }
  }

  public static final String DEBUG_CONSOLE = "isa-debugcon";
  public static final String DEBUG_EXIT = "isa-debug-exit";
  public static final String PC_TEST = "pc-testdev";
  public static final String NONCOHERENT_DMA = "noncoherent-dma";
  public static final String PCI_TEST = "pci-testdev";

  private static final List<Entry> ENTRIES =
      List.of(
          new Entry(DEBUG_EXIT, "ISA", List.of("iobase", "iosize"), "Ends the run with a value"),
          new Entry(PC_TEST, "ISA", List.of(), "Test device of kvm-unit-tests"),
          new Entry(PCI_TEST, "PCI", List.of(), "PCI Test Device"),
          new Entry(NONCOHERENT_DMA, "PCI", List.of(), "DMA engine that does not snoop caches"),
          new Entry(DEBUG_CONSOLE, "ISA", List.of("iobase"), "Prints what is written to its port"));

  private DeviceCatalog() {}

  /// All of them, in the order in which they are listed.
  public static List<Entry> entries() {
    return ENTRIES;
  }

  public static boolean has(String name) {
    for (Entry entry : ENTRIES) {
      if (entry.name().equals(name)) {
        return true;
      }
    }
    return false;
  }
}
