package dev.backstep.emulator.execution;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.CpuMode;
import org.jspecify.annotations.Nullable;

/// A run of instructions that are executed one after the other, from one address in one mode, as
/// decoded. It ends with a branch, before a page boundary, or with one instruction that crosses it.
public final class CodeBlock {
  private static final Operation[] UNBOUND = new Operation[0];

  /// Most instructions in a block.
  public static final int MAX_INSTRUCTIONS = 64;

  /// Stands where no block is.
  public static final CodeBlock NONE =
      new CodeBlock(
          -1, new Place(CpuMode.REAL, 0, 0, 0, -1), new byte[0], new DecodedInstruction[0]);

  /// Where a block was found.
  ///
  /// @param mode how its bytes were decoded
  /// @param rip effective address (RIP, EIP, IP) of its first byte
  /// @param codeBase base of CS; 0 in 64-bit mode
  /// @param gpa guest-physical address of its first byte
  /// @param secondPageGpa guest-physical address of the page that its last instruction runs into,
  ///   or -1
  public record Place(CpuMode mode, long rip, long codeBase, long gpa, long secondPageGpa) {
    public boolean crossesPage() {
      return secondPageGpa != -1;
    }
  }

  /// The block's number: the name it has in the journal.
  public final int number;

  public final Place place;

  /// Copy of `place.rip()`.
  public final long rip;

  /// The code bytes.
  public final byte[] bytes;

  public final DecodedInstruction[] instructions;

  /// Number of instructions.
  public final int count;

  /// RIP after the last instruction, unless that branches.
  public final long endRip;

  /// What executes each instruction. Bound when the block is first run.
  Operation[] operations = UNBOUND;

  /// The same with control-flow enforcement. Bound when the block is first run with it.
  Operation[] trackedOperations = UNBOUND;

  /// False once the bytes were overwritten.
  boolean valid = true;

  /// The next block in the same bucket of the cache's table.
  @Nullable CodeBlock bucketNext;

  /// Two successors seen last, valid for the translation epoch beside them.
  @Nullable CodeBlock next0;

  @Nullable CodeBlock next1;
  long next0Epoch = -1;
  long next1Epoch = -1;

  public CodeBlock(int number, Place place, byte[] bytes, DecodedInstruction[] instructions) {
    this.number = number;
    this.place = place;
    this.rip = place.rip();
    this.bytes = bytes;
    this.instructions = instructions;
    this.count = instructions.length;
    this.endRip = count == 0 ? rip : instructions[count - 1].nextRip;
  }

  /// RIP of instruction `k`, or of the end for `k == count`.
  public long instructionRip(int k) {
    return k < count ? instructions[k].rip : endRip;
  }

  /// Whether the block still stands for what is in memory.
  public boolean isValid() {
    return valid;
  }
}
