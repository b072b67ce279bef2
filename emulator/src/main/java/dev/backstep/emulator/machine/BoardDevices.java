package dev.backstep.emulator.machine;

import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.bus.PortBus;
import dev.backstep.emulator.bus.PortDevice;
import dev.backstep.emulator.device.AcpiPm;
import dev.backstep.emulator.device.DebugExit;
import dev.backstep.emulator.device.StateSink;
import dev.backstep.emulator.device.Stateful;
import dev.backstep.emulator.device.Uart16550;
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

  private final PortBus ports = new PortBus();
  private final List<Stateful> stateful = new ArrayList<>();
  private final ApicRouter apics;
  private final PcInterruptWiring wiring;
  private final Uart16550 console;

  private BoardDevices(
      BoardFactory.Surroundings around, PhysicalBus bus, EventQueue timers, ApicRouter apics) {
    this.apics = apics;
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
    AcpiPm pm = add(new AcpiPm(around.clock(), timers, wiring.connect(SCI_IRQ), around.control()));
    ports.attach(AcpiPm.BASE_PORT, AcpiPm.PORTS, pm);
    ports.attach(AcpiPm.SMI_COMMAND_PORT, AcpiPm.SMI_PORTS, pm);
  }

  /// Builds and wires everything that the configuration asks for.
  static BoardDevices attach(
      MachineConfig config,
      BoardFactory.Surroundings around,
      PhysicalBus bus,
      EventQueue timers,
      ApicRouter apics)
      throws MachineConfigException {
    BoardDevices devices = new BoardDevices(around, bus, timers, apics);
    for (DeviceConfig device : config.devices()) {
      devices.addOptional(device, around);
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
      default ->
          throw new MachineConfigException(
              "-device " + device.name() + ": no such device; there are isa-debug-exit");
    }
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
      throw new MachineConfigException("-device " + device.name() + ": " + e.getMessage());
    }
  }

  private <T extends Stateful> T add(T device) {
    stateful.add(device);
    return device;
  }

  PortBus ports() {
    return ports;
  }

  Uart16550 console() {
    return console;
  }

  /// Tells the vCPUs of every change of the physical address map from now on.
  void watchMap(List<Vcpu> vcpus) {}

  void save(StateSink sink) {
    for (int k = 0; k < apics.apics().size(); k++) {
      apics.apics().at(k).save(sink);
    }
    for (Stateful device : stateful) {
      device.save(sink);
    }
  }
}
