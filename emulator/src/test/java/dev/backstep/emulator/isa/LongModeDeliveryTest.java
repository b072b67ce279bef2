package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.CODE32;
import static dev.backstep.emulator.testing.SystemBench.CODE64;
import static dev.backstep.emulator.testing.SystemBench.CODE_AT;
import static dev.backstep.emulator.testing.SystemBench.DATA;
import static dev.backstep.emulator.testing.SystemBench.IST1;
import static dev.backstep.emulator.testing.SystemBench.STACK0;
import static dev.backstep.emulator.testing.SystemBench.TSS_AT;
import static dev.backstep.emulator.testing.SystemBench.USER_CODE64;
import static dev.backstep.emulator.testing.SystemBench.gate;
import static dev.backstep.emulator.testing.SystemBench.handler;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;

class LongModeDeliveryTest {
  private static final int[] UD2 = {0x0F, 0x0B};
  private static final int[] INT_33 = {0xCD, 0x33};

  private static SystemBench longMode() {
    return new SystemBench().longMode();
  }

  @Test
  void longModeAlignsTheStackAndAlwaysPushesIt() {
    SystemBench b = longMode().code(UD2);
    b.c.gpr[Vcpu.RSP] = STACK0 - 0x805;
    b.c.segments[SegmentRegister.SS].selector = DATA;
    b.step();
    assertEquals(STACK0 - 0x810 - 40, b.c.gpr[Vcpu.RSP]);
    assertEquals(CODE_AT, b.stack64(0));
    assertEquals(CODE64, b.stack64(1));
    assertEquals(STACK0 - 0x805, b.stack64(3));
    assertEquals(DATA, b.stack64(4));
    assertEquals(DATA, b.selector(SegmentRegister.SS));
  }

  @Test
  void longModeInnerHandlerGetsANullStackSelector() {
    SystemBench b = longMode().user().code(0xF4);
    b.step();
    assertEquals(List.of("#GP(0)"), b.exceptions());
    assertEquals(STACK0 - 48, b.c.gpr[Vcpu.RSP]);
    assertEquals(0, b.stack64(0));
    assertEquals(CODE_AT, b.stack64(1));
    assertEquals(USER_CODE64, b.stack64(2));
    assertEquals(0, b.selector(SegmentRegister.SS));
    assertFalse(b.c.segments[SegmentRegister.SS].usable);
  }

  @Test
  void interruptStackTableIsUsedWhateverThePrivilege() {
    SystemBench b = longMode().code(UD2);
    b.idt(6, gate(Descriptor.INTERRUPT_GATE32, CODE64, handler(6), 0, 1));
    b.step();
    assertEquals(IST1 - 40, b.c.gpr[Vcpu.RSP]);
    assertEquals(STACK0 - 0x800, b.stack64(3));
    assertEquals(DATA, b.selector(SegmentRegister.SS));
  }

  @Test
  void gateOfLongModeMustLeadTo64BitCode() {
    SystemBench b = longMode().code(INT_33);
    b.idt(0x33, gate(Descriptor.INTERRUPT_GATE32, CODE32, 0, 0, 0));
    b.step();
    assertEquals(List.of("#GP(8)"), b.exceptions());
  }

  @Test
  void gateOfLongModeMustBe64Bit() {
    SystemBench b = longMode().code(INT_33);
    b.idt(0x33, gate(Descriptor.INTERRUPT_GATE16, CODE64, 0, 0, 0));
    b.step();
    assertEquals(List.of("#GP(19a)"), b.exceptions());
  }

  @Test
  void nonCanonicalStackOfTheTssIsSs() {
    SystemBench b = longMode().user().code(INT_33);
    b.ram.putLong(TSS_AT + 4, 0x8000_0000_0000L);
    b.idt(12, gate(Descriptor.INTERRUPT_GATE32, CODE64, handler(12), 0, 1));
    b.step();
    assertEquals(List.of("#SS(0)"), b.exceptions());
    assertEquals(IST1 - 48, b.c.gpr[Vcpu.RSP]);
  }

  @Test
  void pageFaultOnThePushIsServedSeriallyAfterABenignOne() {
    SystemBench b = longMode().code(UD2);
    b.page(0x70000, 5);
    b.c.gpr[Vcpu.RSP] = 0x70FFF;
    b.idt(14, gate(Descriptor.INTERRUPT_GATE32, CODE64, handler(14), 0, 1));
    b.step();
    assertEquals(List.of("#UD", "#PF(3)"), b.exceptions());
    assertEquals(0x70FE8, b.c.cr2);
    assertEquals(0x70FFF, b.stack64(4));
    assertEquals(CODE_AT, b.stack64(1));
  }

  @Test
  void pageFaultWhileDeliveringAPageFaultIsADoubleFault() {
    SystemBench b = longMode().code(0x8B, 0x04, 0x25, 0x00, 0x00, 0x20, 0x00);
    b.page(0x70000, 5);
    b.c.gpr[Vcpu.RSP] = 0x71000;
    b.idt(8, gate(Descriptor.INTERRUPT_GATE32, CODE64, handler(8), 0, 1));
    b.step();
    assertEquals(List.of("#PF(0)", "#DF(0)"), b.exceptions());
    assertEquals(0x70FF8, b.c.cr2);
    assertEquals(handler(8), b.c.rip);
  }

  @Test
  void nmiIsBlockedUntilIret() {
    SystemBench b = longMode().code(0x90);
    b.c.raiseNmi();
    int[] twoNopsAndIret = {0x90, 0x90, 0x48, 0xCF};
    for (int k = 0; k < twoNopsAndIret.length; k++) {
      b.ram.putByte(handler(2) + k, (byte) twoNopsAndIret[k]);
    }
    b.run(1);
    assertTrue(b.c.nmiBlocked);
    b.c.raiseNmi();
    b.run(1);
    assertTrue(b.c.nmiPending);
    assertEquals(handler(2) + 2, b.c.rip);
    b.run(1);
    assertFalse(b.c.nmiPending);
    assertTrue(b.c.nmiBlocked);
    assertEquals(handler(2), b.c.rip);
    assertEquals(CODE_AT, b.stack64(0));
    assertEquals(2, b.log.of(MachineEvent.Interrupt.class).size());
  }
}
