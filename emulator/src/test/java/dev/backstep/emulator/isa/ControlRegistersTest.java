package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.CODE_AT;
import static dev.backstep.emulator.testing.SystemBench.SCRATCH;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.time.VirtualClock;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;

class ControlRegistersTest {
  private static final List<String> GP = List.of("#GP(0)");
  private static final List<String> NONE = List.of();
  private static final long PE = ControlBits.CR0_PE;
  private static final long PG = ControlBits.CR0_PG;
  private static final long PAE = ControlBits.CR4_PAE;

  private static SystemBench protected32() {
    return new SystemBench().protected32();
  }

  private static SystemBench longMode() {
    return new SystemBench().longMode();
  }

  /// MOV CRn, RAX.
  private static List<String> write(SystemBench b, int register, long value) {
    b.log.events.clear();
    b.c.gpr[Vcpu.RAX] = value;
    b.code(0x0F, 0x22, 0xC0 | register << 3).step();
    return b.exceptions();
  }

  @Test
  void cr0RefusesCombinationsThatMakeNoSense() {
    assertEquals(GP, write(protected32(), 0, PG));
    assertEquals(GP, write(protected32(), 0, PE | ControlBits.CR0_NW));
    assertEquals(GP, write(longMode(), 0, 1L << 32 | PE | PG));
    assertEquals(NONE, write(protected32(), 0, PE | ControlBits.CR0_CD | ControlBits.CR0_NW));
  }

  @Test
  void cr0IgnoresReservedLowBitsAndKeepsEt() {
    SystemBench b = protected32();
    assertEquals(NONE, write(b, 0, PE | 0x1FFAFFC0L & ~(1L << 18) & ~(1L << 16)));
    assertEquals(PE | ControlBits.CR0_ET, b.c.cr0);
  }

  @Test
  void slowWritesTakeTime() {
    for (int register : new int[] {0, 3, 4}) {
      SystemBench b = protected32();
      long before = b.c.clock.nowNs();
      assertEquals(NONE, write(b, register, register == 0 ? PE : 0));
      assertTrue(b.c.clock.nowNs() - before >= VirtualClock.MICROCODED_NS);
    }
  }

  @Test
  void cr0NeedsCplZero() {
    assertEquals(GP, write(protected32().user(), 0, PE));
  }

  @Test
  void leavingProtectedModeGoesToRealMode() {
    SystemBench b = protected32();
    assertEquals(NONE, write(b, 0, 0));
    assertEquals(CpuMode.REAL32, b.c.mode);
  }

  @Test
  void pagingWithLmeActivatesLongMode() {
    SystemBench b = longMode();
    b.c.efer &= ~ControlBits.EFER_LMA;
    b.c.cr0 = PE | ControlBits.CR0_ET;
    SegmentRegister cs = b.c.segments[SegmentRegister.CS];
    cs.access = cs.access & ~SegmentRegister.LONG | SegmentRegister.DEFAULT_BIG;
    b.c.updateMode();
    assertEquals(NONE, write(b, 0, PE | PG));
    assertTrue(b.c.isLongModeActive());
    assertEquals(CpuMode.COMPATIBILITY32, b.c.mode);
    assertEquals(NONE, write(b, 0, PE));
    assertFalse(b.c.isLongModeActive());
    assertEquals(CpuMode.PROTECTED32, b.c.mode);
  }

  @Test
  void longModeNeedsPaeAndShortCodeSegmentAnd32BitTss() {
    assertEquals(GP, activate(bench -> bench.c.cr4 = 0));
    assertEquals(
        GP, activate(bench -> bench.c.segments[SegmentRegister.CS].access |= SegmentRegister.LONG));
    assertEquals(GP, activate(bench -> bench.c.tr.access = 0x83));
    assertEquals(NONE, activate(bench -> {}));
  }

  private interface Change {
    void apply(SystemBench bench);
  }

  private static List<String> activate(Change change) {
    SystemBench b = longMode();
    b.c.efer = ControlBits.EFER_LME;
    b.c.cr0 = PE;
    SegmentRegister cs = b.c.segments[SegmentRegister.CS];
    cs.access = cs.access & ~SegmentRegister.LONG | SegmentRegister.DEFAULT_BIG;
    b.c.updateMode();
    change.apply(b);
    // The tables are those of long mode: what follows the first fault does not matter.
    return write(b, 0, PE | PG).stream().limit(1).toList();
  }

  @Test
  void pagingCannotBeTurnedOffIn64BitMode() {
    assertEquals(GP, write(longMode(), 0, PE));
  }

  @Test
  void cr4RefusesBitsThatThisProcessorLacks() {
    assertEquals(GP, write(protected32(), 4, ControlBits.CR4_VMXE));
    assertEquals(GP, write(new SystemBench("max,-smep").protected32(), 4, ControlBits.CR4_SMEP));
    assertEquals(NONE, write(new SystemBench("max,+smep").protected32(), 4, ControlBits.CR4_SMEP));
    assertEquals(GP, write(longMode(), 4, 1L << 40 | PAE));
  }

  @Test
  void paeCannotBeClearedInLongMode() {
    assertEquals(GP, write(longMode(), 4, 0));
    assertEquals(NONE, write(longMode(), 4, PAE | ControlBits.CR4_PGE));
  }

  @Test
  void cr4PgeFlushesTranslations() {
    SystemBench b = longMode();
    write(b, 4, PAE | ControlBits.CR4_PGE);
    assertEquals("cr4", b.log.of(MachineEvent.TlbFlush.class).getFirst().op());
  }

  @Test
  void cr3RefusesBitsBeyondPhysicalAddresses() {
    assertEquals(GP, write(longMode(), 3, 1L << 52 | 0x5000));
    assertEquals(GP, write(longMode(), 3, 1L << 63 | 0x5000));
    SystemBench b = longMode();
    assertEquals(NONE, write(b, 3, 0x5018));
    assertEquals(0x5018, b.c.cr3);
    assertEquals("cr3", b.log.of(MachineEvent.TlbFlush.class).getFirst().op());
    MachineEvent.ControlRegister event = b.log.of(MachineEvent.ControlRegister.class).getFirst();
    assertEquals("CR3", event.reg());
    assertEquals(0x5018, event.value());
  }

  @Test
  void cr3WithPaePagingChecksThePdptes() {
    SystemBench b = protected32();
    b.ram.putLong(SCRATCH, 0x7001);
    b.ram.putLong(SCRATCH + 32, 0x7003);
    assertEquals(NONE, write(b, 4, PAE));
    assertEquals(NONE, write(b, 3, SCRATCH));
    b.ram.putLong(0x7000, 0x83 | 1 << 5);
    assertEquals(NONE, write(b, 0, PE | PG));
    assertEquals(GP, write(b, 3, SCRATCH + 32));
    assertEquals(SCRATCH, b.c.cr3);
  }

  @Test
  void turningPaePagingOnWithReservedPdpteBitsIsGp() {
    SystemBench b = protected32();
    b.ram.putLong(SCRATCH, 0x7003);
    write(b, 4, PAE);
    write(b, 3, SCRATCH);
    assertEquals(GP, write(b, 0, PE | PG));
    assertFalse(b.c.cr0(PG));
  }

  @Test
  void pcideNeedsLongModeAndPcidZero() {
    if (!new SystemBench().c.cpuid.has(dev.backstep.emulator.cpuid.CpuFeature.PCID)) {
      assertEquals(GP, write(longMode(), 4, PAE | ControlBits.CR4_PCIDE));
      return;
    }
    assertEquals(NONE, write(longMode(), 4, PAE | ControlBits.CR4_PCIDE));
    SystemBench b = longMode();
    b.c.cr3 |= 0x18;
    assertEquals(GP, write(b, 4, PAE | ControlBits.CR4_PCIDE));
  }

  @Test
  void cr8TakesFourBits() {
    SystemBench b = longMode();
    b.c.gpr[Vcpu.RAX] = 0x10;
    b.code(0x44, 0x0F, 0x22, 0xC0).step();
    assertEquals(GP, b.exceptions());
    b = longMode();
    b.c.gpr[Vcpu.RAX] = 0xF;
    b.code(0x44, 0x0F, 0x22, 0xC0).step();
    assertEquals(NONE, b.exceptions());
  }

  @Test
  void lmswSetsButDoesNotClearPe() {
    SystemBench b = protected32();
    b.c.gpr[Vcpu.RAX] = ControlBits.CR0_TS;
    b.code(0x0F, 0x01, 0xF0).step();
    assertEquals(NONE, b.exceptions());
    assertTrue(b.c.cr0(ControlBits.CR0_TS));
    assertTrue(b.c.cr0(PE));
    assertTrue(b.c.cr0(ControlBits.CR0_NE));
  }

  @Test
  void smswGivesAllOfCr0ToWideRegistersAndAWordToMemory() {
    SystemBench b = protected32();
    b.code(0x0F, 0x01, 0xE0).step();
    assertEquals(b.c.cr0, b.c.gpr[Vcpu.RAX]);
    b.c.gpr[Vcpu.RBX] = SCRATCH;
    b.put32(SCRATCH, 0xFFFFFFFFL);
    b.code(0x0F, 0x01, 0x23).step();
    assertEquals(0xFFFF0000L | b.c.cr0 & 0xFFFF, b.get32(SCRATCH));
  }

  @Test
  void umipForbidsSmswToUsers() {
    SystemBench b = protected32().user();
    assertEquals(NONE, b.code(0x0F, 0x01, 0xE0).step().exceptions());
    b = protected32().user();
    b.c.cr4 |= ControlBits.CR4_UMIP;
    assertEquals(GP, b.code(0x0F, 0x01, 0xE0).step().exceptions());
  }

  @Test
  void cltsClearsTs() {
    SystemBench b = protected32();
    b.c.cr0 |= ControlBits.CR0_TS;
    b.code(0x0F, 0x06).step();
    assertFalse(b.c.cr0(ControlBits.CR0_TS));
    assertEquals(GP, protected32().user().code(0x0F, 0x06).step().exceptions());
  }

  @Test
  void debugRegistersKeepTheirFixedBits() {
    SystemBench b = protected32();
    b.c.gpr[Vcpu.RAX] = 0xFFFFFFFFL;
    b.code(0x0F, 0x23, 0xF0).step();
    assertEquals(ControlBits.DR6_FIXED | 0xE00F, b.c.dr[6]);
    b.c.gpr[Vcpu.RAX] = 0;
    b.code(0x0F, 0x23, 0xF8).step();
    assertEquals(ControlBits.DR7_FIXED, b.c.dr[7]);
  }

  @Test
  void dr4IsDr6OrUndefined() {
    SystemBench b = protected32();
    b.code(0x0F, 0x21, 0xE0).step();
    assertEquals(ControlBits.DR6_FIXED, b.c.gpr[Vcpu.RAX]);
    b.c.cr4 |= ControlBits.CR4_DE;
    b.code(0x0F, 0x21, 0xE0).step();
    assertEquals(List.of("#UD"), b.exceptions());
  }

  @Test
  void debugRegistersNeedCplZero() {
    assertEquals(GP, protected32().user().code(0x0F, 0x21, 0xC0).step().exceptions());
  }

  @Test
  void upperHalvesOfDr6AndDr7MustBeZero() {
    SystemBench b = longMode();
    b.c.gpr[Vcpu.RAX] = 1L << 32;
    assertEquals(GP, b.code(0x0F, 0x23, 0xF8).step().exceptions());
  }

  @Test
  void generalDetectStopsAccessesBeforeTheyHappen() {
    SystemBench b = protected32();
    b.c.dr[7] |= ControlBits.DR7_GD;
    b.code(0x0F, 0x21, 0xC0).step();
    assertEquals(List.of("#DB"), b.exceptions());
    assertEquals(CODE_AT, b.stack32(0));
    assertTrue((b.c.dr[6] & ControlBits.DR6_BD) != 0);
    assertTrue((b.stack32(2) & Rflags.RF) != 0);
    assertEquals(0, b.c.dr[7] & ControlBits.DR7_GD);
  }
}
