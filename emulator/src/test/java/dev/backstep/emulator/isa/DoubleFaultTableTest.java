package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.CODE64;
import static dev.backstep.emulator.testing.SystemBench.FLAT64;
import static dev.backstep.emulator.testing.SystemBench.FREE;
import static dev.backstep.emulator.testing.SystemBench.TSS_AT;
import static dev.backstep.emulator.testing.SystemBench.TYPE_CODE;
import static dev.backstep.emulator.testing.SystemBench.descriptor;
import static dev.backstep.emulator.testing.SystemBench.gate;
import static dev.backstep.emulator.testing.SystemBench.handler;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.Activity;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.GuestFault;
import java.util.List;
import org.junit.jupiter.api.Test;

/// SDM Vol. 3 "Interrupt 8—Double Fault Exception (#DF)", tables "Interrupt and Exception Classes"
/// and "Conditions for Generating a Double Fault": every first exception with every second one that
/// a delivery can meet.
class DoubleFaultTableTest {
  private static final int[] CONTRIBUTORY = {0, 10, 11, 12, 13, 21};
  private static final int[] BENIGN = {1, 3, 4, 5, 6, 7, 16, 17, 19};

  /// A gate that leads nowhere mapped.
  private static final long UNMAPPED = 0x70000;

  /// What a delivery through a broken gate raises.
  private enum Second {
    GP,
    NP,
    TS,
    SS,
    PF
  }

  private final SystemBench used = new SystemBench();

  private SystemBench bench() {
    used.c.activity = Activity.RUNNING;
    return used.longMode().user();
  }

  /// Breaks the gate of a vector so that the delivery through it, from CPL 3, raises `second`.
  private static void breakGate(SystemBench b, int vector, Second second) {
    switch (second) {
      case GP -> b.idt(vector, gate(Descriptor.INTERRUPT_GATE32, 0, 0, 3, 0));
      case NP -> {
        int absent = TYPE_CODE & ~0x80 | FLAT64;
        b.gdt(FREE, descriptor(0, 0xFFFFF, absent));
        b.idt(vector, gate(Descriptor.INTERRUPT_GATE32, FREE, handler(vector), 3, 0));
      }
      case TS -> {
        // IST 7 lies beyond the TSS.
        b.c.tr.limit = 0x50;
        b.idt(vector, gate(Descriptor.INTERRUPT_GATE32, CODE64, handler(vector), 3, 7));
      }
      case SS -> {
        b.ram.putLong(TSS_AT + 28 + 16, 0x8000_0000_0000_0000L);
        b.idt(vector, gate(Descriptor.INTERRUPT_GATE32, CODE64, handler(vector), 3, 2));
      }
      case PF -> {
        b.page(UNMAPPED, 0);
        b.ram.putLong(TSS_AT + 28 + 24, UNMAPPED + 0x800);
        b.idt(vector, gate(Descriptor.INTERRUPT_GATE32, CODE64, handler(vector), 3, 3));
      }
    }
  }

  private static void raise(SystemBench b, int vector) {
    GuestFault fault = b.c.fault;
    boolean hasCode = vector == 8 || vector >= 10 && vector <= 14 || vector == 17 || vector == 21;
    if (vector == GuestFault.PF) {
      fault.pageFault(0x1234, 0);
    } else if (hasCode) {
      fault.withCode(vector, 0);
    } else {
      fault.withoutCode(vector);
    }
    EventDelivery.exception(b.c, fault);
  }

  private static String last(SystemBench b) {
    List<String> all = b.exceptions();
    return all.getLast();
  }

  private static boolean isContributory(Second second) {
    return second != Second.PF;
  }

  @Test
  void contributoryThenContributoryIsADoubleFaultElseServedSerially() {
    for (int first : CONTRIBUTORY) {
      for (Second second : Second.values()) {
        SystemBench b = bench();
        breakGate(b, first, second);
        raise(b, first);
        String expected = isContributory(second) ? "#DF(0)" : "#PF(2)";
        assertEquals(expected, last(b), first + " then " + second);
      }
    }
  }

  @Test
  void pageFaultThenContributoryOrPageFaultIsADoubleFault() {
    for (Second second : Second.values()) {
      SystemBench b = bench();
      breakGate(b, GuestFault.PF, second);
      raise(b, GuestFault.PF);
      assertEquals("#DF(0)", last(b), "#PF then " + second);
    }
  }

  @Test
  void benignThenAnythingIsServedSerially() {
    for (int first : BENIGN) {
      for (Second second : Second.values()) {
        SystemBench b = bench();
        breakGate(b, first, second);
        raise(b, first);
        String name = "#" + second;
        assertEquals(name, last(b).substring(0, 3), first + " then " + second);
      }
    }
  }

  @Test
  void anythingInTheDeliveryOfADoubleFaultShutsDown() {
    for (Second second : Second.values()) {
      SystemBench b = bench();
      breakGate(b, GuestFault.DF, second);
      raise(b, GuestFault.DF);
      assertEquals(Activity.SHUTDOWN, b.c.activity, "#DF then " + second);
    }
  }

  @Test
  void doubleFaultThatLeadsToAnotherShutsDown() {
    SystemBench b = bench();
    breakGate(b, GuestFault.GP, Second.NP);
    breakGate(b, GuestFault.DF, Second.NP);
    raise(b, GuestFault.GP);
    assertEquals(Activity.SHUTDOWN, b.c.activity);
    assertEquals(List.of("#GP(0)", "#DF(0)"), b.exceptions());
  }
}
