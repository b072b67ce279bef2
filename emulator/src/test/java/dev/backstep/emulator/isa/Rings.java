package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.DATA;
import static dev.backstep.emulator.testing.SystemBench.FLAT32;
import static dev.backstep.emulator.testing.SystemBench.FREE;
import static dev.backstep.emulator.testing.SystemBench.STACK0;
import static dev.backstep.emulator.testing.SystemBench.TSS_AT;
import static dev.backstep.emulator.testing.SystemBench.TYPE_CODE;
import static dev.backstep.emulator.testing.SystemBench.TYPE_DATA;
import static dev.backstep.emulator.testing.SystemBench.descriptor;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.Activity;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// 32-bit protected mode with flat code and data segments and a stack for each of the four
/// privilege levels, for tests that go through all of them.
final class Rings {
  /// The first entry of the GDT that tests may fill.
  static final int OPEN = FREE + 0x80;

  private Rings() {}

  /// Selector of the code segment of a privilege level.
  static int code(int ring) {
    return FREE + 0x10 * ring | ring;
  }

  /// Selector of its data segment.
  static int data(int ring) {
    return FREE + 0x10 * ring + 8 | ring;
  }

  /// Top of its stack.
  static long stack(int ring) {
    return STACK0 + 0x8000L * ring;
  }

  /// A vCPU at that privilege level. Inner stacks are in the TSS.
  static SystemBench at(int cpl) {
    return restart(new SystemBench(), cpl);
  }

  /// The same on a vCPU that has been used.
  static SystemBench restart(SystemBench b, int cpl) {
    b.protected32();
    b.c.setRflags(0);
    b.c.pendingDebugTraps = 0;
    b.c.activity = Activity.RUNNING;
    for (int ring = 0; ring < 4; ring++) {
      b.gdt(code(ring), descriptor(0, 0xFFFFF, TYPE_CODE | ring << 5 | FLAT32));
      b.gdt(data(ring), descriptor(0, 0xFFFFF, TYPE_DATA | ring << 5 | FLAT32));
      if (ring < 3) {
        b.put32(TSS_AT + 4 + 8L * ring, stack(ring));
        b.put32(TSS_AT + 8 + 8L * ring, ring == 0 ? DATA : data(ring));
      }
    }
    go(b, cpl);
    return b;
  }

  /// Moves it to that level.
  static void go(SystemBench b, int cpl) {
    for (int segment = 0; segment < 6; segment++) {
      SegmentRegister s = b.c.segments[segment];
      if (segment == SegmentRegister.CS) {
        s.set(code(cpl), 0, -1, TYPE_CODE | cpl << 5 | FLAT32, true);
      } else {
        s.set(data(cpl), 0, -1, TYPE_DATA | cpl << 5 | FLAT32, true);
      }
      b.c.mmu.segmentChanged(segment);
    }
    b.c.cpl = cpl;
    b.c.gpr[Vcpu.RSP] = stack(cpl) - 0x100;
    b.c.updateMode();
    b.log.events.clear();
  }

  /// Runs a far instruction with a pointer operand: JMP (EA) or CALL (9A).
  static SystemBench far(SystemBench b, int opcode, int selector, long offset) {
    return b.code(
            opcode,
            (int) offset & 0xFF,
            (int) (offset >> 8) & 0xFF,
            (int) (offset >> 16) & 0xFF,
            (int) (offset >> 24) & 0xFF,
            selector & 0xFF,
            selector >> 8)
        .step();
  }
}
