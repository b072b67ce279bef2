package dev.backstep.emulator.isa;

import static dev.backstep.emulator.isa.Rings.OPEN;
import static dev.backstep.emulator.testing.SystemBench.FLAT32;
import static dev.backstep.emulator.testing.SystemBench.TYPE_CODE;
import static dev.backstep.emulator.testing.SystemBench.TYPE_CONFORMING;
import static dev.backstep.emulator.testing.SystemBench.descriptor;
import static dev.backstep.emulator.testing.SystemBench.gate;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every combination of CPL, RPL and DPL, with the outcome that the tables of SDM Vol. 3
/// "Protection" name. Every line of expectation here is written from those tables.
class PrivilegeTablesTest {
  private static final long TARGET = 0x12340;
  private static final int JMP = 0xEA;
  private static final int CALL = 0x9A;
  private static final int ABSENT = 0x80;
  private static final int SECOND = OPEN + 8;

  private final SystemBench b = new SystemBench();

  private static List<String> fault(String name, int selector) {
    return List.of("%s(%x)".formatted(name, selector & 0xFFFC));
  }

  private static final List<String> NONE = List.of();

  private static int code(boolean conforming, int dpl, boolean present) {
    int type = conforming ? TYPE_CONFORMING : TYPE_CODE;
    return (present ? type : type & ~ABSENT) | dpl << 5 | FLAT32;
  }

  /// Figure "Examples of Accessing Conforming and Nonconforming Code Segments From Various
  /// Privilege Levels": nonconforming CPL = DPL and RPL <= CPL; conforming CPL >= DPL, RPL of no
  /// matter. Presence is checked afterwards.
  @ParameterizedTest
  @ValueSource(ints = {JMP, CALL})
  void directTransfers(int opcode) {
    for (int k = 0; k < 256; k++) {
      int cpl = k & 3;
      int rpl = k >> 2 & 3;
      int dpl = k >> 4 & 3;
      boolean conforming = (k & 64) != 0;
      boolean present = (k & 128) != 0;
      Rings.restart(b, cpl);
      b.gdt(OPEN, descriptor(0, 0xFFFFF, code(conforming, dpl, present)));
      boolean allowed = conforming ? cpl >= dpl : cpl == dpl && rpl <= cpl;
      Rings.far(b, opcode, OPEN | rpl, TARGET);
      List<String> expected = !allowed ? fault("#GP", OPEN) : present ? NONE : fault("#NP", OPEN);
      String at = "cpl %d rpl %d dpl %d %s".formatted(cpl, rpl, dpl, conforming);
      assertEquals(expected, b.exceptions(), at);
      if (expected.isEmpty()) {
        assertEquals(OPEN | cpl, b.selector(SegmentRegister.CS), at);
        assertEquals(cpl, b.c.cpl, at);
        assertEquals(TARGET, b.c.rip, at);
      }
    }
  }

  /// Table "Privilege Check Rules for Call Gates": CPL and RPL <= gate's DPL; the target's DPL <=
  /// CPL, but for JMP to nonconforming code DPL = CPL. Only CALL to nonconforming code changes CPL.
  @ParameterizedTest
  @ValueSource(ints = {JMP, CALL})
  void callGates(int opcode) {
    for (int k = 0; k < 512; k++) {
      int cpl = k & 3;
      int rpl = k >> 2 & 3;
      int gateDpl = k >> 4 & 3;
      int dpl = k >> 6 & 3;
      boolean conforming = (k & 256) != 0;
      Rings.restart(b, cpl);
      b.gdt(SECOND, descriptor(0, 0xFFFFF, code(conforming, dpl, true)));
      b.gdt(OPEN, gate(Descriptor.CALL_GATE32, SECOND, TARGET, gateDpl, 0));
      Rings.far(b, opcode, OPEN | rpl, 0);
      boolean gateOpen = cpl <= gateDpl && rpl <= gateDpl;
      boolean allowed = opcode == JMP && !conforming ? dpl == cpl : dpl <= cpl;
      List<String> expected =
          !gateOpen ? fault("#GP", OPEN) : allowed ? NONE : fault("#GP", SECOND);
      String at = "cpl %d rpl %d gate %d dpl %d %s".formatted(cpl, rpl, gateDpl, dpl, conforming);
      assertEquals(expected, b.exceptions(), at);
      if (expected.isEmpty()) {
        int newCpl = conforming ? cpl : dpl;
        assertEquals(SECOND | newCpl, b.selector(SegmentRegister.CS), at);
        assertEquals(TARGET, b.c.rip, at);
        long frame = opcode == JMP ? 0 : newCpl == cpl ? 8 : 16;
        long top = newCpl == cpl ? Rings.stack(cpl) - 0x100 : Rings.stack(newCpl);
        assertEquals(top - frame, b.c.gpr[Vcpu.RSP], at);
      }
    }
  }

  /// SDM Vol. 2 "RET": RPL of the popped CS >= CPL; nonconforming DPL = RPL, conforming DPL <= RPL;
  /// to outer privilege the popped SS has RPL = DPL = that privilege.
  @ParameterizedTest
  @ValueSource(ints = {0xCB, 0xCF})
  void returns(int opcode) {
    for (int k = 0; k < 512; k++) {
      int cpl = k & 3;
      int rpl = k >> 2 & 3;
      int dpl = k >> 4 & 3;
      int ring = k >> 6 & 3;
      boolean conforming = (k & 256) != 0;
      Rings.restart(b, cpl);
      b.gdt(OPEN, descriptor(0, 0xFFFFF, code(conforming, dpl, true)));
      pushFrame(opcode, OPEN | rpl, Rings.data(ring));
      b.code(opcode).step();
      boolean codeAllowed = rpl >= cpl && (conforming ? dpl <= rpl : dpl == rpl);
      boolean stackAllowed = rpl == cpl || ring == rpl;
      List<String> expected =
          !codeAllowed ? fault("#GP", OPEN) : stackAllowed ? NONE : fault("#GP", Rings.data(ring));
      String at = "cpl %d rpl %d dpl %d ss %d %s".formatted(cpl, rpl, dpl, ring, conforming);
      assertEquals(expected, b.exceptions(), at);
      if (expected.isEmpty()) {
        assertEquals(rpl, b.c.cpl, at);
        assertEquals(TARGET, b.c.rip, at);
        // Data segments of inner privilege are gone.
        assertEquals(rpl > cpl ? 0 : Rings.data(cpl), b.selector(SegmentRegister.DS), at);
      }
    }
  }

  private void pushFrame(int opcode, int cs, int ss) {
    long top = b.c.gpr[Vcpu.RSP];
    b.put32(top, TARGET);
    b.put32(top + 4, cs);
    long more = top + 8;
    if (opcode == 0xCF) {
      b.put32(more, Rflags.FIXED);
      more += 4;
    }
    b.put32(more, 0x44440);
    b.put32(more + 4, ss);
  }

  /// Table "Code- and Data-Segment Types", section "Privilege Level Checking When Accessing Data
  /// Segments": readable; max(CPL, RPL) <= DPL unless conforming code; then presence.
  @Test
  void dataSegmentLoads() {
    for (int k = 0; k < 2048; k++) {
      int cpl = k & 3;
      int rpl = k >> 2 & 3;
      int dpl = k >> 4 & 3;
      int type = k >> 6 & 15;
      boolean present = (k & 1024) != 0;
      Rings.restart(b, cpl);
      b.gdt(OPEN, descriptor(0, 0xFFFFF, 0x10 | type | dpl << 5 | (present ? ABSENT : 0) | FLAT32));
      b.c.gpr[Vcpu.RAX] = OPEN | rpl;
      b.code(0x8E, 0xE0).step();
      boolean isCode = type >= 8;
      boolean readable = !isCode || (type & 2) != 0;
      boolean conforming = isCode && (type & 4) != 0;
      boolean allowed = readable && (conforming || Math.max(cpl, rpl) <= dpl);
      List<String> expected = !allowed ? fault("#GP", OPEN) : present ? NONE : fault("#NP", OPEN);
      assertEquals(
          expected, b.exceptions(), "cpl %d rpl %d dpl %d type %d".formatted(cpl, rpl, dpl, type));
    }
  }

  /// Section "Privilege Level Checking When Loading the SS Register": CPL = RPL = DPL, writable
  /// data; then presence, which is #SS.
  @Test
  void stackSegmentLoads() {
    for (int k = 0; k < 2048; k++) {
      int cpl = k & 3;
      int rpl = k >> 2 & 3;
      int dpl = k >> 4 & 3;
      int type = k >> 6 & 15;
      boolean present = (k & 1024) != 0;
      Rings.restart(b, cpl);
      b.gdt(OPEN, descriptor(0, 0xFFFFF, 0x10 | type | dpl << 5 | (present ? ABSENT : 0) | FLAT32));
      b.c.gpr[Vcpu.RAX] = OPEN | rpl;
      b.code(0x8E, 0xD0).step();
      boolean allowed = type < 8 && (type & 2) != 0 && cpl == rpl && cpl == dpl;
      List<String> expected = !allowed ? fault("#GP", OPEN) : present ? NONE : fault("#SS", OPEN);
      assertEquals(
          expected, b.exceptions(), "cpl %d rpl %d dpl %d type %d".formatted(cpl, rpl, dpl, type));
    }
  }

  /// SDM Vol. 2 "INT n", section "Protection of Exception- and Interrupt-Handler Procedures": the
  /// gate's DPL counts for INT n, INT3 and INTO only; handlers are never less privileged.
  @ParameterizedTest
  @ValueSource(strings = {"int n", "int3", "int1", "fault"})
  void eventGates(String what) {
    int vector =
        switch (what) {
          case "int n" -> 0x33;
          case "int3" -> 3;
          case "int1" -> 1;
          default -> 6;
        };
    for (int k = 0; k < 128; k++) {
      int cpl = k & 3;
      int gateDpl = k >> 2 & 3;
      int dpl = k >> 4 & 3;
      boolean conforming = (k & 64) != 0;
      Rings.restart(b, cpl);
      b.gdt(OPEN, descriptor(0, 0xFFFFF, code(conforming, dpl, true)));
      b.idt(vector, gate(Descriptor.INTERRUPT_GATE32, OPEN, TARGET, gateDpl, 0));
      switch (what) {
        case "int n" -> b.code(0xCD, 0x33);
        case "int3" -> b.code(0xCC);
        case "int1" -> b.code(0xF1);
        default -> b.code(0x0F, 0x0B);
      }
      b.step();
      boolean software = what.equals("int n") || what.equals("int3");
      int ext = software ? 0 : 1;
      boolean gateOpen = !software || cpl <= gateDpl;
      String at = "%s cpl %d gate %d dpl %d %s".formatted(what, cpl, gateDpl, dpl, conforming);
      List<String> seen = b.exceptions().stream().filter(e -> e.startsWith("#GP")).toList();
      if (!gateOpen) {
        assertEquals(List.of("#GP(%x)".formatted(vector * 8 + 2)), seen, at);
      } else if (dpl > cpl) {
        assertEquals(List.of("#GP(%x)".formatted(OPEN | ext)), seen, at);
      } else {
        assertEquals(NONE, seen, at);
        assertEquals(conforming ? cpl : dpl, b.c.cpl, at);
      }
    }
  }
}
