package dev.backstep.emulator.device.pci;

/// Functions of the PIIX chips that have no behaviour of their own here: what they do is wired
/// directly (reset port, power management, PICs), and their registers say so.
public final class ChipsetFunction extends PciFunction {
  private static final int INTEL = 0x8086;

  private ChipsetFunction(String name, Identity identity) {
    super(name, identity);
    setSubsystem(QEMU_VENDOR, QEMU_DEVICE);
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
}
