package dev.backstep.emulator.device.pci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.bus.PortBus;
import dev.backstep.emulator.device.AcpiPm;
import dev.backstep.emulator.device.DeviceBench;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// PCI Local Bus Specification 3.0, "Configuration Space".
class PciHostBridgeTest {
  private static final int TEST_DEVICE = 2 << 11;
  private static final int POWER_MANAGEMENT = 1 << 11 | 3 << 8;
  private static final int BAR0 = 0x10;
  private static final int BAR1 = 0x14;
  private static final long RAM = 1 << 20;
  private static final long ROM = 0x2_0000;

  private final Arena arena = Arena.ofConfined();
  private final PhysicalBus memory = new PhysicalBus(new GuestRam(arena, RAM + ROM));
  private final PortBus ports = new PortBus();
  private final PciHostBridge bridge = new PciHostBridge(memory, ports, PciWindow.above(RAM));

  private final DeviceBench bench = new DeviceBench();
  private final AcpiPm pm = new AcpiPm(bench.clock, bench.queue, new DeviceBench.Line(), bench);

  @BeforeEach
  void plug() {
    memory.mapRam(0, RAM, 0, PhysicalBus.Writable.YES);
    bridge.plug(
        0,
        0,
        new MemoryController(
            memory,
            new MemoryController.SystemRom(RAM - ROM, RAM),
            MemoryController.SetUp.BY_THE_GUEST));
    bridge.plug(1, 0, ChipsetFunction.isaBridge());
    bridge.plug(1, 3, new PowerManagement(ports, pm, MemoryController.SetUp.BEFORE));
    bridge.plug(2, 0, new PciTestDevice());
    bridge.assignAsFirmwareDoes();
  }

  @AfterEach
  void close() {
    arena.close();
  }

  private int in(int function, int register) {
    bridge.write(0xCF8, 4, 0x8000_0000 | function | register);
    return bridge.read(0xCFC, 4);
  }

  private void out(int function, int register, int value) {
    bridge.write(0xCF8, 4, 0x8000_0000 | function | register);
    bridge.write(0xCFC, 4, value);
  }

  @Test
  void functionsAreFoundByTheirIds() {
    assertEquals(0x1237_8086, in(0, 0));
    assertEquals(0x7000_8086, in(1 << 11, 0));
    assertEquals(0x7113_8086, in(1 << 11 | 3 << 8, 0));
    assertEquals(0x0005_1B36, in(TEST_DEVICE, 0));
    assertEquals(0xFF00_0000, in(TEST_DEVICE, 8));
    assertEquals(-1, in(3 << 11, 0));
    assertEquals(-1, in(1 << 16, 0), "no bus 1");
  }

  @Test
  void lowBitsOfTheAddressCountAsInQemu() {
    bridge.write(0xCF8, 4, 0x8000_0000 | TEST_DEVICE | 2);
    assertEquals(5, bridge.read(0xCFC, 2));
    bridge.write(0xCF8, 4, 0x8000_0000 | TEST_DEVICE);
    assertEquals(5, bridge.read(0xCFE, 2));
  }

  @Test
  void disabledAddressReadsAllOnes() {
    bridge.write(0xCF8, 4, TEST_DEVICE);
    assertEquals(-1, bridge.read(0xCFC, 4));
    assertEquals(0xFF, bridge.read(0xCFC, 1));
    assertEquals(TEST_DEVICE, bridge.read(0xCF8, 4));
  }

  @Test
  void firmwareAssignsAndBarsAreSized() {
    assertEquals(0xFEBF_F000, in(TEST_DEVICE, BAR0));
    assertEquals(0xC001, in(TEST_DEVICE, BAR1));
    out(TEST_DEVICE, BAR0, -1);
    assertEquals(0xFFFF_F000, in(TEST_DEVICE, BAR0));
    out(TEST_DEVICE, BAR1, -1);
    assertEquals(0xFFFF_FF01, in(TEST_DEVICE, BAR1));
    out(TEST_DEVICE, 0x18, -1);
    assertEquals(0, in(TEST_DEVICE, 0x18));
    assertNull(memory.deviceAt(0xFEBF_F000L));
    out(TEST_DEVICE, BAR0, 0xFEBF_F000);
    assertNotNull(memory.deviceAt(0xFEBF_F000L));
  }

  @Test
  void barsMoveAndAreSwitchedOff() {
    out(TEST_DEVICE, BAR0, 0xE000_0000);
    assertNull(memory.deviceAt(0xFEBF_F000L));
    assertNotNull(memory.deviceAt(0xE000_0000L));
    out(TEST_DEVICE, BAR1, 0xD000);
    assertEquals("pci-testdev", ports.deviceName(0xD0FF));
    assertEquals("unassigned", ports.deviceName(0xC000));
    out(TEST_DEVICE, 4, 0);
    assertNull(memory.deviceAt(0xE000_0000L));
    assertEquals("unassigned", ports.deviceName(0xD0FF));
  }

  @Test
  void barsDecodeNeitherRamNorTakenPorts() {
    out(TEST_DEVICE, BAR0, 0);
    assertNull(memory.deviceAt(0));
    out(TEST_DEVICE, BAR0, 0xFEE0_0000);
    assertNull(memory.deviceAt(0xFEE0_0000L));
    out(TEST_DEVICE, BAR1, 0x300);
    assertEquals("unassigned", ports.deviceName(0x300));
    ports.attach(0x2000, 1, bridge);
    out(TEST_DEVICE, BAR1, 0x2000);
    assertEquals("pci-host", ports.deviceName(0x2000));
    assertEquals("unassigned", ports.deviceName(0x2001));
  }

  @Test
  void testDeviceCountsItsWrites() {
    long at = 0xFEBF_F000L;
    memory.write(at, 1, 0);
    assertEquals(1, memory.read(at + 1, 1));
    long target = memory.read(at + 4, 4);
    long value = memory.read(at + 8, 4);
    memory.write(at + target, 1, value);
    memory.write(at + target, 1, value);
    memory.write(at + target, 1, value + 1);
    assertEquals(2, memory.read(at + 12, 4));
    assertEquals('m', memory.read(at + 16, 1));
    memory.write(at, 1, 3);
    assertEquals(0, memory.read(at + 1, 1));
    ports.write(0xC000, 1, 1);
    assertEquals(129, ports.read(0xC004, 4));
    ports.write(0xC000 + 129, 1, ports.read(0xC008, 4));
    assertEquals(1, ports.read(0xC00C, 4));
  }

  @Test
  void readOnlyRegistersStay() {
    out(TEST_DEVICE, 0, 0);
    assertEquals(0x0005_1B36, in(TEST_DEVICE, 0));
    out(TEST_DEVICE, 0x3C, 0xFFFF_FFFF);
    assertEquals(0xFF, in(TEST_DEVICE, 0x3C));
    assertEquals(0x0200_0000, in(POWER_MANAGEMENT, 0x58), "APMC_EN: no SMM to set up");
    out(POWER_MANAGEMENT, 0x58, 0);
    assertEquals(0x0200_0000, in(POWER_MANAGEMENT, 0x58));
  }

  @Test
  void powerManagementPortsMoveAndAreSwitchedOff() {
    assertEquals("acpi-pm", ports.deviceName(0x608));
    out(POWER_MANAGEMENT, 0x40, 0xB03F);
    assertEquals(0xB001, in(POWER_MANAGEMENT, 0x40));
    assertEquals("unassigned", ports.deviceName(0x608));
    ports.write(0xB004, 2, 1);
    assertEquals(1, pm.read(AcpiPm.CONTROL_PORT, 2));
    assertEquals(1, ports.read(0xB004, 2));
    out(POWER_MANAGEMENT, 0x80, 0);
    assertEquals("unassigned", ports.deviceName(0xB004));
    out(POWER_MANAGEMENT, 0x80, 1);
    out(POWER_MANAGEMENT, 0x40, 0x2000);
    assertEquals("acpi-pm", ports.deviceName(0x203F));
  }

  @Test
  void attributeMapShadowsRomByRam() {
    memory.ram().putByte(RAM, (byte) 0x11);
    memory.ram().putByte(RAM + 0x1_0000, (byte) 0x22);
    assertEquals(0x11, memory.read(0xE_0000, 1));
    assertEquals(0xFF, memory.read(0xC_0000, 1), "no ROM there");
    out(0, 0x58, 0x2000);
    memory.write(0xF_0000, 1, 0x33);
    assertEquals(0x22, memory.read(0xF_0000, 1), "writes go to RAM, reads come from ROM");
    out(0, 0x58, 0x1000);
    assertEquals(0x33, memory.read(0xF_0000, 1));
    memory.write(0xF_0000, 1, 0x44);
    assertEquals(0x33, memory.read(0xF_0000, 1));
    out(0, 0x5C, 0x0030_0000);
    memory.write(0xE_4000, 1, 0x55);
    assertEquals(0x55, memory.read(0xE_4000, 1));
    assertEquals(0x11, memory.read(0xE_0000, 1));
  }
}
