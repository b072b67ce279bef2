package dev.backstep.emulator.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;

class PlatformsTest {
  private static String refusal(String name, Map<String, Boolean> quirks) {
    var e = assertThrows(IllegalArgumentException.class, () -> Platforms.compose(name, quirks));
    return String.valueOf(e.getMessage());
  }

  @Test
  void composesEveryPlatformOfTheList() {
    for (Platforms.Entry entry : Platforms.list()) {
      assertEquals(entry.name(), Platforms.compose(entry.name(), Map.of()).name());
    }
    assertEquals(Platforms.DEFAULT, Platforms.list().getFirst().name());
  }

  @Test
  void refusesWhatItDoesNotKnowInOneLine() {
    assertEquals(
        "--platform xen: no such platform; there are bare-metal-intel, bare-metal-amd, kvm-intel,"
            + " kvm-amd",
        refusal("xen", Map.of()));
    assertEquals(
        "--quirk NOPE: no such quirk; there are " + Quirk.names(),
        refusal("kvm-intel", Map.of("NOPE", true)));
    assertEquals(
        "--quirk IGNORE_GUEST_PAT: it makes no difference on kvm-amd; `backstep platforms` lists"
            + " what does",
        refusal("kvm-amd", Map.of("IGNORE_GUEST_PAT", false)));
  }

  @Test
  void refusesQuirksThatTheKernelDoesNotHeed() {
    assertEquals(
        "--quirk CD_NW_CLEARED: it makes no difference on kvm-intel,kernel=6.16",
        refusal("kvm-intel", Map.of("CD_NW_CLEARED", false)));
    assertEquals(
        "--quirk IGNORE_GUEST_PAT: it makes no difference on kvm-intel,kernel=6.11",
        refusal("kvm-intel,kernel=6.11", Map.of("IGNORE_GUEST_PAT", false)));
    Platforms.compose("kvm-intel,kernel=6.10", Map.of("CD_NW_CLEARED", false));
  }

  @Test
  void refusesPropertiesAndValuesThatItDoesNotHave() {
    String properties = "there are kernel=6.16|6.11|6.10, noncoherent-dma=auto|on|off";
    assertStartsWith(
        "--platform kvm-intel,kernal=6.10: kvm-intel has no property \"kernal\"; " + properties,
        refusal("kvm-intel,kernal=6.10", Map.of()));
    assertStartsWith(
        "--platform kvm-intel,: kvm-intel has no property \"\"; " + properties,
        refusal("kvm-intel,", Map.of()));
    assertEquals(
        "--platform kvm-intel,kernel=5.4: kernel is one of 6.16, 6.11, 6.10, not \"5.4\"",
        refusal("kvm-intel,kernel=5.4", Map.of()));
    assertEquals(
        "--platform kvm-intel,kernel: kernel is one of 6.16, 6.11, 6.10, not \"\"",
        refusal("kvm-intel,kernel", Map.of()));
    assertEquals(
        "--platform kvm-intel,kernel=6.10,kernel=6.10: kernel is given twice",
        refusal("kvm-intel,kernel=6.10,kernel=6.10", Map.of()));
    assertEquals(
        "--platform bare-metal-amd,kernel=6.10: bare-metal-amd has no property \"kernel\"; it has"
            + " none",
        refusal("bare-metal-amd,kernel=6.10", Map.of()));
  }

  @Test
  void keepsGuestsFromChoosingMemoryTypesWithoutSelfSnoop() {
    assertEquals(
        "--quirk IGNORE_GUEST_PAT: KVM cannot switch it off with self-snoop=off, where guests must"
            + " not choose memory types",
        refusal("kvm-intel,self-snoop=off", Map.of("IGNORE_GUEST_PAT", false)));
    long bit = Quirk.IGNORE_GUEST_PAT.mask();
    VmCapabilities without = Platforms.compose("kvm-intel,self-snoop=off", Map.of()).capabilities();
    assertEquals(0, without.supportedQuirks() & bit);
    assertFalse(without.disableQuirks2(bit), "-EINVAL");
    assertTrue(Platforms.compose("kvm-intel", Map.of()).capabilities().disableQuirks2(bit));
  }

  @Test
  void knowsTheQuirksOfTheKernel() {
    long newer = Quirk.IGNORE_GUEST_PAT.mask() | Quirk.STUFF_FEATURE_MSRS.mask();
    for (String name : new String[] {"kvm-intel", "kvm-amd"}) {
      VmCapabilities old = Platforms.compose(name + ",kernel=6.10", Map.of()).capabilities();
      assertEquals(0, old.supportedQuirks() & newer, name);
      VmCapabilities now = Platforms.compose(name, Map.of()).capabilities();
      assertEquals(newer, now.supportedQuirks() & newer, name);
    }
  }

  private static void assertStartsWith(String start, String text) {
    assertEquals(start, text.substring(0, Math.min(start.length(), text.length())));
  }

  @Test
  void refusesQuirksThatNobodyCanSee() {
    assertEquals(
        "--quirk SLOT_ZAP_ALL: no guest can see it here: memory slots are the monitor's, and EPT"
            + " violations depend on the host: neither is journaled",
        refusal("kvm-intel", Map.of("SLOT_ZAP_ALL", false)));
    assertEquals(
        "--quirk STUFF_FEATURE_MSRS: KVM of Linux 6.10 does not know it",
        refusal("kvm-intel,kernel=6.10", Map.of("STUFF_FEATURE_MSRS", false)));
    assertEquals(
        "--quirk LINT0_REENABLED: it makes no difference on bare-metal-intel; `backstep platforms`"
            + " lists what does",
        refusal("bare-metal-intel", Map.of("LINT0_REENABLED", false)));
  }

  @Test
  void takesQuirkNamesInAnyCaseAndAsKvmSpellsThem() {
    Platforms.compose("kvm-intel", Map.of("ignore_guest_pat", false));
    Platforms.compose("kvm-intel", Map.of("KVM_X86_QUIRK_IGNORE_GUEST_PAT", false));
  }
}
