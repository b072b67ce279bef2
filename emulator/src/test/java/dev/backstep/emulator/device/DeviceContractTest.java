package dev.backstep.emulator.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.bus.InterruptLine;
import dev.backstep.emulator.bus.MmioDevice;
import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.bus.PortBus;
import dev.backstep.emulator.bus.PortDevice;
import dev.backstep.emulator.device.pci.ChipsetFunction;
import dev.backstep.emulator.device.pci.MemoryController;
import dev.backstep.emulator.device.pci.PciHostBridge;
import dev.backstep.emulator.device.pci.PciTestDevice;
import dev.backstep.emulator.device.pci.PciWindow;
import dev.backstep.emulator.device.pci.PowerManagement;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// What every device owes the machine, whatever a guest does to it: no exception, values of the
/// size asked for, and equal state after equal histories.
class DeviceContractTest {
  private static final long SEED = 20261122;
  private static final int ACCESSES = 5_000;
  private static final int[] SIZES = {1, 2, 4};

  /// A device with the ports it is attached to: first, count, first, count...
  private record Ported(PortDevice device, int... ranges) {}

  private static List<Ported> portDevices(DeviceBench bench) {
    List<InterruptLine> lines = Collections.nCopies(24, bench.line);
    var memory = new PhysicalBus(new GuestRam(Arena.ofAuto(), 2 << 20));
    var bridge = new PciHostBridge(memory, new PortBus(), PciWindow.above(1 << 20));
    bridge.plug(
        0,
        0,
        new MemoryController(
            memory,
            new MemoryController.SystemRom(0xE_0000, 1 << 20),
            MemoryController.SetUp.BY_THE_GUEST));
    bridge.plug(1, 0, ChipsetFunction.isaBridge());
    bridge.plug(
        1,
        3,
        new PowerManagement(
            new PortBus(),
            new AcpiPm(bench.clock, bench.queue, bench.line, bench),
            MemoryController.SetUp.BY_THE_GUEST));
    bridge.plug(2, 0, new PciTestDevice());
    bridge.assignAsFirmwareDoes();
    return List.of(
        new Ported(bench.uart(), 0x3F8, 8),
        new Ported(new DebugExit(bench), 0xF4, 4),
        new Ported(
            new AcpiPm(bench.clock, bench.queue, bench.line, bench),
            AcpiPm.BASE_PORT,
            AcpiPm.PORTS,
            AcpiPm.SMI_COMMAND_PORT,
            AcpiPm.SMI_PORTS),
        new Ported(new ResetPort(bench), ResetPort.PORT, 1),
        new Ported(
            new I8254Pit(bench.clock, bench.queue, bench.line),
            I8254Pit.PORT,
            I8254Pit.PORTS,
            I8254Pit.SPEAKER_PORT,
            1),
        new Ported(
            new CmosRtc(1_000_000_000, 128 << 20, 2, bench.clock, bench.queue, bench.line),
            CmosRtc.PORT,
            CmosRtc.PORTS),
        new Ported(new FwCfg(128 << 20, 2, List.of()), FwCfg.PORT, FwCfg.PORTS),
        new Ported(new KeyboardController(bench, bench.line), 0x60, 1, 0x64, 1),
        new Ported(new SystemControlPort(bench), SystemControlPort.PORT, 1),
        new Ported(new PostPort(), PostPort.PORT, 1),
        new Ported(new PcTestDevice(lines), 0xE0, 12, 0x2000, 24),
        new Ported(bridge, 0xCF8, 1, 0xCFC, 4));
  }

  @TestFactory
  List<DynamicTest> portDevicesEndureAnyAccessAndStayDeterministic() {
    var tests = new ArrayList<DynamicTest>();
    int count = portDevices(new DeviceBench()).size();
    for (int k = 0; k < count; k++) {
      int which = k;
      String name = portDevices(new DeviceBench()).get(which).device().name();
      tests.add(
          DynamicTest.dynamicTest(
              name,
              () -> {
                byte[] first = history(which);
                assertArrayEquals(first, history(which), "seed " + SEED);
              }));
    }
    return tests;
  }

  /// Everything read, and the state at the end.
  private static byte[] history(int which) {
    var bench = new DeviceBench();
    Ported ported = portDevices(bench).get(which);
    var random = new Random(SEED + which);
    var trace = new ByteArrayOutputStream();
    for (int k = 0; k < ACCESSES; k++) {
      int range = 2 * random.nextInt(ported.ranges().length / 2);
      int port = ported.ranges()[range] + random.nextInt(ported.ranges()[range + 1]);
      int bytes = SIZES[random.nextInt(SIZES.length)];
      if (random.nextBoolean()) {
        int value = ported.device().read(port, bytes);
        assertTrue(bytes == 4 || value >>> 8 * bytes == 0, () -> "read of %x".formatted(port));
        trace.writeBytes(ByteBuffer.allocate(4).putInt(value).array());
      } else {
        ported.device().write(port, bytes, random.nextInt());
      }
      bench.runTo(bench.clock.nowNs() + random.nextInt(200_000));
    }
    if (ported.device() instanceof Stateful stateful) {
      stateful.save(new TraceSink(trace));
    }
    return trace.toByteArray();
  }

  @TestFactory
  List<DynamicTest> mmioDevicesEndureAnyAccess() {
    MmioDevice device = new PcTestDevice(List.of());
    return List.of(
        DynamicTest.dynamicTest(
            device.name(),
            () -> {
              var random = new Random(SEED);
              for (int k = 0; k < ACCESSES; k++) {
                int bytes = 1 << random.nextInt(4);
                long offset = random.nextInt(PcTestDevice.BYTES) & -bytes;
                long value = random.nextLong();
                device.write(offset, bytes, value);
                long expected = bytes == 8 ? value : value & (1L << 8 * bytes) - 1;
                assertEquals(expected, device.read(offset, bytes));
              }
            }));
  }

  @TestFactory
  List<DynamicTest> catalogueNamesAreListedOnce() {
    return List.of(
        DynamicTest.dynamicTest(
            "catalogue",
            () -> {
              assertTrue(DeviceCatalog.has("pc-testdev"));
              assertFalse(DeviceCatalog.has("e1000"));
              assertTrue(
                  DeviceCatalog.entries().get(1).line().startsWith("name \"pc-testdev\", bus ISA"));
            }));
  }

  private record TraceSink(ByteArrayOutputStream trace) implements StateSink {
    @Override
    public void putInt(int value) {
      trace.writeBytes(ByteBuffer.allocate(4).putInt(value).array());
    }

    @Override
    public void putLong(long value) {
      trace.writeBytes(ByteBuffer.allocate(8).putLong(value).array());
    }

    @Override
    public void putBytes(byte[] values) {
      trace.writeBytes(values);
    }
  }
}
