package dev.backstep.emulator.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.execution.CodeBlock;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.listen.MachineEvent.At;
import dev.backstep.emulator.listen.MachineEvent.Op;
import dev.backstep.emulator.mmu.VcpuFixture;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class VmxExitsTest {
  private static final At AT = new At(1, 0, 2, 3);

  private final VcpuFixture f = new VcpuFixture();
  private final VmExitPolicy exits = new VmxExits();

  private String exit(MachineEvent event) {
    MachineEvent.VmExit exit = exits.exitFor(event, f.c);
    return exit == null
        ? "none"
        : "%d %s %x".formatted(exit.reason(), exit.name(), exit.qualification());
  }

  /// Pretends that an instruction with these operands is executing.
  private void executing(String mnemonic, int prefixes, int operand0, int operand1) {
    var b = new DecodedInstruction.Builder();
    b.opcode = new Opcode("", 0, mnemonic, List.of(), "", "", "", Set.of());
    b.prefixes = prefixes;
    b.operands[0] = operand0;
    b.operands[1] = operand1;
    var place = new CodeBlock.Place(CpuMode.REAL, 0, 0, 0, -1);
    f.c.block = new CodeBlock(1, place, new byte[1], new DecodedInstruction[] {b.build()});
    f.c.blockIndex = 0;
  }

  @Test
  void exitsForWhatAlwaysExits() {
    assertEquals("10 CPUID 0", exit(new MachineEvent.Cpuid(AT, 1, 0, 0, 0, 0, 0)));
    assertEquals("12 HLT 0", exit(new MachineEvent.Halt(AT, true)));
    assertEquals("49 EPT_MISCONFIG 0", exit(new MachineEvent.Mmio(AT, Op.READ, 1, 4, 0, "x")));
    assertEquals("2 TRIPLE_FAULT 0", exit(new MachineEvent.Shutdown(AT, "triple-fault", 0)));
    assertEquals("none", exit(new MachineEvent.Shutdown(AT, "debug-exit", 0)));
    assertEquals("none", exit(new MachineEvent.TlbFlush(AT, "invlpg", 0)));
    assertEquals("none", exit(new MachineEvent.Mode(AT, "real", "long")));
    assertEquals("none", exit(new MachineEvent.Interrupt(AT, 32, "ipi", 0)));
  }

  @Test
  void exitsForRegistersThatTheBitmapHolds() {
    assertEquals("31 MSR_READ 0", exit(msr(Op.READ, 0x1B)));
    assertEquals("32 MSR_WRITE 0", exit(msr(Op.WRITE, 0xC000_0080)));
    assertEquals("none", exit(msr(Op.READ, 0x10)));
    assertEquals("32 MSR_WRITE 0", exit(msr(Op.WRITE, 0x10)));
    assertEquals("none", exit(msr(Op.WRITE, 0xC000_0100)));
    assertEquals("none", exit(msr(Op.WRITE, 0x808)));
    assertEquals("32 MSR_WRITE 0", exit(msr(Op.WRITE, 0x830)));
  }

  private static MachineEvent msr(Op op, int index) {
    return new MachineEvent.Msr(AT, op, index, "", 0, false);
  }

  @Test
  void describesPortAccesses() {
    int dx = Operands.of(Operands.GPR, 2, 2);
    int al = Operands.of(Operands.GPR, 0, 1);
    executing("OUT", 0, dx, al);
    assertEquals(
        "30 IO_INSTRUCTION 3f80000", exit(new MachineEvent.Io(AT, Op.WRITE, 0x3F8, 1, 0, "")));
    executing("IN", 0, al, Operands.of(Operands.IMMEDIATE, 0, 1));
    assertEquals(
        "30 IO_INSTRUCTION 60004b", exit(new MachineEvent.Io(AT, Op.READ, 0x60, 4, 0, "")));
    executing(
        "INS", DecodedInstruction.PREFIX_REP, Operands.of(Operands.STRING_DESTINATION, 0, 2), dx);
    assertEquals(
        "30 IO_INSTRUCTION 1f00039", exit(new MachineEvent.Io(AT, Op.READ, 0x1F0, 2, 0, "")));
  }

  @Test
  void exitsForBitsOfControlRegistersThatTheHostOwns() {
    executing("MOV", 0, Operands.of(Operands.CONTROL_REGISTER, 0, 8), Operands.of(1, 11, 8));
    f.c.cr0 = ControlBits.CR0_PE;
    assertEquals("none", exit(cr("CR0", ControlBits.CR0_PE | ControlBits.CR0_TS)));
    assertEquals("none", exit(cr("CR0", ControlBits.CR0_PE | ControlBits.CR0_WP)));
    assertEquals("28 CR_ACCESS b00", exit(cr("CR0", ControlBits.CR0_PE | ControlBits.CR0_CD)));
    f.c.cr4 = ControlBits.CR4_PAE;
    assertEquals("none", exit(cr("CR4", ControlBits.CR4_PAE | ControlBits.CR4_PGE)));
    assertEquals("28 CR_ACCESS b04", exit(cr("CR4", ControlBits.CR4_PAE | ControlBits.CR4_SMEP)));
    assertEquals("none", exit(cr("CR3", 0x1000)));
    assertEquals("none", exit(new MachineEvent.ControlRegister(AT, Op.READ, "CR0", 0)));
    executing("LMSW", 0, Operands.of(Operands.GPR, 0, 2), 0);
    assertEquals("28 CR_ACCESS 30", exit(cr("CR0", 3)));
  }

  private static MachineEvent cr(String register, long value) {
    return new MachineEvent.ControlRegister(AT, Op.WRITE, register, value);
  }

  @Test
  void exitsForTheXapicPageButNotItsTaskPriority() {
    assertEquals("44 APIC_ACCESS 1300", exit(apic(Op.WRITE, "ICR", "xapic")));
    assertEquals("44 APIC_ACCESS 210", exit(apic(Op.READ, "IRR1", "xapic")));
    assertEquals("none", exit(apic(Op.WRITE, "TPR", "xapic")));
    assertEquals("none", exit(apic(Op.WRITE, "ICR", "x2apic")));
  }

  private static MachineEvent apic(Op op, String register, String mode) {
    return new MachineEvent.Apic(AT, op, register, 0, mode);
  }

  @Test
  void exitsForTheExceptionsOfTheBitmap() {
    assertEquals("0 EXCEPTION_NMI 0", exit(exception(6)));
    f.c.dr[6] = 0xFFFF_4FF1L;
    assertEquals("0 EXCEPTION_NMI 4001", exit(exception(1)));
    assertEquals("none", exit(exception(14)));
    assertEquals("none", exit(exception(13)));
  }

  private static MachineEvent exception(int vector) {
    return new MachineEvent.Exception(AT, vector, "", false, 0, 0, "instruction");
  }
}
