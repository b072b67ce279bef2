package dev.backstep.emulator.isa;

import static dev.backstep.emulator.testing.SystemBench.TSS_AT;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Virtual-8086 mode with and without CR4.VME, and CR4.PVI: SDM Vol. 3 "8086 Emulation", Vol. 2
/// under CLI, STI, PUSHF, POPF, IRET and INT n.
class Virtual8086TablesTest {
  private static final List<String> NONE = List.of();
  private static final List<String> GP = List.of("#GP(0)");

  private final SystemBench b = new SystemBench();

  private void vm86(int iopl, boolean vme, int flags) {
    b.protected32();
    b.c.cr4 = vme ? ControlBits.CR4_VME : 0;
    b.vm86(iopl);
    b.c.setRflags(Rflags.VM | iopl << 12 | flags);
    b.c.updateMode();
  }

  /// SDM Vol. 2 tables "Decision Table for CLI Results" and "Decision Table for STI Results", all
  /// lines.
  @Test
  void cliAndSti() {
    for (int k = 0; k < 512; k++) {
      boolean vm = (k & 1) != 0;
      int cpl = vm ? 3 : k >> 1 & 3;
      int iopl = k >> 3 & 3;
      boolean vme = (k & 32) != 0;
      boolean pvi = (k & 64) != 0;
      boolean pending = (k & 128) != 0;
      boolean sti = (k & 256) != 0;
      Rings.restart(b, cpl);
      if (vm) {
        b.vm86(iopl);
      }
      b.c.cr4 = (vme ? ControlBits.CR4_VME : 0) | (pvi ? ControlBits.CR4_PVI : 0);
      int before = (sti ? 0 : Rflags.IF | (pending ? 0 : Rflags.VIF)) | (pending ? Rflags.VIP : 0);
      b.c.setRflags((vm ? Rflags.VM : 0) | iopl << 12 | before);
      b.c.updateMode();
      b.code(sti ? 0xFB : 0xFA).step();
      String at =
          "vm %s cpl %d iopl %d vme %s pvi %s vip %s sti %s"
              .formatted(vm, cpl, iopl, vme, pvi, pending, sti);
      if (iopl >= cpl) {
        assertEquals(NONE, b.exceptions(), at);
        assertEquals(sti, b.c.flag(Rflags.IF), at);
        assertEquals((before & Rflags.VIF) != 0, b.c.flag(Rflags.VIF), at);
        continue;
      }
      boolean virtual = vm ? vme : cpl == 3 && pvi;
      if (!virtual || sti && pending) {
        assertEquals(GP, b.exceptions(), at);
      } else {
        assertEquals(NONE, b.exceptions(), at);
        assertEquals(!sti, b.c.flag(Rflags.IF), at);
        assertEquals(sti, b.c.flag(Rflags.VIF), at);
      }
    }
  }

  /// Table "Software Interrupt Handling Methods While in Virtual-8086 Mode", methods 1 to 6.
  @ParameterizedTest
  @CsvSource({
    "1, false, 3, 0, monitor",
    "1, false, 3, 1, monitor",
    "2, false, 0, 0, gp",
    "2, false, 2, 1, gp",
    "3, true, 0, 1, gp",
    "3, true, 2, 1, gp",
    "4, true, 3, 1, monitor",
    "5, true, 3, 0, program",
    "6, true, 0, 0, program",
    "6, true, 2, 0, program"
  })
  void softwareInterrupts(int method, boolean vme, int iopl, int redirect, String to) {
    vm86(iopl, vme, Rflags.IF | Rflags.VIF | Rflags.NT | Rflags.CF);
    b.put16(TSS_AT + 102, 0x100);
    b.ram.putByte(TSS_AT + 0xE0 + 4, (byte) (redirect << 1));
    b.put32(4 * 0x21, 0x1600_0020L);
    b.code(0xCD, 0x21).step();
    switch (to) {
      case "gp" -> assertEquals(GP, b.exceptions());
      case "monitor" -> {
        assertEquals(NONE, b.exceptions());
        assertEquals(SystemBench.handler(0x21), b.c.rip);
        assertEquals(0, b.c.cpl);
        assertEquals(0, b.selector(SegmentRegister.DS));
        assertEquals(2, b.stack32(0));
        assertEquals(Rflags.VM, b.stack32(2) & Rflags.VM);
        assertEquals(0, b.c.rflags() & (Rflags.VM | Rflags.NT | Rflags.TF | Rflags.IF));
      }
      default -> {
        assertEquals(NONE, b.exceptions());
        assertEquals(CpuMode.VM86, b.c.mode);
        assertEquals(0x1600, b.selector(SegmentRegister.CS));
        assertEquals(0x20, b.c.rip);
        assertEquals(Rflags.NT | Rflags.CF | Rflags.FIXED | Rflags.IF | Rflags.IOPL, b.stack16(2));
        // Method 5 clears IF, method 6 VIF.
        assertEquals(method == 6, b.c.flag(Rflags.IF));
        assertEquals(method == 5, b.c.flag(Rflags.VIF));
      }
    }
  }

  /// INT3, INTO and INT1 are neither redirected nor IOPL-sensitive. Section "Software Interrupt
  /// Handling".
  @ParameterizedTest
  @ValueSource(ints = {0xCC, 0xCE, 0xF1})
  void breakpointsGoToTheMonitor(int opcode) {
    vm86(0, true, Rflags.OF);
    b.put16(TSS_AT + 102, 0x100);
    b.code(opcode).step();
    assertEquals(0, b.c.cpl);
    int vector = opcode == 0xCC ? 3 : opcode == 0xCE ? 4 : 1;
    assertEquals(SystemBench.handler(vector), b.c.rip);
  }

  /// The redirection bitmap is the 32 bytes below the I/O bitmap; beyond the TSS it is #GP.
  @Test
  void redirectionBitmapBeyondTheTssIsGp() {
    vm86(3, true, 0);
    b.put16(TSS_AT + 102, 0x500);
    b.code(0xCD, 0x21).step();
    assertEquals(GP, b.exceptions());
  }

  /// Section "Sensitive Instructions": PUSHF, POPF and IRET; 32-bit forms are #GP even with VME.
  @ParameterizedTest
  @CsvSource({"9C", "9D", "CF"})
  void sensitiveInstructions(String hex) {
    int opcode = Integer.parseInt(hex, 16);
    for (int iopl = 0; iopl < 4; iopl++) {
      for (int k = 0; k < 4; k++) {
        boolean vme = (k & 1) != 0;
        boolean wide = (k & 2) != 0;
        vm86(iopl, vme, 0);
        for (int slot = 0; slot < 12; slot += 2) {
          b.put16(0x8000 + slot, 0);
        }
        if (wide) {
          b.code(0x66, opcode).step();
        } else {
          b.code(opcode).step();
        }
        boolean allowed = iopl == 3 || vme && !wide;
        assertEquals(allowed ? NONE : GP, b.exceptions(), hex + " iopl " + iopl + " " + k);
      }
    }
  }

  /// POPF and IRET below IOPL 3 with VME: an image with TF, or with IF while VIP is set, is #GP.
  @ParameterizedTest
  @ValueSource(ints = {0x9D, 0xCF})
  void imagesThatVmeRefuses(int opcode) {
    int[][] cases = {
      {0, 0, 0},
      {Rflags.IF, 0, 0},
      {Rflags.TF, 0, 1},
      {Rflags.IF, Rflags.VIP, 1},
      {0, Rflags.VIP, 0}
    };
    for (int[] one : cases) {
      vm86(0, true, one[1]);
      b.put16(0x8000, opcode == 0x9D ? one[0] : 0);
      b.put16(0x8002, 0x1500);
      b.put16(0x8004, one[0]);
      b.code(opcode).step();
      assertEquals(one[2] == 1 ? GP : NONE, b.exceptions(), List.of(one[0], one[1]).toString());
      if (one[2] == 0) {
        assertEquals(one[0] != 0, b.c.flag(Rflags.VIF));
        assertEquals(0, b.c.iopl());
      }
    }
  }

  /// Section "Class 2": VIF and VIP both set at the beginning of an instruction is #GP(0), before
  /// the instruction has done anything.
  @Test
  void openVirtualInterruptIsGpBeforeTheInstruction() {
    vm86(0, true, Rflags.VIF | Rflags.VIP);
    b.code(0x40).step();
    assertEquals(GP, b.exceptions());
    assertEquals(0, b.stack32(1));
    vm86(0, false, Rflags.VIF | Rflags.VIP);
    b.code(0x40).step();
    assertEquals(NONE, b.exceptions());
    Rings.restart(b, 3);
    b.c.cr4 = ControlBits.CR4_PVI;
    b.c.setRflags(Rflags.VIF | Rflags.VIP);
    b.code(0x40).step();
    assertEquals(GP, b.exceptions());
  }

  /// Section "Privileged instructions" and SDM Vol. 2: CPL is 3, so they are #GP(0); instructions
  /// on descriptors are #UD.
  @ParameterizedTest
  @CsvSource({
    "0F 22 C0, #GP(0)", // MOV CR0, EAX
    "0F 20 C0, #GP(0)", // MOV EAX, CR0
    "0F 23 C0, #GP(0)", // MOV DR0, EAX
    "F4, #GP(0)", // HLT
    "0F 06, #GP(0)", // CLTS
    "0F 08, #GP(0)", // INVD
    "0F 09, #GP(0)", // WBINVD
    "0F 01 3F, #GP(0)", // INVLPG
    "0F 01 17, #GP(0)", // LGDT
    "0F 01 1F, #GP(0)", // LIDT
    "0F 01 F0, #GP(0)", // LMSW AX
    "0F 30, #GP(0)", // WRMSR
    "0F 32, #GP(0)", // RDMSR
    "0F 00 D8, #UD", // LTR
    "0F 00 D0, #UD", // LLDT
    "0F 00 C8, #UD", // STR
    "0F 00 C0, #UD", // SLDT
    "0F 02 C0, #UD", // LAR
    "0F 03 C0, #UD", // LSL
    "0F 00 E0, #UD", // VERR
    "0F 00 E8, #UD", // VERW
    "63 C0, #UD" // ARPL
  })
  void privilegedInstructions(String hex, String expected) {
    vm86(3, false, 0);
    String[] parts = hex.split(" ", -1);
    int[] bytes = new int[parts.length];
    for (int k = 0; k < parts.length; k++) {
      bytes[k] = Integer.parseInt(parts[k], 16);
    }
    b.code(bytes).step();
    assertEquals(List.of(expected), b.exceptions());
  }

  /// The I/O bitmap decides whatever the IOPL. SDM Vol. 1 "I/O Permission Bit Map".
  @Test
  void portsAreCheckedByTheBitmapAlone() {
    for (int iopl = 0; iopl < 4; iopl++) {
      vm86(iopl, false, 0);
      b.put16(TSS_AT + 102, 0x100);
      b.ram.putByte(TSS_AT + 0x100 + 8, (byte) 1);
      b.ram.putByte(TSS_AT + 0x101 + 8, (byte) 0);
      b.code(0xE4, 0x40).step();
      assertEquals(GP, b.exceptions());
      vm86(iopl, false, 0);
      b.put16(TSS_AT + 102, 0x100);
      b.code(0xE4, 0x41).step();
      assertEquals(NONE, b.exceptions());
    }
  }

  @Test
  void stackPointerOfTheProgramIsPushedWhole() {
    vm86(3, false, 0);
    b.c.gpr[Vcpu.RSP] = 0xABCD_8000L;
    b.code(0xCD, 0x21).step();
    assertEquals(0xABCD_8000L, b.stack32(3));
  }
}
