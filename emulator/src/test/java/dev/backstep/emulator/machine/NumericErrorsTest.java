package dev.backstep.emulator.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.machine.MachineConfig.OnReset;
import org.junit.jupiter.api.Test;

/// x87 exceptions while CR0.NE is clear, on each platform.
class NumericErrorsTest {
  /// Remaps the PICs, opens IRQ 13 alone, clears CR0.NE, unmasks the zero-divide exception, and
  /// twice: FLD1, FLDZ, FDIVRP, FWAIT, FNINIT. ESI goes to the exit port.
  private static final String PROGRAM =
      """
      bc 00900000 31f6 8cc8 c1e010
      bb b0001000 bf 68810000 e8 11000000
      bb bd001000 bf 80800000 e8 02000000
      eb 0d
      6689d8 8907 66bb008e 895f04 c3
      0f011d c8001000
      b011 e620 e6a0
      b020 e621 b028 e6a1
      b004 e621 b002 e6a1
      b001 e621 e6a1
      b0fb e621 b0df e6a1
      0f20c0 83e0d3 0f22c0
      dbe3 d92d c6001000
      fb b9 02000000
      d9e8 d9ee def9 9b dbe3 d92d c6001000 e2ef
      89f0 e7f4
      """;

  /// Vector 2DH: INC ESI; OUT F0H, AL; FWAIT, which IGNNE# lets pass; FNCLEX; EOI to both PICs;
  /// IRET.
  private static final String INTERRUPT_13 = "46 e6f0 9b dbe2 b020 e6a0 e620 cf";

  /// Vector 16: ADD ESI, 100H; FNCLEX; IRET.
  private static final String EXCEPTION_16 = "81c6 00010000 dbe2 cf";

  /// The control word, and IDTR.
  private static final String OPERANDS = "7b03 ff07 00800000";

  private static StopReason outcome(String platform) throws MachineConfigException {
    String code = (PROGRAM + INTERRUPT_13 + EXCEPTION_16 + OPERANDS).replaceAll("\\s", "");
    MachineConfig config = TestMachines.config(code, 1, OnReset.STOP, 100_000);
    try (Machine m = TestMachines.machine(TestMachines.onPlatform(config, platform))) {
      return m.run();
    }
  }

  @Test
  void raiseInterrupt13OnAPc() throws Exception {
    assertEquals(new StopReason.DebugExit(2), outcome("bare-metal-intel"));
    assertEquals(new StopReason.DebugExit(2), outcome("bare-metal-amd"));
  }

  @Test
  void areException16UnderVmx() throws Exception {
    assertEquals(new StopReason.DebugExit(0x200), outcome("kvm-intel"));
  }

  @Test
  void freezeTheProcessorForGoodUnderSvm() throws Exception {
    assertEquals(new StopReason.Idle(), outcome("kvm-amd"));
  }
}
