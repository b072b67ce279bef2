package dev.backstep.emulator.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.time.VirtualClock;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MmuAccessTest {
  private static final int DS = SegmentRegister.DS;
  private static final int SS = SegmentRegister.SS;

  private final VcpuFixture f = new VcpuFixture().flat32(0);
  private final Mmu mmu = f.c.mmu;

  @Test
  void deviceAccessesTakeTimeAndRamDoesNot() {
    long before = f.c.clock.nowNs();
    mmu.load32(DS, 0x1000);
    assertEquals(before, f.c.clock.nowNs());
    mmu.load32(DS, VcpuFixture.DEVICE);
    assertEquals(before + VirtualClock.MMIO_NS, f.c.clock.nowNs());
    mmu.store32(DS, VcpuFixture.DEVICE, 1);
    assertEquals(before + 2 * VirtualClock.MMIO_NS, f.c.clock.nowNs());
  }

  @Test
  void readsBackEveryWidthSignExtended() {
    mmu.store64(DS, 0x1000, 0x8877_6655_4433_2281L);
    assertEquals((byte) 0x81, mmu.load8(DS, 0x1000));
    assertEquals((short) 0x2281, mmu.load16(DS, 0x1000));
    assertEquals(0x4433_2281, mmu.load32(DS, 0x1000));
    assertEquals(0x8877_6655_4433_2281L, mmu.load64(DS, 0x1000));
    mmu.store8(DS, 0x1001, 0x7F);
    mmu.store16(DS, 0x1002, 0x1_ABCD);
    mmu.store32(DS, 0x1004, 0x1234_5678);
    assertEquals(0x1234_5678_ABCD_7F81L, mmu.loadForWrite64(DS, 0x1000));
    assertEquals(0x1234_5678, mmu.loadForWrite32(DS, 0x1004));
    assertEquals((short) 0xABCD, mmu.loadForWrite16(DS, 0x1002));
    assertEquals((byte) 0x7F, mmu.loadForWrite8(DS, 0x1001));
  }

  @Test
  void splitsAccessesThatCrossPages() {
    mmu.store64(DS, 0x1FFB, 0x1122_3344_5566_7788L);
    assertEquals(0x1122_3344_5566_7788L, mmu.load64(DS, 0x1FFB));
    assertEquals(0x33, mmu.load8(DS, 0x2000));
    assertEquals(0x2233_4455, mmu.load32(DS, 0x1FFE));
  }

  @Test
  void wrapsAt4GiBInAFlatSegment() {
    mmu.store16(DS, 0, 0x1234);
    assertEquals(0x1234_0000, mmu.load32(DS, 0xFFFF_FFFEL), "ROM is all zero");
  }

  @Test
  void writesNothingWhenTheSecondPageFaults() {
    var g = new VcpuFixture();
    g.ram.putInt(0x4000, 0x5007);
    g.ram.putInt(0x5000, 0x6007);
    g.ram.putInt(0x6FFC, 0x1111_1111);
    g.c.cr3 = 0x4000;
    g.flat32(3);
    g.c.cr0 |= ControlBits.CR0_PG;
    g.c.updateMode();
    assertEquals("14:6@1000", VcpuFixture.faultOf(() -> g.c.mmu.store32(DS, 0xFFE, -1)));
    assertEquals(0x1111_1111, g.ram.getInt(0x6FFC));
    assertEquals("14:6@1000", VcpuFixture.faultOf(() -> g.c.mmu.probeWrite(DS, 0xF00, 4096)));
    assertEquals("none", VcpuFixture.faultOf(() -> g.c.mmu.probeRead(DS, 0xF00, 0x100)));
    assertEquals("14:4@1000", VcpuFixture.faultOf(() -> g.c.mmu.probeRead(DS, 0xF00, 0x101)));
  }

  @Test
  void givesDevicesTheAccessAsItIsAndTellsTheListener() {
    assertEquals(0x5566_7788, mmu.load32(DS, VcpuFixture.DEVICE + 4));
    mmu.store64(DS, VcpuFixture.DEVICE + 8, 0x0102_0304_0506_0708L);
    mmu.store8(DS, VcpuFixture.DEVICE, 0x1FF);
    assertEquals(List.of("r4@4", "w8@8=102030405060708", "w1@0=ff"), f.device.log);
    MachineEvent.Mmio read = f.eventsOf(MachineEvent.Mmio.class).getFirst();
    assertEquals(MachineEvent.Op.READ, read.op());
    assertEquals(VcpuFixture.DEVICE + 4, read.gpa());
    assertEquals(0x5566_7788, read.value());
    assertEquals("logging", read.device());
  }

  @Test
  void splitsDeviceAccessesAtPageBoundaries() {
    mmu.store32(DS, VcpuFixture.DEVICE + 0xFFD, 0x4433_2211);
    assertEquals(List.of("w1@ffd=11", "w2@ffe=3322", "w1@1000=44"), f.device.log);
  }

  @Test
  void readsAllOnesWhereNobodyAnswers() {
    assertEquals(-1, mmu.load32(DS, 0x9000_0000L));
    mmu.store32(DS, 0x9000_0000L, 5);
    assertEquals(-1, mmu.load64(DS, 0x9000_0000L));
    assertEquals("unassigned", f.eventsOf(MachineEvent.Mmio.class).getFirst().device());
  }

  @Test
  void swallowsWritesToRom() {
    f.ram.putInt(VcpuFixture.RAM_BYTES, 0x1234_5678);
    mmu.store32(DS, VcpuFixture.ROM, -1);
    assertEquals(0x1234_5678, mmu.load32(DS, VcpuFixture.ROM));
    mmu.store32(DS, VcpuFixture.ROM, -1);
    assertEquals(0x1234_5678, mmu.loadForWrite32(DS, VcpuFixture.ROM));
    assertEquals(0, f.eventsOf(MachineEvent.Mmio.class).size());
  }

  @Test
  void sendsTheXapicPageToTheLocalApicWithoutMmioEvents() {
    assertEquals(0xA5, mmu.load32(DS, 0xFEE0_0020L));
    mmu.store32(DS, 0xFEE0_00B0L, 0);
    assertEquals(List.of("r4@20", "w4@b0=0"), f.lapic.log);
    assertEquals(0, f.eventsOf(MachineEvent.Mmio.class).size());
  }

  @Test
  void movesTheXapicPageOverRamAndBack() {
    mmu.store32(DS, 0x7000, 77);
    f.c.msrTable.write(f.c, 0x1B, 0x7900);
    assertEquals(0xA5, mmu.load32(DS, 0x7000));
    assertEquals(-1, mmu.load32(DS, 0xFEE0_0020L));
    f.c.msrTable.write(f.c, 0x1B, 0xFEE0_0900L);
    assertEquals(77, mmu.load32(DS, 0x7000));
  }

  @Test
  void tellsOfWritesToPagesThatHoldCode() {
    var written = new ArrayList<String>();
    f.ram.watchCode((offset, bytes) -> written.add(bytes + "@" + Long.toHexString(offset)));
    mmu.store32(DS, 0x3000, 1);
    f.ram.markCode(0x3000);
    mmu.codePageMarked(0x3000);
    mmu.store32(DS, 0x3010, 2);
    mmu.store32(DS, 0x3010, 3);
    mmu.store16(DS, 0x2FFF, -1);
    assertEquals(List.of("4@3010", "4@3010", "1@3000"), written);
    f.ram.unmarkCode(0x3000);
    mmu.store32(DS, 0x3010, 4);
    assertEquals(3, written.size());
  }

  @Test
  void notesDataBreakpoints() {
    mmu.load32(DS, 0x5000);
    f.c.dr[0] = 0x5004;
    f.c.dr[1] = 0x5008;
    // DR0: 4 bytes, writes. DR1: 2 bytes, reads and writes.
    f.c.dr[7] = 0x400 | 1 | 1 << 2 | 0b1101 << 16 | 0b0111 << 20;
    mmu.debugRegistersChanged();
    mmu.load32(DS, 0x5004);
    assertEquals(0, f.c.pendingDebugTraps);
    mmu.store8(DS, 0x5007, 1);
    assertEquals(1, f.c.pendingDebugTraps);
    f.c.pendingDebugTraps = 0;
    mmu.load16(DS, 0x5009);
    assertEquals(2, f.c.pendingDebugTraps);
    f.c.pendingDebugTraps = 0;
    mmu.load16(DS, 0x500A);
    mmu.store16(DS, 0x5002, 1);
    assertEquals(0, f.c.pendingDebugTraps);
    mmu.store32(DS, 0x5001, 1);
    assertEquals(1, f.c.pendingDebugTraps);
  }

  @Test
  void checksAlignmentOnlyForUsersThatAskForIt() {
    f.flat32(3);
    mmu.load32(DS, 0x1001);
    f.c.cr0 |= ControlBits.CR0_AM;
    f.rflags(Rflags.AC);
    assertEquals("17:0", VcpuFixture.faultOf(() -> mmu.load32(DS, 0x1001)));
    assertEquals("17:0", VcpuFixture.faultOf(() -> mmu.store16(DS, 0x1FFF, 0)));
    assertEquals("none", VcpuFixture.faultOf(() -> mmu.load32(DS, 0x1004)));
    assertEquals("none", VcpuFixture.faultOf(() -> mmu.load8(DS, 0x1001)));
    assertEquals(0, mmu.plainReadRun(DS, 0x1004));
    f.at(0);
    assertEquals("none", VcpuFixture.faultOf(() -> mmu.load32(DS, 0x1001)));
    f.at(3);
    f.rflags(0);
    assertEquals("none", VcpuFixture.faultOf(() -> mmu.load32(DS, 0x1001)));
  }

  @Test
  void offersPlainRamInBulkOnceItIsKnown() {
    assertEquals(0, mmu.plainReadRun(DS, 0x2010));
    mmu.load8(DS, 0x2000);
    assertEquals(4096 - 0x10, mmu.plainReadRun(DS, 0x2010));
    assertEquals(0x2010, mmu.ramOffsetForRead(DS, 0x2010));
    assertEquals(0, mmu.plainWriteRun(DS, 0x2010));
    mmu.store8(DS, 0x2000, 1);
    assertEquals(4096 - 0x10, mmu.plainWriteRun(DS, 0x2010));
    assertEquals(0x2010, mmu.ramOffsetForWrite(DS, 0x2010));
    mmu.load8(DS, VcpuFixture.DEVICE);
    assertEquals(0, mmu.plainReadRun(DS, VcpuFixture.DEVICE));
    f.ram.markCode(0x2000);
    mmu.codePageMarked(0x2000);
    assertEquals(0, mmu.plainWriteRun(DS, 0x2010));
    assertEquals(4096 - 0x10, mmu.plainReadRun(DS, 0x2010));
  }

  @Test
  void faultsOnNonCanonicalAddresses() {
    map64();
    assertEquals("13:0", VcpuFixture.faultOf(() -> mmu.load8(DS, 0x8000_0000_0000L)));
    assertEquals("12:0", VcpuFixture.faultOf(() -> mmu.load8(SS, 0x8000_0000_0000L)));
    assertEquals("13:0", VcpuFixture.faultOf(() -> mmu.load16(DS, 0x7FFF_FFFF_FFFFL)));
    assertEquals("13:0", VcpuFixture.faultOf(() -> mmu.fetchGpa(0x8000_0000_0000L)));
    assertEquals("13:0", VcpuFixture.faultOf(() -> mmu.readSystem(0x7FFF_FFFF_FFFCL, 8)));
    assertEquals("12:0", VcpuFixture.faultOf(() -> mmu.writeLinear(1L << 60, 8, 0, 0)));
    assertEquals("none", VcpuFixture.faultOf(() -> mmu.load64(DS, 0x1000)));
  }

  @Test
  void usesOnlyTheBasesOfFsAndGsIn64BitMode() {
    map64();
    for (SegmentRegister s : f.c.segments) {
      s.set(0, 0x2000, 0, SegmentRegister.LONG, false);
    }
    f.c.updateMode();
    mmu.store32(DS, 0x1000, 1);
    mmu.store32(SegmentRegister.GS, 0x1000, 2);
    assertEquals(1, f.ram.getInt(0x1000));
    assertEquals(2, f.ram.getInt(0x3000));
    f.c.segments[SegmentRegister.FS].base = 0x4000;
    mmu.segmentChanged(SegmentRegister.FS);
    mmu.store32(SegmentRegister.FS, -0x1000, 3);
    assertEquals(3, f.ram.getInt(0x3000));
  }

  @Test
  void givesEachPrivilegeItsOwnEpochBitAndEachFlushANewEpoch() {
    long supervisor = f.c.translationEpoch;
    f.at(3);
    assertEquals(supervisor | 1, f.c.translationEpoch);
    f.at(0);
    assertEquals(supervisor, f.c.translationEpoch);
    mmu.translations().flushPage(0x1000, "invlpg");
    assertNotEquals(supervisor, f.c.translationEpoch);
    assertTrue((f.c.translationEpoch & 1) == 0);
    long before = f.c.translationEpoch;
    mmu.codeSegmentMoved();
    assertNotEquals(before, f.c.translationEpoch);
    assertFalse(f.eventsOf(MachineEvent.TlbFlush.class).isEmpty());
  }

  /// Identity-maps the first 2 MiB for users and supervisors.
  private void map64() {
    f.ram.putLong(0x10_0000, 0x10_1007);
    f.ram.putLong(0x10_1000, 0x10_2007);
    f.ram.putLong(0x10_2000, 0x87);
    f.long64(0, 0x10_0000);
  }
}
