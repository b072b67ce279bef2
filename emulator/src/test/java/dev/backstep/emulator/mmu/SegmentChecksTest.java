package dev.backstep.emulator.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import org.junit.jupiter.api.Test;

class SegmentChecksTest {
  private static final int DS = SegmentRegister.DS;
  private static final int SS = SegmentRegister.SS;
  private static final int CS = SegmentRegister.CS;
  private static final String FINE = "none";
  private static final String GP = "13:0";
  private static final String STACK = "12:0";

  private final VcpuFixture f = new VcpuFixture().flat32(0);
  private final Mmu mmu = f.c.mmu;

  private void segment(int segment, long base, int limit, int type) {
    int access = SegmentRegister.PRESENT | SegmentRegister.CODE_OR_DATA | type;
    f.c.segments[segment].set(8, base, limit, access, true);
    mmu.segmentChanged(segment);
  }

  private String load(int segment, long ea, int bytes) {
    return VcpuFixture.faultOf(
        () -> {
          switch (bytes) {
            case 1 -> mmu.load8(segment, ea);
            case 2 -> mmu.load16(segment, ea);
            case 4 -> mmu.load32(segment, ea);
            default -> mmu.load64(segment, ea);
          }
        });
  }

  private String store(int segment, long ea) {
    return VcpuFixture.faultOf(() -> mmu.store8(segment, ea, 1));
  }

  @Test
  void checksTheLastByteAgainstTheLimit() {
    segment(DS, 0x1000, 0x1FF, SegmentRegister.TYPE_WRITABLE);
    for (int bytes = 1; bytes <= 8; bytes *= 2) {
      assertEquals(FINE, load(DS, 0x200 - bytes, bytes));
      assertEquals(GP, load(DS, 0x201 - bytes, bytes));
    }
    assertEquals(GP, load(DS, 0xFFFF_FFFFL, 1));
    assertEquals(GP, load(DS, 0xFFFF_FFFEL, 4));
  }

  @Test
  void raisesStackFaultThroughSs() {
    segment(SS, 0, 0xFFF, SegmentRegister.TYPE_WRITABLE);
    assertEquals(STACK, load(SS, 0x1000, 1));
    assertEquals(STACK, VcpuFixture.faultOf(() -> mmu.probeWrite(SS, 0xFFF, 2)));
  }

  @Test
  void allowsOnlyAboveTheLimitWhenExpandingDown() {
    int type = SegmentRegister.TYPE_WRITABLE | SegmentRegister.TYPE_EXPAND_DOWN;
    segment(DS, 0, 0xFFF, type);
    assertEquals(GP, load(DS, 0xFFF, 1));
    assertEquals(FINE, load(DS, 0x1000, 4));
    assertEquals(FINE, load(DS, 0xFFFF, 1));
    assertEquals(GP, load(DS, 0xFFFF, 2));
    assertEquals(GP, load(DS, 0x1_0000, 1));
    segment(DS, 0, 0xFFF, type | SegmentRegister.DEFAULT_BIG);
    assertEquals(FINE, load(DS, 0x1_0000, 1));
    assertEquals(FINE, load(DS, 0xFFFF_FFFFL, 1));
    assertEquals(GP, load(DS, 0xFFFF_FFFFL, 2));
    segment(DS, 0, -1, type | SegmentRegister.DEFAULT_BIG);
    assertEquals(GP, load(DS, 0xFFFF_FFFFL, 1));
  }

  @Test
  void checksTypes() {
    segment(DS, 0, -1, 0);
    assertEquals(FINE, load(DS, 0, 4));
    assertEquals(GP, store(DS, 0));
    segment(CS, 0, -1, SegmentRegister.TYPE_CODE);
    assertEquals(GP, load(CS, 0, 4));
    segment(CS, 0, -1, SegmentRegister.TYPE_CODE | SegmentRegister.TYPE_WRITABLE);
    assertEquals(FINE, load(CS, 0, 4));
    assertEquals(GP, store(CS, 0));
    assertEquals(GP, VcpuFixture.faultOf(() -> mmu.loadForWrite32(CS, 0)));
  }

  @Test
  void refusesNullSegments() {
    f.c.segments[DS].set(0, 0, -1, VcpuFixture.FLAT_DATA, false);
    mmu.segmentChanged(DS);
    assertEquals(GP, load(DS, 0, 1));
  }

  @Test
  void wrapsBasePlusOffsetTo32Bits() {
    segment(DS, 0xFFFF_F000L, -1, SegmentRegister.TYPE_WRITABLE);
    f.ram.putInt(0x1000, 42);
    assertEquals(42, mmu.load32(DS, 0x2000));
    mmu.store32(DS, 0x2000, 43);
    assertEquals(43, mmu.load32(DS, 0x2000));
  }

  @Test
  void keepsTo64KiBInRealMode() {
    var g = new VcpuFixture();
    g.c.segments[DS].base = 0xF_FFF0;
    g.c.mmu.segmentChanged(DS);
    g.ram.putShort(0x10_0000, (short) 7);
    assertEquals(7, g.c.mmu.load16(DS, 0x10), "no wrap at 1 MiB");
    assertEquals(GP, VcpuFixture.faultOf(() -> g.c.mmu.load16(DS, 0xFFFF)));
    assertEquals(STACK, VcpuFixture.faultOf(() -> g.c.mmu.load16(SS, 0xFFFF)));
    assertEquals(FINE, VcpuFixture.faultOf(() -> g.c.mmu.load8(DS, 0xFFFF)));
    // "Unreal mode": a limit loaded in protected mode stays.
    g.c.segments[DS].limit = -1;
    g.c.mmu.segmentChanged(DS);
    g.c.mmu.store32(DS, 0x20_0000, 9);
    assertEquals(9, g.ram.getInt(0x2F_FFF0));
  }

  @Test
  void keepsTo64KiBInVirtual8086Mode() {
    f.c.systemFlags |= Rflags.VM;
    for (SegmentRegister s : f.c.segments) {
      s.set(0x100, 0x1000, 0xFFFF, 0xF3, true);
    }
    f.at(3);
    f.ram.putInt(0x2000, 5);
    assertEquals(5, mmu.load32(DS, 0x1000));
    assertEquals(GP, load(DS, 0xFFFD, 4));
  }

  @Test
  void checksLimitsInCompatibilityModeToo() {
    f.ram.putLong(0x10_0000, 0x10_1007);
    f.ram.putLong(0x10_1000, 0x10_2007);
    f.ram.putLong(0x10_2000, 0x87);
    f.long64(0, 0x10_0000);
    f.c.segments[CS].access &= ~SegmentRegister.LONG;
    f.c.segments[CS].access |= SegmentRegister.DEFAULT_BIG;
    f.c.updateMode();
    segment(DS, 0x1000, 0xFF, SegmentRegister.TYPE_WRITABLE);
    assertEquals(FINE, load(DS, 0xFC, 4));
    assertEquals(GP, load(DS, 0xFD, 4));
    // A base above 4 GiB, left from 64-bit mode, counts with its low half.
    f.c.cr0 |= ControlBits.CR0_WP;
    segment(SegmentRegister.FS, 0x5_0000_1000L, -1, SegmentRegister.TYPE_WRITABLE);
    mmu.store32(SegmentRegister.FS, 0, 11);
    assertEquals(11, f.ram.getInt(0x1000));
  }
}
