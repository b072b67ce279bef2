package dev.backstep.emulator.device.pci;

import dev.backstep.emulator.device.AcpiPm;

/// The functions of the i440FX and PIIX chips that have no behaviour of their own here: what they
/// do is wired directly (reset port, power management, PICs), and their registers say so.
public final class ChipsetFunction extends PciFunction {
  private static final int INTEL = 0x8086;

  private ChipsetFunction(String name, Identity identity) {
    super(name, identity);
  }

  /// Intel 82441FX, function 0.0. Its memory attribute registers can be written, but shadow RAM is
  /// always readable and writable.
  public static PciFunction hostBridge() {
    var function = new ChipsetFunction("i440fx", new Identity(INTEL, 0x1237, 0x06_0000, 2));
    for (int offset = 0x59; offset <= 0x5F; offset++) {
      function.allowWrites(offset, 0xFF);
    }
    return function;
  }

  /// Intel 82371SB, ISA bridge: PIRQA to PIRQD at 60h to 63h, which firmware set to IRQ 10, 10, 11,
  /// 11.
  public static PciFunction isaBridge() {
    var function = new ChipsetFunction("piix3", new Identity(INTEL, 0x7000, 0x06_0100, 0));
    function.setMultiFunction();
    int[] irqs = {10, 10, 11, 11};
    for (int k = 0; k < irqs.length; k++) {
      function.set(0x60 + k, irqs[k]);
      function.allowWrites(0x60 + k, 0x8F);
    }
    return function;
  }

  /// Intel 82371AB, power management. Its ports do not move: the base register is read-only.
  public static PciFunction powerManagement() {
    var function = new ChipsetFunction("piix4-pm", new Identity(INTEL, 0x7113, 0x06_8000, 3));
    function.set16(0x40, AcpiPm.BASE_PORT | 1);
    function.set(0x80, 1); // PMIOSE: the ports are decoded.
    function.setInterruptPin(1);
    function.set(0x3C, 9);
    return function;
  }
}
