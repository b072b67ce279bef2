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

  private static final ArchitecturalRouting PROCESSORS = new ArchitecturalRouting();
  private static final String ILLEGAL_VECTOR = "illegal vector: not sent";

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

  /// Makes the local APIC of a vCPU, whose place is behind those there are.
  @Override
  public Lapic attach(CpuSignals cpu) {
    Lapic lapic = new Lapic(cpu, apics.size(), this, model, clock, queue);
    apics.add(lapic);
    routing.identityChanged();
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
    routing.route(message, null, apics, targets);
    return hand(message, targets, source, from) > 0;
  }

  /// What became of a message that a hypervisor's user sends: KVM_SIGNAL_MSI.
  ///
  /// @param count how many accepted it; -1 where nobody was found by a search
  /// @param targets numbers of the vCPUs that accepted it
  /// @param rule which rule chose them
  public record Signalled(int count, int[] targets, String rule) {}

  /// Carries a message of a hypervisor's user.
  public Signalled signal(InterruptMessage message) {
    BitSet targets = new BitSet();
    Route route = routing.route(message, null, apics, targets);
    if (route.path() == Route.Path.SEARCHED && targets.isEmpty()) {
      return new Signalled(-1, new int[0], route.rule());
    }
    apics.keepAccepting(message, targets);
    int count = hand(message, targets, InterruptSource.MSI, InterruptSource.FROM_NOBODY);
    return new Signalled(count, apics.numbersOf(targets), route.rule());
  }

  /// Decides what follows from what a hypervisor's user has asked for until now.
  public void settleRoutes() {
    routing.settle(apics);
  }

  boolean canSendForGuest() {
    return routing.servesHypercalls(apics);
  }

  /// Carries an IPI that a hypervisor sends: KVM looks its target up by APIC ID and nothing else.
  ///
  /// @param apicId one of more than 32 bits is nobody's
  boolean sendForGuest(Lapic sender, long apicId, Icr icr) {
    if (apicId >>> 32 != 0) {
      return false;
    }
    InterruptMessage message = InterruptMessage.ofHypercall(icr, apicId);
    BitSet targets = new BitSet();
    Route route = routing.route(message, sender, apics, targets);
    apics.keepAccepting(message, targets);
    emitIpi(sender, icr, message, targets, route.rule());
    return hand(message, targets, InterruptSource.IPI, sender.cpuNumber()) > 0;
  }

  void sendIpi(Lapic sender, Icr icr) {
    InterruptMessage message = InterruptMessage.ofIpi(icr, sender.mode());
    BitSet targets = new BitSet();
    String rule = whyNotSent(sender, icr);
    if (rule.isEmpty()) {
      rule = routing.route(message, sender, apics, targets).rule();
      apics.keepAccepting(message, targets);
    }
    emitIpi(sender, icr, message, targets, rule);
    boolean toSelf = icr.shorthand() == Shorthand.SELF;
    InterruptSource source = toSelf ? InterruptSource.SELF : InterruptSource.IPI;
    hand(message, targets, source, sender.cpuNumber());
  }

  private void emitIpi(
      Lapic sender, Icr icr, InterruptMessage message, BitSet targets, String rule) {
    if (events.isOn()) {
      events.emit(
          new MachineEvent.Ipi(
              sender.cpu().at(),
              icr.vector(),
              icr.deliveryMode().eventName(),
              message.destination(),
              icr.destinationMode().eventName(),
              icr.shorthand().eventName(),
              apics.numbersOf(targets),
              rule,
              apics.numbersOf(hardwareTargets(sender, icr, message, targets))));
    }
  }

  /// Whom processors would have reached; a hypercall is nothing that they know.
  private BitSet hardwareTargets(Lapic sender, Icr icr, InterruptMessage message, BitSet targets) {
    if (message.origin() == InterruptMessage.Origin.HYPERCALL) {
      return targets;
    }
    BitSet reached = new BitSet();
    if (whyNotSent(icr).isEmpty()) {
      PROCESSORS.route(message, sender, apics, reached);
      apics.keepAccepting(message, reached);
    }
    return reached;
  }

  private static String whyNotSent(Lapic sender, Icr icr) {
    String reason = whyNotSent(icr);
    if (reason.equals(ILLEGAL_VECTOR)) {
      sender.reportSendIllegalVector();
    }
    return reason;
  }

  /// Why an IPI goes nowhere; empty if it is sent.
  private static String whyNotSent(Icr icr) {
    if (icr.isInitDeassert()) {
      return "INIT level de-assert: ignored";
    }
    return switch (icr.deliveryMode()) {
      case REMOTE_READ, EXTINT -> "reserved delivery mode: ignored";
      case FIXED, LOWEST_PRIORITY -> icr.vector() < 16 ? ILLEGAL_VECTOR : "";
      // Any vector.
      case SMI, NMI, INIT, STARTUP -> "";
    };
  }

  /// @return how many accepted it
  private int hand(InterruptMessage message, BitSet targets, InterruptSource source, int from) {
    int accepted = 0;
    for (int k = targets.nextSetBit(0); k >= 0; k = targets.nextSetBit(k + 1)) {
      accepted += apics.at(k).accept(message, source, from) ? 1 : 0;
    }
    return accepted;
  }

  void broadcastEoi(int vector) {
    for (int k = 0; k < eoiListeners.size(); k++) {
      eoiListeners.get(k).endOfInterrupt(vector);
    }
  }

  /// The mode or an ID of a local APIC changed, its destination model, or whether software enables
  /// it.
  void identityChanged(Lapic lapic) {
    apics.refresh(lapic);
    routing.identityChanged();
  }

  ExternalInterruptController externalController() {
    return externalController;
  }

  EventPort events() {
    return events;
  }
}
