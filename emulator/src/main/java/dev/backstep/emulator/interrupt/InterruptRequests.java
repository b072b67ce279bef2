package dev.backstep.emulator.interrupt;

import dev.backstep.emulator.device.StateSink;

/// The fixed interrupts of a local APIC: IRR, ISR, TMR, and TPR, which decides with them what may
/// be delivered. SDM Vol. 3 "Interrupt Acceptance for Fixed Interrupts", "Task and Processor
/// Priorities".
final class InterruptRequests {
  private static final int VECTORS = 256;
  private static final int PRIORITY_CLASS = 0xF0;
  private static final InterruptSource[] SOURCES = InterruptSource.values();

  final VectorBits irr = new VectorBits();
  final VectorBits isr = new VectorBits();
  final VectorBits tmr = new VectorBits();

  /// Of each vector that is in the IRR: [InterruptSource] ordinal and sender.
  private final byte[] sourceOfVector = new byte[VECTORS];

  private final short[] fromOfVector = new short[VECTORS];
  private int taskPriority;
  private int lowestPriorityCount;

  /// Whether an IRR bit has a priority above PPR. Derived.
  private boolean deliverable;

  int taskPriority() {
    return taskPriority;
  }

  void setTaskPriority(int value) {
    taskPriority = value;
    update();
  }

  /// PPR.
  int processorPriority() {
    int served = isr.highest();
    boolean aboveTask =
        served != VectorBits.NONE && (served & PRIORITY_CLASS) > (taskPriority & PRIORITY_CLASS);
    return aboveTask ? served & PRIORITY_CLASS : taskPriority;
  }

  boolean isDeliverable() {
    return deliverable;
  }

  /// Sets the IRR bit, even where PPR masks it, and in TMR whether an EOI must be broadcast.
  void request(int vector, TriggerMode trigger, InterruptSource source, int from) {
    irr.set(vector);
    if (trigger == TriggerMode.LEVEL) {
      tmr.set(vector);
    } else {
      tmr.clear(vector);
    }
    sourceOfVector[vector] = (byte) source.ordinal();
    fromOfVector[vector] = (short) from;
    update();
  }

  /// Moves the highest request, which is deliverable, into service.
  int take() {
    int vector = irr.highest();
    irr.clear(vector);
    isr.set(vector);
    update();
    return vector;
  }

  /// Ends the service of the highest vector in it.
  ///
  /// @return that vector, or [VectorBits#NONE]
  int end() {
    int vector = isr.highest();
    if (vector != VectorBits.NONE) {
      isr.clear(vector);
      update();
    }
    return vector;
  }

  /// KVM's apic_arb_prio: lowest-priority messages handed here since the last reset or INIT.
  int lowestPriorityCount() {
    return lowestPriorityCount;
  }

  void countLowestPriority() {
    lowestPriorityCount++;
  }

  InterruptSource sourceOf(int vector) {
    return SOURCES[sourceOfVector[vector]];
  }

  int fromOf(int vector) {
    return fromOfVector[vector];
  }

  void reset() {
    irr.clearAll();
    isr.clearAll();
    tmr.clearAll();
    lowestPriorityCount = 0;
    setTaskPriority(0);
  }

  private void update() {
    int highest = irr.highest();
    deliverable =
        highest != VectorBits.NONE
            && (highest & PRIORITY_CLASS) > (processorPriority() & PRIORITY_CLASS);
  }

  void save(StateSink sink) {
    irr.save(sink);
    isr.save(sink);
    tmr.save(sink);
    sink.putInt(taskPriority);
    sink.putInt(lowestPriorityCount);
    sink.putBytes(sourceOfVector);
    for (short from : fromOfVector) {
      sink.putInt(from);
    }
  }
}
