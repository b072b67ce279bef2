package dev.backstep.cli.errata;

import static dev.backstep.cli.errata.ErrataPlatform.BARE_METAL_AMD;
import static dev.backstep.cli.errata.ErrataPlatform.BARE_METAL_INTEL;
import static dev.backstep.cli.errata.ErrataPlatform.KVM_AMD;
import static dev.backstep.cli.errata.ErrataPlatform.KVM_INTEL;

import java.util.Locale;

/// The 30 pairs of an MTRR type and a PAT type. Guest `errata-mtrr cells` touches a page of RAM
/// with each of them.
final class MtrrCells {
  static final String[] MTRRS = {"UC", "WC", "WT", "WP", "WB"};
  static final String[] PATS = {"UC", "UC-", "WC", "WT", "WP", "WB"};

  private static final long WINDOW = 0x80_0000;
  private static final long ROW_BYTES = 0x1_0000;
  private static final long PAGE_BYTES = 0x1000;

  private static final String SDM =
      "SDM Vol. 3 \"Selecting Memory Types for Pentium III and More Recent Processor Families\"";
  private static final String XEN = "; Xen xen/arch/x86/hvm/mtrr.c mm_type_tbl";
  private static final String APM = "APM Vol. 2 \"Combined Effect of MTRRs and PAT\"";
  private static final String NPT =
      "APM Vol. 2 \"Combining Memory Types, MTRRs\"; errata.rst MTRRs";
  private static final String EPT = "SDM Vol. 3 \"Memory Type Used for Translated Guest-Physical";

  /// Source of EPT x PAT.
  static final String EPT_AND_PAT = EPT + " Addresses\"";

  /// Rows by MTRR or EPT leaf, columns by PAT: [#MTRRS], [#PATS].
  private static final String[] INTEL = {
    "UC UC WC UC UC UC", //
    "UC WC WC UC UC WC", //
    "UC UC WC WT WP WT", //
    "UC WC WC WT WP WP", //
    "UC UC WC WT WP WB", //
  };

  /// The same for AMD, where CD, uncacheable because types conflict, is shown as UC.
  private static final String[] AMD = {
    "UC UC WC UC UC UC", //
    "CD WC WC CD CD WC", //
    "CD CD WC WT CD WT", //
    "CD CD WC CD WP WP", //
    "CD CD WC WT WP WB", //
  };

  /// A guest's PAT over host memory that is WB by PAT and MTRRs: WC+ is shown as WC, CD as UC.
  private static final String[] NESTED = {"UC", "UC", "WC", "WT", "WP", "WB"};

  private MtrrCells() {}

  static Recipe recipe() {
    return Recipe.guest("errata-mtrr").append("cells");
  }

  /// What comes of an EPT leaf's type and the guest's PAT, by their places in the tables.
  static String ept(int row, int column) {
    return INTEL[row].split(" ", -1)[column];
  }

  private static String amd(int row, int column) {
    return AMD[row].split(" ", -1)[column];
  }

  /// The address of a cell's page.
  static String page(int row, int column) {
    return "0x" + Long.toHexString(WINDOW + row * ROW_BYTES + column * PAGE_BYTES);
  }

  static Observation observed(int row, int column, String... fields) {
    return Observation.field("kind:memory_type AND gpa:" + page(row, column), fields);
  }

  /// The part of a behaviour's name that says the types.
  static String name(int row, int column) {
    return word(MTRRS[row]) + "-pat-" + word(PATS[column]);
  }

  static String word(String type) {
    return type.toLowerCase(Locale.ROOT).replace("-", "-minus");
  }

  /// All cells on all platforms as they come.
  static void addTo(BehaviourList list) {
    for (int row = 0; row < MTRRS.length; row++) {
      for (int column = 0; column < PATS.length; column++) {
        String shown = amd(row, column).replace("CD", "UC");
        list.add("mtrr-" + name(row, column), sentence(row, column))
            .recorded(recipe())
            .observed(observed(row, column, "effective"))
            .expect(ept(row, column), MTRRS[row].equals("WP") ? SDM + XEN : SDM, BARE_METAL_INTEL)
            .expect(shown, APM, BARE_METAL_AMD)
            .expect("WB", "errata.rst MTRRs; vmx_get_mt_mask: WB with IPAT", KVM_INTEL)
            .expect(NESTED[column], NPT, KVM_AMD);
      }
    }
    addConflicts(list);
  }

  private static String sentence(int row, int column) {
    return "RAM that the MTRRs make %s and the page tables %s.".formatted(MTRRS[row], PATS[column]);
  }

  /// AMD's CD, which the effective type does not show.
  private static void addConflicts(BehaviourList list) {
    for (int row = 0; row < MTRRS.length; row++) {
      for (int column = 0; column < PATS.length; column++) {
        if (amd(row, column).equals("CD")) {
          String how = MTRRS[row].equals("WB") ? "mtrr-wb-yields-to-pat" : table(row, column);
          list.add(
                  "mtrr-conflict-" + name(row, column),
                  "MTRRs %s and PAT %s conflict: CD on AMD.".formatted(MTRRS[row], PATS[column]))
              .recorded(recipe())
              .observed(observed(row, column, "rule"))
              .expect(how + ": CD", APM, BARE_METAL_AMD);
        }
      }
    }
  }

  private static String table(int row, int column) {
    return "apm-table mtrr=%s pat=%s".formatted(MTRRS[row], PATS[column]);
  }

  /// All cells where KVM up to 6.10 honours the guest's types: with non-coherent DMA.
  static void addHonoured(BehaviourList list) {
    for (int row = 0; row < MTRRS.length; row++) {
      for (int column = 0; column < PATS.length; column++) {
        list.add(
                "mtrr-honoured-" + name(row, column),
                "The same before 6.11 with non-coherent DMA: " + sentence(row, column))
            .recorded(recipe().setting("kernel=6.10,noncoherent-dma=on"))
            .observed(observed(row, column, "effective", "nested"))
            .expect(
                "effective=%s nested=%s".formatted(ept(row, column), MTRRS[row]),
                EPT_AND_PAT + "; vmx_get_mt_mask before 6.11",
                KVM_INTEL);
      }
    }
  }
}
