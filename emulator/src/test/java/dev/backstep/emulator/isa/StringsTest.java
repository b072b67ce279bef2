package dev.backstep.emulator.isa;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.testing.BareVcpu;
import dev.backstep.emulator.testing.InstructionRunner;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StringsTest {
  private static final long SEED = 7;

  /// Linear and, at [#GPA], guest-physical memory of the tests.
  private static final long BASE = 0x4000_0000L;

  private static final long GPA = 0x8000;
  private static final int BYTES = 0x8000;

  private final Arena arena = Arena.ofConfined();
  private final InstructionRunner runner = new InstructionRunner();
  private final BareVcpu bare = new BareVcpu(arena, 0x2_0000);
  private final Vcpu c = bare.vcpu;

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void movesAsSingleStepsWouldWhateverOverlaps() {
    bare.longMode(BASE, BYTES, GPA);
    SplittableRandom random = new SplittableRandom(SEED);
    String[] forms = {"F3 A4", "F3 66 A5", "F3 A5", "F3 48 A5"};
    for (int k = 0; k < 2000; k++) {
      int shift = random.nextInt(4);
      boolean down = random.nextInt(3) == 0;
      byte[] expected = fill(random);
      int count = random.nextInt(600 >> shift);
      int from = 0x2000 + random.nextInt(0x2000);
      int to =
          random.nextInt(3) == 0 ? from + random.nextInt(41) - 20 : 0x2000 + random.nextInt(0x2000);
      model(expected, from, to, count, down ? -1 << shift : 1 << shift);
      c.gpr[Vcpu.RSI] = BASE + from;
      c.gpr[Vcpu.RDI] = BASE + to;
      c.gpr[Vcpu.RCX] = count;
      c.systemFlags = down ? Rflags.DF : 0;
      assertEquals(InstructionRunner.NO_FAULT, runner.run(c, forms[shift]));
      String what = "case %d of seed %d".formatted(k, SEED);
      assertArrayEquals(expected, memory(), what);
      int moved = down ? -count << shift : count << shift;
      assertEquals(BASE + from + moved, c.gpr[Vcpu.RSI], what);
      assertEquals(BASE + to + moved, c.gpr[Vcpu.RDI], what);
      assertEquals(0, c.gpr[Vcpu.RCX], what);
    }
  }

  private static void model(byte[] memory, int from, int to, int count, int step) {
    int size = Math.abs(step);
    for (int k = 0; k < count; k++) {
      System.arraycopy(memory, from + k * step, memory, to + k * step, size);
    }
  }

  @Test
  void fillsAsSingleStepsWould() {
    bare.longMode(BASE, BYTES, GPA);
    SplittableRandom random = new SplittableRandom(SEED);
    String[] forms = {"F3 AA", "F3 66 AB", "F3 AB", "F3 48 AB"};
    for (int k = 0; k < 500; k++) {
      int shift = random.nextInt(4);
      byte[] expected = fill(random);
      int count = random.nextInt(5000 >> shift);
      int to = 0x1000 + random.nextInt(0x2000);
      long value = random.nextLong();
      for (int at = 0; at < count << shift; at++) {
        expected[to + at] = (byte) (value >>> 8 * (at & (1 << shift) - 1));
      }
      c.gpr[Vcpu.RAX] = value;
      c.gpr[Vcpu.RDI] = BASE + to;
      c.gpr[Vcpu.RCX] = count;
      c.systemFlags = 0;
      runSlices(forms[shift]);
      assertArrayEquals(expected, memory(), "case %d of seed %d".formatted(k, SEED));
    }
  }

  private void runSlices(String hex) {
    do {
      assertEquals(InstructionRunner.NO_FAULT, runner.run(c, hex));
    } while (c.rip == InstructionRunner.RIP);
  }

  private byte[] fill(SplittableRandom random) {
    byte[] content = new byte[BYTES];
    random.nextBytes(content);
    bare.ram
        .segment()
        .asSlice(GPA, BYTES)
        .copyFrom(java.lang.foreign.MemorySegment.ofArray(content));
    return content;
  }

  private byte[] memory() {
    return bare.ram.segment().asSlice(GPA, BYTES).toArray(ValueLayout.JAVA_BYTE);
  }

  @Test
  void leavesRegistersAtTheElementThatFaulted() {
    bare.longMode(BASE, BYTES, GPA);
    c.gpr[Vcpu.RSI] = BASE;
    c.gpr[Vcpu.RDI] = BASE + BYTES - 0x20;
    c.gpr[Vcpu.RCX] = 100;
    assertEquals(GuestFault.PF, runner.run(c, "F3 48 A5"));
    assertEquals(96, c.gpr[Vcpu.RCX]);
    assertEquals(BASE + 0x20, c.gpr[Vcpu.RSI]);
    assertEquals(BASE + BYTES, c.gpr[Vcpu.RDI]);
    assertEquals(BASE + BYTES, c.fault.faultingLinearAddress());
    assertEquals(InstructionRunner.RIP, c.rip);
  }

  @Test
  void touchesNothingWhenTheCounterIsZero() {
    bare.longMode(BASE, BYTES, GPA);
    c.gpr[Vcpu.RSI] = 1;
    c.gpr[Vcpu.RDI] = 2;
    c.gpr[Vcpu.RCX] = 0x1_0000_0000L;
    assertEquals(InstructionRunner.NO_FAULT, runner.run(c, "67 F3 A4"));
    assertEquals(1, c.gpr[Vcpu.RSI]);
    assertEquals(InstructionRunner.RIP + 3, c.rip);
  }

  @Test
  void doesOneIterationUnderTheTrapFlag() {
    bare.longMode(BASE, BYTES, GPA);
    c.gpr[Vcpu.RDI] = BASE;
    c.gpr[Vcpu.RCX] = 2;
    c.systemFlags = Rflags.TF;
    assertEquals(InstructionRunner.NO_FAULT, runner.run(c, "F3 AA"));
    assertEquals(1, c.gpr[Vcpu.RCX]);
    assertEquals(InstructionRunner.RIP, c.rip);
    assertEquals(InstructionRunner.NO_FAULT, runner.run(c, "F3 AA"));
    assertEquals(InstructionRunner.RIP + 2, c.rip);
  }

  @Test
  void splitsLongRepetitionsIntoSlices() {
    bare.longMode(BASE, BYTES, GPA);
    c.gpr[Vcpu.RDI] = BASE;
    c.gpr[Vcpu.RCX] = Strings.SLICE + 1;
    assertEquals(InstructionRunner.NO_FAULT, runner.run(c, "F3 AA"));
    assertEquals(1, c.gpr[Vcpu.RCX]);
    assertEquals(InstructionRunner.RIP, c.rip);
  }

  @Test
  void scansUntilTheByteIsFound() {
    bare.longMode(BASE, BYTES, GPA);
    bare.ram.putByte(GPA + 9, (byte) 1);
    c.gpr[Vcpu.RAX] = 1;
    c.gpr[Vcpu.RDI] = BASE;
    c.gpr[Vcpu.RCX] = 100;
    assertEquals(InstructionRunner.NO_FAULT, runner.run(c, "F2 AE"));
    assertEquals(90, c.gpr[Vcpu.RCX]);
    assertEquals(BASE + 10, c.gpr[Vcpu.RDI]);
    assertTrue(Rflags.zf(c));
    assertEquals(InstructionRunner.RIP + 2, c.rip);
  }

  @Test
  void comparesUntilTheyDiffer() {
    bare.longMode(BASE, BYTES, GPA);
    bare.ram.putByte(GPA + 0x105, (byte) 1);
    c.gpr[Vcpu.RSI] = BASE;
    c.gpr[Vcpu.RDI] = BASE + 0x100;
    c.gpr[Vcpu.RCX] = 100;
    assertEquals(InstructionRunner.NO_FAULT, runner.run(c, "F3 A6"));
    assertEquals(94, c.gpr[Vcpu.RCX]);
    assertFalse(Rflags.zf(c));
    assertTrue(Rflags.cf(c));
  }

  @Test
  void countsInSixteenBitsAndKeepsUpperHalves() {
    bare.realMode();
    c.gpr[Vcpu.RSI] = 0xAAAA_FFFEL;
    c.gpr[Vcpu.RDI] = 0xBBBB_9000L;
    c.gpr[Vcpu.RCX] = 0xCCCC_0004L;
    bare.ram.putByte(0xFFFE, (byte) 1);
    bare.ram.putByte(0xFFFF, (byte) 2);
    bare.ram.putByte(0, (byte) 3);
    bare.ram.putByte(1, (byte) 4);
    assertEquals(InstructionRunner.NO_FAULT, runner.run(c, "F3 A4"));
    assertEquals(0xAAAA_0002L, c.gpr[Vcpu.RSI]);
    assertEquals(0xBBBB_9004L, c.gpr[Vcpu.RDI]);
    assertEquals(0xCCCC_0000L, c.gpr[Vcpu.RCX]);
    assertEquals(0x0403_0201, bare.ram.getInt(0x9000));
  }

  @Test
  void takesTheSourceFromTheOverridingSegment() {
    bare.realMode();
    c.segments[SegmentRegister.FS].base = 0x1000;
    c.mmu.segmentChanged(SegmentRegister.FS);
    bare.ram.putByte(0x1234, (byte) 0x5A);
    c.gpr[Vcpu.RSI] = 0x234;
    assertEquals(InstructionRunner.NO_FAULT, runner.run(c, "64 AC"));
    assertEquals(0x5A, c.gpr[Vcpu.RAX]);
  }
}
