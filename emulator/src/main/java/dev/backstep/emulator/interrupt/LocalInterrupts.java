package dev.backstep.emulator.interrupt;

/// What a vCPU sees of its local APIC. SDM Vol. 3 "Advanced Programmable Interrupt Controller
/// (APIC)".
public interface LocalInterrupts {
  /// Gives each vCPU its local APIC.
  interface Factory {
    LocalInterrupts attach(CpuSignals cpu);
  }

  /// What [#acknowledge()] yields when the request vanished meanwhile.
  int NO_VECTOR = -1;

  /// Whether a maskable interrupt would be delivered now, were RFLAGS.IF set: one of a priority
  /// above PPR, or an ExtINT request of the PIC through LINT0 or, with the APIC disabled, directly.
  boolean hasDeliverable();

  /// Accepts the interrupt: moves IRR to ISR (or runs the PIC's acknowledge cycle) and returns its
  /// vector, which may be the spurious vector, or [#NO_VECTOR].
  int acknowledge();

  /// Where the interrupt last acknowledged came from, in the words of `interrupt` events:
  /// lapic-timer, ioapic, ipi, extint, msi, lint0, lint1, self, error, spurious, …
  String acknowledgedSource();

  /// The sender of the interrupt last acknowledged: vCPU number of an IPI, pin of an IOAPIC, IRQ of
  /// the PIC; -1 where there is none.
  int acknowledgedFrom();

  /// CR8 reads TPR bits 7:4.
  int taskPriorityClass();

  /// MOV to CR8: bits 3:0 become TPR bits 7:4.
  void setTaskPriorityClass(int priorityClass);

  /// IA32_APIC_BASE.
  long apicBase();

  /// WRMSR IA32_APIC_BASE; false = #GP (reserved bits, illegal transition between xAPIC and
  /// x2APIC).
  boolean setApicBase(long value);

  /// Guest-physical base of the xAPIC page, or -1 while the APIC is disabled or in x2APIC mode.
  long mmioPage();

  /// A 4-byte (or other) read at `offset` in the xAPIC page.
  long readMmio(int offset, int bytes);

  void writeMmio(int offset, int bytes, long value);

  /// RDMSR 800H to 8FFH. True and [#x2apicValue()] when allowed, false = #GP.
  boolean readX2apic(int msr);

  /// The value that the last successful [#readX2apic] read.
  long x2apicValue();

  /// WRMSR 800H to 8FFH; false = #GP.
  boolean writeX2apic(int msr, long value);

  /// IA32_TSC_DEADLINE, an absolute TSC value; 0 = disarmed.
  long tscDeadline();

  void setTscDeadline(long tsc);

  /// The TSC of this vCPU jumped (WRMSR IA32_TIME_STAMP_COUNTER, TSC_ADJUST): `offset` is its value
  /// minus the clock's ticks. An armed TSC deadline moves.
  void tscOffsetChanged(long offset);

  /// Whether a hypervisor can find the targets of such IPIs now.
  boolean canSendForGuest();

  /// A hypervisor sends an IPI for this vCPU, which asked for it by a hypercall.
  ///
  /// @param apicId the one target
  /// @param icrLow vector and delivery mode as in the ICR
  /// @return whether the target accepted it
  boolean sendForGuest(long apicId, int icrLow);

  /// INIT: registers as after power-up, but the APIC ID and IA32_APIC_BASE stay. SDM Vol. 3 "Local
  /// APIC State After It Receives an INIT-Deassert IPI" and "… a Power-Up or Reset".
  void init();

  void reset();
}
