package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.time.VirtualClock;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// IN, OUT, INS, OUTS. SDM Vol. 1 "Input/Output", "I/O Permission Bit Map"; Vol. 2 "IN", "INS",
/// "OUTS".
public final class PortIo {
  /// Iterations of REP after which interrupts are looked at.
  private static final int SLICE = 4096;

  private static final int IO_MAP_BASE = 102;

  private PortIo() {}

  public static void in(Vcpu c, DecodedInstruction i) {
    int bytes = Operands.bytes(i.operand0);
    int port = port(c, i, i.operand1);
    requireAllowed(c, port, bytes);
    setAccumulator(c, bytes, read(c, port, bytes));
  }

  public static void out(Vcpu c, DecodedInstruction i) {
    int bytes = Operands.bytes(i.operand1);
    int port = port(c, i, i.operand0);
    requireAllowed(c, port, bytes);
    write(c, port, bytes, (int) c.gpr[Vcpu.RAX]);
    c.hypervisor.leftForPort(c, i, port, bytes);
  }

  /// INS, repeated or not. The destination is checked before the port is read, since reads have
  /// effects.
  public static void ins(Vcpu c, DecodedInstruction i) {
    int bytes = Operands.bytes(i.operand0);
    int port = (int) c.gpr[Vcpu.RDX] & 0xFFFF;
    requireAllowed(c, port, bytes);
    int left = iterations(c, i);
    while (left > 0) {
      long ea = c.gpr[Vcpu.RDI] & i.addressMask;
      c.mmu.probeWrite(SegmentRegister.ES, ea, bytes);
      int value = read(c, port, bytes);
      switch (bytes) {
        case 1 -> c.mmu.store8(SegmentRegister.ES, ea, value);
        case 2 -> c.mmu.store16(SegmentRegister.ES, ea, value);
        default -> c.mmu.store32(SegmentRegister.ES, ea, value);
      }
      advance(c, i, Vcpu.RDI, bytes);
      left = next(c, i, left);
    }
  }

  public static void outs(Vcpu c, DecodedInstruction i) {
    int bytes = Operands.bytes(i.operand1);
    int port = (int) c.gpr[Vcpu.RDX] & 0xFFFF;
    requireAllowed(c, port, bytes);
    int left = iterations(c, i);
    while (left > 0) {
      long ea = c.gpr[Vcpu.RSI] & i.addressMask;
      int value =
          switch (bytes) {
            case 1 -> c.mmu.load8(i.segment, ea) & 0xFF;
            case 2 -> c.mmu.load16(i.segment, ea) & 0xFFFF;
            default -> c.mmu.load32(i.segment, ea);
          };
      write(c, port, bytes, value);
      advance(c, i, Vcpu.RSI, bytes);
      left = next(c, i, left);
    }
  }

  private static boolean isRepeated(DecodedInstruction i) {
    return i.has(DecodedInstruction.PREFIX_REP | DecodedInstruction.PREFIX_REPNE);
  }

  /// How many elements to transfer before interrupts are looked at.
  private static int iterations(Vcpu c, DecodedInstruction i) {
    if (!isRepeated(i)) {
      return 1;
    }
    long count = c.gpr[Vcpu.RCX] & i.addressMask;
    long most = c.flag(Rflags.TF) ? 1 : SLICE;
    return (int) (Long.compareUnsigned(count, most) < 0 ? count : most);
  }

  /// Books one element as done and says how many are left to do now. If more remain for later the
  /// instruction runs again.
  private static int next(Vcpu c, DecodedInstruction i, int left) {
    if (!isRepeated(i)) {
      return 0;
    }
    add(c, i, Vcpu.RCX, -1);
    boolean pause = left == 1 || c.attention;
    if (pause && (c.gpr[Vcpu.RCX] & i.addressMask) != 0) {
      c.rip = i.rip;
    }
    return pause ? 0 : left - 1;
  }

  private static void advance(Vcpu c, DecodedInstruction i, int register, int bytes) {
    add(c, i, register, c.flag(Rflags.DF) ? -bytes : bytes);
  }

  /// Adds to as much of a register as the address size uses: 32 bits clear the upper half.
  private static void add(Vcpu c, DecodedInstruction i, int register, int step) {
    long sum = c.gpr[register] + step & i.addressMask;
    long kept = i.addressMask == 0xFFFF ? c.gpr[register] & ~0xFFFFL : 0;
    c.gpr[register] = kept | sum;
  }

  private static int port(Vcpu c, DecodedInstruction i, int operand) {
    boolean immediate = Operands.kind(operand) == Operands.IMMEDIATE;
    return immediate ? (int) i.immediate & 0xFF : (int) c.gpr[Vcpu.RDX] & 0xFFFF;
  }

  private static int read(Vcpu c, int port, int bytes) {
    int value = c.ports.read(port, bytes);
    accessed(c, MachineEvent.Op.READ, port, bytes, value);
    return value;
  }

  private static void write(Vcpu c, int port, int bytes, int value) {
    int written = bytes == 4 ? value : value & (1 << 8 * bytes) - 1;
    accessed(c, MachineEvent.Op.WRITE, port, bytes, written);
    c.ports.write(port, bytes, written);
  }

  private static void accessed(Vcpu c, MachineEvent.Op op, int port, int bytes, int value) {
    if (c.events.isOn()) {
      String device = c.ports.deviceName(port);
      c.events.emit(new MachineEvent.Io(c.at(), op, port, bytes, value, device));
    }
    DebugTraps.portAccessed(c, port, bytes);
    c.clock.charge(VirtualClock.PORT_IO_NS);
  }

  private static void setAccumulator(Vcpu c, int bytes, int value) {
    long old = c.gpr[Vcpu.RAX];
    c.gpr[Vcpu.RAX] =
        switch (bytes) {
          case 1 -> old & ~0xFFL | value & 0xFF;
          case 2 -> old & ~0xFFFFL | value & 0xFFFF;
          default -> value & 0xFFFFFFFFL;
        };
  }

  /// #GP(0) unless IOPL or the TSS's permission bitmap lets the program at these ports.
  private static void requireAllowed(Vcpu c, int port, int bytes) {
    if (c.cpl > c.iopl() || c.mode == CpuMode.VM86) {
      requirePermissionBits(c, port, bytes);
    }
  }

  private static void requirePermissionBits(Vcpu c, int port, int bytes) {
    boolean hasBitmap = (c.tr.type() & Descriptor.TYPE_32BIT) != 0;
    if (!hasBitmap || isBeyondTss(c, IO_MAP_BASE + 1)) {
      throw c.fault.generalProtection(0);
    }
    int base = (int) c.mmu.readSystem(c.tr.base + IO_MAP_BASE, 2);
    int offset = base + (port >> 3);
    // Two bytes are always read, so the bitmap must be followed by a byte of ones.
    if (isBeyondTss(c, offset + 1)) {
      throw c.fault.generalProtection(0);
    }
    long bits = c.mmu.readSystem(c.tr.base + offset, 2);
    if ((bits >>> (port & 7) & (1 << bytes) - 1) != 0) {
      throw c.fault.generalProtection(0);
    }
  }

  private static boolean isBeyondTss(Vcpu c, int offset) {
    return Integer.compareUnsigned(offset, c.tr.limit) > 0;
  }
}
