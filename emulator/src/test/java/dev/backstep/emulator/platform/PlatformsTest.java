package dev.backstep.emulator.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

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
        "--quirk CD_NW_CLEARED: it makes no difference on kvm-intel; `backstep platforms` lists"
            + " what does",
        refusal("kvm-intel", Map.of("CD_NW_CLEARED", false)));
  }

  @Test
  void takesQuirkNamesInAnyCaseAndAsKvmSpellsThem() {
    Platforms.compose("kvm-intel", Map.of("ignore_guest_pat", false));
    Platforms.compose("kvm-intel", Map.of("KVM_X86_QUIRK_IGNORE_GUEST_PAT", false));
  }
}
