package dev.backstep.emulator.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.listen.MachineEvent.MemoryTypeChosen;
import dev.backstep.emulator.mmu.VcpuFixture;
import dev.backstep.emulator.vcpu.ControlBits;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// What KVM puts into EPT leaves, and what comes of it with the guest's PAT: every generation of
/// vmx_get_mt_mask, with and without non-coherent DMA, against a transcript of the table.
class EptGenerationsTest {
  private static final int DS = 3;
  private static final long RAM_PAGE = 0x40_0000;
  private static final String[] KERNELS = {"6.10", "6.11", "6.16"};

  /// Columns of [#TABLE].
  private static final String[] PATS = {"UC", "UC-", "WC", "WT", "WP", "WB"};

  private static final int[] PAT_CODES = {0, 7, 1, 4, 5, 6};

  /// SDM Vol. 3 "Memory Type Used for Translated Guest-Physical Addresses": rows by the leaf's
  /// type.
  private static final Map<String, String> TABLE =
      Map.of(
          "UC", "UC UC WC UC UC UC",
          "WC", "UC WC WC UC UC WC",
          "WT", "UC UC WC WT WP WT",
          "WP", "UC WC WC WT WP WP",
          "WB", "UC UC WC WT WP WB");

  private static final String[] MTRRS = {"UC", "WC", "WT", "WP", "WB"};
  private static final int[] MTRR_CODES = {0, 1, 4, 5, 6};

  /// What a case depends on.
  private record Case(
      String kernel, boolean dma, boolean quirk, boolean cd, boolean device, int mtrr, int pat) {

    /// Rows of the facts' table, from the newest kernel down.
    String leaf() {
      if (device) {
        return "UC";
      }
      if (!dma) {
        return kernel.equals("6.16") && !quirk ? "WB" : "WB|IPAT";
      }
      if (!kernel.equals("6.10")) {
        return "WB";
      }
      if (cd) {
        return quirk ? "WB|IPAT" : "UC|IPAT";
      }
      return MTRRS[mtrr];
    }

    String effective() {
      String type = leaf().split("\\|", -1)[0];
      String row = String.valueOf(TABLE.get(type));
      return leaf().endsWith("IPAT") ? type : row.split(" ", -1)[pat];
    }

    VcpuFixture fixture() {
      String text = "kvm-intel,kernel=" + kernel + ",noncoherent-dma=" + (dma ? "on" : "off");
      var f = new VcpuFixture("max", text, quirks());
      f.ram.putLong(0x1000, 0x2007);
      f.ram.putLong(0x2000, 0x3007);
      f.ram.putLong(0x3000, 0x4007);
      f.ram.putLong(0x4000, gpa() | 0x9F);
      f.long64(0, 0x1000);
      f.c.msrTable.write(f.c, 0x277, (long) PAT_CODES[pat] << 56 | 0x07_0406_0007_0406L);
      f.c.msrTable.write(f.c, 0x200, gpa() | MTRR_CODES[mtrr]);
      f.c.msrTable.write(f.c, 0x201, (1L << 46) - 0x1000 | 0x800);
      f.c.msrTable.write(f.c, 0x2FF, 0xC06);
      f.c.cr0 |= cd ? ControlBits.CR0_CD : 0;
      f.c.updateMode();
      return f;
    }

    private long gpa() {
      return device ? VcpuFixture.DEVICE : RAM_PAGE;
    }

    private Map<String, Boolean> quirks() {
      return switch (kernel) {
        case "6.10" -> Map.of("CD_NW_CLEARED", quirk);
        case "6.16" -> Map.of("IGNORE_GUEST_PAT", quirk);
        default -> Map.of();
      };
    }
  }

  private static MemoryTypeChosen chosen(VcpuFixture f) {
    f.events.clear();
    f.c.mmu.load8(DS, 0);
    return f.eventsOf(MemoryTypeChosen.class).getFirst();
  }

  private static void check(Case one) {
    MemoryTypeChosen e = chosen(one.fixture());
    String where = one + ": " + e.rule();
    assertEquals(one.leaf(), e.nested(), where);
    assertEquals(one.effective(), e.effective(), where);
    assertEquals(MTRRS[one.mtrr], e.mtrr(), where);
    assertEquals(PATS[one.pat], e.pat(), where);
    assertEquals(one.cd, e.cr0Cd(), where);
  }

  @Test
  void followsAll30CellsWhereTheGuestsTypesAreHonoured() {
    for (int mtrr = 0; mtrr < MTRRS.length; mtrr++) {
      for (int pat = 0; pat < PATS.length; pat++) {
        check(new Case("6.10", true, true, false, false, mtrr, pat));
      }
    }
  }

  @Test
  void followsTheHistoryOfTheKernel() {
    var random = new Random(0x611);
    for (int k = 0; k < 150; k++) {
      check(
          new Case(
              KERNELS[random.nextInt(3)],
              random.nextBoolean(),
              random.nextBoolean(),
              random.nextBoolean(),
              random.nextInt(8) == 0,
              random.nextInt(MTRRS.length),
              random.nextInt(PATS.length)));
    }
  }

  @Test
  void namesTheRuleThatDecided() {
    assertEquals("ept-wb-ignore-guest-pat", rule("6.16", false, true, false));
    assertEquals("ept-wb-yields-to-guest-pat", rule("6.16", false, false, false));
    assertEquals("ept-wb-yields-to-guest-pat", rule("6.16", true, true, true));
    assertEquals("ept-wb-coherent-dma", rule("6.11", false, true, true));
    assertEquals("ept-wb-yields-to-guest-pat", rule("6.11", true, true, true));
    assertEquals("ept-wb-coherent-dma", rule("6.10", false, true, true));
    assertEquals("ept-from-guest-mtrr-uc", rule("6.10", true, true, false));
    assertEquals("ept-wb-cd-nw-cleared", rule("6.10", true, true, true));
    assertEquals("ept-uc-guest-cd", rule("6.10", true, false, true));
  }

  private static String rule(String kernel, boolean dma, boolean quirk, boolean cd) {
    return chosen(new Case(kernel, dma, quirk, cd, false, 0, 5).fixture()).rule();
  }

  @Test
  void takesDisabledMtrrsForUcAndAbsentOnesForWb() {
    var f = new Case("6.10", true, true, false, false, 4, 5).fixture();
    f.c.msrTable.write(f.c, 0x2FF, 0x406);
    MemoryTypeChosen e = chosen(f);
    assertEquals("UC UC ept-from-guest-mtrr-disabled-uc", text(e));
    var g = new VcpuFixture("max,-mtrr", "kvm-intel,kernel=6.10,noncoherent-dma=on", Map.of());
    assertEquals("WB WB ept-from-guest-no-mtrrs-wb", text(chosen(g.flat32(0))));
  }

  private static String text(MemoryTypeChosen e) {
    return e.effective() + " " + e.nested() + " " + e.rule();
  }

  @Test
  void leavesNestedPagingAloneWhateverTheDevices() {
    var f = new VcpuFixture("max", "kvm-amd,kernel=6.10,noncoherent-dma=on", Map.of());
    assertEquals("WB WB npt-wb-yields-to-guest-pat", text(chosen(f.flat32(0))));
  }

  @Test
  void heedsAQuirkAsSoonAsItIsSwitchedOff() {
    Platform platform = Platforms.compose("kvm-intel", Map.of());
    var f = new VcpuFixture("max", platform);
    f.ram.putLong(0x1000, 0x2007);
    f.ram.putLong(0x2000, 0x3007);
    f.ram.putLong(0x3000, 0x4007);
    f.ram.putLong(0x4000, RAM_PAGE | 0x1F);
    f.long64(0, 0x1000);
    assertEquals("WB WB|IPAT ept-wb-ignore-guest-pat", text(chosen(f)));
    platform.capabilities().disableQuirks2(Quirk.IGNORE_GUEST_PAT.mask());
    f.c.mmu.flushAll("test");
    assertEquals("UC WB ept-wb-yields-to-guest-pat", text(chosen(f)));
  }
}
