package dev.backstep.emulator.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.platform.VmCapabilities.Disabled;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class VmCapabilitiesTest {
  private static final Set<Quirk> KNOWN = KernelGeneration.LINUX_6_16.quirks();
  private static final long LINT0 = Quirk.LINT0_REENABLED.mask();
  private static final long HYPERCALL = Quirk.FIX_HYPERCALL_INSN.mask();

  @Test
  void hasTheTwelveBitsOfLinux() {
    for (Quirk quirk : Quirk.values()) {
      assertEquals(quirk.ordinal(), quirk.bit());
    }
    assertEquals(12, Quirk.values().length);
    assertEquals(0x3FF, new VmCapabilities(KNOWN, Set.of(), Disabled.STAY_OFF).supportedQuirks());
    assertEquals(7, KernelGeneration.LINUX_6_10.quirks().size());
  }

  @Test
  void refusesAllOfARequestWithAnUnknownBit() {
    var vm = new VmCapabilities(KNOWN, Set.of(), Disabled.STAY_OFF);
    assertFalse(vm.disableQuirks2(LINT0 | 1 << 10));
    assertTrue(vm.has(Quirk.LINT0_REENABLED));
    vm.disableQuirks(LINT0 | 1 << 10);
    assertFalse(vm.has(Quirk.LINT0_REENABLED));
    assertTrue(vm.has(Quirk.VMCS12_ALLOW_FREEZE_IN_SMM));
  }

  @Test
  void switchesOffForGoodSinceIgnoreGuestPat() {
    var vm = new VmCapabilities(KNOWN, Set.of(Quirk.SLOT_ZAP_ALL), Disabled.STAY_OFF);
    assertTrue(vm.disableQuirks2(LINT0));
    assertTrue(vm.disableQuirks2(HYPERCALL));
    assertFalse(vm.has(Quirk.LINT0_REENABLED));
    assertFalse(vm.has(Quirk.SLOT_ZAP_ALL));
    var old = new VmCapabilities(KNOWN, Set.of(), Disabled.COME_BACK);
    assertTrue(old.disableQuirks2(LINT0));
    assertTrue(old.disableQuirks2(HYPERCALL));
    assertTrue(old.has(Quirk.LINT0_REENABLED));
    assertFalse(old.has(Quirk.FIX_HYPERCALL_INSN));
  }

  @Test
  void platformsStartWithTheirSettings() {
    VmCapabilities vm =
        Platforms.compose("kvm-amd", Map.of("LINT0_REENABLED", false)).capabilities();
    assertFalse(vm.has(Quirk.LINT0_REENABLED));
    assertTrue(vm.has(Quirk.FIX_HYPERCALL_INSN));
  }

  @Test
  void takesKnownFlagsOfX2apicOnly() {
    var vm = new VmCapabilities(KNOWN, Set.of(), Disabled.STAY_OFF);
    assertFalse(vm.setX2apicFlags(1 << 2));
    assertTrue(vm.setX2apicFlags(VmCapabilities.X2APIC_USE_32BIT_IDS));
    assertTrue(vm.setX2apicFlags(VmCapabilities.X2APIC_DISABLE_BROADCAST_QUIRK));
    assertTrue(vm.uses32BitIds());
    assertTrue(vm.isBroadcastQuirkDisabled());
  }
}
