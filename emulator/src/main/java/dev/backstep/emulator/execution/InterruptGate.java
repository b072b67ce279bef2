package dev.backstep.emulator.execution;

import dev.backstep.emulator.interrupt.LocalInterrupts;
import dev.backstep.emulator.isa.DebugTraps;
import dev.backstep.emulator.isa.EventDelivery;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.vcpu.Activity;
import dev.backstep.emulator.vcpu.ResetState;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;
import org.jspecify.annotations.Nullable;

/// Decides between two instructions what a vCPU takes next, in the order of SDM Vol. 3 "Priority
/// Among Concurrent Events": INIT, debug traps of the previous instruction, NMI, maskable
/// interrupts.
public final class InterruptGate {
  private InterruptGate() {}

  /// Takes everything that `c` accepts now. What it does not accept stays pending.
  public static void attend(Vcpu c) {
    if (c.initPending) {
      c.initPending = false;
      takeInit(c);
    }
    if (c.activity == Activity.WAIT_FOR_SIPI) {
      takeStartup(c);
      if (c.entryDue && c.activity == Activity.RUNNING) {
        enterGuest(c);
      }
      return;
    }
    if (c.activity == Activity.UNINITIALIZED) {
      return;
    }
    // SIPIs are dropped by a processor that does not wait for one.
    c.sipiVector = Vcpu.NO_SIPI;
    if (c.activity == Activity.SHUTDOWN) {
      return;
    }
    if (c.entryDue && !enterGuest(c)) {
      return;
    }
    if (c.pendingDebugTraps != 0 && !(c.interruptShadow && c.stackSwitchShadow)) {
      wake(c, "debug-trap");
      DebugTraps.deliverPending(c);
    }
    if (c.interruptShadow) {
      return;
    }
    if (c.nmiPending && !c.nmiBlocked) {
      c.nmiPending = false;
      wake(c, "nmi");
      EventDelivery.nmi(c);
    }
    if (c.flag(Rflags.IF) && c.apic.hasDeliverable()) {
      takeInterrupt(c);
    }
  }

  /// Whether a vCPU that does not run would take something that makes it run.
  public static boolean canWake(Vcpu c) {
    return switch (c.activity) {
      case RUNNING -> true;
      case WAIT_FOR_SIPI -> c.initPending || c.sipiVector != Vcpu.NO_SIPI;
      case SHUTDOWN, UNINITIALIZED -> c.initPending;
      case HALTED -> c.initPending || wakeReason(c) != null;
    };
  }

  /// What makes a halted vCPU run, or null.
  private static @Nullable String wakeReason(Vcpu c) {
    if (c.entryDue && c.vmEntry != null && c.vmEntry.wakes()) {
      return "exception";
    }
    if (c.pendingDebugTraps != 0) {
      return "debug-trap";
    }
    if (c.nmiPending && !c.nmiBlocked) {
      return "nmi";
    }
    return c.flag(Rflags.IF) && c.apic.hasDeliverable() ? "interrupt" : null;
  }

  /// The VM entry that follows after the hypervisor's user changed the vCPU's events: it comes
  /// before whatever the vCPU would take by itself. A halted vCPU is not entered before something
  /// wakes it.
  ///
  /// @return whether the vCPU goes on
  private static boolean enterGuest(Vcpu c) {
    if (c.vmEntry == null) {
      return true;
    }
    if (c.activity == Activity.HALTED) {
      String reason = wakeReason(c);
      if (reason == null) {
        return true;
      }
      wake(c, reason);
    }
    return c.vmEntry.enter(c);
  }

  private static void takeInit(Vcpu c) {
    if (c.events.isOn()) {
      c.events.emit(new MachineEvent.Init(c.at()));
    }
    // A start-up IPI that came after the INIT, before this vCPU had its turn, is for what INIT
    // leaves.
    int startup = c.sipiVector;
    ResetState.init(c);
    c.sipiVector = startup;
  }

  private static void takeStartup(Vcpu c) {
    if (c.sipiVector == Vcpu.NO_SIPI) {
      return;
    }
    int vector = c.sipiVector;
    c.sipiVector = Vcpu.NO_SIPI;
    if (c.events.isOn()) {
      c.events.emit(new MachineEvent.Sipi(c.at(), vector));
    }
    ResetState.startup(c, vector);
  }

  private static void takeInterrupt(Vcpu c) {
    int vector = c.apic.acknowledge();
    if (vector == LocalInterrupts.NO_VECTOR) {
      return;
    }
    wake(c, "interrupt");
    EventDelivery.interrupt(c, vector, c.apic.acknowledgedSource(), c.apic.acknowledgedFrom());
    // Another interrupt of higher priority may be deliverable once the handler sets IF.
    c.requestAttention();
  }

  private static void wake(Vcpu c, String reason) {
    if (c.activity != Activity.HALTED) {
      return;
    }
    c.activity = Activity.RUNNING;
    if (c.events.isOn()) {
      c.events.emit(new MachineEvent.Wake(c.at(), reason));
    }
  }
}
