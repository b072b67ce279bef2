package dev.backstep.emulator.device.pci;

import dev.backstep.emulator.bus.PortBus;
import dev.backstep.emulator.bus.PortDevice;
import dev.backstep.emulator.device.AcpiPm;
import dev.backstep.emulator.device.pci.MemoryController.SetUp;

/// Intel 82371AB, power management: says where the ports of [AcpiPm] are. Intel 82371AB data sheet,
/// "Power Management Configuration Registers".
///
/// ```
/// 40h PMBASE 15:6 | 5Bh bit 1 APMC_EN | 80h PMREGMISC bit 0 PMIOSE: the ports are decoded
/// ```
public final class PowerManagement extends PciFunction {
  private static final int PMBASE = 0x40;
  private static final int DEVACTB_TOP = 0x5B;
  private static final int APMC_ENABLED = 0x02;
  private static final int PMREGMISC = 0x80;
  private static final int INTERRUPT_LINE = 0x3C;
  private static final int SCI_IRQ = 9;
  private static final int NOWHERE = -1;

  private final PortBus ports;
  private final Registers registers;
  private int mappedAt = NOWHERE;

  /// The ports that move; those of the SMI command do not.
  private record Registers(AcpiPm pm) implements PortDevice {
    @Override
    public String name() {
      return pm.name();
    }

    @Override
    public int read(int port, int bytes) {
      return pm.read(port, bytes);
    }

    @Override
    public void write(int port, int bytes, int value) {
      pm.write(port, bytes, value);
    }
  }

  public PowerManagement(PortBus ports, AcpiPm pm, SetUp setUp) {
    super("piix4-pm", new Identity(0x8086, 0x7113, 0x06_8000, 3));
    this.ports = ports;
    this.registers = new Registers(pm);
    setSubsystem(QEMU_VENDOR, QEMU_DEVICE);
    setInterruptPin(1);
    set(INTERRUPT_LINE, SCI_IRQ);
    allowWrites16(PMBASE, -AcpiPm.PORTS);
    allowWrites(PMREGMISC, 1);
    // Firmware that finds APMC_EN set takes SMM for set up. There is none.
    set(DEVACTB_TOP, APMC_ENABLED);
    switch (setUp) {
      case BEFORE -> {
        set16(PMBASE, AcpiPm.BASE_PORT | 1);
        set(PMREGMISC, 1);
      }
      case BY_THE_GUEST -> set16(PMBASE, 1);
    }
    remap();
  }

  @Override
  protected void configWritten(int offset, int bytes) {
    remap();
  }

  private void remap() {
    boolean decoded = (configByte(PMREGMISC) & 1) != 0;
    int wanted = decoded ? readConfig(PMBASE, 2) & -AcpiPm.PORTS : NOWHERE;
    if (wanted == mappedAt) {
      return;
    }
    ports.detach(registers);
    mappedAt = NOWHERE;
    if (decoded && ports.isFree(wanted, AcpiPm.PORTS)) {
      ports.attach(wanted, AcpiPm.PORTS, registers);
      mappedAt = wanted;
    }
  }
}
