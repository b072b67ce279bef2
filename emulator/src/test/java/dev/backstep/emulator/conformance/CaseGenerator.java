package dev.backstep.emulator.conformance;

import dev.backstep.emulator.conformance.BoundaryValues.Kind;
import dev.backstep.emulator.decode.Opcode;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// Makes cases: a few instructions and the state before them. A case is a function of its seed.
final class CaseGenerator {
  private static final int MOST_INSTRUCTIONS = 8;
  private static final int RAX = 0;
  private static final int RCX = 1;
  private static final int RDX = 2;
  private static final int RBX = 3;
  private static final int RSP = 4;
  private static final int RBP = 5;
  private static final int RSI = 6;
  private static final int RDI = 7;
  private static final int FLAGS = 0x8D5;
  private static final int ALIGNMENT_CHECK = 1 << 18;

  /// A branch whose target is to be set when all instructions are there.
  ///
  /// @param end offset of what follows it
  /// @param bytes of its displacement; 0 if its target is in memory
  /// @param memory where in the state then
  private record Branch(int end, int bytes, long memory) {}

  private final ByteArrayOutputStream code = new ByteArrayOutputStream();
  private final List<Integer> targets = new ArrayList<>();
  private final List<Branch> branches = new ArrayList<>();
  private final FloatingPointState floatingPoint;
  private final byte[] noise = new byte[1 << 16];
  private SplittableRandom random = new SplittableRandom(0);
  private StateRecord state;
  private Kind kind = Kind.INTEGER;
  private long branchMemory;
  private InstructionEncoder encoder;
  private InstructionDraft draft;

  /// @param mayBeMisaligned whether the processors have MXCSR.MM
  CaseGenerator(StateRecord any, Opcode anyOpcode, boolean mayBeMisaligned) {
    floatingPoint = new FloatingPointState(mayBeMisaligned);
    state = any;
    encoder = new InstructionEncoder(random, anyOpcode);
    draft = encoder.draft();
    new SplittableRandom(1).nextBytes(noise);
  }

  /// Fills `before` with a case.
  ///
  /// @param seed all that is random about it
  /// @param first the form of its first instruction
  /// @param others forms that may follow
  void generate(StateRecord before, long seed, Opcode first, List<Opcode> others) {
    random = new SplittableRandom(seed);
    state = before;
    encoder = new InstructionEncoder(random, first);
    draft = encoder.draft();
    draft.mode64 =
        first.is(Opcode.Attribute.ONLY64)
            || !first.is(Opcode.Attribute.NOT64) && random.nextInt(12) != 0;
    kind = InstructionGroup.kind(first);
    int count = random.nextBoolean() ? 1 : 2 + random.nextInt(MOST_INSTRUCTIONS - 1);
    fillMemory();
    registers(count);
    floatingPoint.fill(state, kind, random);
    code.reset();
    targets.clear();
    branches.clear();
    for (int k = 0; k < count; k++) {
      Opcode opcode = k == 0 ? first : others.get(random.nextInt(others.size()));
      if (fitsMode(opcode)) {
        kind = InstructionGroup.kind(opcode);
        targets.add(code.size());
        code.writeBytes(instruction(opcode, HostProcessor.CODE + code.size()));
        branch(opcode);
      }
    }
    targets.add(code.size());
    state.setCode(aimed(code.toByteArray()));
    for (int r = 0; r < 16; r++) {
      long value = draft.registers[r];
      state.setGpr(r, draft.mode64 ? value : value & 0xFFFF_FFFFL);
    }
  }

  private void branch(Opcode opcode) {
    if (opcode.encoding().endsWith(" cb")) {
      branches.add(new Branch(code.size(), 1, 0));
    } else if (opcode.encoding().endsWith(" cz")) {
      branches.add(new Branch(code.size(), draft.operandSize && !draft.mode64 ? 2 : 4, 0));
    } else if (branchMemory != 0) {
      branches.add(new Branch(code.size(), 0, branchMemory));
    }
    branchMemory = 0;
  }

  /// Lets branches go on to beginnings of instructions, or to the breakpoint behind the last.
  private byte[] aimed(byte[] bytes) {
    for (Branch branch : branches) {
      List<Integer> ahead = targets.stream().filter(target -> target >= branch.end).toList();
      int target = ahead.get(random.nextInt(ahead.size()));
      if (branch.bytes == 0) {
        state.putLong(branch.memory, HostProcessor.CODE + target);
      } else if (bytes[branch.end - branch.bytes] == 0) {
        bytes[branch.end - branch.bytes] = (byte) (target - branch.end);
      }
    }
    return bytes;
  }

  private boolean fitsMode(Opcode opcode) {
    return !opcode.is(draft.mode64 ? Opcode.Attribute.NOT64 : Opcode.Attribute.ONLY64);
  }

  private void fillMemory() {
    int from = random.nextInt(noise.length - StateRecord.MEMORY_BYTES);
    for (int k = 0; k < StateRecord.MEMORY_BYTES; k += 1024) {
      MemorySegment.copy(
          noise, from + k & ~7, state.segment, ValueLayout.JAVA_BYTE, StateRecord.MEMORY + k, 1024);
    }
  }

  private void registers(int count) {
    long[] r = draft.registers;
    for (int k = 0; k < 16; k++) {
      r[k] = BoundaryValues.integer(random);
    }
    boolean oddStack = random.nextInt(20) == 0;
    r[RSP] =
        HostProcessor.DATA
            + 0x400
            + 8L * random.nextInt(0x200)
            + (oddStack ? random.nextInt(8) : 0);
    draft.pinned = 1 << RSP;
    draft.keepPinned = count > 1;
    if (draft.keepPinned) {
      for (int k : new int[] {RBX, RBP, RSI, RDI, 13}) {
        r[k] = place(1);
      }
      r[14] = random.nextInt(256);
      draft.pinned |= 1 << RBX | 1 << RBP | 1 << RSI | 1 << RDI | 1 << 13 | 1 << 14;
    } else if (random.nextBoolean()) {
      r[RBP] = HostProcessor.DATA + 0x400 + 8L * random.nextInt(0x200);
    }
    if (random.nextBoolean()) {
      r[RCX] = random.nextInt(12);
    }
    long flags = random.nextInt() & FLAGS | 0x202;
    flags |= random.nextInt(8) == 0 ? 0x400 : 0;
    flags |= random.nextInt(40) == 0 ? ALIGNMENT_CHECK : 0;
    state.putLong(StateRecord.FLAGS, flags);
    state.putLong(StateRecord.RIP, HostProcessor.CODE);
    int selector =
        draft.mode64 ? EmulatedProcessor.CODE_SELECTOR : EmulatedProcessor.CODE32_SELECTOR;
    state.putLong(StateRecord.SEGMENTS, selector | (long) EmulatedProcessor.DATA_SELECTOR << 48);
  }

  /// An address in the writable pages, most of them aligned, that leaves room for `bytes`.
  private long place(int bytes) {
    long at = HostProcessor.DATA + random.nextInt(0x2000 - 0x400);
    return switch (random.nextInt(8)) {
      case 0 -> at;
      case 1 -> at & -4;
      case 2 -> at & -8;
      case 3, 4 -> at & -16;
      case 5 -> at & -64;
      case 6 -> at & -32;
      default -> HostProcessor.DATA + 0x1000 - random.nextInt(Math.max(bytes, 64));
    };
  }

  /// Where a memory operand is to be: mostly in the writable pages, sometimes where it faults.
  private long target(Opcode opcode) {
    return switch (random.nextInt(64)) {
      case 0 -> HostProcessor.READ_ONLY - random.nextInt(64);
      case 1 -> HostProcessor.READ_ONLY + random.nextInt(0x1000);
      case 2 -> HostProcessor.READ_ONLY + 0x1000 - random.nextInt(64);
      case 3 -> HostProcessor.DATA - random.nextInt(64);
      case 4 -> HostProcessor.CODE_PAGE + random.nextInt(0x1000);
      case 5 -> random.nextLong();
      case 6 -> random.nextInt(4) * 0x4000_0000_0000L;
      default -> wantsMore(opcode) ? place(64) & -64 : place(16);
    };
  }

  /// Images of state that must be aligned.
  private static boolean wantsMore(Opcode opcode) {
    return opcode.operands().contains("Mxs") || opcode.operands().contains("Mfx");
  }

  private byte[] instruction(Opcode opcode, long rip) {
    byte[] bytes = {};
    for (int tries = 0; tries < 10; tries++) {
      bytes = encoder.encode(opcode, rip, target(opcode));
      if (bytes.length <= 15) {
        break;
      }
    }
    long target = encoder.memoryTarget();
    if (target != 0) {
      fillOperand(opcode, target);
    }
    prepare(opcode);
    if (draft.vectorIndex >= 0 && random.nextInt(8) != 0) {
      indices(draft.vectorIndex, opcode.operands().get(1).startsWith("vm64"));
    }
    return bytes;
  }

  private void fillOperand(Opcode opcode, long target) {
    long offset = target - HostProcessor.DATA;
    if (offset < 0 || offset > StateRecord.MEMORY_BYTES - 32) {
      return;
    }
    long at = StateRecord.MEMORY + offset;
    switch (random.nextInt(8)) {
      case 0 -> {
        state.putLong(at, draft.registers[RAX]);
        state.putLong(at + 8, draft.registers[RDX]);
      }
      case 1 -> {}
      default -> {
        Kind k = isX87(opcode) ? memoryKind(opcode) : kind;
        for (int lane = 0; lane < 4; lane++) {
          state.putLong(at + 8L * lane, BoundaryValues.lanes(k, random));
        }
        if (k == Kind.EXTENDED) {
          state.putShort(at + 8, BoundaryValues.signExponent(random));
        }
      }
    }
    switch (opcode.mnemonic()) {
      case "LDMXCSR", "VLDMXCSR" -> state.putInt(at, floatingPoint.mxcsr(random));
      case "FLDCW" -> state.putShort(at, FloatingPointState.controlWord(random));
      case "FXRSTOR", "FXRSTOR64", "XRSTOR", "XRSTOR64" -> image(offset);
      case "FBLD" -> decimal(at);
      case "JMP", "CALL" -> {
        if (random.nextInt(4) != 0) {
          branchMemory = at;
        }
      }
      default -> {}
    }
  }

  private static boolean isX87(Opcode opcode) {
    return opcode.mnemonic().startsWith("F");
  }

  private static Kind memoryKind(Opcode opcode) {
    String m = opcode.mnemonic();
    String operand = opcode.operands().isEmpty() ? "" : opcode.operands().getLast();
    if (m.startsWith("FI")) {
      return Kind.INTEGER;
    }
    return switch (operand) {
      case "Md" -> Kind.FLOAT;
      case "Mq" -> Kind.DOUBLE;
      case "Mt" -> Kind.EXTENDED;
      default -> Kind.INTEGER;
    };
  }

  private void decimal(long at) {
    for (int k = 0; k < 10; k++) {
      int digits = random.nextInt(10) << 4 | random.nextInt(10);
      state.putByte(at + k, random.nextInt(40) == 0 ? random.nextInt(256) : digits);
    }
    state.putByte(at + 9, random.nextInt(2) << 7 | random.nextInt(8) / 7 * random.nextInt(128));
  }

  /// An image of FXSAVE or XSAVE, mostly a valid one.
  private void image(long offset) {
    if (offset > StateRecord.MEMORY_BYTES - 0x400) {
      return;
    }
    long at = StateRecord.MEMORY + offset;
    state.segment.asSlice(at, 416).copyFrom(state.segment.asSlice(StateRecord.FX, 416));
    state.putInt(at + 24, floatingPoint.mxcsr(random));
    if (random.nextInt(8) != 0) {
      state.segment.asSlice(at + 512, 64).fill((byte) 0);
      state.putLong(at + 512, random.nextInt(8));
    }
  }

  /// Registers with a part of their own in the instruction.
  private void prepare(Opcode opcode) {
    long[] r = draft.registers;
    boolean free = !draft.keepPinned;
    switch (opcode.mnemonic()) {
      case "DIV" -> r[RDX] = random.nextInt(3) == 0 ? r[RDX] >>> random.nextInt(64) : 0;
      case "IDIV" -> r[RDX] = random.nextInt(4) != 0 ? r[RAX] >> 63 : r[RDX];
      case "XLAT" -> pin(RBX, place(1) - (r[RAX] & 0xFF));
      case "MASKMOVQ", "MASKMOVDQU", "VMASKMOVDQU" -> pin(RDI, place(16));
      case "PCMPESTRI", "PCMPESTRM", "VPCMPESTRI", "VPCMPESTRM" -> {
        r[RAX] = random.nextInt(4) == 0 ? r[RAX] : random.nextInt(-20, 21);
        r[RDX] = random.nextInt(4) == 0 ? r[RDX] : random.nextInt(-20, 21);
      }
      case "RET" -> {
        if (random.nextInt(8) != 0) {
          long at = StateRecord.MEMORY + r[RSP] - HostProcessor.DATA;
          branchMemory = at;
        }
      }
      case "XSAVE",
          "XSAVE64",
          "XRSTOR",
          "XRSTOR64",
          "XSAVEOPT",
          "XSAVEOPT64",
          "XSAVEC",
          "XSAVEC64" ->
          r[RAX] = r[RAX] & ~0x2E0L;
      default -> {
        if (opcode.is(Opcode.Attribute.REP)) {
          pin(RSI, place(8));
          pin(RDI, random.nextInt(4) == 0 ? r[RSI] + random.nextInt(-16, 17) : place(8));
          r[RCX] = random.nextInt(8) == 0 ? r[RCX] : random.nextInt(40);
        } else if (opcode.mnemonic().startsWith("BT") && free && random.nextInt(4) != 0) {
          int any = random.nextInt(16);
          if ((draft.pinned >> any & 1) == 0 && any != RSP) {
            r[any] = random.nextLong(-512, 512);
          }
        }
      }
    }
  }

  /// Indices that stay near the base.
  private void indices(int register, boolean wide) {
    for (int k = 0; k < 4; k++) {
      long low = random.nextInt(-40, 41);
      long high = random.nextInt(-40, 41);
      long at = (k < 2 ? StateRecord.XMM : StateRecord.YMM) + 16L * register + 8L * (k & 1);
      state.putLong(at, wide ? low : low & 0xFFFF_FFFFL | high << 32);
    }
  }

  private void pin(int register, long value) {
    boolean isPinned = (draft.pinned >> register & 1) != 0;
    if (!isPinned) {
      draft.registers[register] = value;
    }
  }
}
