package dev.backstep.emulator.machine;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.control.ControlCall;
import dev.backstep.emulator.device.MachineControl;
import dev.backstep.emulator.input.ExternalInputs;
import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.listen.ExecutionListener;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.time.EventQueue;
import dev.backstep.emulator.time.PositionSource;
import dev.backstep.emulator.time.VirtualClock;
import dev.backstep.emulator.vcpu.Activity;
import dev.backstep.emulator.vcpu.Vcpu;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A guest machine: vCPUs that take turns on the caller's thread, devices, memory and virtual time.
///
/// The order in which instructions run is a function of the configuration and the external inputs
/// alone: vCPUs run in the order in which they were made, each for a fixed number of instructions,
/// until it gives up its turn (PAUSE, HLT) or a timer is due.
public final class Machine implements PositionSource, MachineControl, AutoCloseable {
  /// Instructions a vCPU runs before the next one has its turn. Short, because guests that wait for
  /// one another without PAUSE spin for a whole turn.
  static final int SHARED_TURN = 1_000;

  /// The same with a single vCPU: how often console input is looked for.
  static final int SOLE_TURN = 50_000;

  /// Timers that expire one after the other and wake nobody, after which the guest is known to wait
  /// for ever: it halted with interrupts off while, say, the PIT runs on.
  private static final int MOST_IDLE_TURNS = 10_000_000;

  private static final long NO_POSITION = -1;

  private final MachineConfig config;
  private final Arena arena;
  private final BoardFactory boards;
  private final ExternalInputs inputs;
  private final ConsoleOutput console;
  private final ByteArrayOutputStream unprinted = new ByteArrayOutputStream();
  private final EventPort events;
  private final VirtualClock clock;
  private volatile boolean stopRequested;

  private Board board;
  private @Nullable ExecutionListener listener;
  private @Nullable Vcpu current;
  private @Nullable StopReason stop;
  private @Nullable String resetSource;
  private long position;
  private volatile long progress;
  private long turns;
  private int idleTurns;
  private long lastReset = NO_POSITION;

  /// Builds a machine at power-up.
  ///
  /// @param inputs answers what the configuration does not
  /// @param console receives what the guest prints
  /// @throws MachineConfigException if the configuration cannot be built
  public Machine(MachineConfig config, ExternalInputs inputs, ConsoleOutput console)
      throws MachineConfigException {
    config.check();
    this.config = config;
    this.inputs = inputs;
    this.arena = Arena.ofShared();
    this.events = new EventPort();
    this.clock = new VirtualClock(this);
    this.console = console;
    try {
      this.boards =
          new BoardFactory(
              config,
              new BoardFactory.Surroundings(
                  arena,
                  clock,
                  inputs.realTimeClockSeconds(),
                  inputs,
                  events,
                  this,
                  this::here,
                  unprinted::write));
      this.board = boards.build();
    } catch (MachineConfigException | RuntimeException e) {
      arena.close();
      throw e;
    }
    clock.watchCharges(this::timeCharged);
    events.whenBatchIsFull(this::reportSoon);
    board.timers().watch(this::timerMovedTo);
  }

  /// What the guest prints on its serial port goes here, byte for byte.
  public interface ConsoleOutput {
    void write(byte[] bytes);
  }

  /// Connects the one listener; null disconnects. Before the first [#run] only: blocks are
  /// announced once.
  public void listen(@Nullable ExecutionListener newListener) {
    listener = newListener;
    events.connect(newListener);
    board.interpreter().listen(newListener);
  }

  public MachineConfig config() {
    return config;
  }

  public List<Vcpu> vcpus() {
    return board.vcpus();
  }

  public GuestRam ram() {
    return boards.ram();
  }

  public VirtualClock clock() {
    return clock;
  }

  @Override
  public long position() {
    return current == null ? position : current.position();
  }

  /// The position after the last turn, readable from any thread.
  public long progress() {
    return progress;
  }

  /// Asks the machine, from any thread, to stop after the present turn.
  public void requestStop() {
    stopRequested = true;
  }

  /// Runs until the guest or somebody else stops the machine.
  public StopReason run() {
    StopReason reason = null;
    while (reason == null) {
      reason = runTurn();
    }
    return reason;
  }

  /// Runs one turn of a vCPU or, when all of them wait, lets time pass until the next timer.
  ///
  /// @return why the machine stopped, or null if it can go on
  public @Nullable StopReason runTurn() {
    StopReason reason = turn();
    if (reason != null) {
      board.console().flush();
    }
    return reason;
  }

  /// How many turns were begun. Together with the configuration and the inputs it names every
  /// moment between two turns, those at which no instruction is retired included.
  public long turns() {
    return turns;
  }

  private @Nullable StopReason turn() {
    if (stopRequested) {
      return new StopReason.Requested();
    }
    if (position >= config.maxInstructions()) {
      return new StopReason.InstructionLimit();
    }
    turns++;
    receiveConsole();
    board.timers().fireDue(clock.nowNs());
    performControlCalls();
    if (stop != null) {
      return stop;
    }
    Vcpu next = board.turns().next();
    if (next == null) {
      return idle();
    }
    idleTurns = 0;
    run(next);
    if (next.entryFailed && next.vmEntry != null) {
      return new StopReason.EntryFailed(next.number, next.vmEntry.hardwareReason());
    }
    if (next.activity == Activity.SHUTDOWN) {
      // A triple fault: the chip set resets the machine. SDM Vol. 3 "Interrupt 8—Double Fault
      // Exception (#DF)".
      reset("triple-fault");
    }
    if (board.interpreter().isStuck()) {
      return new StopReason.Stuck(next.number);
    }
    if (stop != null) {
      return stop;
    }
    return resetSource == null ? null : restart(resetSource);
  }

  private void performControlCalls() {
    ControlCall call = inputs.controlCall(position);
    while (call != null) {
      board.control().perform(call);
      board.turns().reconsiderAll();
      // What follows is not the doing of the guest alone: a further reset is not one for ever.
      lastReset = NO_POSITION;
      call = inputs.controlCall(position);
    }
  }

  private void run(Vcpu c) {
    long turnLength = board.vcpus().size() == 1 ? SOLE_TURN : SHARED_TURN;
    long limit = Math.min(position + turnLength, config.maxInstructions());
    long controlPosition = inputs.nextControlPosition();
    if (controlPosition > position) {
      limit = Math.min(limit, controlPosition);
    }
    long timerNs = board.timers().nextNs();
    if (timerNs != EventQueue.NEVER) {
      limit = Math.min(limit, clock.positionAt(timerNs));
    }
    c.icountBase = position;
    c.deadline = limit;
    current = c;
    c.hasRun = true;
    board.interpreter().run(c);
    current = null;
    position = c.icountBase;
    progress = position;
    print();
  }

  private void print() {
    if (unprinted.size() > 0) {
      console.write(unprinted.toByteArray());
      unprinted.reset();
    }
  }

  /// Nobody can run: time passes until the next timer, or until somebody types.
  private @Nullable StopReason idle() {
    long next = board.timers().nextNs();
    if (next != EventQueue.NEVER && idleTurns < MOST_IDLE_TURNS) {
      idleTurns++;
      clock.skipTo(next);
      return null;
    }
    if (board.console().canReceive() && inputs.awaitConsole(position)) {
      return null;
    }
    // Whoever stops a machine that waits for input also ends the waiting.
    return stopRequested ? new StopReason.Requested() : new StopReason.Idle();
  }

  private void receiveConsole() {
    while (board.console().canReceive()) {
      int typed = inputs.consoleByte(position);
      if (typed == ExternalInputs.NOTHING) {
        return;
      }
      board.console().receive(typed);
    }
  }

  /// Where and when a device's event happens: at the running vCPU, or between turns at the first
  /// one.
  private MachineEvent.At here() {
    if (current != null) {
      return current.at();
    }
    Vcpu bsp = board.vcpus().getFirst();
    return new MachineEvent.At(position, bsp.number, bsp.rip, clock.nowNs());
  }

  private void reportSoon() {
    if (current != null) {
      current.requestAttention();
    }
  }

  private void timeCharged() {
    timerMovedTo(board.timers().nextNs());
  }

  private void timerMovedTo(long ns) {
    if (current != null && ns != EventQueue.NEVER) {
      current.stopBefore(clock.positionAt(ns));
    }
  }

  private @Nullable StopReason restart(String source) {
    resetSource = null;
    if (events.isOn()) {
      events.emit(new MachineEvent.Reset(here(), source));
    }
    if (lastReset == position) {
      // Resets for ever: from one to the next not a single instruction was retired.
      return new StopReason.Stuck(0);
    }
    lastReset = position;
    // What brings the new board to power-up is not the guest's doing, as it was not the first time.
    events.connect(null);
    List<Vcpu> before = board.vcpus();
    try {
      board = boards.build();
    } catch (MachineConfigException e) {
      throw new AssertionError("the machine was built from the same configuration before", e);
    }
    // The hypervisor's vCPUs are still the same.
    before.forEach(c -> board.turns().get(c.number).hasRun = c.hasRun);
    events.connect(listener);
    board.timers().watch(this::timerMovedTo);
    board.interpreter().listen(listener);
    return null;
  }

  @Override
  public void powerOff(String source) {
    end(new StopReason.PowerOff(), "power-off", 0);
  }

  @Override
  public void debugExit(int value) {
    end(new StopReason.DebugExit(value), "debug-exit", value);
  }

  @Override
  public void reset(String source) {
    if (config.onReset() == MachineConfig.OnReset.STOP) {
      end(new StopReason.Reset(source), "reset", 0);
      return;
    }
    resetSource = source;
    leaveTurn();
  }

  private void end(StopReason reason, String label, int value) {
    if (stop != null) {
      return;
    }
    stop = reason;
    if (events.isOn() && current != null) {
      events.emit(new MachineEvent.Shutdown(current.at(), label, value));
    }
    leaveTurn();
  }

  /// Ends the running vCPU's turn after the instruction that is executing, so that requests that
  /// are due are made then. On the machine's own thread.
  public void leaveTurn() {
    if (current != null) {
      current.yieldTurn();
    }
  }

  /// A digest of all vCPU and device state, the first 8 bytes of a SHA-256. Between turns only.
  public byte[] registerDigest() {
    return StateDigest.ofRegisters(board, clock);
  }

  /// A SHA-256 over all of RAM. Between turns only.
  public byte[] memoryDigest() {
    return StateDigest.ofMemory(boards.ram());
  }

  @Override
  public void close() {
    arena.close();
  }
}
