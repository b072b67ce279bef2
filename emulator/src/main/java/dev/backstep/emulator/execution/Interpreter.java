package dev.backstep.emulator.execution;

import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Decoder;
import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.isa.BranchTracking;
import dev.backstep.emulator.isa.DebugTraps;
import dev.backstep.emulator.isa.EventDelivery;
import dev.backstep.emulator.listen.ExecutionListener;
import dev.backstep.emulator.vcpu.Activity;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import org.jspecify.annotations.Nullable;

/// Runs a vCPU block by block until a position is reached or the vCPU stops running.
///
/// The hot loop is [#runChain]: it runs decoded blocks one after the other by links between them.
/// All else (faults, interrupts, single steps, cut blocks) happens outside of it.
public final class Interpreter {
  /// Exceptions delivered one after the other without an instruction retired, after which the guest
  /// is known to be stuck: a handler whose first instruction faults.
  private static final int STUCK_DELIVERIES = 100_000;

  private final BlockBuilder builder;
  private final OperationFactory operations;
  private final JumpCaches jumps = new JumpCaches();
  private @Nullable ExecutionListener listener;

  /// The sequence of this turn, see [ExecutionListener#executed].
  private final int[] sequence = new int[ExecutionListener.MOST_ENTRIES];

  private int sequenceLength;
  private long sequenceStart;
  private boolean recording;
  private int deliveriesWithoutProgress;
  private int codeSegmentLimit;
  private long codeSegmentBase;

  /// The block that ran last, when its successor was not linked to it yet.
  private CodeBlock linkFrom = CodeBlock.NONE;

  public Interpreter(BlockCache cache, PhysicalBus bus, Decoder decoder) {
    this(cache, bus, decoder, OperationBinding.PLAIN);
  }

  /// @param binding has the last word about the operations that execute instructions
  public Interpreter(BlockCache cache, PhysicalBus bus, Decoder decoder, OperationBinding binding) {
    this.builder = new BlockBuilder(cache, bus, decoder);
    this.operations = new OperationFactory(binding);
  }

  public void listen(@Nullable ExecutionListener newListener) {
    listener = newListener;
    recording = newListener != null;
    builder.listen(newListener);
  }

  /// Length in bytes of the instruction at RIP, between two instructions.
  ///
  /// @throws GuestFault if it cannot be fetched, or is none
  public int lengthOfNext(Vcpu c) {
    DecodedInstruction next = builder.blockAt(c).instructions[0];
    if (next.opcode == Opcode.INVALID || next.opcode == Opcode.TOO_LONG) {
      throw c.fault.undefinedOpcode();
    }
    return next.length;
  }

  /// Whether the guest only faults, in its fault handlers or on the way to them, and retires
  /// nothing any more.
  public boolean isStuck() {
    return deliveriesWithoutProgress > STUCK_DELIVERIES;
  }

  /// Runs `c` from `c.icountBase` until it is at or after `c.deadline`, is not running any more, or
  /// gave up its turn.
  public void run(Vcpu c) {
    sequenceStart = c.icountBase;
    c.attention = true;
    c.yielded = false;
    codeSegmentLimit = 0;
    linkFrom = CodeBlock.NONE;
    while (c.icountBase < c.deadline) {
      if (c.attention && !attend(c)) {
        break;
      }
      step(c);
      if (sequenceLength > sequence.length - 2 * CodeBlock.MAX_INSTRUCTIONS
          || c.events.isBatchFull()) {
        flush(c);
      }
    }
    if (c.attention && !c.deliveryEndless) {
      // What the last instruction brought upon this vCPU it takes before another vCPU runs.
      InterruptGate.attend(c);
    }
    if (c.deliveryEndless) {
      deliveriesWithoutProgress = STUCK_DELIVERIES + 1;
    }
    flush(c);
  }

  /// Takes what asked for attention; false if the vCPU must leave its turn.
  private boolean attend(Vcpu c) {
    c.attention = false;
    if (c.deliveryEndless) {
      return false;
    }
    InterruptGate.attend(c);
    linkFrom = CodeBlock.NONE;
    SegmentRegister cs = c.segments[SegmentRegister.CS];
    if (cs.limit != codeSegmentLimit || cs.base != codeSegmentBase) {
      // Links between blocks assume the code segment they were made under.
      codeSegmentLimit = cs.limit;
      codeSegmentBase = cs.base;
      c.mmu.codeSegmentMoved();
    }
    boolean runs = c.activity == Activity.RUNNING && !c.deliveryEndless && !c.entryFailed;
    return runs && !c.yielded && !isStuck();
  }

  /// Runs at least one instruction, or delivers the fault of fetching it.
  private void step(Vcpu c) {
    try {
      CodeBlock from = linkFrom;
      linkFrom = CodeBlock.NONE;
      if (c.singleStep) {
        checkBeforeFetch(c);
      }
      CodeBlock b = lookup(c);
      if (from != CodeBlock.NONE) {
        link(from, b, c.translationEpoch);
      }
      if (c.singleStep) {
        runAlone(c, b);
      } else if (c.icountBase + b.count > c.deadline) {
        runPart(c, b, (int) (c.deadline - c.icountBase));
      } else if (c.shadowStackActive || c.branchTrackingActive) {
        runPart(c, b, b.count);
      } else {
        runChain(c, b);
      }
    } catch (GuestFault fault) {
      abandon(c, fault);
    }
  }

  private static void link(CodeBlock from, CodeBlock to, long epoch) {
    if (from.next0Epoch == epoch && from.next0 != null && from.next0.valid) {
      from.next1 = from.next0;
      from.next1Epoch = epoch;
    }
    from.next0 = to;
    from.next0Epoch = epoch;
  }

  private CodeBlock lookup(Vcpu c) {
    CodeBlock b = jumps.find(c);
    if (b == null) {
      b = builder.blockAt(c);
      if (b.operations.length == 0) {
        b.operations = operations.operationsFor(b.instructions);
      }
      jumps.enter(c, b);
    }
    return b;
  }

  /// Runs blocks by their links until one is missing, attention is asked for, or the next would
  /// pass the deadline. Returns at a block boundary, except after attention within a block.
  private void runChain(Vcpu c, CodeBlock first) {
    CodeBlock b = first;
    int room = sequence.length - 2 * CodeBlock.MAX_INSTRUCTIONS;
    while (true) {
      int n = b.count;
      c.block = b;
      c.rip = b.endRip;
      c.blockLimit = n;
      Operation[] bound = b.operations;
      DecodedInstruction[] instructions = b.instructions;
      int k = 0;
      do {
        c.blockIndex = k;
        bound[k].execute(c, instructions[k]);
        k++;
      } while (k < c.blockLimit);
      retire(c, b, k);
      if (c.attention || sequenceLength > room) {
        return;
      }
      CodeBlock next = follow(c, b);
      if (next == null) {
        linkFrom = b;
        return;
      }
      if (c.icountBase + next.count > c.deadline) {
        return;
      }
      b = next;
    }
  }

  private static @Nullable CodeBlock follow(Vcpu c, CodeBlock b) {
    CodeBlock next = b.next0;
    if (next != null
        && next.rip == c.rip
        && b.next0Epoch == c.translationEpoch
        && next.valid
        && next.place.mode() == c.mode) {
      return next;
    }
    next = b.next1;
    if (next != null
        && next.rip == c.rip
        && b.next1Epoch == c.translationEpoch
        && next.valid
        && next.place.mode() == c.mode) {
      return next;
    }
    return null;
  }

  /// Runs the first `limit` instructions of a block, with control-flow enforcement if that is on.
  private void runPart(Vcpu c, CodeBlock b, int limit) {
    c.block = b;
    c.rip = b.endRip;
    c.blockLimit = limit;
    Operation[] bound = b.operations;
    if (c.shadowStackActive || c.branchTrackingActive) {
      bound = trackedOperations(c, b);
    }
    int k = 0;
    do {
      c.blockIndex = k;
      bound[k].execute(c, b.instructions[k]);
      k++;
    } while (k < c.blockLimit);
    retire(c, b, k);
  }

  /// The faults that come before those of the fetch. SDM Vol. 3 "Priority Among Concurrent Events".
  private static void checkBeforeFetch(Vcpu c) {
    if (DebugTraps.matchesInstructionBreakpoint(c)) {
      throw c.fault.withoutCode(GuestFault.DB);
    }
    if (c.hasOpenVirtualInterrupt()) {
      throw c.fault.generalProtection(0);
    }
  }

  /// What executes a block with control-flow enforcement, after the check on its first instruction:
  /// only that can be the target of an indirect branch.
  private Operation[] trackedOperations(Vcpu c, CodeBlock b) {
    if (b.trackedOperations.length == 0) {
      b.trackedOperations = operations.trackedOperationsFor(b.instructions);
    }
    if (c.branchTrackingActive) {
      c.blockIndex = 0;
      BranchTracking.check(c, b.instructions[0]);
    }
    return b.trackedOperations;
  }

  /// Runs one instruction under the trap flag, the resume flag, an interrupt shadow, instruction
  /// breakpoints or a pending virtual interrupt.
  private void runAlone(Vcpu c, CodeBlock b) {
    boolean trap = c.flag(Rflags.TF);
    boolean resume = c.flag(Rflags.RF);
    if (c.interruptShadow) {
      c.interruptShadow = false;
      c.updateStepping();
    }
    c.stepTrapSuppressed = false;
    c.resumeFlagLoaded = false;
    runPart(c, b, 1);
    if (resume && !c.resumeFlagLoaded) {
      c.systemFlags &= ~Rflags.RF;
      c.updateStepping();
    }
    if (trap && !c.stepTrapSuppressed && DebugTraps.stepsAfter(c, b.instructions[0])) {
      c.pendingDebugTraps |= ControlBits.DR6_BS;
    }
    c.requestAttention();
  }

  /// Books the first `k` instructions of a block as retired.
  private void retire(Vcpu c, CodeBlock b, int k) {
    if (recording) {
      sequence[sequenceLength++] = b.number;
    }
    if (k < b.count) {
      c.rip = b.instructions[k].rip;
      if (recording) {
        sequence[sequenceLength++] = ~k;
      }
    }
    c.icountBase += k;
    c.blockIndex = 0;
    c.block = CodeBlock.NONE;
    deliveriesWithoutProgress = 0;
  }

  /// An instruction, or its fetch, faulted: the ones before it are retired, and the fault is
  /// delivered.
  private void abandon(Vcpu c, GuestFault fault) {
    CodeBlock b = c.block;
    if (b != CodeBlock.NONE) {
      int k = c.blockIndex;
      c.rip = b.instructions[k].rip;
      if (k > 0) {
        retire(c, b, k);
      }
      c.block = CodeBlock.NONE;
    }
    if (fault.vector() == GuestFault.FREEZE) {
      c.activity = Activity.HALTED;
      c.requestAttention();
      return;
    }
    deliveriesWithoutProgress++;
    // A load that met a data breakpoint before the fault will meet it again.
    c.pendingDebugTraps = 0;
    EventDelivery.exception(c, fault);
    c.requestAttention();
  }

  private void flush(Vcpu c) {
    if (recording && listener != null && (sequenceLength > 0 || c.events.isBatchFull())) {
      listener.executed(
          c.number, sequenceStart, sequence, sequenceLength, c.icountBase - sequenceStart);
      c.events.batchReported();
    }
    sequenceStart = c.icountBase;
    sequenceLength = 0;
  }
}
