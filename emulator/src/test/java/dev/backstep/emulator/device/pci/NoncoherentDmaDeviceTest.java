package dev.backstep.emulator.device.pci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.bus.PortBus;
import dev.backstep.emulator.device.BusMaster;
import dev.backstep.emulator.device.SnoopedRam;
import dev.backstep.emulator.execution.CodeBlock;
import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.listen.ExecutionListener;
import dev.backstep.emulator.listen.MachineEvent;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NoncoherentDmaDeviceTest implements ExecutionListener {
  private static final long RAM = 1 << 20;
  private static final long ROM_GPA = 0xF_0000;
  private static final int DEVICE = 3 << 11;
  private static final int COMMAND = 0x04;
  private static final int BUS_MASTER = 7;
  private static final int DONE = 1;
  private static final int ABORTED = 2;
  private static final int REFUSED = 4;

  private final GuestRam ram = new GuestRam(Arena.ofAuto(), RAM);
  private final PhysicalBus bus = new PhysicalBus(ram);
  private final PortBus ports = new PortBus();
  private final PciHostBridge bridge = new PciHostBridge(bus, ports, PciWindow.above(RAM));
  private final EventPort events = new EventPort();
  private final List<String> told = new ArrayList<>();
  private int base;

  @BeforeEach
  void plug() {
    bus.mapRam(0, RAM, 0, PhysicalBus.Writable.YES);
    bus.mapRam(ROM_GPA, 0x1000, ROM_GPA, PhysicalBus.Writable.NO);
    bridge.plug(
        3,
        0,
        new NoncoherentDmaDevice(
            name ->
                new BusMaster(
                    name,
                    bus,
                    new SnoopedRam(ram),
                    events,
                    () -> new MachineEvent.At(0, 0, 0, 0))));
    bridge.assignAsFirmwareDoes();
    config(COMMAND, BUS_MASTER);
    base = bridgeRead(0x14) & ~3;
    events.connect(this);
  }

  private int bridgeRead(int register) {
    bridge.write(0xCF8, 4, 0x8000_0000 | DEVICE | register);
    return bridge.read(0xCFC, 4);
  }

  private void config(int register, int value) {
    bridge.write(0xCF8, 4, 0x8000_0000 | DEVICE | register);
    bridge.write(0xCFC, 4, value);
  }

  private void set(int register, long value) {
    ports.write(base + register, 4, (int) value);
    if (register == 0x08 || register == 0x10) {
      ports.write(base + register + 4, 4, (int) (value >>> 32));
    }
  }

  private int get(int register) {
    return ports.read(base + register, 4);
  }

  private int command(int command, long source, long destination, int length) {
    set(0x08, source);
    set(0x10, destination);
    set(0x18, length);
    set(0x1C, command);
    return get(0x04);
  }

  @Test
  void isFoundOnTheBus() {
    assertEquals(0x10F01AF4, bridgeRead(0));
    assertEquals(0x414D444E, get(0));
  }

  @Test
  void readsAndSums() {
    ram.putLong(0x100, 0x0807060504030201L);
    ram.putLong(0x108, -1);
    assertEquals(DONE, command(1, 0x100, 0, 9));
    assertEquals(36 + 255, get(0x24));
    assertEquals(0x04030201, get(0x28));
    assertEquals(0x08070605, get(0x2C));
    assertEquals(List.of("READ 100 9 false 0"), told);
  }

  @Test
  void fillsWithThePattern() {
    set(0x20, 0x44332211);
    assertEquals(DONE, command(2, 0, 0x13F, 6));
    assertEquals(0x221144332211L, ram.getLong(0x13F));
    assertEquals(List.of("WRITE 13f 6 false 0"), told);
  }

  @Test
  void copiesAllItReadBeforeItWrites() {
    ram.putLong(0x100, 0x0807060504030201L);
    assertEquals(DONE, command(3 | 1 << 4, 0x100, 0x101, 8));
    assertEquals(0x0807060504030201L, ram.getLong(0x101));
    assertEquals(List.of("READ 100 8 true 0", "WRITE 101 8 true 0"), told);
  }

  @Test
  void registersAreInMemoryToo() {
    long gpa = bridgeRead(0x10) & ~0xFL;
    bus.write(Integer.toUnsignedLong((int) gpa) + 8, 8, 0x1_2345_6789L);
    assertEquals(0x2345_6789, get(0x08));
    assertEquals(1, get(0x0C));
    assertEquals(0x1_2345_6789L, bus.read(Integer.toUnsignedLong((int) gpa) + 8, 8));
  }

  /// What an access of 8 bytes that begins in the page before leaves for this one.
  @Test
  void registersHearNoPieces() {
    long gpa = Integer.toUnsignedLong(bridgeRead(0x10) & ~0xF);
    bus.write(gpa + 8, 6, 0x1234);
    assertEquals(0, get(0x08));
    assertEquals(-1L >>> 16, bus.read(gpa, 6));
  }

  @ParameterizedTest
  @CsvSource({
    "1, 0xFFFFF, 0, 2, 3, ends beyond RAM",
    "1, 0x80000000, 0, 64, 3, a hole",
    "2, 0, 0xF0000, 8, 3, ROM",
    "1, 0xF0000, 0, 8, 1, ROM can be read",
    "3, 0, 0x7FFFFFFFFFFFFFC0, 64, 3, the last line",
    "1, 0x7FFFFFFFFFFFFFFF, 0, 2, 4, wraps",
    "1, -1, 0, 1, 4, bit 63",
    "1, 0, 0, 0, 4, nothing",
    "1, 0, 0, -1, 4, negative",
    "1, 0, 0, 0x10001, 4, too long",
    "1, 0, 0, 0x10000, 1, longest",
    "0, 0, 0, 8, 4, no operation",
    "4, 0, 0, 8, 4, no such operation",
    "7, 0, 0, 8, 4, no such operation",
  })
  void saysWhatItCouldNotDo(
      int operation, String source, String destination, String length, int status, String what) {
    int got =
        command(operation, Long.decode(source), Long.decode(destination), Integer.decode(length));
    assertEquals(status, got, what);
  }

  @Test
  void whatIsNoRamReadsAsOnes() {
    assertEquals(DONE | ABORTED, command(1, RAM - 2, 0, 4));
    assertEquals(0xFFFF0000, get(0x28));
  }

  @Test
  void masterMustBeEnabled() {
    config(COMMAND, 3);
    assertEquals(REFUSED, command(2, 0, 0x100, 4));
    assertEquals(List.of(), told);
  }

  @Test
  void survivesAnything() {
    var random = new SplittableRandom(20261122);
    for (int k = 0; k < 20_000; k++) {
      int size = 1 << random.nextInt(3);
      int port = base + random.nextInt(64 / size) * size;
      int value = random.nextInt(3) == 0 ? random.nextInt(32) : random.nextInt();
      ports.write(port, size, value);
      int read = ports.read(port, size);
      assertTrue(size == 4 || read >>> 8 * size == 0);
    }
    assertTrue(told.size() < 40_000);
  }

  @Override
  public void event(MachineEvent event) {
    MachineEvent.Dma e = (MachineEvent.Dma) event;
    assertEquals("noncoherent-dma", e.device());
    told.add("%s %x %d %s %d".formatted(e.op(), e.gpa(), e.size(), e.snoop(), e.stale()));
  }

  @Override
  public void blockBuilt(CodeBlock block) {}

  @Override
  public void executed(int vcpu, long first, int[] entries, int count, long instructions) {}
}
