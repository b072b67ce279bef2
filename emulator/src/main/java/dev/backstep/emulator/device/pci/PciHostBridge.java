package dev.backstep.emulator.device.pci;

import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.bus.PortBus;
import dev.backstep.emulator.bus.PortDevice;
import dev.backstep.emulator.device.StateSink;
import dev.backstep.emulator.device.Stateful;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Bus 0 and the way to its configuration space. PCI Local Bus Specification 3.0, "Configuration
/// Mechanism #1".
///
/// ```
/// CF8h, 32 bits: 31 enable | 23:16 bus | 15:11 device | 10:8 function | 7:0 register     CFCh-CFFh: value
/// ```
///
/// The low two bits of the register number count, as in QEMU; chips read them as zero.
public final class PciHostBridge implements PortDevice, Stateful {
  public static final int ADDRESS_PORT = 0xCF8;

  /// The others of CF9h to CFBh belong to the chipset: CF9h resets.
  public static final int ADDRESS_PORTS = 1;

  public static final int VALUE_PORT = 0xCFC;
  public static final int VALUE_PORTS = 4;

  private static final int FUNCTIONS = 256;
  private static final int ENABLE = 1 << 31;
  private static final int BUS_MASK = 0xFF_0000;
  private static final int FIRST_FREE_PORT = 0xC000;

  private record Mapped(PciFunction function, PciBar bar, long at) {}

  private final PhysicalBus memory;
  private final PortBus ports;
  private final PciWindow window;
  private final @Nullable PciFunction[] functions = new PciFunction[FUNCTIONS];
  private final List<Mapped> mapped = new ArrayList<>();
  private int address;

  public PciHostBridge(PhysicalBus memory, PortBus ports, PciWindow window) {
    this.memory = memory;
    this.ports = ports;
    this.window = window;
  }

  @Override
  public String name() {
    return "pci-host";
  }

  /// Plugs a function in.
  ///
  /// @param device 0 to 31
  /// @param number 0 to 7
  public void plug(int device, int number, PciFunction function) {
    int slot = device << 3 | number;
    if (functions[slot] != null) {
      throw new AssertionError("two PCI functions at %d.%d".formatted(device, number));
    }
    functions[slot] = function;
  }

  /// Gives every BAR an address and turns decoding on, as firmware does: memory from the window's
  /// end down, ports from C000h up.
  public void assignAsFirmwareDoes() {
    long nextMemory = window.memoryEnd();
    int nextPort = FIRST_FREE_PORT;
    for (PciFunction function : functions) {
      if (function == null) {
        continue;
      }
      for (PciBar bar : function.bars()) {
        function.enable(bar.space());
        switch (bar.space()) {
          case IO -> {
            nextPort = nextPort + bar.bytes() - 1 & -bar.bytes();
            function.assign(bar, nextPort);
            nextPort += bar.bytes();
          }
          case MEMORY -> {
            nextMemory = nextMemory - bar.bytes() & -(long) bar.bytes();
            function.assign(bar, nextMemory);
          }
        }
      }
    }
    remap();
  }

  private @Nullable PciFunction selected() {
    boolean here = (address & ENABLE) != 0 && (address & BUS_MASK) == 0;
    return here ? functions[address >>> 8 & 0xFF] : null;
  }

  @Override
  public int read(int port, int bytes) {
    if (port < VALUE_PORT) {
      return bytes == 4 ? address : -1 >>> 32 - 8 * bytes;
    }
    PciFunction function = selected();
    if (function == null) {
      return -1 >>> 32 - 8 * bytes;
    }
    return function.readConfig(address & 0xFF | port & 3, bytes);
  }

  @Override
  public void write(int port, int bytes, int value) {
    if (port < VALUE_PORT) {
      if (bytes == 4) {
        address = value;
      }
      return;
    }
    PciFunction function = selected();
    if (function != null) {
      function.writeConfig(address & 0xFF | port & 3, bytes, value);
      remap();
    }
  }

  /// Maps every enabled BAR where it points now. One that points out of the window, or at ports
  /// that are taken, is not decoded.
  private void remap() {
    unmapMoved();
    for (PciFunction function : functions) {
      if (function == null) {
        continue;
      }
      for (PciBar bar : function.bars()) {
        long at = function.barAddress(bar);
        boolean wanted = function.decodes(bar.space()) && window.admits(bar, at);
        if (wanted && !isMapped(bar) && bar.map(at, memory, ports)) {
          mapped.add(new Mapped(function, bar, at));
        }
      }
    }
  }

  private void unmapMoved() {
    for (int k = mapped.size() - 1; k >= 0; k--) {
      Mapped m = mapped.get(k);
      if (!m.function.decodes(m.bar.space()) || m.function.barAddress(m.bar) != m.at) {
        m.bar.unmap(memory, ports);
        mapped.remove(k);
      }
    }
  }

  private boolean isMapped(PciBar bar) {
    for (int k = 0; k < mapped.size(); k++) {
      if (mapped.get(k).bar == bar) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void save(StateSink state) {
    state.putInt(address);
    for (PciFunction function : functions) {
      if (function != null) {
        function.save(state);
      }
    }
  }
}
