package dev.backstep.emulator.isa;

import dev.backstep.emulator.injection.InjectedEvent;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.vcpu.Activity;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;

/// Delivers exceptions and interrupts, and what comes of it when the delivery itself faults. SDM
/// Vol. 3 "Interrupt and Exception Handling", "Interrupt 8—Double Fault Exception (#DF)".
///
/// A delivery commits nothing before its last access that can fault (task switches excepted, which
/// commit in the middle as the SDM says), so after a nested fault the next delivery starts from the
/// state in which the first one began.
public final class EventDelivery {
  /// What is delivered, as far as the rules differ.
  enum Kind {
    /// Interrupts from outside, NMI.
    EXTERNAL,
    EXCEPTION,
    /// INT n.
    SOFTWARE,
    /// INT3 and INTO.
    SOFTWARE_EXCEPTION,
    /// INT1: like an exception, without a check of the gate's DPL.
    PRIVILEGED;

    /// Bit 0 of error codes of faults met on the way. SDM Vol. 3 "Error Code".
    int ext() {
      return switch (this) {
        case EXTERNAL, EXCEPTION, PRIVILEGED -> 1;
        case SOFTWARE, SOFTWARE_EXCEPTION -> 0;
      };
    }

    /// Whether the gate's DPL must admit CPL.
    boolean checksGatePrivilege() {
      return this == SOFTWARE || this == SOFTWARE_EXCEPTION;
    }
  }

  /// An error code that is not there. Those that are have 32 bits, zero-extended.
  static final long NO_ERROR_CODE = -1;

  private static final int NMI_VECTOR = 2;

  /// The origin of what a hypervisor injects.
  private static final String INJECTED = "injected";

  /// Exceptions met one within the delivery of the other after which there is no end to them. Those
  /// that do end take a handful.
  private static final int MOST_NESTED = 256;

  /// No exception was being delivered.
  private static final int NONE = -1;

  private static final String[] NAMES = {
    "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "(9)", "#TS", "#NP", "#SS",
    "#GP", "#PF", "(15)", "#MF", "#AC", "#MC", "#XM", "#VE", "#CP", "(22)", "(23)", "(24)", "(25)",
    "(26)", "(27)", "#HV", "#VC", "#SX", "(31)"
  };

  private EventDelivery() {}

  /// Delivers an exception that an instruction raised; `c.rip` is the instruction's for faults, the
  /// next one's for traps.
  public static void exception(Vcpu c, GuestFault fault) {
    // The instruction did not complete: its breakpoints and its single step come to nothing.
    c.pendingDebugTraps = 0;
    deliverFault(c, NONE, fault);
  }

  /// Delivers #DB for traps; DR6 is up to date.
  static void debugTrap(Vcpu c) {
    emitException(c, GuestFault.DB, NO_ERROR_CODE);
    attempt(c, GuestFault.DB, NO_ERROR_CODE, Kind.EXCEPTION, 0);
  }

  /// Delivers a maskable interrupt that the local APIC or the PIC handed over.
  public static void interrupt(Vcpu c, int vector, String source, int from) {
    emitInterrupt(c, vector, source, from);
    attempt(c, vector, NO_ERROR_CODE, Kind.EXTERNAL, 0);
  }

  /// Delivers an NMI; further ones are held until IRET.
  public static void nmi(Vcpu c) {
    emitInterrupt(c, NMI_VECTOR, "nmi", -1);
    c.nmiBlocked = true;
    attempt(c, NMI_VECTOR, NO_ERROR_CODE, Kind.EXTERNAL, 0);
  }

  /// Delivers what a VM entry injects. The frame has an error code if the event says so, whatever
  /// its vector is. The guest's debug registers stay as they are, and RF in the frame is the
  /// guest's: a hypervisor sees to them. SDM Vol. 3 "Vectored-Event Injection"; APM Vol. 2 "Event
  /// Injection".
  public static void injected(Vcpu c, InjectedEvent e) {
    long code = e.hasErrorCode() ? Integer.toUnsignedLong(e.errorCode()) : NO_ERROR_CODE;
    // SDM Vol. 3 "Delivery of Pending Debug Exceptions after VM Entry": none is left.
    c.pendingDebugTraps = 0;
    switch (e.type()) {
      case NMI -> nmi(c);
      case EXTERNAL_INTERRUPT -> interrupt(c, e.vector(), INJECTED, -1);
      case SOFTWARE_INTERRUPT -> {
        emitInterrupt(c, e.vector(), INJECTED, -1);
        inject(c, e, code, Kind.SOFTWARE);
      }
      case HARDWARE_EXCEPTION -> {
        emitException(c, e.vector(), code, INJECTED);
        inject(c, e, code, Kind.EXCEPTION);
      }
      case SOFTWARE_EXCEPTION -> {
        emitException(c, e.vector(), code, INJECTED);
        inject(c, e, code, Kind.SOFTWARE_EXCEPTION);
      }
      case PRIVILEGED_SOFTWARE_EXCEPTION, OTHER_EVENT, RESERVED ->
          throw new AssertionError("no hypervisor here injects " + e.type());
    }
  }

  /// The handler of a software event returns behind the instruction; that of a fault met on the way
  /// returns to it.
  private static void inject(Vcpu c, InjectedEvent e, long code, Kind kind) {
    long rip = c.rip;
    long behind = rip + e.instructionLength();
    c.rip = c.mode == CpuMode.LONG64 ? behind : behind & 0xFFFFFFFFL;
    try {
      enter(c, e.vector(), code, kind, 0);
    } catch (GuestFault nested) {
      c.rip = rip;
      deliverFault(c, kind == Kind.EXCEPTION ? e.vector() : NONE, nested);
    }
  }

  /// Delivers what INT n, INT3, INTO or INT1 asks for; the handler returns to `c.rip`, which is the
  /// next instruction's.
  ///
  /// @throws GuestFault if the delivery faults: a fault of the instruction
  static void software(Vcpu c, int vector, Kind kind) {
    // The trap flag is clear once the handler is entered: no single-step trap after the
    // instruction.
    c.stepTrapSuppressed = true;
    deliver(c, vector, NO_ERROR_CODE, kind, 0);
    if (kind != Kind.SOFTWARE) {
      emitException(c, vector, NO_ERROR_CODE);
    }
  }

  /// Delivers an event that is benign or handled first, and then whatever its delivery raises.
  private static void attempt(Vcpu c, int vector, long errorCode, Kind kind, int extraFlags) {
    try {
      deliver(c, vector, errorCode, kind, extraFlags);
    } catch (GuestFault nested) {
      deliverFault(c, NONE, nested);
    }
  }

  /// Delivers `fault`, then what its delivery raises, and so on.
  ///
  /// @param first the exception whose delivery raised it, or [#NONE]
  ///
  ///   That need not end: #AC and others make no double fault, and a processor raises #AC for ever
  ///   if the frame of its handler, at CPL 3, is not aligned. The guest is stuck then.
  private static void deliverFault(Vcpu c, int first, GuestFault fault) {
    int vector = first;
    GuestFault raised = fault;
    for (int nested = 0; nested < MOST_NESTED; nested++) {
      vector = next(c, vector, raised);
      if (vector == NONE) {
        tripleFault(c);
        return;
      }
      long errorCode = vector == GuestFault.DF ? 0 : codeOf(raised);
      emitException(c, vector, errorCode);
      try {
        deliver(c, vector, errorCode, Kind.EXCEPTION, DebugTraps.resumeFlagOf(c, vector));
        return;
      } catch (GuestFault another) {
        raised = another;
      }
    }
    c.deliveryEndless = true;
    c.requestAttention();
  }

  private static long codeOf(GuestFault fault) {
    return fault.hasErrorCode() ? Integer.toUnsignedLong(fault.errorCode()) : NO_ERROR_CODE;
  }

  /// @param first the exception whose delivery raised `fault`, or [#NONE]
  /// @return what is delivered for it, or [#NONE] for shutdown
  private static int next(Vcpu c, int first, GuestFault fault) {
    if (fault.vector() == GuestFault.PF) {
      // SDM Vol. 3 "Interrupt 14—Page-Fault Exception (#PF)": CR2 is written whenever a page fault
      // is
      // detected, even if a double fault comes of it.
      c.cr2 = fault.faultingLinearAddress();
    }
    return combine(first, fault.vector());
  }

  /// SDM Vol. 3 table "Conditions for Generating a Double Fault": the vector to deliver after
  /// `second` was raised while `first` was delivered, or [#NONE] for shutdown.
  private static int combine(int first, int second) {
    boolean secondCounts = isContributory(second) || isPageFault(second);
    if (first == GuestFault.DF && secondCounts) {
      return NONE;
    }
    boolean doubleFault =
        isContributory(first) && isContributory(second) || isPageFault(first) && secondCounts;
    return doubleFault ? GuestFault.DF : second;
  }

  private static boolean isContributory(int vector) {
    return switch (vector) {
      case GuestFault.DE,
          GuestFault.TS,
          GuestFault.NP,
          GuestFault.SS,
          GuestFault.GP,
          GuestFault.CP ->
          true;
      default -> false;
    };
  }

  private static boolean isPageFault(int vector) {
    return vector == GuestFault.PF;
  }

  /// Puts the vCPU into shutdown, from which only a reset leads out.
  public static void tripleFault(Vcpu c) {
    c.activity = Activity.SHUTDOWN;
    c.requestAttention();
    if (c.events.isOn()) {
      c.events.emit(new MachineEvent.Shutdown(c.at(), "triple-fault", 0));
    }
  }

  private static void emitInterrupt(Vcpu c, int vector, String source, int from) {
    if (c.events.isOn()) {
      c.events.emit(new MachineEvent.Interrupt(c.at(), vector, source, from));
    }
  }

  private static void emitException(Vcpu c, int vector, long errorCode) {
    emitException(c, vector, errorCode, "instruction");
  }

  private static void emitException(Vcpu c, int vector, long errorCode, String origin) {
    if (c.events.isOn()) {
      boolean hasCode = errorCode != NO_ERROR_CODE;
      c.events.emit(
          new MachineEvent.Exception(
              c.at(),
              vector,
              NAMES[vector & 0x1F],
              hasCode,
              hasCode ? (int) errorCode : 0,
              vector == GuestFault.PF ? c.cr2 : 0,
              origin));
    }
  }

  /// One attempt.
  private static void deliver(Vcpu c, int vector, long errorCode, Kind kind, int extraFlags) {
    enter(c, vector, errorCode, kind, extraFlags);
    if (vector == GuestFault.DB) {
      // SDM Vol. 3 "Debug Control Register (DR7)": GD is cleared on entry to the debug handler.
      c.dr[7] &= ~ControlBits.DR7_GD;
      if (kind == Kind.EXCEPTION || kind == Kind.PRIVILEGED) {
        // SDM Vol. 3 "Single-Stepping on Branches": the debugger sets it anew each time.
        c.msr.debugControl &= ~ControlBits.DEBUGCTL_BTF;
      }
    }
  }

  /// The way through the vector table or the IDT of the mode.
  private static void enter(Vcpu c, int vector, long errorCode, Kind kind, int extraFlags) {
    c.mmu.caches().drain("event");
    switch (c.mode) {
      case REAL, REAL32 -> RealModeDelivery.throughVectorTable(c, vector, kind.ext());
      case VM86, PROTECTED16, PROTECTED32 ->
          GateDelivery.deliver(c, vector, errorCode, kind, extraFlags);
      case COMPATIBILITY16, COMPATIBILITY32, LONG64 ->
          LongModeDelivery.deliver(c, vector, errorCode, kind, extraFlags);
    }
    if (c.interruptShadow) {
      c.interruptShadow = false;
      c.updateStepping();
    }
  }
}
