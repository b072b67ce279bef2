package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.CODE_AT;
import static dev.backstep.emulator.testing.SystemBench.handler;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// CR0.PE cleared in a 32-bit code segment: the code goes on as 32-bit code until CS is loaded. SDM
/// Vol. 3 "Switching Back to Real-Address Mode"; KVM's x86_decode_insn heeds CS.D in real mode.
class RealMode32Test {
  private static final int[] CLEAR_PE = {0x0F, 0x22, 0xC0};
  private static final long TARGET = 0x12340;

  private final SystemBench b = new SystemBench();
  private final Vcpu c = b.c;

  @BeforeEach
  void start() {
    b.protected32();
    c.gpr[Vcpu.RAX] = ControlBits.CR0_ET;
    c.idtBase = 0;
    c.idtLimit = 0x3FF;
    b.put32(4L * 0x33, handler(0x33) >> 4 << 16);
  }

  /// MOV CR0, EAX, and then other code.
  private SystemBench clearPe(int... then) {
    int[] bytes = new int[CLEAR_PE.length + then.length];
    System.arraycopy(CLEAR_PE, 0, bytes, 0, CLEAR_PE.length);
    System.arraycopy(then, 0, bytes, CLEAR_PE.length, then.length);
    b.code(bytes).run(1);
    assertEquals(CpuMode.REAL32, c.mode);
    return b;
  }

  @Test
  void codeGoesOnAs32BitCode() {
    // MOV EAX, 12345678H; PUSH EAX; MOV BX, 1 (66)
    clearPe(0xB8, 0x78, 0x56, 0x34, 0x12, 0x50, 0x66, 0xBB, 1, 0);
    long esp = c.gpr[Vcpu.RSP];
    b.run(3);
    assertEquals(List.of(), b.exceptions());
    assertEquals(0x12345678, c.gpr[Vcpu.RAX]);
    assertEquals(esp - 4, c.gpr[Vcpu.RSP]);
    assertEquals(0x12345678, b.stack32(0));
    assertEquals(1, c.gpr[Vcpu.RBX] & 0xFFFF);
    assertEquals(CODE_AT + 13, c.rip);
  }

  @Test
  void farJumpLeadsTo16BitCodeAndKeepsTheLimit() {
    clearPe(0xEA, 0, 0, 0, 0, 0x34, 0x12);
    // MOV AX, 5678H; in 32-bit code it would be longer.
    b.ram.putInt(TARGET, 0x90_5678B8);
    b.run(2);
    assertEquals(List.of(), b.exceptions());
    assertEquals(CpuMode.REAL, c.mode);
    assertEquals(3, c.rip);
    assertEquals(TARGET, c.segments[SegmentRegister.CS].base);
    assertEquals(-1, c.segments[SegmentRegister.CS].limit);
  }

  @Test
  void interruptLeadsTo16BitCodeWithAFrameOfWords() {
    clearPe(0xCD, 0x33);
    long esp = c.gpr[Vcpu.RSP];
    b.step();
    assertEquals(List.of(), b.exceptions());
    assertEquals(CpuMode.REAL, c.mode);
    assertEquals(handler(0x33), c.segments[SegmentRegister.CS].base + c.rip);
    assertEquals(esp - 6, c.gpr[Vcpu.RSP]);
    assertEquals(CODE_AT + 5 & 0xFFFF, b.get16(esp - 6));
  }

  @Test
  void settingPeAgainGoesBackTo32BitProtectedMode() {
    clearPe(0x0C, 0x01, 0x0F, 0x22, 0xC0).run(2);
    assertEquals(CpuMode.PROTECTED32, c.mode);
  }

  /// The limits loaded in protected mode stay for 16-bit code, too.
  @Test
  void dataBeyond64KiBCanBeReadAfterwards() {
    clearPe(0xEA, 0, 0, 0, 0, 0x34, 0x12);
    b.put32(0x10_1234, 0xCAFE_F00DL);
    // MOV EAX, [101234H] in 16-bit code
    b.ram.putInt(TARGET, 0x058B_6667);
    b.ram.putInt(TARGET + 4, 0x10_1234);
    b.run(2);
    assertEquals(List.of(), b.exceptions());
    assertEquals(0xCAFE_F00DL, c.gpr[Vcpu.RAX]);
  }
}
