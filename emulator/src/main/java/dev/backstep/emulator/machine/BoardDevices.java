package dev.backstep.emulator.machine;

import dev.backstep.emulator.boot.MemoryLayout;
import dev.backstep.emulator.bus.InterruptLine;
import dev.backstep.emulator.bus.NumericErrorPins;
import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.bus.PortBus;
import dev.backstep.emulator.bus.PortDevice;
import dev.backstep.emulator.device.AcpiPm;
import dev.backstep.emulator.device.BusMaster;
import dev.backstep.emulator.device.CmosRtc;
import dev.backstep.emulator.device.CoprocessorErrorPort;
import dev.backstep.emulator.device.DebugConsole;
import dev.backstep.emulator.device.DebugExit;
import dev.backstep.emulator.device.DeviceCatalog;
import dev.backstep.emulator.device.DmaPath;
import dev.backstep.emulator.device.FwCfg;
import dev.backstep.emulator.device.I8254Pit;
import dev.backstep.emulator.device.KeyboardController;
import dev.backstep.emulator.device.PcTestDevice;
import dev.backstep.emulator.device.PostPort;
import dev.backstep.emulator.device.ResetPort;
import dev.backstep.emulator.device.StateSink;
import dev.backstep.emulator.device.Stateful;
import dev.backstep.emulator.device.SystemControlPort;
import dev.backstep.emulator.device.Uart16550;
import dev.backstep.emulator.device.pci.ChipsetFunction;
import dev.backstep.emulator.device.pci.MemoryController;
import dev.backstep.emulator.device.pci.MemoryController.SetUp;
import dev.backstep.emulator.device.pci.MemoryController.SystemRom;
import dev.backstep.emulator.device.pci.NoncoherentDmaDevice;
import dev.backstep.emulator.device.pci.PciHostBridge;
import dev.backstep.emulator.device.pci.PciTestDevice;
import dev.backstep.emulator.device.pci.PciWindow;
import dev.backstep.emulator.device.pci.PowerManagement;
import dev.backstep.emulator.execution.BlockCache;
import dev.backstep.emulator.interrupt.ApicRouter;
import dev.backstep.emulator.interrupt.IoApic;
import dev.backstep.emulator.interrupt.PcInterruptWiring;
import dev.backstep.emulator.interrupt.PicPair;
import dev.backstep.emulator.machine.MachineConfig.DeviceConfig;
import dev.backstep.emulator.time.EventQueue;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.ArrayList;
import java.util.List;

/// The devices of a board, at the places where a PC has them.
final class BoardDevices {
  private static final int COM1 = 0x3F8;
  private static final int COM1_IRQ = 4;
  private static final int SCI_IRQ = 9;
  private static final int PIT_IRQ = 0;
  private static final int PIT = 0x40;
  private static final int PIT_PORTS = 4;
  private static final int RTC_IRQ = 8;
  private static final int RTC = 0x70;
  private static final int RTC_PORTS = 2;
  private static final int FW_CFG = 0x510;
  private static final int FW_CFG_PORTS = 2;
  private static final int KEYBOARD_IRQ = 1;
  private static final int KEYBOARD_DATA = 0x60;
  private static final int KEYBOARD_COMMAND = 0x64;
  private static final int SYSTEM_CONTROL = 0x92;
  private static final int POST = 0x80;
  private static final int TEST_SLOT = 2;
  private static final int FIRST_DMA_SLOT = 3;
  private static final int SLOTS = 32;

  private final PortBus ports = new PortBus();
  private final List<Stateful> stateful = new ArrayList<>();
  private final ApicRouter apics;
  private final PcInterruptWiring wiring;
  private final Uart16550 console;
  private final PhysicalBus bus;
  private final PciHostBridge pci;
  private final DmaPath dma;
  private int nextDmaSlot = FIRST_DMA_SLOT;

  private BoardDevices(
      BoardFactory.Surroundings around,
      PhysicalBus bus,
      EventQueue timers,
      ApicRouter apics,
      MemoryLayout layout,
      DmaPath dma) {
    this.apics = apics;
    this.dma = dma;
    PicPair pics = add(new PicPair(apics));
    ports.attach(PicPair.FIRST_PORT, PicPair.PORTS, pics);
    ports.attach(PicPair.SECOND_PORT, PicPair.PORTS, pics);
    ports.attach(PicPair.LEVEL_PORT, PicPair.PORTS, pics);
    apics.connectExternalController(pics);
    IoApic ioApic = add(new IoApic(apics));
    bus.mapDevice(IoApic.GPA, IoApic.BYTES, ioApic);
    wiring = add(new PcInterruptWiring(pics, ioApic));
    console =
        add(
            new Uart16550(
                "com1",
                wiring.connect(COM1_IRQ),
                around.console(),
                around.clock(),
                timers,
                around.events(),
                around.origin()));
    ports.attach(COM1, Uart16550.PORTS, console);
    this.bus = bus;
    this.pci = add(new PciHostBridge(bus, ports, PciWindow.above(layout.lowEnd())));
  }

  /// Timers, clocks and what else every PC has.
  private void addChipset(
      MachineConfig config,
      BoardFactory.Surroundings around,
      EventQueue timers,
      MemoryLayout layout,
      SystemRom rom) {
    SetUp setUp = config.firmware() == null ? SetUp.BEFORE : SetUp.BY_THE_GUEST;
    AcpiPm pm = add(new AcpiPm(around.clock(), timers, wiring.connect(SCI_IRQ), around.control()));
    ports.attach(AcpiPm.SMI_COMMAND_PORT, AcpiPm.SMI_PORTS, pm);
    if (config.hasPit()) {
      I8254Pit pit = add(new I8254Pit(around.clock(), timers, wiring.connect(PIT_IRQ)));
      ports.attach(PIT, PIT_PORTS, pit);
      ports.attach(I8254Pit.SPEAKER_PORT, 1, pit);
    }
    ports.attach(
        RTC,
        RTC_PORTS,
        add(
            new CmosRtc(
                around.rtcSeconds(),
                config.memoryBytes(),
                config.cpuCount(),
                around.clock(),
                timers,
                wiring.connect(RTC_IRQ))));
    ports.attach(
        FW_CFG,
        FW_CFG_PORTS,
        add(
            new FwCfg(
                config.memoryBytes(),
                config.cpuCount(),
                List.of(new FwCfg.File("etc/e820", layout.e820Table())))));
    KeyboardController keyboard =
        add(new KeyboardController(around.control(), wiring.connect(KEYBOARD_IRQ)));
    ports.attach(KEYBOARD_DATA, 1, keyboard);
    ports.attach(KEYBOARD_COMMAND, 1, keyboard);
    ports.attach(SYSTEM_CONTROL, 1, new SystemControlPort(around.control()));
    ports.attach(POST, 1, add(new PostPort()));
    ports.attach(ResetPort.PORT, 1, add(new ResetPort(around.control())));
    ports.attach(PciHostBridge.ADDRESS_PORT, PciHostBridge.ADDRESS_PORTS, pci);
    ports.attach(PciHostBridge.VALUE_PORT, PciHostBridge.VALUE_PORTS, pci);
    pci.plug(0, 0, new MemoryController(bus, rom, setUp));
    pci.plug(1, 0, ChipsetFunction.isaBridge());
    pci.plug(1, 3, new PowerManagement(ports, pm, setUp));
  }

  /// Builds and wires everything that the configuration asks for.
  static BoardDevices attach(
      MachineConfig config,
      BoardFactory.Surroundings around,
      PhysicalBus bus,
      EventQueue timers,
      ApicRouter apics,
      MemoryLayout layout,
      SystemRom rom,
      DmaPath dma)
      throws MachineConfigException {
    BoardDevices devices = new BoardDevices(around, bus, timers, apics, layout, dma);
    devices.addChipset(config, around, timers, layout, rom);
    for (DeviceConfig device : config.devices()) {
      devices.addOptional(device, around);
    }
    if (config.firmware() == null) {
      devices.pci.assignAsFirmwareDoes();
    }
    return devices;
  }

  private void addOptional(DeviceConfig device, BoardFactory.Surroundings around)
      throws MachineConfigException {
    switch (device.name()) {
      case "isa-debug-exit" -> {
        int port = device.number("iobase", DebugExit.DEFAULT_PORT);
        int count = device.number("iosize", DebugExit.DEFAULT_PORTS);
        attachPorts(device, port, count, new DebugExit(around.control()));
      }
      case DeviceCatalog.DEBUG_CONSOLE ->
          attachPorts(
              device,
              device.number("iobase", DebugConsole.DEFAULT_PORT),
              1,
              new DebugConsole(around.console()));
      case "pc-testdev" -> addTestDevice();
      case "pci-testdev" -> pci.plug(TEST_SLOT, 0, new PciTestDevice());
      case DeviceCatalog.NONCOHERENT_DMA -> addDmaDevice(around);
      default ->
          throw new MachineConfigException(
              "-device " + device.name() + ": no such device; -device ? lists those there are");
    }
  }

  private void addDmaDevice(BoardFactory.Surroundings around) throws MachineConfigException {
    if (nextDmaSlot == SLOTS) {
      throw new MachineConfigException(
          "-device %s: there is room for %d of them"
              .formatted(NoncoherentDmaDevice.NAME, SLOTS - FIRST_DMA_SLOT));
    }
    NoncoherentDmaDevice device =
        new NoncoherentDmaDevice(
            name -> new BusMaster(name, bus, dma, around.events(), around.origin()));
    pci.plug(nextDmaSlot++, 0, device);
  }

  private void addTestDevice() {
    List<InterruptLine> lines = new ArrayList<>();
    for (int gsi = 0; gsi < PcInterruptWiring.LINES; gsi++) {
      lines.add(wiring.connect(gsi));
    }
    PcTestDevice device = add(new PcTestDevice(lines));
    ports.attach(PcTestDevice.PORT, PcTestDevice.PORTS, device);
    ports.attach(PcTestDevice.LINES_PORT, device.linePorts(), device);
    bus.mapDevice(PcTestDevice.GPA, PcTestDevice.BYTES, device);
  }

  private void attachPorts(DeviceConfig device, int first, int count, PortDevice at)
      throws MachineConfigException {
    if (first < 0 || count < 1 || first + count > 0x10000) {
      throw new MachineConfigException(
          "-device %s: no ports 0x%x to 0x%x".formatted(device.name(), first, first + count - 1));
    }
    try {
      ports.attach(first, count, at);
    } catch (IllegalStateException e) {
      throw new MachineConfigException("-device " + device.name() + ": " + e.getMessage(), e);
    }
  }

  private <T extends Stateful> T add(T device) {
    stateful.add(device);
    return device;
  }

  PortBus ports() {
    return ports;
  }

  /// Puts the port of x87 exceptions in its place and gives the pins that it goes with.
  NumericErrorPins attachCoprocessorErrors() {
    CoprocessorErrorPort port =
        add(new CoprocessorErrorPort(wiring.connect(CoprocessorErrorPort.IRQ)));
    ports.attach(CoprocessorErrorPort.PORT, 1, port);
    return port;
  }

  Uart16550 console() {
    return console;
  }

  /// Tells the vCPUs and the block cache of every change of the physical address map from now on.
  void watchMap(List<Vcpu> vcpus, BlockCache blocks) {
    bus.watchMap(
        () -> {
          blocks.forgetAll();
          vcpus.forEach(c -> c.mmu.physicalMapChanged());
        });
  }

  void save(StateSink sink) {
    for (int k = 0; k < apics.apics().size(); k++) {
      apics.apics().at(k).save(sink);
    }
    for (Stateful device : stateful) {
      device.save(sink);
    }
  }
}
