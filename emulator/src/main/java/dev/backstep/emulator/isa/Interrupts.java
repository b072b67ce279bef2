package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;

/// INT n, INT3, INTO, INT1; IRET is in [InterruptReturns]. SDM Vol. 2 "INT n/INTO/INT3/INT1".
public final class Interrupts {
  /// The table of redirected interrupts lies below the I/O permission bitmap. SDM Vol. 3 "Software
  /// Interrupt Handling Mechanisms" (VME).
  private static final int REDIRECTION_BYTES = 32;

  private static final int TSS32_IO_MAP_BASE = 102;

  private Interrupts() {}

  public static void intN(Vcpu c, DecodedInstruction i) {
    int vector = (int) i.immediate & 0xFF;
    if (c.mode != CpuMode.VM86) {
      EventDelivery.software(c, vector, EventDelivery.Kind.SOFTWARE);
    } else if (c.cr4(ControlBits.CR4_VME) && !isRedirectedToMonitor(c, vector)) {
      throughTaskVectorTable(c, vector);
    } else if (c.iopl() < 3) {
      throw c.fault.generalProtection(0);
    } else {
      EventDelivery.software(c, vector, EventDelivery.Kind.SOFTWARE);
    }
  }

  public static void int3(Vcpu c, DecodedInstruction i) {
    EventDelivery.software(c, GuestFault.BP, EventDelivery.Kind.SOFTWARE_EXCEPTION);
  }

  public static void into(Vcpu c, DecodedInstruction i) {
    if (Rflags.of(c)) {
      EventDelivery.software(c, GuestFault.OF, EventDelivery.Kind.SOFTWARE_EXCEPTION);
    }
  }

  /// INT1, also known as ICEBP: #DB without a check of the gate's DPL and without a bit of its own
  /// in DR6.
  public static void icebp(Vcpu c, DecodedInstruction i) {
    EventDelivery.software(c, GuestFault.DB, EventDelivery.Kind.PRIVILEGED);
    DebugTraps.joinPending(c);
  }

  public static void iret(Vcpu c, DecodedInstruction i) {
    InterruptReturns.iret(c, i);
  }

  /// Whether the vector's bit in the redirection bitmap is set: then the monitor gets the
  /// interrupt.
  private static boolean isRedirectedToMonitor(Vcpu c, int vector) {
    if ((c.tr.type() & Descriptor.TYPE_32BIT) == 0) {
      throw c.fault.generalProtection(0);
    }
    requireWithinTss(c, TSS32_IO_MAP_BASE + 1);
    int mapBase = (int) c.mmu.readSystem(c.tr.base + TSS32_IO_MAP_BASE, 2);
    int offset = mapBase - REDIRECTION_BYTES + (vector >> 3);
    requireWithinTss(c, offset);
    long bits = c.mmu.readSystem(c.tr.base + offset, 1);
    return (bits >> (vector & 7) & 1) != 0;
  }

  private static void requireWithinTss(Vcpu c, int offset) {
    if (Integer.compareUnsigned(offset, c.tr.limit) > 0) {
      throw c.fault.generalProtection(0);
    }
  }

  /// Virtual-8086 mode extensions: the task's own interrupt vector table at linear address 0. Below
  /// IOPL 3 the virtual interrupt flag stands for IF. SDM Vol. 3 "Method 5", "Method 6: Software
  /// Interrupt Handling".
  private static void throughTaskVectorTable(Vcpu c, int vector) {
    c.stepTrapSuppressed = true;
    long entry = c.mmu.readLinear(vector * 4L, 4, c.cpl);
    long flags = c.rflags();
    if (c.iopl() == 3) {
      RealModeDelivery.enter(c, entry, flags, Rflags.IF | Rflags.TF);
      return;
    }
    long pushed = flags & ~(long) Rflags.IF | Rflags.IOPL;
    if (c.flag(Rflags.VIF)) {
      pushed |= Rflags.IF;
    }
    RealModeDelivery.enter(c, entry, pushed, Rflags.VIF | Rflags.TF);
  }
}
