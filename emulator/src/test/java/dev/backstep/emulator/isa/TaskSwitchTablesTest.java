package dev.backstep.emulator.isa;

import static dev.backstep.emulator.isa.Rings.OPEN;
import static dev.backstep.emulator.testing.SystemBench.FLAT32;
import static dev.backstep.emulator.testing.SystemBench.GDT;
import static dev.backstep.emulator.testing.SystemBench.LDT;
import static dev.backstep.emulator.testing.SystemBench.TSS;
import static dev.backstep.emulator.testing.SystemBench.TSS_AT;
import static dev.backstep.emulator.testing.SystemBench.TYPE_CODE;
import static dev.backstep.emulator.testing.SystemBench.TYPE_CONFORMING;
import static dev.backstep.emulator.testing.SystemBench.TYPE_DATA;
import static dev.backstep.emulator.testing.SystemBench.descriptor;
import static dev.backstep.emulator.testing.SystemBench.gate;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// SDM Vol. 3 "Task Management", tables "Exception Conditions Checked During a Task Switch" and
/// "Effect of a Task Switch on Busy Flag, NT Flag, Previous Task Link Field, and TS Flag".
class TaskSwitchTablesTest {
  private static final int OTHER = OPEN;
  private static final int GATE = OPEN + 8;
  private static final int BAD = OPEN + 0x10;
  private static final long OTHER_AT = 0x4400;
  private static final long TARGET = 0x12340;
  private static final long PAGES = 0x100000;
  private static final int ABSENT = 0x80;

  private final SystemBench b = new SystemBench();

  /// Two tasks, the second ready to run at privilege `cpl`.
  private void twoTasks(int cpl) {
    Rings.restart(b, 0);
    b.gdt(OTHER, descriptor(OTHER_AT, 0x67, 0x89));
    b.gdt(GATE, gate(Descriptor.TASK_GATE, OTHER, 0, 3, 0));
    for (long at = OTHER_AT; at < OTHER_AT + 104; at += 4) {
      b.put32(at, 0);
    }
    for (int offset = 0; offset < 28; offset += 4) {
      b.put32(OTHER_AT + offset, b.get32(TSS_AT + offset));
    }
    b.put32(OTHER_AT + 32, TARGET);
    b.put32(OTHER_AT + 36, Rflags.FIXED);
    b.put32(OTHER_AT + 56, Rings.stack(cpl) - 0x400);
    for (int k = 0; k < 6; k++) {
      selector(k, Rings.data(cpl));
    }
    selector(SegmentRegister.CS, Rings.code(cpl));
    b.put16(OTHER_AT + 96, LDT);
    b.log.events.clear();
  }

  private void selector(int segment, int value) {
    b.put16(OTHER_AT + 72 + 4L * segment, value);
  }

  private int typeOf(int selector) {
    return b.ram.getByte(GDT + (selector & 0xFFF8) + 5) & 0xF;
  }

  /// Lines 5 to 18 of the table, in its order: what is wrong in the new TSS, and the fault.
  @ParameterizedTest
  @CsvSource({
    "LDT, null, ''",
    "LDT, local, #TS",
    "LDT, data, #TS",
    "LDT, absent LDT, #TS",
    "LDT, beyond, #TS",
    "CS, null, #TS",
    "CS, data, #TS",
    "CS, beyond, #TS",
    "CS, outer code, #TS",
    "CS, outer conforming, #TS",
    "CS, absent code, #NP",
    "SS, null, #TS",
    "SS, read-only, #TS",
    "SS, code, #TS",
    "SS, beyond, #TS",
    "SS, outer data, #TS",
    "SS, absent data, #SS",
    "DS, null, ''",
    "DS, execute-only, #TS",
    "DS, beyond, #TS",
    "DS, tss, #TS",
    "DS, absent data, #NP",
    "GS, absent data, #NP",
    "ES, execute-only, #TS"
  })
  void selectorsOfTheNewTask(String register, String kind, String fault) {
    twoTasks(0);
    int selector = broken(kind);
    if (register.equals("LDT")) {
      b.put16(OTHER_AT + 96, selector);
    } else {
      selector(List.of("ES", "CS", "SS", "DS", "FS", "GS").indexOf(register), selector);
    }
    Rings.far(b, 0xEA, OTHER, 0);
    List<String> seen = b.exceptions();
    String code = "(%x)".formatted(selector & 0xFFFC);
    if (fault.isEmpty()) {
      assertEquals(List.of(), seen);
    } else {
      assertEquals(fault + code, seen.getFirst());
    }
    assertEquals(OTHER, b.c.tr.selector);
  }

  private int broken(String kind) {
    int access =
        switch (kind) {
          case "data" -> TYPE_DATA | FLAT32;
          case "code" -> TYPE_CODE | FLAT32;
          case "absent LDT" -> 0x02;
          case "outer code" -> TYPE_CODE | 1 << 5 | FLAT32;
          case "outer conforming" -> TYPE_CONFORMING | 1 << 5 | FLAT32;
          case "absent code" -> TYPE_CODE & ~ABSENT | FLAT32;
          case "read-only" -> 0x91 | FLAT32;
          case "outer data" -> TYPE_DATA | 1 << 5 | FLAT32;
          case "absent data" -> TYPE_DATA & ~ABSENT | FLAT32;
          case "execute-only" -> 0x99 | FLAT32;
          case "tss" -> 0x89;
          default -> 0;
        };
    b.gdt(BAD, descriptor(0, 0xFFFFF, access));
    return switch (kind) {
      case "null" -> 0;
      case "local" -> 4 | LDT;
      case "beyond" -> 0xFFF8;
      default -> BAD;
    };
  }

  /// Lines 1 to 4: the descriptor of the TSS. IRET's faults are #TS, with the selector always.
  @ParameterizedTest
  @CsvSource({
    "jmp, local, #GP",
    "jmp, beyond, #GP",
    "jmp, absent, #NP",
    "jmp, busy, #GP",
    "jmp, short, #TS",
    "call, local, #GP",
    "call, beyond, #GP",
    "call, absent, #NP",
    "call, busy, #GP",
    "call, short, #TS",
    "gate, local, #GP",
    "gate, beyond, #GP",
    "gate, absent, #NP",
    "gate, busy, #GP",
    "gate, short, #TS",
    "iret, local, #TS",
    "iret, beyond, #TS",
    "iret, absent, #NP",
    "iret, available, #TS",
    "iret, short, #TS"
  })
  void descriptorOfTheNewTask(String by, String kind, String fault) {
    twoTasks(0);
    int busy = by.equals("iret") ? 2 : 0;
    b.gdt(OTHER, descriptor(OTHER_AT, 0x67, 0x89 | busy));
    int selector = OTHER;
    switch (kind) {
      case "local" -> {
        selector = OTHER | 4;
        b.ldt(OTHER, 0);
      }
      case "beyond" -> selector = 0xFFF8;
      case "absent" -> b.gdt(OTHER, descriptor(OTHER_AT, 0x67, 0x09 | busy));
      case "busy" -> b.gdt(OTHER, descriptor(OTHER_AT, 0x67, 0x8B));
      case "available" -> b.gdt(OTHER, descriptor(OTHER_AT, 0x67, 0x89));
      default -> b.gdt(OTHER, descriptor(OTHER_AT, 0x66, 0x89 | busy));
    }
    b.gdt(GATE, gate(Descriptor.TASK_GATE, selector, 0, 3, 0));
    switch (by) {
      case "jmp" -> Rings.far(b, 0xEA, selector, 0);
      case "call" -> Rings.far(b, 0x9A, selector, 0);
      case "gate" -> Rings.far(b, 0xEA, GATE, 0);
      default -> {
        b.put16(TSS_AT, selector);
        b.c.setRflags(Rflags.NT);
        b.code(0xCF).step();
      }
    }
    assertEquals(List.of("%s(%x)".formatted(fault, selector & 0xFFFC)), b.exceptions());
    assertEquals(TSS, b.c.tr.selector);
  }

  /// The second table, line by line.
  @ParameterizedTest
  @CsvSource({
    // by, old busy afterwards, new NT, old NT saved, link written
    "jmp, false, false, true, false",
    "call, true, true, true, true",
    "int, true, true, true, true",
    "iret, false, false, false, false"
  })
  void busyFlagsNestedFlagAndLink(
      String by, boolean oldBusy, boolean newNested, boolean oldNestedSaved, boolean linked) {
    twoTasks(0);
    b.put16(OTHER_AT, 0x7777);
    b.c.setRflags(Rflags.NT);
    switch (by) {
      case "jmp" -> Rings.far(b, 0xEA, OTHER, 0);
      case "call" -> Rings.far(b, 0x9A, OTHER, 0);
      case "int" -> {
        b.idt(0x33, gate(Descriptor.TASK_GATE, OTHER, 0, 3, 0));
        b.code(0xCD, 0x33).step();
      }
      default -> {
        b.gdt(OTHER, descriptor(OTHER_AT, 0x67, 0x8B));
        b.put16(TSS_AT, OTHER);
        b.code(0xCF).step();
      }
    }
    assertEquals(List.of(), b.exceptions());
    assertEquals(TARGET, b.c.rip);
    assertEquals(oldBusy ? 0xB : 0x9, typeOf(TSS), "old busy flag");
    assertEquals(0xB, typeOf(OTHER), "new busy flag");
    assertEquals(newNested, b.c.flag(Rflags.NT), "new NT");
    assertEquals(oldNestedSaved, (b.get32(TSS_AT + 36) & Rflags.NT) != 0, "old NT");
    assertEquals(linked ? TSS : 0x7777, b.get16(OTHER_AT), "link");
    assertTrue(b.c.cr0(ControlBits.CR0_TS));
  }

  /// Section "Task Switching": the new CR3 is in force with the new task, and its TSS was read
  /// before, through the old tables.
  @Test
  void newTssNeedNotBeMappedInTheNewTask() {
    twoTasks(0);
    int tables = (int) PAGES;
    for (int set = 0; set < 2; set++) {
      long directory = tables + 0x4000L * set;
      b.put32(directory, directory + 0x1000 | 7);
      for (int page = 0; page < 512; page++) {
        b.put32(directory + 0x1000 + 4L * page, 4096L * page | 7);
      }
    }
    long second = tables + 0x4000L;
    // The second task sees another page where its TSS is.
    b.put32(second + 0x1000 + 4 * (OTHER_AT >> 12), 0x180000 | 7);
    b.put32(OTHER_AT + 28, second);
    b.put32(OTHER_AT + 40, 0x1234);
    b.c.cr3 = tables;
    b.c.cr0 |= ControlBits.CR0_PG;
    b.c.updateMode();
    b.c.mmu.flushAll("test");
    Rings.far(b, 0xEA, OTHER, 0);
    assertEquals(List.of(), b.exceptions());
    assertEquals(0x1234, b.c.gpr[Vcpu.RAX]);
    assertEquals(second, b.c.cr3);
    assertEquals(TARGET, b.c.rip);
  }

  /// JMP and CALL need CPL and RPL within the TSS's or the task gate's DPL.
  @Test
  void privilegeOfTssAndGate() {
    for (int k = 0; k < 128; k++) {
      int cpl = k & 3;
      int rpl = k >> 2 & 3;
      int dpl = k >> 4 & 3;
      boolean byGate = (k & 64) != 0;
      twoTasks(0);
      Rings.go(b, cpl);
      b.gdt(OTHER, descriptor(OTHER_AT, 0x67, 0x89 | (byGate ? 0 : dpl << 5)));
      b.gdt(GATE, gate(Descriptor.TASK_GATE, OTHER, 0, dpl, 0));
      int selector = byGate ? GATE : OTHER;
      Rings.far(b, 0xEA, selector | rpl, 0);
      boolean allowed = Math.max(cpl, rpl) <= dpl;
      List<String> expected = allowed ? List.of() : List.of("#GP(%x)".formatted(selector));
      assertEquals(expected, b.exceptions(), "cpl %d rpl %d dpl %d".formatted(cpl, rpl, dpl));
    }
  }

  /// The privilege of the new task is the RPL of its CS, whatever that of the old one.
  @ParameterizedTest
  @CsvSource({"0", "1", "2", "3"})
  void newTaskHasThePrivilegeOfItsCode(int cpl) {
    twoTasks(cpl);
    Rings.far(b, 0xEA, OTHER, 0);
    assertEquals(List.of(), b.exceptions());
    assertEquals(cpl, b.c.cpl);
    assertEquals(Rings.data(cpl), b.selector(SegmentRegister.SS));
  }
}
