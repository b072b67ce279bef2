package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.SCRATCH;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;

/// INVLPG, INVPCID, RDPKRU, WRPKRU, and what the control registers demand of paging's features.
class PagingOpsTest {
  private static final String CPU = "max,+pcid,+invpcid,+pku,+pks,+lam,+la57,phys-bits=46";
  private static final List<String> UD = List.of("#UD");
  private static final List<String> GP = List.of("#GP(0)");
  private static final List<String> NONE = List.of();
  private static final long PAGE_TABLE = 0x8000;
  private static final int[] RDPKRU = {0x0F, 0x01, 0xEE};
  private static final int[] WRPKRU = {0x0F, 0x01, 0xEF};
  private static final int[] LOAD = {0x8B, 0x03}; // MOV EAX, [RBX]

  private static SystemBench longMode() {
    return new SystemBench(CPU).longMode();
  }

  private static List<String> run(SystemBench b, int... code) {
    b.log.events.clear();
    return b.code(code).step().exceptions();
  }

  /// MOV CRn, RAX.
  private static List<String> write(SystemBench b, int register, long value) {
    b.c.gpr[Vcpu.RAX] = value;
    return run(b, 0x0F, 0x22, 0xC0 | register << 3);
  }

  private static void map(SystemBench b, long gva, long gpa) {
    b.ram.putLong(PAGE_TABLE + (gva >> 12) * 8, gpa | 7);
  }

  private static long load(SystemBench b, long gva) {
    b.c.gpr[Vcpu.RBX] = gva;
    assertEquals(NONE, run(b, LOAD));
    return b.c.gpr[Vcpu.RAX];
  }

  @Test
  void invlpgDropsTheTranslation() {
    SystemBench b = longMode();
    b.ram.putLong(0x70000, 0x77);
    assertEquals(0, load(b, SCRATCH));
    map(b, SCRATCH, 0x70000);
    assertEquals(0, load(b, SCRATCH));
    run(b, 0x0F, 0x01, 0x3B);
    assertEquals(0x77, load(b, SCRATCH));
  }

  private static List<String> invpcid(SystemBench b, long type, long pcid, long gva) {
    b.c.gpr[Vcpu.RAX] = type;
    b.c.gpr[Vcpu.RBX] = SCRATCH;
    b.ram.putLong(SCRATCH, pcid);
    b.ram.putLong(SCRATCH + 8, gva);
    return run(b, 0x66, 0x0F, 0x38, 0x82, 0x03);
  }

  @Test
  void invpcidChecksItsDescriptor() {
    for (int type = 0; type <= 4; type++) {
      assertEquals(type == 4 ? GP : NONE, invpcid(longMode(), type, 0, 0));
      assertEquals(GP, invpcid(longMode(), type, 0x1000, 0));
      assertEquals(type <= 1 || type == 4 ? GP : NONE, invpcid(longMode(), type, 1, 0));
      SystemBench b = longMode();
      assertEquals(NONE, write(b, 4, b.c.cr4 | ControlBits.CR4_PCIDE));
      assertEquals(type == 4 ? GP : NONE, invpcid(b, type, 0xFFF, 0));
    }
    assertEquals(GP, invpcid(longMode(), 1L << 32, 0, 0));
    assertEquals(GP, invpcid(longMode(), 0, 0, 1L << 56));
    assertEquals(NONE, invpcid(longMode(), 0, 0, 1L << 47), "57 bits, whatever CR4.LA57");
    assertEquals(NONE, invpcid(longMode(), 1, 0, 1L << 56));
    assertEquals(GP, invpcid(longMode().user(), 2, 0, 0));
    assertEquals(GP, invpcid(new SystemBench("max,-la57,+invpcid").longMode(), 0, 0, 1L << 47));
    assertEquals(UD, invpcid(new SystemBench("max,-invpcid").longMode(), 2, 0, 0));
  }

  @Test
  void cr3KeepsTranslationsOfAnotherPcidIfAsked() {
    SystemBench b = longMode();
    b.ram.putLong(0x70000, 0x77);
    long cr3 = b.c.cr3;
    assertEquals(NONE, write(b, 4, b.c.cr4 | ControlBits.CR4_PCIDE));
    assertEquals(0, load(b, SCRATCH));
    map(b, SCRATCH, 0x70000);
    assertEquals(NONE, write(b, 3, cr3 | 5));
    assertEquals(0x77, load(b, SCRATCH));
    assertEquals(NONE, write(b, 3, cr3 | ControlBits.CR3_KEEP));
    assertEquals(cr3, b.c.cr3);
    assertEquals(0, load(b, SCRATCH), "what PCID 0 had");
    assertEquals(NONE, write(b, 3, cr3));
    assertEquals(0x77, load(b, SCRATCH));
  }

  @Test
  void pcidsAreChecked() {
    SystemBench b = longMode();
    long cr4 = b.c.cr4;
    assertEquals(GP, write(b, 3, b.c.cr3 | ControlBits.CR3_KEEP), "without CR4.PCIDE");
    assertEquals(NONE, write(b, 3, b.c.cr3 | 1));
    assertEquals(GP, write(b, 4, cr4 | ControlBits.CR4_PCIDE), "with CR3[11:0] set");
    assertEquals(NONE, write(b, 3, b.c.cr3 & ~1L));
    assertEquals(NONE, write(b, 4, cr4 | ControlBits.CR4_PCIDE));
    assertEquals(GP, write(b, 0, b.c.cr0 & ~ControlBits.CR0_PG));
    SystemBench legacy = new SystemBench(CPU).protected32();
    assertEquals(GP, write(legacy, 4, ControlBits.CR4_PCIDE));
    assertEquals(
        GP, write(new SystemBench("max,-pcid").longMode(), 4, cr4 | ControlBits.CR4_PCIDE));
  }

  @Test
  void fiveLevelsAreSwitchedOnOutsideLongMode() {
    SystemBench b = longMode();
    assertEquals(GP, write(b, 4, b.c.cr4 | ControlBits.CR4_LA57));
    SystemBench legacy = new SystemBench(CPU).protected32();
    assertEquals(NONE, write(legacy, 4, ControlBits.CR4_LA57));
    assertEquals(GP, write(new SystemBench("max,-la57").protected32(), 4, ControlBits.CR4_LA57));
  }

  @Test
  void maskingBitsNeedTheFeature() {
    for (long bit : new long[] {ControlBits.CR3_LAM_U48, ControlBits.CR3_LAM_U57}) {
      SystemBench b = longMode();
      assertEquals(NONE, write(b, 3, b.c.cr3 | bit));
      SystemBench without = new SystemBench("max,-lam").longMode();
      assertEquals(GP, write(without, 3, without.c.cr3 | bit));
    }
    SystemBench b = longMode();
    assertEquals(NONE, write(b, 4, b.c.cr4 | ControlBits.CR4_LAM_SUP));
    SystemBench without = new SystemBench("max,-lam").longMode();
    assertEquals(GP, write(without, 4, without.c.cr4 | ControlBits.CR4_LAM_SUP));
    assertEquals(GP, write(b, 3, b.c.cr3 | 1L << 60));
    assertEquals(GP, write(b, 3, b.c.cr3 | 1L << 46));
  }

  @Test
  void protectionKeyInstructionsCheckTheirRegisters() {
    SystemBench b = longMode();
    assertEquals(UD, run(b, RDPKRU));
    assertEquals(UD, run(longMode(), WRPKRU));
    SystemBench on = longMode();
    assertEquals(NONE, write(on, 4, on.c.cr4 | ControlBits.CR4_PKE));
    on.c.gpr[Vcpu.RAX] = 0xFFFF_FFFF_8000_0004L;
    on.c.gpr[Vcpu.RCX] = 1L << 32;
    on.c.gpr[Vcpu.RDX] = 1L << 32;
    assertEquals(NONE, run(on, WRPKRU));
    assertEquals(0x8000_0004, on.c.pkru);
    on.c.gpr[Vcpu.RDX] = -1;
    assertEquals(NONE, run(on, RDPKRU));
    assertEquals(0x8000_0004L, on.c.gpr[Vcpu.RAX]);
    assertEquals(0, on.c.gpr[Vcpu.RDX]);
    on.c.gpr[Vcpu.RDX] = 1;
    assertEquals(GP, run(on, WRPKRU));
    SystemBench counted = longMode();
    assertEquals(NONE, write(counted, 4, counted.c.cr4 | ControlBits.CR4_PKE));
    counted.c.gpr[Vcpu.RCX] = 1;
    assertEquals(GP, run(counted, RDPKRU));
    assertEquals(UD, run(new SystemBench("max,-pku").longMode(), RDPKRU));
  }

  @Test
  void pkrsIsAnMsr() {
    SystemBench b = longMode();
    b.c.msrTable.write(b.c, 0x6E1, 0xFFFF_FFFFL);
    assertEquals(-1, b.c.msr.pkrs);
    assertEquals(0xFFFF_FFFFL, b.c.msrTable.read(b.c, 0x6E1));
    b.c.gpr[Vcpu.RCX] = 0x6E1;
    b.c.gpr[Vcpu.RDX] = 1;
    assertEquals(GP, run(b, 0x0F, 0x30));
    SystemBench without = new SystemBench("max,-pks").longMode();
    without.c.gpr[Vcpu.RCX] = 0x6E1;
    assertEquals(GP, run(without, 0x0F, 0x32));
  }
}
