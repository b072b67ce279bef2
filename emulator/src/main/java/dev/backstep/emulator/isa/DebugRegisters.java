package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;

/// MOV to and from DR0 to DR7. SDM Vol. 2 "MOV—Move to/from Debug Registers", Vol. 3 "Debug
/// Registers".
final class DebugRegisters {
  private static final String[] NAMES = {"DR0", "DR1", "DR2", "DR3", "DR4", "DR5", "DR6", "DR7"};

  /// B0 to B3, BD, BS, BT.
  private static final long DR6_WRITABLE =
      0xF | ControlBits.DR6_BD | ControlBits.DR6_BS | ControlBits.DR6_BT;

  /// Enables, LE, GE, GD, and the conditions and lengths.
  private static final long DR7_WRITABLE = 0xFFFF03FFL | ControlBits.DR7_GD;

  private DebugRegisters() {}

  static void move(Vcpu c, DecodedInstruction i, MachineEvent.Op op) {
    boolean reads = op == MachineEvent.Op.READ;
    int register = resolve(c, Operands.register(reads ? i.operand1 : i.operand0));
    Privilege.requireZero(c);
    if ((c.dr[7] & ControlBits.DR7_GD) != 0) {
      DebugTraps.report(c, ControlBits.DR6_BD);
      throw c.fault.withoutCode(GuestFault.DB);
    }
    if (reads) {
      long value = c.dr[register];
      emit(c, op, register, value);
      c.gpr[Operands.register(i.operand0)] = ControlRegisters.width(c, value);
      return;
    }
    long value = ControlRegisters.width(c, c.gpr[Operands.register(i.operand1)]);
    if (register >= 6 && value >>> 32 != 0) {
      throw c.fault.generalProtection(0);
    }
    emit(c, op, register, value);
    write(c, register, value);
  }

  /// DR4 and DR5 are DR6 and DR7, or undefined with CR4.DE.
  private static int resolve(Vcpu c, int register) {
    if (register != 4 && register != 5) {
      return register;
    }
    if (c.cr4(ControlBits.CR4_DE)) {
      throw c.fault.undefinedOpcode();
    }
    return register + 2;
  }

  private static void write(Vcpu c, int register, long value) {
    c.dr[register] =
        switch (register) {
          case 6 -> value & DR6_WRITABLE | ControlBits.DR6_FIXED;
          case 7 -> value & DR7_WRITABLE | ControlBits.DR7_FIXED;
          default -> value;
        };
    if (register != 6) {
      c.updateStepping();
      c.mmu.debugRegistersChanged();
      c.requestAttention();
    }
  }

  private static void emit(Vcpu c, MachineEvent.Op op, int register, long value) {
    if (c.events.isOn()) {
      c.events.emit(new MachineEvent.DebugRegister(c.at(), op, NAMES[register], value));
    }
  }
}
