package dev.backstep.emulator.isa;

import static dev.backstep.emulator.isa.ControlFlowBench.IST_TOKEN;
import static dev.backstep.emulator.isa.ControlFlowBench.KERNEL_TOKEN;
import static dev.backstep.emulator.isa.ControlFlowBench.STACKS;
import static dev.backstep.emulator.isa.ControlFlowBench.USER_TOP;
import static dev.backstep.emulator.testing.SystemBench.CODE32;
import static dev.backstep.emulator.testing.SystemBench.CODE64;
import static dev.backstep.emulator.testing.SystemBench.FLAT32;
import static dev.backstep.emulator.testing.SystemBench.FLAT64;
import static dev.backstep.emulator.testing.SystemBench.FREE;
import static dev.backstep.emulator.testing.SystemBench.SCRATCH;
import static dev.backstep.emulator.testing.SystemBench.TYPE_CODE;
import static dev.backstep.emulator.testing.SystemBench.descriptor;
import static dev.backstep.emulator.testing.SystemBench.gate;
import static dev.backstep.emulator.testing.SystemBench.handler;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Transfers that fault leave shadow stacks as they were: no token stays busy, nothing is pushed.
class ShadowStackFaultsTest {
  private static final int READ_ONLY = 5;

  /// Write, of a page that is there.
  private static final String PAGE_FAULT = "#PF(3)";

  private final ControlFlowBench f = new ControlFlowBench();
  private final SystemBench b = f.b;
  private final Vcpu c = f.c;

  /// The GDT cannot be written, and a code segment in it was never used.
  private void lockUnused(int selector, int size) {
    int unused = TYPE_CODE & ~SegmentRegister.TYPE_ACCESSED;
    b.gdt(selector, descriptor(0, 0xFFFFF, unused | size));
    b.page(SystemBench.GDT, READ_ONLY);
  }

  @Test
  void eventFromUserModeLeavesTheToken() {
    f.user(STACKS, STACKS);
    lockUnused(CODE64, FLAT64);
    b.code(0xCD, 0x33).step();
    assertEquals(PAGE_FAULT, b.exceptions().getFirst());
    assertEquals(KERNEL_TOKEN, b.get64(KERNEL_TOKEN));
  }

  @Test
  void eventWithInterruptStackLeavesTheToken() {
    f.start(0, STACKS);
    c.cet.ssp = KERNEL_TOKEN - 0x100;
    b.idt(0x33, gate(Descriptor.INTERRUPT_GATE32, CODE64, handler(0x33), 3, 1));
    lockUnused(CODE64, FLAT64);
    b.code(0xCD, 0x33).step();
    assertEquals(PAGE_FAULT, b.exceptions().getFirst());
    assertEquals(IST_TOKEN, b.get64(IST_TOKEN));
  }

  @Test
  void callGateLeavesTheToken() {
    f.user(STACKS, STACKS);
    b.gdt(FREE, gate(Descriptor.CALL_GATE32, CODE64, handler(1), 3, 0));
    b.gdt(FREE + 8, 0);
    lockUnused(CODE64, FLAT64);
    b.ram.putInt(SCRATCH, 0);
    b.put16(SCRATCH + 4, FREE | 3);
    c.gpr[Vcpu.RBX] = SCRATCH;
    b.code(0xFF, 0x1B).step();
    assertEquals(PAGE_FAULT, b.exceptions().getFirst());
    assertEquals(KERNEL_TOKEN, b.get64(KERNEL_TOKEN));
  }

  /// The page tables of 64-bit mode without their first level: those of PAE paging.
  @Test
  void eventOutsideLongModeLeavesTheToken() {
    f.start(STACKS, STACKS);
    long directoryPointers = b.get64(c.cr3) & ~0xFFFL;
    long directory = b.get64(directoryPointers) & ~0xFFFL;
    b.ram.putLong(directoryPointers, directory | 1);
    c.efer = 0;
    b.protected32();
    c.cr3 = directoryPointers;
    c.mmu.translations().loadPdptes(directoryPointers);
    c.cr0 |= ControlBits.CR0_PG | ControlBits.CR0_WP;
    b.user();
    c.cet.ssp = USER_TOP;
    lockUnused(CODE32, FLAT32);
    b.code(0xCD, 0x33).step();
    assertEquals(PAGE_FAULT, b.exceptions().getFirst());
    assertEquals(KERNEL_TOKEN, b.get64(KERNEL_TOKEN));
  }

  @Test
  void misalignedCallPushesNothing() {
    f.user(STACKS, 0);
    c.cr0 |= ControlBits.CR0_AM;
    c.setRflags(Rflags.AC);
    c.gpr[Vcpu.RSP]--;
    c.updateMode();
    b.code(0xE8, 1, 0, 0, 0, 0x90, 0xC3).step();
    assertEquals(List.of("#AC(0)"), b.exceptions());
    assertEquals(USER_TOP, c.cet.ssp);
    assertEquals(0, b.get64(USER_TOP - 8));
  }
}
