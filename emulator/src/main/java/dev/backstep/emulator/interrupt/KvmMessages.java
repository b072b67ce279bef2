package dev.backstep.emulator.interrupt;

import dev.backstep.emulator.control.ControlAnswer;
import dev.backstep.emulator.control.Errno;
import dev.backstep.emulator.control.KvmParts;
import java.util.Arrays;

/// KVM_SIGNAL_MSI. Linux arch/x86/kvm/irq.c, kvm_set_msi; virt/kvm/irqchip.c,
/// kvm_send_userspace_msi; api.rst, "KVM_SIGNAL_MSI".
///
/// ```
/// 63             40 39     32 31  20 19          12 11 4   3    2   1 0
/// | dest bits 31:8 |    0    | FEEh | dest bits 7:0 |   | hint| mode| - |
/// ```
///
/// Bits 63:32 count only with KVM_X2APIC_API_USE_32BIT_IDS; without, they are not looked at.
public final class KvmMessages implements KvmParts.MessageSignals {
  private static final int MUST_BE_ZERO_SHIFT = 32;

  private final ApicRouter router;
  private final X2apicApi api;

  /// @param router carries the messages
  /// @param api what the hypervisor's user asked for
  public KvmMessages(ApicRouter router, X2apicApi api) {
    this.router = router;
    this.api = api;
  }

  @Override
  public ControlAnswer signal(long address, int data) {
    boolean wide = api.uses32BitIds();
    if (wide && (address >>> MUST_BE_ZERO_SHIFT & 0xFF) != 0) {
      return ControlAnswer.refused(
          Errno.EINVAL, "bits 39:32 of the address are not zero: kvm_msi_route_invalid");
    }
    InterruptMessage message =
        wide ? InterruptMessage.ofWideMsi(address, data) : InterruptMessage.ofMsi(address, data);
    ApicRouter.Signalled signalled = router.signal(message);
    String reached =
        signalled.targets().length == 0
            ? "reached nobody"
            : "reached vCPUs " + Arrays.toString(signalled.targets());
    return new ControlAnswer(
        Integer.toString(signalled.count()), signalled.rule() + "; " + reached);
  }
}
