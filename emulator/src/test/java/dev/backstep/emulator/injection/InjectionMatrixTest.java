package dev.backstep.emulator.injection;

import static dev.backstep.emulator.testing.SystemBench.CODE32;
import static dev.backstep.emulator.testing.SystemBench.CODE64;
import static dev.backstep.emulator.testing.SystemBench.CODE_AT;
import static dev.backstep.emulator.testing.SystemBench.handler;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.injection.InjectionBench.Generation;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// KVM_SET_VCPU_EVENTS with an injected exception: every vector with and without an error code, on
/// every generation, in real-address mode, protected mode and 64-bit mode, down to the frame on the
/// guest's stack.
class InjectionMatrixTest {
  private static final Set<Integer> WITH_CODE = Set.of(8, 10, 11, 12, 13, 14, 17);
  private static final int CODE = 0x1234_5678;
  private static final int NOP_LENGTH = 3;

  enum Mode {
    REAL,
    PROTECTED,
    LONG
  }

  /// What the field's rules say: "delivered", or the failed check with its hardware reason.
  private static String expected(Generation g, Mode mode, int vector, boolean code) {
    boolean pushes = code && mode != Mode.REAL;
    boolean soft = vector == 3 || vector == 4;
    return switch (g) {
      case SVM ->
          mode == Mode.LONG && (vector == 4 || vector == 5)
              ? "vm-entry-failed ffffffff"
              : "delivered";
      case SAPPHIRE_RAPIDS -> soft && pushes ? "vm-entry-failed 7" : "delivered";
      case SKYLAKE -> {
        boolean right =
            mode == Mode.REAL ? !pushes : pushes == (!soft && WITH_CODE.contains(vector));
        yield right ? "delivered" : "vm-entry-failed 7";
      }
      case HASWELL -> {
        boolean right =
            mode == Mode.REAL ? !pushes : pushes == (!soft && WITH_CODE.contains(vector));
        yield right && !soft ? "delivered" : "vm-entry-failed 7";
      }
    };
  }

  private static SystemBench bench(Mode mode) {
    SystemBench b = new SystemBench();
    switch (mode) {
      case REAL -> b.realMode();
      case PROTECTED -> b.protected32();
      case LONG -> b.longMode();
    }
    // NOP of three bytes.
    return b.code(0x0F, 0x1F, 0x00);
  }

  @ParameterizedTest
  @EnumSource
  void everyVectorWithAndWithoutACodeInEveryMode(Generation generation) {
    int cells = 0;
    for (Mode mode : Mode.values()) {
      for (int vector = 0; vector < 32; vector++) {
        if (vector != 2) {
          cell(generation, mode, vector, false);
          cell(generation, mode, vector, true);
          cells += 2;
        }
      }
    }
    assertEquals(3 * 31 * 2, cells);
  }

  private static void cell(Generation generation, Mode mode, int vector, boolean code) {
    String name = "%s %s %d %s".formatted(generation, mode, vector, code);
    InjectionBench i = new InjectionBench(bench(mode), generation);
    long before = i.c.gpr[Vcpu.RSP];
    if (code) {
      i.exception(vector, CODE);
    } else {
      i.exception(vector);
    }
    i.step();
    String outcome = expected(generation, mode, vector, code);
    assertEquals(outcome, i.outcome(), name);
    assertEquals(vector, i.injection().vector(), name);
    if (!outcome.equals("delivered")) {
      refused(i, name);
      return;
    }
    MachineEvent.Exception x = i.b.log.of(MachineEvent.Exception.class).getFirst();
    assertEquals("injected", x.origin(), name);
    boolean pushes = code && mode != Mode.REAL;
    assertEquals(pushes, x.hasErrorCode(), name);
    boolean soft = vector == 3 || vector == 4;
    int length = soft && generation == Generation.SVM ? NOP_LENGTH : 0;
    long codeOnStack = generation == Generation.SVM ? CODE : CODE & 0xFFFF;
    frame(i, new Frame(mode, vector, pushes, codeOnStack, before, length), name);
  }

  /// The guest runs no further and sees nothing.
  private static void refused(InjectionBench i, String name) {
    assertTrue(i.c.entryFailed, name);
    assertEquals(0, i.b.log.of(MachineEvent.Exception.class).size(), name);
    assertFalse(i.injection().check().isEmpty(), name);
    assertTrue(i.injection().reason().contains("0x"), name);
    assertEquals(0, i.c.position(), name);
  }

  private record Frame(Mode mode, int vector, boolean pushes, long code, long before, int length) {}

  private static void frame(InjectionBench i, Frame f, String name) {
    long rsp = i.c.gpr[Vcpu.RSP];
    int extra = f.pushes ? 1 : 0;
    switch (f.mode) {
      case REAL -> {
        assertEquals(f.before - 6, rsp, name);
        assertEquals(f.length, i.b.stack16(0), name);
      }
      case PROTECTED -> {
        assertEquals(handler(f.vector), i.c.rip, name);
        assertEquals(f.before - 12 - 4L * extra, rsp, name);
        assertEquals(CODE_AT + f.length, i.b.stack32(extra), name);
        assertEquals(CODE32, i.b.stack32(extra + 1), name);
        if (f.pushes) {
          assertEquals(f.code, i.b.stack32(0), name);
        }
      }
      case LONG -> {
        assertEquals(handler(f.vector), i.c.rip, name);
        assertEquals(f.before - 40 - 8L * extra, rsp, name);
        assertEquals(CODE_AT + f.length, i.b.stack64(extra), name);
        assertEquals(CODE64, i.b.stack64(extra + 1), name);
        if (f.pushes) {
          assertEquals(f.code, i.b.stack64(0), name);
        }
      }
    }
  }

  @Test
  void errorCodesAreZeroExtendedOnTheStackOfSixtyFourBits() {
    InjectionBench i = new InjectionBench(bench(Mode.LONG), Generation.SVM);
    i.exception(13, 0xFFFF_FFFF).step();
    assertEquals(0xFFFF_FFFFL, i.b.stack64(0));
    assertEquals(CODE_AT, i.b.stack64(1));
  }

  @Test
  void vmxCutsTheCodeToSixteenBitsAndSaysSo() {
    InjectionBench i = new InjectionBench(bench(Mode.PROTECTED), Generation.SKYLAKE);
    i.exception(13, 0x12345).step();
    assertEquals(0x2345, i.b.stack32(0));
    assertEquals(0x2345, i.injection().errorCode());
    assertTrue(i.injection().reason().contains("0x12345"), i.injection().reason());
  }

  @Test
  void kvmBeforeLinux63LeftCodesInRealModeToTheProcessor() {
    for (Generation generation : Generation.values()) {
      InjectionBench i = new InjectionBench(bench(Mode.REAL), generation);
      i.realModeCodes = RealModeCodes.KEPT;
      long before = i.c.gpr[Vcpu.RSP];
      i.exception(13, 0x10).step();
      if (generation == Generation.SVM) {
        assertEquals("delivered", i.outcome());
        assertEquals(before - 6, i.c.gpr[Vcpu.RSP]);
      } else {
        assertEquals("vm-entry-failed 7", i.outcome());
        assertEquals("deliver-error-code", i.injection().check());
      }
    }
  }
}
