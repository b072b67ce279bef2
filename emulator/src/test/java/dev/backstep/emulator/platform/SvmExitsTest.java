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

class SvmExitsTest {
  private static final At AT = new At(1, 0, 2, 3);
  private static final int CR = Operands.of(Operands.CONTROL_REGISTER, 0, 8);
  private static final int R9 = Operands.of(Operands.GPR, 9, 8);

  private final VcpuFixture f = new VcpuFixture();

  private String exit(MachineEvent event) {
    return exit(event, Set.of());
  }

  private String exit(MachineEvent event, Set<Quirk> off) {
    MachineEvent.VmExit exit =
        new SvmExits(new VmCapabilities(off, off, VmCapabilities.Disabled.STAY_OFF))
            .exitFor(event, f.c);
    return exit == null
        ? "none"
        : "%x %s %x".formatted(exit.reason(), exit.name(), exit.qualification());
  }

  private void executing(String mnemonic, int operand0, int operand1) {
    var b = new DecodedInstruction.Builder();
    b.opcode = new Opcode("", 0, mnemonic, List.of(), "", "", "", Set.of());
    b.operands[0] = operand0;
    b.operands[1] = operand1;
    var place = new CodeBlock.Place(CpuMode.REAL, 0, 0, 0, -1);
    f.c.block = new CodeBlock(1, place, new byte[1], new DecodedInstruction[] {b.build()});
    f.c.blockIndex = 0;
  }

  private static MachineEvent cr(Op op, String register, long value) {
    return new MachineEvent.ControlRegister(AT, op, register, value);
  }

  @Test
  void namesExitsAsTheTracepointDoes() {
    assertEquals("72 cpuid 0", exit(new MachineEvent.Cpuid(AT, 1, 0, 0, 0, 0, 0)));
    assertEquals("78 hlt 0", exit(new MachineEvent.Halt(AT, true)));
    assertEquals("7f shutdown 0", exit(new MachineEvent.Shutdown(AT, "triple-fault", 0)));
    assertEquals(
        "400 npf 10000000d", exit(new MachineEvent.Mmio(AT, Op.READ, 0xE000_0000L, 4, 0, "x")));
    assertEquals("400 npf 10000000f", exit(new MachineEvent.Apic(AT, Op.WRITE, "EOI", 0, "xapic")));
    assertEquals("none", exit(new MachineEvent.Apic(AT, Op.WRITE, "EOI", 0, "x2apic")));
    assertEquals("none", exit(new MachineEvent.TlbFlush(AT, "invlpg", 0)));
  }

  @Test
  void tellsReadsAndWritesOfRegistersApart() {
    assertEquals("7c msr 0", exit(new MachineEvent.Msr(AT, Op.READ, 0x1B, "", 0, false)));
    assertEquals("7c msr 1", exit(new MachineEvent.Msr(AT, Op.WRITE, 0x1B, "", 0, false)));
    assertEquals("none", exit(new MachineEvent.Msr(AT, Op.WRITE, 0xC000_0082, "", 0, false)));
    assertEquals("none", exit(new MachineEvent.Msr(AT, Op.READ, 0x175, "", 0, false)));
  }

  @Test
  void describesPortAccesses() {
    executing("IN", Operands.of(Operands.GPR, 0, 4), Operands.of(Operands.GPR, 2, 2));
    assertEquals("7b io 600041", exit(new MachineEvent.Io(AT, Op.READ, 0x60, 4, 0, "")));
    executing("OUT", Operands.of(Operands.GPR, 2, 2), Operands.of(Operands.GPR, 0, 1));
    assertEquals("7b io 3f80010", exit(new MachineEvent.Io(AT, Op.WRITE, 0x3F8, 1, 0, "")));
    executing("OUTS", Operands.of(Operands.GPR, 2, 2), Operands.of(Operands.STRING_SOURCE, 0, 2));
    assertEquals("7b io 3f80024", exit(new MachineEvent.Io(AT, Op.WRITE, 0x3F8, 2, 0, "")));
  }

  @Test
  void selectsWritesToCr0AndTakesAllOfCr4() {
    executing("MOV", CR, R9);
    f.c.cr0 = ControlBits.CR0_PE;
    assertEquals("none", exit(cr(Op.WRITE, "CR0", ControlBits.CR0_PE | ControlBits.CR0_TS)));
    assertEquals(
        "65 cr0_sel_write 8000000000000009",
        exit(cr(Op.WRITE, "CR0", ControlBits.CR0_PE | ControlBits.CR0_WP)));
    assertEquals("none", exit(cr(Op.READ, "CR0", 0)));
    assertEquals("14 write_cr4 8000000000000009", exit(cr(Op.WRITE, "CR4", 0)));
    executing("MOV", R9, CR);
    assertEquals("4 read_cr4 8000000000000009", exit(cr(Op.READ, "CR4", 0)));
    executing("LMSW", R9, 0);
    assertEquals("65 cr0_sel_write 0", exit(cr(Op.WRITE, "CR0", 0)));
    assertEquals("none", exit(cr(Op.WRITE, "CR3", 0)));
  }

  @Test
  void interceptsCr0WhileItsCachingBitsAreHidden() {
    executing("MOV", R9, CR);
    f.c.cr0 = ControlBits.CR0_PE | ControlBits.CR0_CD;
    assertEquals("0 read_cr0 8000000000000009", exit(cr(Op.READ, "CR0", 0)));
    assertEquals("10 write_cr0 8000000000000009", exit(cr(Op.WRITE, "CR0", f.c.cr0)));
    assertEquals("none", exit(cr(Op.READ, "CR0", 0), Set.of(Quirk.CD_NW_CLEARED)));
    assertEquals("none", exit(cr(Op.WRITE, "CR0", f.c.cr0), Set.of(Quirk.CD_NW_CLEARED)));
  }

  @Test
  void interceptsFourExceptions() {
    int[] vectors = {1, 6, 17, 18, 13, 14};
    String[] wanted = {
      "41 DB excp 0", "46 UD excp 0", "51 AC excp 0", "52 MC excp 0", "none", "none"
    };
    for (int k = 0; k < vectors.length; k++) {
      assertEquals(
          wanted[k],
          exit(new MachineEvent.Exception(AT, vectors[k], "", false, 0, 0, "instruction")));
    }
  }
}
