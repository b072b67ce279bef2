package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.CODE_AT;
import static dev.backstep.emulator.testing.SystemBench.SCRATCH;
import static dev.backstep.emulator.testing.SystemBench.TSS_AT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.bus.PortDevice;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PortIoTest {
  private static final int PORT = 0x100;
  private static final List<String> GP = List.of("#GP(0)");
  private static final List<String> NONE = List.of();

  /// Counts its reads and remembers what was written.
  private static final class Latch implements PortDevice {
    private final List<Integer> written = new ArrayList<>();
    private int reads;

    @Override
    public String name() {
      return "latch";
    }

    @Override
    public int read(int port, int bytes) {
      reads++;
      return bytes == 4 ? 0x81828380 + reads : 0x80 + reads;
    }

    @Override
    public void write(int port, int bytes, int value) {
      written.add(value);
    }
  }

  private final Latch latch = new Latch();

  private SystemBench withLatch(SystemBench b) {
    b.ports.attach(PORT, 8, latch);
    b.c.gpr[Vcpu.RDX] = PORT;
    return b;
  }

  private SystemBench protected32() {
    return withLatch(new SystemBench().protected32());
  }

  @Test
  void inMergesNarrowResultsAndZeroExtendsDoublewords() {
    SystemBench b = withLatch(new SystemBench().longMode());
    b.c.gpr[Vcpu.RAX] = -1;
    b.code(0xEC).step();
    assertEquals(0xFFFF_FFFF_FFFF_FF81L, b.c.gpr[Vcpu.RAX]);
    b.code(0xED).step();
    assertEquals(0x81828382L, b.c.gpr[Vcpu.RAX]);
    MachineEvent.Io event = b.log.of(MachineEvent.Io.class).getLast();
    assertEquals("latch", event.device());
    assertEquals(4, event.size());
    assertEquals(MachineEvent.Op.READ, event.op());
  }

  @Test
  void outWritesTheAccumulatorsLowPart() {
    SystemBench b = protected32();
    b.c.gpr[Vcpu.RAX] = 0x12345678;
    b.code(0xEE).step().code(0x66, 0xEF).step().code(0xEF).step();
    assertEquals(List.of(0x78, 0x5678, 0x12345678), latch.written);
  }

  @Test
  void iopLAdmitsUsers() {
    SystemBench b = protected32().user();
    b.c.tr.limit = 0x67;
    b.c.setRflags(Rflags.IOPL);
    assertEquals(NONE, b.code(0xEC).step().exceptions());
    b.c.setRflags(2 << 12);
    assertEquals(GP, b.code(0xEC).step().exceptions());
    assertEquals(1, latch.reads);
  }

  @Test
  void permissionBitsAdmitOrStopEachPort() {
    SystemBench b = protected32().user();
    b.put16(TSS_AT + 102, 0x80);
    assertEquals(NONE, b.code(0xED).step().exceptions());
    b.ram.putByte(TSS_AT + 0x80 + PORT / 8, (byte) (1 << 3));
    b.log.events.clear();
    assertEquals(NONE, b.code(0xEC).step().exceptions());
    assertEquals(GP, b.code(0xED).step().exceptions());
  }

  @Test
  void bitmapMustReachOneByteBeyondThePort() {
    SystemBench b = protected32().user();
    b.put16(TSS_AT + 102, 0x80);
    b.c.tr.limit = 0x80 + PORT / 8;
    assertEquals(GP, b.code(0xEC).step().exceptions());
    b = withLatch(new SystemBench().protected32()).user();
    b.put16(TSS_AT + 102, 0x80);
    b.c.tr.limit = 0x80 + PORT / 8 + 1;
    assertEquals(NONE, b.code(0xEC).step().exceptions());
  }

  @Test
  void tssOf16BitsHasNoBitmap() {
    SystemBench b = protected32().user();
    b.c.tr.access = 0x83;
    assertEquals("#GP(0)", b.code(0xEC).step().exceptions().getFirst());
  }

  @Test
  void vm86AsksTheBitmapEvenWithIopl3() {
    SystemBench b = protected32();
    b.put16(TSS_AT + 102, 0x80);
    b.ram.putByte(TSS_AT + 0x80 + PORT / 8, (byte) 1);
    b.vm86(3).code(0xEC).step();
    assertEquals(GP, b.exceptions());
  }

  @Test
  void repeatedInsCountsDownAndMovesOn() {
    SystemBench b = protected32();
    b.c.gpr[Vcpu.RDI] = SCRATCH;
    b.c.gpr[Vcpu.RCX] = 3;
    b.code(0xF3, 0x6C).run(1);
    assertEquals(0x838281, b.get32(SCRATCH));
    assertEquals(SCRATCH + 3, b.c.gpr[Vcpu.RDI]);
    assertEquals(0, b.c.gpr[Vcpu.RCX]);
    assertEquals(CODE_AT + 2, b.c.rip);
    assertEquals(3, b.log.of(MachineEvent.Io.class).size());
  }

  @Test
  void repeatedOutsGoesBackwardsWithTheDirectionFlag() {
    SystemBench b = protected32();
    b.put32(SCRATCH, 0x00020001);
    b.c.gpr[Vcpu.RSI] = SCRATCH + 2;
    b.c.gpr[Vcpu.RCX] = 2;
    b.c.setRflags(Rflags.DF);
    b.code(0xF3, 0x66, 0x6F).run(1);
    assertEquals(List.of(2, 1), latch.written);
    assertEquals(SCRATCH - 2, b.c.gpr[Vcpu.RSI]);
  }

  @Test
  void repeatWithZeroCountDoesNothing() {
    SystemBench b = protected32();
    b.code(0xF3, 0x6E).step();
    assertEquals(List.of(), latch.written);
    assertEquals(CODE_AT + 2, b.c.rip);
  }

  @Test
  void insChecksItsDestinationBeforeItReads() {
    SystemBench b = withLatch(new SystemBench().longMode());
    b.page(SCRATCH, 5);
    b.c.gpr[Vcpu.RDI] = SCRATCH;
    b.code(0x6C).step();
    assertEquals(List.of("#PF(3)"), b.exceptions());
    assertEquals(0, latch.reads);
  }

  @Test
  void faultInARepetitionKeepsTheElementsDone() {
    SystemBench b = withLatch(new SystemBench().longMode());
    b.page(SCRATCH, 5);
    b.c.gpr[Vcpu.RDI] = SCRATCH - 2;
    b.c.gpr[Vcpu.RCX] = 5;
    b.code(0xF3, 0x6C).step();
    assertEquals(SCRATCH, b.c.gpr[Vcpu.RDI]);
    assertEquals(3, b.c.gpr[Vcpu.RCX]);
    assertEquals(CODE_AT, b.stack64(1));
  }

  @Test
  void longRepetitionsRunInSlices() {
    SystemBench b = protected32();
    b.c.gpr[Vcpu.RSI] = SCRATCH;
    b.c.gpr[Vcpu.RCX] = 5000;
    b.code(0xF3, 0x6E).run(1);
    assertEquals(CODE_AT, b.c.rip);
    assertEquals(904, b.c.gpr[Vcpu.RCX]);
    b.run(1);
    assertEquals(CODE_AT + 2, b.c.rip);
    assertEquals(5000, latch.written.size());
  }

  @Test
  void ioBreakpointTrapsAfterTheInstruction() {
    SystemBench b = protected32();
    b.c.cr4 |= ControlBits.CR4_DE;
    b.c.dr[1] = PORT + 2;
    b.c.dr[7] |= 1 << 2 | 2 << 20;
    b.code(0xED).run(1);
    assertEquals(List.of("#DB"), b.exceptions());
    assertEquals(CODE_AT + 1, b.stack32(0));
    assertTrue((b.c.dr[6] & 2) != 0);
  }
}
