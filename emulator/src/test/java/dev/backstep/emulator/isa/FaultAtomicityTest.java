package dev.backstep.emulator.isa;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Decoder;
import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.decode.OpcodeTable;
import dev.backstep.emulator.execution.OperationFactory;
import dev.backstep.emulator.testing.BareVcpu;
import dev.backstep.emulator.testing.TableEncodings;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.FpuState;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Whatever form of the table meets a fault at its memory operand, of paging or of its segment,
/// leaves registers, flags and memory as they were: SDM Vol. 3 "Faults": the instruction can be
/// restarted.
class FaultAtomicityTest {
  private static final long BASE = 0x4000_0000L;
  private static final long GPA = 0x8000;

  /// Two pages that can be written; the third is read-only, the fourth absent.
  private static final long READ_ONLY = BASE + 0x2000;

  private static final long ABSENT = BASE + 0x3000;

  private static final long LAST_TABLE = BareVcpu.TABLES_END - 0x1000;
  private static final Set<String> FAMILIES =
      Set.of(
          "IntAlu",
          "Shifts",
          "Rotates",
          "MulDiv",
          "BitOps",
          "Moves",
          "Stack",
          "Branches",
          "SseInteger",
          "SseShuffles",
          "SseMoves",
          "Sse41Moves",
          "Sse41Xmm",
          "SseFloat",
          "SseConvert",
          "SseConvertGeneral",
          "SseConvertMmx",
          "SseConvertWidths",
          "StringCompare",
          "AvxMoves",
          "AvxPermutes",
          "AvxMemory",
          "MmxInteger",
          "MmxMoves",
          "X87Moves",
          "X87Control",
          "X87Integers",
          "X87Arithmetic",
          "X87Compare",
          "FpuSave",
          "ExtendedState",
          "CacheLines");

  /// What makes an address that is a multiple of 16 in its segment none in the linear address
  /// space.
  private static final long FS_BASE = 8;

  private static final int FS_PREFIX = 0x64;
  private static final int[][] PREFIXES = {{}, {0x66}, {FS_PREFIX}, {FS_PREFIX, 0x66}};

  private final Arena arena = Arena.ofConfined();
  private final BareVcpu bare = new BareVcpu(arena, 0x2_0000);
  private final Vcpu c = bare.vcpu;
  private final Decoder decoder = new Decoder(Set.of());
  private final OperationFactory factory = new OperationFactory();
  private final SplittableRandom random = new SplittableRandom(1);
  private final Set<String> broken = new TreeSet<>();
  private int faults;

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void leavesEverythingAsItWasWhenAPageFaults() {
    bare.longMode(BASE, 0x3000, GPA);
    // The page table's entry of the third page loses its write permission.
    bare.ram.putLong(LAST_TABLE + 2 * 8, GPA + 0x2000 | 1);
    c.segments[SegmentRegister.FS].base = FS_BASE;
    c.mmu.segmentChanged(SegmentRegister.FS);
    forEachForm(
        CpuMode.LONG64,
        i -> {
          long base = i.segment == SegmentRegister.FS ? FS_BASE : 0;
          for (long address : new long[] {ABSENT, READ_ONLY}) {
            for (int before : new int[] {0, 1, 8, 16, 24, 64}) {
              check(i, address - before - base, BASE, GuestFault.PF);
            }
          }
        });
    assertEquals(Set.of(), broken);
    assertTrue(faults > 10000, () -> "only " + faults + " faults were met");
  }

  @Test
  void leavesEverythingAsItWasWhenTheSegmentEnds() {
    bare.protected32();
    c.cr4 |= ControlBits.CR4_OSFXSR | ControlBits.CR4_OSXMMEXCPT | ControlBits.CR4_OSXSAVE;
    c.xcr0 = ControlBits.XCR0_X87 | ControlBits.XCR0_SSE | ControlBits.XCR0_AVX;
    c.segments[SegmentRegister.DS].limit = (int) (GPA + 0x1000 - 1);
    c.segments[SegmentRegister.FS].base = FS_BASE;
    c.segments[SegmentRegister.FS].limit = (int) (GPA + 0x1000 - 1);
    c.updateMode();
    forEachForm(
        CpuMode.PROTECTED32,
        i -> {
          for (int before : new int[] {0, 1, 4, 8, 16, 24, 64}) {
            check(i, GPA + 0x1000 - before, GPA, GuestFault.GP);
          }
        });
    assertEquals(Set.of(), broken);
    assertTrue(faults > 5000, () -> "only " + faults + " faults were met");
  }

  private void forEachForm(CpuMode mode, Consumer<DecodedInstruction> then) {
    for (Opcode opcode : OpcodeTable.opcodes()) {
      String semantics = opcode.semantics();
      if (FAMILIES.contains(semantics.substring(0, semantics.indexOf('.')))
          && opcode.encoding().contains("/")) {
        for (int[] prefixes : PREFIXES) {
          for (int rex : new int[] {0, 0x48}) {
            byte[] code = TableEncodings.encode(opcode, prefixes, rex, 0x03);
            DecodedInstruction i = decoder.decode(code, 0, code.length, mode, 0x1000);
            if (i != null && i.opcode.equals(opcode) && i.isMemory()) {
              then.accept(i);
            }
          }
        }
      }
    }
  }

  /// @param data where in the linear address space the memory is that everything else uses
  private void check(DecodedInstruction i, long ea, long data, int expected) {
    scramble();
    c.gpr[Vcpu.RSP] = data + 0x800;
    c.gpr[Vcpu.RBX] = ea;
    State before = new State(c, bare);
    c.rip = i.nextRip;
    try {
      factory.operationFor(i).execute(c, i);
    } catch (GuestFault fault) {
      faults += fault.vector() == expected ? 1 : 0;
      String changed = before.difference(new State(c, bare));
      if (!changed.isEmpty() || c.rip != i.nextRip) {
        broken.add(i.opcode.mnemonic() + i.opcode.operands() + changed);
      }
    }
  }

  private void scramble() {
    for (int k = 0; k < 16; k++) {
      c.gpr[k] = random.nextLong();
    }
    // Bit numbers reach no further than the operand.
    c.gpr[Vcpu.RAX] = random.nextInt(16);
    c.setRflags(random.nextInt() & 0x8D5);
    for (int k = 0; k < 32; k++) {
      c.fpu.xmm[k] = random.nextLong();
      c.fpu.ymmHigh[k] = random.nextLong();
    }
    for (int k = 0; k < 8; k++) {
      X87Stack.store(c.fpu, k, random.nextLong() | 1L << 63, 0x3FFF);
    }
    c.fpu.tagValid = 0x7F;
    c.fpu.top = 0;
    c.fpu.statusWord = 0;
    c.fpu.controlWord = 0x37F;
    c.fpu.mxcsr = FpuState.MXCSR_DEFAULT;
    // Zeroes are a valid state image.
    bare.ram.segment().asSlice(GPA, 0x3000).fill((byte) 0);
  }

  private record State(
      long[] registers,
      long[] significands,
      int[] exponents,
      long[] xmm,
      long[] ymmHigh,
      List<Long> words,
      byte[] memory) {
    State(Vcpu c, BareVcpu bare) {
      this(
          c.gpr.clone(),
          c.fpu.significand.clone(),
          c.fpu.signExponent.clone(),
          c.fpu.xmm.clone(),
          c.fpu.ymmHigh.clone(),
          List.of(
              c.rflags(),
              (long) c.fpu.statusWord,
              (long) c.fpu.controlWord,
              (long) c.fpu.tagValid,
              (long) c.fpu.top,
              (long) c.fpu.mxcsr,
              (long) c.fpu.lastOpcode,
              c.fpu.lastInstructionPointer,
              c.fpu.lastDataPointer),
          bare.ram.segment().asSlice(GPA, 0x3000).toArray(ValueLayout.JAVA_BYTE));
    }

    String difference(State after) {
      return (Arrays.equals(registers, after.registers) ? "" : " registers")
          + (Arrays.equals(significands, after.significands) ? "" : " x87")
          + (Arrays.equals(exponents, after.exponents) ? "" : " x87")
          + (Arrays.equals(xmm, after.xmm) ? "" : " xmm")
          + (Arrays.equals(ymmHigh, after.ymmHigh) ? "" : " ymm")
          + (words.equals(after.words) ? "" : " words")
          + (Arrays.equals(memory, after.memory) ? "" : " memory");
    }
  }
}
