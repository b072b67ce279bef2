package dev.backstep.emulator.vcpu;

import dev.backstep.emulator.bus.NumericErrorPins;
import dev.backstep.emulator.bus.PortBus;
import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.CpuidTable;
import dev.backstep.emulator.execution.CodeBlock;
import dev.backstep.emulator.injection.VmEntry;
import dev.backstep.emulator.input.ExternalInputs;
import dev.backstep.emulator.interrupt.CpuSignals;
import dev.backstep.emulator.interrupt.LocalInterrupts;
import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.mmu.Mmu;
import dev.backstep.emulator.msr.MsrTable;
import dev.backstep.emulator.time.VirtualClock;
import dev.backstep.emulator.virtualization.Hypervisor;
import dev.backstep.emulator.virtualization.VirtualizationExtension;
import org.jspecify.annotations.Nullable;

/// One virtual processor: its registers, what it is doing, and its way to memory, ports, time and
/// interrupts. Instruction semantics (package `isa`) are static methods over it.
///
/// Fields are public for the semantics and the interpreter; nothing outside the emulator writes
/// them.
public final class Vcpu implements CpuSignals {
  public static final int RAX = 0;
  public static final int RCX = 1;
  public static final int RDX = 2;
  public static final int RBX = 3;
  public static final int RSP = 4;
  public static final int RBP = 5;
  public static final int RSI = 6;
  public static final int RDI = 7;

  /// The register number that reads as zero: "no base", "no index".
  public static final int NO_REGISTER = 16;

  /// No start-up IPI is pending.
  public static final int NO_SIPI = -1;

  /// KVM's vCPU id, which is the x2APIC ID; 0 is the BSP. Those of a machine need not follow one
  /// another.
  public final int number;

  /// RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 to R15, and a zero that nobody writes.
  public final long[] gpr = new long[17];

  /// RIP (or EIP, IP) as of the last block boundary; see [#currentRip()].
  public long rip;

  /// Lazily computed arithmetic flags: see [Rflags].
  public int flagKind = Rflags.EXPLICIT;

  public long flagA;
  public long flagB;
  public long flagResult;

  /// RFLAGS without its arithmetic flags and without the fixed bit 1.
  public int systemFlags;

  public long cr0;
  public long cr2;
  public long cr3;
  public long cr4;
  public long efer;
  public long xcr0 = ControlBits.XCR0_X87;

  /// The rights of protection keys to user pages. Changed through `Translations.setPkru` only.
  public int pkru;

  /// DR0 to DR3, (two unused), DR6, DR7.
  public final long[] dr = new long[8];

  /// ES, CS, SS, DS, FS, GS.
  public final SegmentRegister[] segments = new SegmentRegister[6];

  public final SegmentRegister ldtr = new SegmentRegister();
  public final SegmentRegister tr = new SegmentRegister();
  public long gdtBase;
  public int gdtLimit;
  public long idtBase;
  public int idtLimit;

  /// Current privilege level, 0 to 3.
  public int cpl;

  /// Kept equal to what CR0, EFER, RFLAGS.VM and CS say by [#updateMode()].
  public CpuMode mode = CpuMode.REAL;

  public final FpuState fpu = new FpuState();
  public final SystemMsrs msr = new SystemMsrs();
  public final ControlFlowState cet = new ControlFlowState();

  /// Whether a shadow stack is in use: kept by [#updateControlFlow()].
  public boolean shadowStackActive;

  /// Whether indirect branches are tracked: kept by [#updateControlFlow()].
  public boolean branchTrackingActive;

  public Activity activity = Activity.RUNNING;

  /// STI or a load of SS holds interrupts off until the next instruction has retired. SDM Vol. 3
  /// "Masking Exceptions and Interrupts When Switching Stacks" and Vol. 2 "STI".
  public boolean interruptShadow;

  /// The shadow is that of a load of SS, which also holds debug traps off.
  public boolean stackSwitchShadow;

  /// An NMI has been delivered and no IRET has followed.
  public boolean nmiBlocked;

  public boolean nmiPending;
  public boolean smiPending;
  public boolean initPending;

  /// Vector of a pending start-up IPI, or [#NO_SIPI].
  public int sipiVector = NO_SIPI;

  /// DR6 bits of debug traps that the running instruction met, delivered when it has retired.
  public long pendingDebugTraps;

  /// The delivery of an event faults for ever: this vCPU will never run another instruction.
  public boolean deliveryEndless;

  /// The running instruction raises no single-step trap although TF was set before it: software
  /// interrupts, task switches, and SYSCALL, which judges TF after it changed it.
  public boolean stepTrapSuppressed;

  /// The running instruction loaded RF (IRET, a task switch) or set it (a repeated string
  /// instruction between two iterations): RF stays after it. SDM Vol. 3 "Instruction-Breakpoint
  /// Exception Condition".
  public boolean resumeFlagLoaded;

  /// What enters the guest when [#entryDue] is set; null until a hypervisor's user first asks for
  /// this vCPU's events.
  public @Nullable VmEntry vmEntry;

  /// A hypervisor's user has changed what waits for this vCPU: its next VM entry looks.
  public boolean entryDue;

  /// A VM entry failed: this vCPU will never run another instruction.
  public boolean entryFailed;

  /// It was entered since the machine was made: a hypervisor's user cannot change its CPUID any
  /// more.
  public boolean hasRun;

  /// Something outside the instruction stream may want this vCPU: the interpreter leaves its loop
  /// at the next instruction boundary and looks. Set by [#requestAttention()].
  public boolean attention;

  /// The machine's position at the first instruction of the running block.
  public long icountBase;

  /// Index of the running instruction in the running block.
  public int blockIndex;

  /// The running block is left before the instruction of this index.
  public int blockLimit;

  /// The position before which the interpreter must stop.
  public long deadline;

  /// The running block; its instruction [#blockIndex] is executing.
  public CodeBlock block = CodeBlock.NONE;

  /// Changes with every change of the translation of code addresses: links between blocks made
  /// under another epoch are void. Drawn from one counter for the whole machine.
  public long translationEpoch;

  /// Whether each instruction must run alone: trap flag, resume flag, interrupt shadow, instruction
  /// breakpoints.
  public boolean singleStep;

  /// The guest said that it spins (PAUSE): the machine gives the next vCPU its turn.
  public boolean yielded;

  /// The fault to throw: `throw c.fault.generalProtection(0)`.
  public final GuestFault fault = new GuestFault();

  /// Where far transfers and events build the frame of a stack they switch to.
  public final InnerStack innerStack = new InnerStack();

  private SignalListener signals = () -> {};

  public final Mmu mmu;
  public final PortBus ports;
  public final LocalInterrupts apic;
  public final VirtualClock clock;
  public final CpuidTable cpuid;
  public final MsrTable msrTable;
  public final EventPort events;
  public final ExternalInputs inputs;
  public final NumericErrorPins numericErrors;
  public final Hypervisor hypervisor;
  public final VirtualizationExtension virtualization;

  /// Hears that something from outside may make a vCPU run that waits.
  public interface SignalListener {
    void signalled();
  }

  /// What a vCPU is connected to.
  ///
  /// @param number KVM's vCPU id
  /// @param parts everything outside the vCPU itself
  public Vcpu(int number, VcpuParts parts) {
    this.number = number;
    for (int k = 0; k < segments.length; k++) {
      segments[k] = new SegmentRegister();
    }
    ports = parts.ports();
    clock = parts.clock();
    cpuid = parts.cpuid();
    fpu.mxcsrMask |= cpuid.has(CpuFeature.MISALIGNSSE) ? FpuState.MXCSR_MISALIGNED : 0;
    msrTable = parts.msrs();
    events = parts.events();
    inputs = parts.inputs();
    numericErrors = parts.numericErrors();
    hypervisor = parts.hypervisor();
    virtualization = parts.virtualization();
    mmu = new Mmu(this, parts.physicalBus(), parts.memoryTypes());
    apic = parts.localInterrupts().attach(this);
  }

  /// RIP of the instruction that is executing (or, between instructions, of the next one).
  public long currentRip() {
    return block == CodeBlock.NONE ? rip : block.instructionRip(blockIndex);
  }

  /// How many instructions the machine had retired before the one that is executing.
  public long position() {
    return icountBase + blockIndex;
  }

  /// Where and when an event of this vCPU happens: now, though it may be another's turn.
  @Override
  public MachineEvent.At at() {
    return new MachineEvent.At(clock.position(), number, currentRip(), clock.nowNs());
  }

  /// RFLAGS as PUSHF would push it (VM and RF included).
  public long rflags() {
    return systemFlags | Rflags.FIXED | Rflags.arithmetic(this);
  }

  /// Replaces the whole of RFLAGS. The caller has already masked out what may not change, and calls
  /// [#updateMode()] if VM changed; IF, TF and the like take effect at the next instruction
  /// boundary.
  public void setRflags(long value) {
    Rflags.setArithmetic(this, value);
    systemFlags = (int) value & ~(Rflags.ARITHMETIC | Rflags.FIXED);
    updateStepping();
    requestAttention();
  }

  public boolean flag(int systemFlag) {
    return (systemFlags & systemFlag) != 0;
  }

  public int iopl() {
    return systemFlags >> 12 & 3;
  }

  public boolean cr0(long bit) {
    return (cr0 & bit) != 0;
  }

  public boolean cr4(long bit) {
    return (cr4 & bit) != 0;
  }

  public boolean efer(long bit) {
    return (efer & bit) != 0;
  }

  public boolean isLongModeActive() {
    return (efer & ControlBits.EFER_LMA) != 0;
  }

  /// Recomputes [#mode] from CR0.PE, EFER.LMA, RFLAGS.VM and CS, tells memory about it, and emits a
  /// `mode` event when the mode's name changed.
  public void updateMode() {
    CpuMode before = mode;
    mode = computeMode();
    updateControlFlow();
    mmu.modeChanged();
    requestAttention();
    if (before.eventName().equals(mode.eventName()) || !events.isOn()) {
      return;
    }
    events.emit(new MachineEvent.Mode(at(), before.eventName(), mode.eventName()));
  }

  /// Recomputes what control-flow enforcement is on; call after a change of IA32_U_CET or
  /// IA32_S_CET. SDM Vol. 1 "Shadow Stack Management", "Indirect Branch Tracking".
  public void updateControlFlow() {
    boolean possible = cr4(ControlBits.CR4_CET) && !mode.isRealStyle();
    long control = possible ? cet.control(cpl) : 0;
    shadowStackActive = (control & ControlFlowState.SHADOW_STACK_ENABLE) != 0;
    branchTrackingActive = (control & ControlFlowState.ENDBRANCH_ENABLE) != 0;
    requestAttention();
  }

  private CpuMode computeMode() {
    SegmentRegister cs = segments[SegmentRegister.CS];
    boolean big = cs.is(SegmentRegister.DEFAULT_BIG);
    if (!cr0(ControlBits.CR0_PE)) {
      return big ? CpuMode.REAL32 : CpuMode.REAL;
    }
    if (flag(Rflags.VM)) {
      return CpuMode.VM86;
    }
    if (!isLongModeActive()) {
      return big ? CpuMode.PROTECTED32 : CpuMode.PROTECTED16;
    }
    if (cs.is(SegmentRegister.LONG)) {
      return CpuMode.LONG64;
    }
    return big ? CpuMode.COMPATIBILITY32 : CpuMode.COMPATIBILITY16;
  }

  /// Recomputes [#singleStep]; call after a change of TF, RF, VIF, VIP, DR7 or the interrupt
  /// shadow.
  public void updateStepping() {
    boolean virtualInterrupt = flag(Rflags.VIF) && flag(Rflags.VIP);
    boolean byFlags = flag(Rflags.TF | Rflags.RF) || virtualInterrupt;
    singleStep = byFlags || interruptShadow || hasInstructionBreakpoint();
  }

  /// Sets RF between two iterations of a repeated string instruction: what comes in between pushes
  /// it, and a breakpoint on the instruction stops it only once.
  public void holdBreakpointsOfRepetition() {
    systemFlags |= Rflags.RF;
    resumeFlagLoaded = true;
    updateStepping();
    requestAttention();
  }

  /// Whether the program has opened its virtual interrupt flag while a virtual interrupt is
  /// pending: #GP(0) at the beginning of an instruction. SDM Vol. 3 "Class 2—Maskable Hardware
  /// Interrupt Handling in Virtual-8086 Mode Using the Virtual Interrupt Mechanism".
  public boolean hasOpenVirtualInterrupt() {
    if (!flag(Rflags.VIF) || !flag(Rflags.VIP) || cpl != 3) {
      return false;
    }
    return cr4(flag(Rflags.VM) ? ControlBits.CR4_VME : ControlBits.CR4_PVI);
  }

  /// Whether DR7 enables a breakpoint whose R/W field says "instruction execution". SDM Vol. 3
  /// "Debug Control Register (DR7)".
  private boolean hasInstructionBreakpoint() {
    for (int k = 0; k < 4; k++) {
      if ((dr[7] >>> 2 * k & 3) != 0 && (dr[7] >>> 16 + 4 * k & 3) == 0) {
        return true;
      }
    }
    return false;
  }

  /// Makes the interpreter stop after the instruction that is executing and look for interrupts,
  /// traps, changed deadlines and changed modes.
  public void requestAttention() {
    attention = true;
    blockLimit = 0;
  }

  /// Moves the deadline forward if `position` is earlier.
  public void stopBefore(long position) {
    if (position < deadline) {
      deadline = position;
      requestAttention();
    }
  }

  /// PAUSE: ends this vCPU's turn after the instruction that is executing.
  public void yieldTurn() {
    yielded = true;
    requestAttention();
  }

  /// Tells `listener` of every signal from now on.
  public void whenSignalled(SignalListener listener) {
    signals = listener;
  }

  private void signalled() {
    requestAttention();
    signals.signalled();
  }

  @Override
  public int cpuNumber() {
    return number;
  }

  @Override
  public void interruptPending() {
    signalled();
  }

  @Override
  public void raiseNmi() {
    nmiPending = true;
    signalled();
  }

  @Override
  public void raiseSmi() {
    smiPending = true;
    signalled();
  }

  @Override
  public void raiseInit() {
    initPending = true;
    sipiVector = NO_SIPI;
    signalled();
  }

  @Override
  public void raiseStartup(int vector) {
    sipiVector = vector;
    signalled();
  }
}
