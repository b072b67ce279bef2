package dev.backstep.emulator.isa;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.backstep.emulator.cache.CacheModel;
import dev.backstep.emulator.cache.CacheRules;
import dev.backstep.emulator.cache.CacheRules.Effect;
import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Decoder;
import dev.backstep.emulator.device.DmaPath.Snooping;
import dev.backstep.emulator.execution.Operation;
import dev.backstep.emulator.execution.OperationBinding;
import dev.backstep.emulator.execution.OperationFactory;
import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.mmu.VcpuFixture;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Instructions about caches and write-combining buffers, seen by a device that does not snoop.
class CacheOpsTest {
  private static final int AT = 0x20_0000;
  private static final int DIRECTORY = 0x30_0000;
  private static final int NEW = 0x77656E;
  private static final String STORE = "A3 00 00 20 00"; // MOV [AT], EAX
  private static final String LOAD = "A1 00 00 20 00"; // MOV EAX, [AT]
  private static final String MOVNTI = "0F C3 05 00 00 20 00"; // MOVNTI [AT], EAX

  private final VcpuFixture f = new VcpuFixture().flat32(0);
  private final CacheModel model =
      new CacheModel(
          f.ram,
          new CacheRules(Effect.CARRIED_OUT, Effect.CARRIED_OUT),
          new EventPort(),
          f.c::at,
          ramOffset -> ramOffset);
  private final OperationFactory factory = new OperationFactory(OperationBinding.withStoreOrder());
  private final Decoder decoder = new Decoder(Set.of());

  @BeforeEach
  void connect() {
    f.c.mmu.mtrrs().setAsFirmwareDoes(0xC000_0000L);
    f.c.mmu.flushAll("test");
    f.c.mmu.caches().connect(model.processor(0));
    f.c.gpr[Vcpu.RAX] = NEW;
  }

  private void run(String hex) {
    byte[] code = HexFormat.ofDelimiter(" ").parseHex(hex);
    DecodedInstruction i = decoder.decode(code, 0, code.length, f.c.mode, 0x100);
    if (i == null || i.length != code.length) {
      throw new AssertionError(hex + " does not decode");
    }
    factory.operationFor(i).execute(f.c, i);
  }

  private int memory() {
    byte[] read = new byte[4];
    model.read(AT, read, 0, 4, Snooping.NOTHING);
    return ByteBuffer.wrap(read).order(ByteOrder.LITTLE_ENDIAN).getInt();
  }

  private void deviceWrites(int value) {
    byte[] written = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
    model.write(AT, written, 0, 4, Snooping.NOTHING);
  }

  @Test
  void storesToWriteBackMemoryStayInTheCache() {
    run(STORE);
    assertEquals(0, memory());
    assertEquals(NEW, f.ram.getInt(AT), "what processors see");
  }

  @ParameterizedTest
  @CsvSource({
    "CLFLUSH, 0F AE 3D 3F 00 20 00",
    "CLFLUSHOPT, 66 0F AE 3D 00 00 20 00",
    "CLWB, 66 0F AE 35 00 00 20 00",
    "WBINVD, 0F 09",
    "WBNOINVD, F3 0F 09",
  })
  void writeBacksReachMemory(String name, String hex) {
    run(STORE);
    run(hex);
    assertEquals(NEW, memory(), name);
    assertEquals(NEW, f.ram.getInt(AT), name);
  }

  @ParameterizedTest
  @CsvSource({
    "CLFLUSH, 0F AE 3D 00 00 20 00, 5",
    "WBINVD, 0F 09, 5",
    "INVD, 0F 08, 5",
    "CLWB, 66 0F AE 35 00 00 20 00, 0",
    "WBNOINVD, F3 0F 09, 0",
    "CLDEMOTE, 0F 1C 05 00 00 20 00, 0",
  })
  void onlyInvalidationShowsWhatADeviceWrote(String name, String hex, long seen) {
    run(LOAD);
    deviceWrites(5);
    run(hex);
    run(LOAD);
    assertEquals(seen, f.c.gpr[Vcpu.RAX], name);
  }

  @Test
  void invdLosesStores() {
    run(STORE);
    run("0F 08");
    run(LOAD);
    assertEquals(0, f.c.gpr[Vcpu.RAX]);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        MOVNTI,
        "66 0F E7 05 00 00 20 00", // MOVNTDQ
        "0F 2B 05 00 00 20 00", // MOVNTPS
        "66 0F 2B 05 00 00 20 00", // MOVNTPD
        "0F E7 05 00 00 20 00", // MOVNTQ
        "66 0F F7 C9", // MASKMOVDQU
        "C5 F8 2B 05 00 00 20 00", // VMOVNTPS
      })
  void nonTemporalStoresAreHeldBack(String hex) {
    f.c.cr4 |= ControlBits.CR4_OSFXSR | ControlBits.CR4_OSXSAVE;
    f.c.xcr0 = 7;
    f.c.fpu.xmm[0] = NEW;
    f.c.fpu.xmm[2] = -1L;
    f.c.fpu.significand[0] = NEW;
    f.c.gpr[Vcpu.RDI] = AT;
    if (hex.startsWith("66 0F F7")) {
      f.c.fpu.xmm[2] = 0x8080_8080_8080_8080L;
    }
    f.c.updateMode();
    run(hex);
    assertEquals(0, memory());
    assertEquals(0, f.ram.getInt(AT), "nor does another processor see them");
    run("0F AE F8"); // SFENCE
    assertEquals(memory(), f.ram.getInt(AT));
    assertEquals(true, memory() != 0);
  }

  @ParameterizedTest
  @CsvSource({
    "SFENCE, 0F AE F8, true",
    "MFENCE, 0F AE F0, true",
    "LFENCE, 0F AE E8, false",
    "PAUSE, F3 90, false",
    "CPUID, 0F A2, true",
    "SERIALIZE, 0F 01 E8, true",
    "MOV CR3, 0F 22 D8, true",
    "MOV from CR3, 0F 20 D8, false",
    "MOV DR0, 0F 23 C0, true",
    "INVLPG, 0F 01 3D 00 00 30 00, true",
    "LGDT, 0F 01 15 00 00 30 00, true",
    "SGDT, 0F 01 05 00 00 30 00, false",
    "OUT, E6 80, true",
    "IN, E4 80, true",
    "LOCK INC, F0 FF 05 00 00 30 00, true",
    "INC, FF 05 00 00 30 00, false",
    "XCHG with memory, 87 05 00 00 30 00, true",
    "XCHG, 93, false",
    "load of another line, A1 00 00 30 00, false",
    "load of the line, A1 20 00 20 00, true",
    "store to the line, A3 20 00 20 00, true",
    "MOVDIRI, 0F 38 F9 05 00 00 30 00, true",
    "HLT, F4, true",
    "WBINVD, 0F 09, true",
    "NOP, 90, false",
  })
  void combiningBuffersAreEmptiedByWhatTheManualsSay(String name, String hex, boolean empties) {
    run(MOVNTI);
    run(hex);
    assertEquals(empties ? NEW : 0, memory(), name);
  }

  private DecodedInstruction decode64(String hex) {
    byte[] code = HexFormat.ofDelimiter(" ").parseHex(hex);
    return Objects.requireNonNull(decoder.decode(code, 0, code.length, CpuMode.LONG64, 0x100));
  }

  @Test
  void movesToCr8EmptyNothing() {
    Operation plain = factory.operationFor(decode64("90"));
    OperationBinding binding = OperationBinding.withStoreOrder();
    assertSame(plain, binding.bind(decode64("44 0F 22 C0"), plain), "MOV CR8, RAX");
    assertNotSame(plain, binding.bind(decode64("0F 22 C0"), plain), "MOV CR0, RAX");
  }

  /// SDM Vol. 3 "Serializing Instructions": not WRMSR of the TSC deadline and of x2APIC registers.
  @ParameterizedTest
  @CsvSource({"0x277, true", "0x6E0, false", "0x808, false", "0x83F, false", "0x840, true"})
  void wrmsrEmptiesThemForMostRegisters(String msr, boolean empties) {
    run(MOVNTI);
    f.c.gpr[Vcpu.RCX] = Long.decode(msr);
    f.c.gpr[Vcpu.RAX] = 0;
    f.c.gpr[Vcpu.RDX] = 0;
    try {
      run("0F 30");
    } catch (GuestFault _) {
      // Not a register that this vCPU has.
    }
    assertEquals(empties ? NEW : 0, memory());
  }

  @Test
  void eventsEmptyCombiningBuffers() {
    f.c.cr0 &= ~ControlBits.CR0_PE;
    f.c.idtLimit = 0x3FF;
    f.c.gpr[Vcpu.RSP] = 0x8000;
    f.c.updateMode();
    f.c.mmu.caches().beginNonTemporal();
    f.c.mmu.writeLinear(AT, 4, NEW, 0);
    f.c.mmu.caches().endNonTemporal();
    assertEquals(0, memory());
    EventDelivery.interrupt(f.c, 0x20, "lapic-timer", -1);
    assertEquals(NEW, memory());
  }

  @Test
  void prefetchBringsALineInIfItsPageIsKnown() {
    run("0F 18 0D 00 00 20 00"); // PREFETCHT0 [AT]: no translation yet
    deviceWrites(5);
    run(LOAD);
    assertEquals(5, f.c.gpr[Vcpu.RAX]);
    run("A1 40 00 20 00");
    run("0F 18 0D 80 00 20 00");
    byte[] one = {1, 0, 0, 0};
    model.write(AT + 0x80, one, 0, 4, Snooping.NOTHING);
    run("A1 80 00 20 00");
    assertEquals(0, f.c.gpr[Vcpu.RAX]);
  }

  @Test
  void typesThatChangeWithTheMapCountAtOnce() {
    long elsewhere = f.lapic.base;
    f.lapic.base = AT | elsewhere & 0xFFF;
    f.c.mmu.physicalMapChanged();
    run(LOAD); // of the xAPIC page, which is UC
    f.lapic.base = elsewhere;
    f.c.mmu.physicalMapChanged();
    run(STORE);
    assertEquals(0, memory(), "WB, as the RAM that is seen again");
  }

  @Test
  void typesThatChangeWithCr0CdCountAtOnce() {
    run(LOAD);
    f.c.cr0 |= ControlBits.CR0_CD;
    f.c.updateMode();
    f.c.gpr[Vcpu.RAX] = NEW;
    run("A3 40 00 20 00"); // a line that is not cached
    byte[] read = new byte[4];
    model.read(AT + 0x40, read, 0, 4, Snooping.NOTHING);
    assertEquals(0x6E, read[0]);
    run(STORE); // one that is
    assertEquals(0, memory());
    f.c.cr0 &= ~ControlBits.CR0_CD;
    f.c.updateMode();
  }

  private void turnPagingOn() {
    f.ram.putInt(DIRECTORY, 0x83);
    f.c.cr4 |= ControlBits.CR4_PSE;
    f.c.cr3 = DIRECTORY;
    f.c.cr0 |= ControlBits.CR0_PG;
    f.c.updateMode();
  }

  /// Another processor that changed the entry meanwhile would find its change undone by the buffer.
  @Test
  void theHintOfAStoreIsNotAboutTheFlagsOfItsPage() {
    turnPagingOn();
    run(MOVNTI);
    assertEquals(0xE3, f.ram.getInt(DIRECTORY), "accessed and dirty");
    assertEquals(0, f.ram.getInt(AT), "the store itself is held back");
  }

  @Test
  void walksSeeEntriesInTheirOwnCombiningBuffers() {
    turnPagingOn();
    f.c.gpr[Vcpu.RAX] = 0x87;
    run("0F C3 05 00 00 30 00"); // MOVNTI [DIRECTORY], EAX
    f.c.mmu.flushAll("test");
    run("A1 00 00 20 00");
    assertEquals(0xA7, f.ram.getInt(DIRECTORY), "what was stored, and accessed");
  }

  @Test
  void pageTablesAreWrittenThroughTheCache() {
    turnPagingOn();
    run(STORE);
    assertEquals(0xE3, f.ram.getInt(DIRECTORY), "accessed and dirty");
    byte[] read = new byte[1];
    model.read(DIRECTORY, read, 0, 1, Snooping.NOTHING);
    assertEquals((byte) 0x83, read[0], "not yet in memory");
    run(LOAD);
    assertEquals(NEW, f.c.gpr[Vcpu.RAX]);
  }
}
