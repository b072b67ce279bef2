package dev.backstep.emulator.interrupt;

import dev.backstep.emulator.interrupt.Icr.Shorthand;
import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.time.EventQueue;
import dev.backstep.emulator.time.VirtualClock;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/// The interrupt network between local APICs, IOAPICs, the PIC's INTR wire and the NMI wire. It
/// makes a local APIC for each vCPU and carries messages between them, by the platform's
/// [ApicRouting].
public final class ApicRouter implements LocalInterrupts.Factory {
  /// Hears end-of-interrupt broadcasts: an IOAPIC.
  public interface EoiListener {
    void endOfInterrupt(int vector);
  }

  private static final ExternalInterruptController NO_PIC =
      new ExternalInterruptController() {
        @Override
        public boolean isRequesting() {
          return false;
        }

        @Override
        public int acknowledge() {
          throw new AssertionError("no interrupt controller asked for anything");
        }

        @Override
        public int acknowledgedIrq() {
          return InterruptSource.FROM_NOBODY;
        }
      };

  private final LapicModel model;
  private final ApicRouting routing;
  private final VirtualClock clock;
  private final EventQueue queue;
  private final EventPort events;

  private final ApicDirectory apics = new ApicDirectory();
  private final List<EoiListener> eoiListeners = new ArrayList<>();
  private ExternalInterruptController externalController = NO_PIC;

  /// @param model the CPU model's local APIC
  /// @param routing the platform's rule
  /// @param clock virtual time, for the timers
  /// @param queue where the timers live
  /// @param events where `apic` and `ipi` events go
  public ApicRouter(
      LapicModel model,
      ApicRouting routing,
      VirtualClock clock,
      EventQueue queue,
      EventPort events) {
    this.model = model;
    this.routing = routing;
    this.clock = clock;
    this.queue = queue;
    this.events = events;
  }

  /// Makes the local APIC of a vCPU; vCPUs attach in the order of their numbers.
  @Override
  public Lapic attach(CpuSignals cpu) {
    Lapic lapic = new Lapic(cpu, this, model, clock, queue);
    apics.add(lapic);
    return lapic;
  }

  public ApicDirectory apics() {
    return apics;
  }

  /// Wires the PIC's INTR to LINT0 of every local APIC.
  public void connectExternalController(ExternalInterruptController controller) {
    externalController = controller;
  }

  public void addEoiListener(EoiListener listener) {
    eoiListeners.add(listener);
  }

  /// The PIC's INTR went high.
  public void externalInterruptRose() {
    for (int k = 0; k < apics.size(); k++) {
      apics.at(k).lint0Rose();
    }
  }

  /// The NMI wire, at LINT1 of every local APIC, went high.
  public void nmiRose() {
    for (int k = 0; k < apics.size(); k++) {
      apics.at(k).lint1Rose();
    }
  }

  /// Carries a message of an IOAPIC or a device.
  ///
  /// @param from pin of the IOAPIC, or -1
  /// @return whether a local APIC accepted it
  public boolean deliver(InterruptMessage message, InterruptSource source, int from) {
    BitSet targets = new BitSet();
    routing.route(message, apics, targets);
    settleTargets(message, targets);
    return hand(message, targets, source, from);
  }

  /// Carries an IPI that a hypervisor sends: KVM looks its target up by APIC ID and nothing else.
  boolean sendForGuest(Lapic sender, long apicId, Icr icr) {
    BitSet targets = new BitSet();
    if (apicId < apics.size()) {
      targets.set((int) apicId);
    }
    InterruptMessage message = InterruptMessage.ofIpi(icr, ApicMode.X2APIC);
    settleTargets(message, targets);
    emitIpi(sender, icr, apicId, targets, "hypercall: the vCPU with this APIC ID");
    return hand(message, targets, InterruptSource.IPI, sender.cpuNumber());
  }

  void sendIpi(Lapic sender, Icr icr) {
    InterruptMessage message = InterruptMessage.ofIpi(icr, sender.mode());
    BitSet targets = new BitSet();
    String rule = chooseTargets(sender, icr, message, targets);
    emitIpi(sender, icr, message.destination(), targets, rule);
    boolean toSelf = icr.shorthand() == Shorthand.SELF;
    InterruptSource source = toSelf ? InterruptSource.SELF : InterruptSource.IPI;
    hand(message, targets, source, sender.cpuNumber());
  }

  private void emitIpi(Lapic sender, Icr icr, long destination, BitSet targets, String rule) {
    if (events.isOn()) {
      int[] reached = numbers(targets);
      events.emit(
          new MachineEvent.Ipi(
              sender.cpu().at(),
              icr.vector(),
              icr.deliveryMode().eventName(),
              destination,
              icr.destinationMode().eventName(),
              icr.shorthand().eventName(),
              reached,
              rule,
              reached));
    }
  }

  private String chooseTargets(Lapic sender, Icr icr, InterruptMessage message, BitSet targets) {
    if (icr.isInitDeassert()) {
      return "INIT level de-assert: ignored";
    }
    switch (icr.deliveryMode()) {
      case REMOTE_READ, EXTINT -> {
        return "reserved delivery mode: ignored";
      }
      case FIXED, LOWEST_PRIORITY -> {
        if (icr.vector() < 16) {
          sender.reportSendIllegalVector();
          return "illegal vector: not sent";
        }
      }
      case SMI, NMI, INIT, STARTUP -> {
        // Any vector.
      }
    }
    String rule =
        switch (icr.shorthand()) {
          case NONE -> routing.route(message, apics, targets);
          case SELF -> {
            targets.set(sender.cpuNumber());
            yield "shorthand: self";
          }
          case ALL_INCLUDING_SELF -> {
            targets.set(0, apics.size());
            yield "shorthand: all including self";
          }
          case ALL_EXCLUDING_SELF -> {
            targets.set(0, apics.size());
            targets.clear(sender.cpuNumber());
            yield "shorthand: all excluding self";
          }
        };
    boolean arbitrated = settleTargets(message, targets);
    return arbitrated ? rule + ", " + routing.arbitrationRule() : rule;
  }

  /// Drops those who will not accept, and of a lowest-priority message all but one.
  ///
  /// @return whether one was chosen among several
  private boolean settleTargets(InterruptMessage message, BitSet targets) {
    boolean vectored = message.deliveryMode().isVectored();
    for (int k = targets.nextSetBit(0); k >= 0; k = targets.nextSetBit(k + 1)) {
      Lapic lapic = apics.at(k);
      if (lapic.mode() == ApicMode.DISABLED || vectored && !lapic.isSoftwareEnabled()) {
        targets.clear(k);
      }
    }
    if (message.deliveryMode() != DeliveryMode.LOWEST_PRIORITY || targets.cardinality() < 2) {
      return false;
    }
    int chosen = routing.arbitrate(message, apics, targets);
    targets.clear();
    targets.set(chosen);
    return true;
  }

  private boolean hand(InterruptMessage message, BitSet targets, InterruptSource source, int from) {
    boolean accepted = false;
    for (int k = targets.nextSetBit(0); k >= 0; k = targets.nextSetBit(k + 1)) {
      accepted |= apics.at(k).accept(message, source, from);
    }
    return accepted;
  }

  private static int[] numbers(BitSet targets) {
    int[] numbers = new int[targets.cardinality()];
    int next = 0;
    for (int k = targets.nextSetBit(0); k >= 0; k = targets.nextSetBit(k + 1)) {
      numbers[next++] = k;
    }
    return numbers;
  }

  void broadcastEoi(int vector) {
    for (int k = 0; k < eoiListeners.size(); k++) {
      eoiListeners.get(k).endOfInterrupt(vector);
    }
  }

  void identityChanged(Lapic lapic) {
    apics.refresh(lapic);
  }

  ExternalInterruptController externalController() {
    return externalController;
  }

  EventPort events() {
    return events;
  }
}
