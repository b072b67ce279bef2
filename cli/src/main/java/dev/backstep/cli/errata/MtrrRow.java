package dev.backstep.cli.errata;

import static dev.backstep.cli.errata.ErrataPlatform.BARE_METAL_AMD;
import static dev.backstep.cli.errata.ErrataPlatform.BARE_METAL_INTEL;
import static dev.backstep.cli.errata.ErrataPlatform.KVM_AMD;
import static dev.backstep.cli.errata.ErrataPlatform.KVM_INTEL;

import java.util.List;

/// Row `mtrr`: guests' MTRRs decide memory types on bare metal and decide nothing under KVM, but
/// for old kernels with non-coherent DMA; and what becomes of the guest's PAT.
final class MtrrRow implements ErrataRow {
  private static final String SDM =
      "SDM Vol. 3 \"Selecting Memory Types for Pentium III and More Recent Processor Families\"";

  /// Behind a source that leaves the outcome open.
  private static final String CHOSEN = " leaves it undefined; docs/platforms.md chooses";

  private static final String PRECEDENCES = "SDM Vol. 3 \"MTRR Precedences\"";
  private static final String FIXED = "SDM Vol. 3 \"Fixed Range MTRRs\"";
  private static final String APM = "APM Vol. 2 \"Combining Memory Types, MTRRs\"";
  private static final String APM_USING = "APM Vol. 2 \"Using MTRRs\"";
  private static final String ERRATA = "Documentation/virt/kvm/x86/errata.rst \"MTRRs\"";
  private static final String MT_MASK = "arch/x86/kvm/vmx/vmx.c, vmx_get_mt_mask";
  private static final String KVM_MTRR = "arch/x86/kvm/mtrr.c of Linux 6.10";
  private static final String HONOURED = "kernel=6.10,noncoherent-dma=on";

  private static final int UC_ROW = 0;
  private static final int UC_COLUMN = 0;

  @Override
  public String name() {
    return "mtrr";
  }

  @Override
  public String title() {
    return "MTRRs: guest MTRRs and PAT, EPT and NPT";
  }

  @Override
  public List<Behaviour> behaviours() {
    BehaviourList list = new BehaviourList(name());
    list.add("mtrr-variable-uc", "A variable MTRR makes 2 MiB of RAM UC; the page tables say WB.")
        .recorded(Recipe.guest("tour").memory("32"))
        .observed(
            Observation.field("kind:memory_type AND gpa:[0x1000000 TO 0x11fffff]", "effective"))
        .expect("UC", SDM, BARE_METAL_INTEL)
        .expect("UC", APM, BARE_METAL_AMD)
        .expect("WB", ERRATA, KVM_INTEL, KVM_AMD);
    MtrrCells.addTo(list);
    MtrrCells.addHonoured(list);
    addGuestPat(list);
    addDmaDevice(list);
    addLeaves(list);
    addSwitching(list);
    addFixedRanges(list);
    addOverlaps(list);
    addDefaults(list);
    addDevices(list);
    addRegisters(list);
    return list.done();
  }

  /// The guest's PAT on kvm-intel where it counts; the page's MTRRs say UC, and do not.
  private static void addGuestPat(BehaviourList list) {
    int wb = MtrrCells.MTRRS.length - 1;
    for (int column = 0; column < MtrrCells.PATS.length; column++) {
      String pat = MtrrCells.PATS[column];
      String expected = "effective=%s nested=WB".formatted(MtrrCells.ept(wb, column));
      Observation seen = MtrrCells.observed(UC_ROW, column, "effective", "nested");
      list.add(
              "pat-" + MtrrCells.word(pat) + "-quirk-off",
              "RAM that the page tables make " + pat + ", IGNORE_GUEST_PAT off.")
          .recorded(MtrrCells.recipe().with("--quirk", "IGNORE_GUEST_PAT=off"))
          .observed(seen)
          .expect(expected, MtrrCells.EPT_AND_PAT + "; commit c9c1e20b4c7d", KVM_INTEL);
      list.add(
              "pat-" + MtrrCells.word(pat) + "-noncoherent-dma",
              "RAM that the page tables make " + pat + ", a device with non-coherent DMA assigned.")
          .recorded(MtrrCells.recipe().setting("noncoherent-dma=on"))
          .observed(seen)
          .expect(expected, MtrrCells.EPT_AND_PAT + "; " + MT_MASK, KVM_INTEL);
    }
  }

  /// A device with non-coherent DMA on the machine, which the property overrules.
  private static void addDmaDevice(BehaviourList list) {
    Recipe recipe = MtrrCells.recipe().with("-device", "noncoherent-dma");
    Observation seen = MtrrCells.observed(UC_ROW, UC_COLUMN, "effective", "nested");
    list.add("pat-uc-device", "RAM that is UC, -device noncoherent-dma on the machine.")
        .recorded(recipe)
        .observed(seen)
        .expect("effective=UC nested=WB", MT_MASK, KVM_INTEL);
    list.add("pat-uc-device-not-assigned", "The same with noncoherent-dma=off.")
        .recorded(recipe.setting("noncoherent-dma=off"))
        .observed(seen)
        .expect("effective=WB nested=WB|IPAT", MT_MASK, KVM_INTEL);
  }

  /// What the generations of KVM put into the EPT leaf of RAM that the guest makes UC in both ways.
  private static void addLeaves(BehaviourList list) {
    leaf(list, "6.10", "off", "WB", "WB|IPAT", "ept-wb-coherent-dma");
    leaf(list, "6.10", "on", "UC", "UC", "ept-from-guest-mtrr-uc");
    leaf(list, "6.11", "off", "WB", "WB|IPAT", "ept-wb-coherent-dma");
    leaf(list, "6.11", "on", "UC", "WB", "ept-wb-yields-to-guest-pat");
    leaf(list, "6.16", "off", "WB", "WB|IPAT", "ept-wb-ignore-guest-pat");
    leaf(list, "6.16", "on", "UC", "WB", "ept-wb-yields-to-guest-pat");
  }

  private static void leaf(
      BehaviourList list, String kernel, String dma, String effective, String leaf, String rule) {
    String word = dma.equals("on") ? "noncoherent" : "coherent";
    list.add(
            "ept-leaf-linux-" + kernel.replace('.', '-') + "-" + word,
            "RAM that is UC by MTRR and PAT: Linux %s, %s DMA.".formatted(kernel, word))
        .recorded(MtrrCells.recipe().setting("kernel=%s,noncoherent-dma=%s".formatted(kernel, dma)))
        .observed(MtrrCells.observed(UC_ROW, UC_COLUMN, "effective", "nested", "rule"))
        .expect(
            "effective=%s nested=%s rule=%s".formatted(effective, leaf, rule), MT_MASK, KVM_INTEL);
  }

  /// IGNORE_GUEST_PAT switched off while the machine exists, or not.
  private static void addSwitching(BehaviourList list) {
    String request = "enable-cap,cap=DISABLE_QUIRKS2,flags=0x200,at=0";
    String source = "api.rst, KVM_CAP_DISABLE_QUIRKS2; commit c9c1e20b4c7d";
    list.add("pat-quirk-disabled-by-cap", "DISABLE_QUIRKS2 makes the guest's PAT count.")
        .recorded(MtrrCells.recipe().inject(request))
        .observed(MtrrCells.observed(UC_ROW, UC_COLUMN, "effective"))
        .refusedOnBareMetal()
        .expect("UC", source, KVM_INTEL, KVM_AMD);
    list.add("pat-quirk-needs-self-snoop", "DISABLE_QUIRKS2 on a host without self-snoop.")
        .recorded(MtrrCells.recipe().setting("self-snoop=off").inject(request))
        .observed(Observation.field("kind:control", "result"))
        .expect("-EINVAL", source, KVM_INTEL);
    list.add("pat-quirk-refused", "Starting with the quirk off on a host without self-snoop.")
        .recorded(
            MtrrCells.recipe().setting("self-snoop=off").with("--quirk", "IGNORE_GUEST_PAT=off"))
        .observed(Observation.ending())
        .expect("refused: --quirk IGNORE_GUEST_PAT: KVM cannot switch it off…", source, KVM_INTEL);
  }

  private static void addFixedRanges(BehaviourList list) {
    Recipe recipe = Recipe.guest("errata-mtrr").append("fixed");
    fixed(list, recipe, "64k", "0x10000", "WC");
    fixed(list, recipe, "16k", "0x80000", "WP");
    fixed(list, recipe, "4k", "0xf8000", "UC");
    list.add("mtrr-fixed-disabled", "DEF_TYPE.FE clear: the default type, WT, below 1 MiB.")
        .recorded(recipe)
        .observed(alias("0x51000", "effective"))
        .expect("WT", FIXED, BARE_METAL_INTEL)
        .expect("WT", APM_USING, BARE_METAL_AMD)
        .expect("WB", ERRATA, KVM_INTEL, KVM_AMD);
    String[] types = {"UC", "WC", "WT", "WP", "WB"};
    String[] pages = {"18", "18", "19", "17", "17"};
    for (int k = 0; k < types.length; k++) {
      // On KVM the 8 ranges of the VGA window are a device.
      String kvm = types[k].equals("UC") ? "8" : types[k].equals("WB") ? "81" : "0";
      list.add(
              "mtrr-fixed-count-" + MtrrCells.word(types[k]),
              "Of the 88 fixed ranges, with five types in turn, and one page without: how many are "
                  + types[k]
                  + ".")
          .recorded(recipe)
          .observed(
              Observation.count(
                  "kind:memory_type AND gva:[0xa00000 TO 0xafffff] AND effective:" + types[k]))
          .expect(pages[k], FIXED, BARE_METAL_INTEL)
          .expect(pages[k], APM_USING, BARE_METAL_AMD)
          .expect(kvm, ERRATA, KVM_INTEL, KVM_AMD);
    }
  }

  private static void fixed(
      BehaviourList list, Recipe recipe, String size, String gpa, String type) {
    list.add("mtrr-fixed-" + size, "A fixed range of %s at %s is %s.".formatted(size, gpa, type))
        .recorded(recipe)
        .observed(alias(gpa, "effective"))
        .expect(type, FIXED, BARE_METAL_INTEL)
        .expect(type, APM_USING, BARE_METAL_AMD)
        .expect("WB", ERRATA, KVM_INTEL, KVM_AMD);
  }

  /// The guest touches memory below 1 MiB through an alias.
  private static Observation alias(String gpa, String field) {
    long gva = 0xA0_0000 + Long.decode(gpa);
    return Observation.field("kind:memory_type AND gva:0x" + Long.toHexString(gva), field);
  }

  private static void addOverlaps(BehaviourList list) {
    overlap(list, "uc-and-wb", "UC and WB ranges from the same base", "0x800000", "UC", "UC");
    overlap(list, "wt-and-wb", "WT and WB ranges", "0x810000", "WT", "WT");
    overlap(
        list,
        "wc-and-wb",
        "WC and WB ranges, undefined",
        "0x820000",
        "UC",
        "WB",
        PRECEDENCES + CHOSEN,
        APM_USING + CHOSEN);
    overlap(list, "uc-above-wb", "a UC range that begins above a WB one", "0x850000", "UC", "WB");
    overlap(list, "same-type", "two WB ranges", "0x821000", "WB", "WB");
    overlap(list, "not-valid", "a range without V over a UC one", "0x801000", "UC", "UC");
  }

  private static void overlap(
      BehaviourList list, String name, String what, String gpa, String hardware, String old) {
    overlap(list, name, what, gpa, hardware, old, PRECEDENCES, APM_USING);
  }

  private static void overlap(
      BehaviourList list,
      String name,
      String what,
      String gpa,
      String hardware,
      String old,
      String intel,
      String amd) {
    Recipe recipe = Recipe.guest("errata-mtrr").append("overlaps");
    Observation seen = Observation.field("kind:memory_type AND gpa:" + gpa, "effective");
    list.add("mtrr-overlap-" + name, "RAM in " + what + ".")
        .recorded(recipe)
        .observed(seen)
        .expect(hardware, intel, BARE_METAL_INTEL)
        .expect(hardware, amd, BARE_METAL_AMD)
        .expect("WB", ERRATA, KVM_INTEL, KVM_AMD);
    list.add("mtrr-honoured-overlap-" + name, "The same before 6.11 with non-coherent DMA.")
        .recorded(recipe.setting(HONOURED))
        .observed(seen)
        .expect(old, KVM_MTRR + ", kvm_mtrr_get_guest_memory_type", KVM_INTEL);
  }

  private static void addDefaults(BehaviourList list) {
    byDefault(list, "wt", "The default type is WT", "0x800000", "WT");
    byDefault(list, "wc", "The default type is WC", "0x801000", "WC");
    byDefault(list, "wp", "The default type is WP", "0x802000", "WP");
    byDefault(list, "uc", "The default type is UC", "0x803000", "UC");
    byDefault(list, "wb", "The default type is WB", "0x805000", "WB");
    byDefault(list, "disabled", "DEF_TYPE.E is clear: UC everywhere", "0x804000", "UC");
  }

  private static void byDefault(
      BehaviourList list, String name, String text, String gpa, String type) {
    Recipe recipe = Recipe.guest("errata-mtrr").append("defaults");
    Observation seen = Observation.field("kind:memory_type AND gpa:" + gpa, "effective");
    list.add("mtrr-default-" + name, text + ".")
        .recorded(recipe)
        .observed(seen)
        .expect(type, "SDM Vol. 3 \"IA32_MTRR_DEF_TYPE MSR\"", BARE_METAL_INTEL)
        .expect(type, APM_USING, BARE_METAL_AMD)
        .expect("WB", ERRATA, KVM_INTEL, KVM_AMD);
    list.add("mtrr-honoured-default-" + name, text + ", before 6.11 with non-coherent DMA.")
        .recorded(recipe.setting(HONOURED))
        .observed(seen)
        .expect(type, KVM_MTRR, KVM_INTEL);
  }

  private static void addDevices(BehaviourList list) {
    device(list, "wb", "0x800000", "UC");
    device(list, "wc", "0x801000", "WC");
    device(list, "uc", "0x802000", "UC");
  }

  private static void device(BehaviourList list, String pat, String gva, String type) {
    list.add("mmio-pat-" + pat, "The IOAPIC's page, made " + pat + " by the page tables.")
        .recorded(Recipe.guest("errata-mtrr").append("devices"))
        .observed(
            Observation.field("kind:memory_type AND gpa:0xfec00000 AND gva:" + gva, "effective"))
        .expect(type, SDM, BARE_METAL_INTEL)
        .expect(type, APM, BARE_METAL_AMD, KVM_AMD)
        .expect(type, MtrrCells.EPT_AND_PAT + "; " + MT_MASK, KVM_INTEL);
  }

  private static void addRegisters(BehaviourList list) {
    register(list, "mtrrcap", "0x508", "IA32_MTRRCAP: WC, fixed ranges, 8 variable ranges");
    register(list, "base-reads-back", "0x800005", "PHYSBASE3 reads as written");
    register(list, "mask-reads-back", "0xffff0800", "PHYSMASK3 reads as written, its low half");
    register(list, "fixed-reads-back", "0x605040100010405", "FIX4K_C0000 reads as written");
    register(list, "default-reads-back", "0x806", "DEF_TYPE reads as written");
    register(list, "pat-reads-back", "0x7010500070406", "IA32_PAT reads as written");
    for (String type : new String[] {"2", "3", "7"}) {
      refused(list, "base-type-" + type, "PHYSBASE0 with the reserved type " + type);
    }
    refused(list, "base-bit-8", "PHYSBASE0 with the reserved bit 8");
    refused(list, "base-bit-11", "PHYSBASE0 with the reserved bit 11");
    refused(list, "base-bit-63", "PHYSBASE0 with the reserved bit 63");
    refused(list, "base-beyond-maxphyaddr", "PHYSBASE0 with an address beyond MAXPHYADDR");
    refused(list, "mask-bit-0", "PHYSMASK0 with the reserved bit 0");
    refused(list, "mask-bit-10", "PHYSMASK0 with the reserved bit 10");
    refused(list, "mask-beyond-maxphyaddr", "PHYSMASK0 with a bit beyond MAXPHYADDR");
    refused(list, "default-type-2", "DEF_TYPE with the reserved type 2");
    refused(list, "default-bit-8", "DEF_TYPE with the reserved bit 8");
    refused(list, "default-bit-12", "DEF_TYPE with the reserved bit 12");
    refused(list, "fixed-type-3", "FIX64K_00000 with the reserved type 3 in field 5");
    refused(list, "fixed-type-7", "FIX64K_00000 with type 7, which is the PAT's only");
    refused(list, "pat-type-2", "IA32_PAT with the reserved type 2");
    refused(list, "pat-bit-3", "IA32_PAT with the reserved bit 3");
    refused(list, "mtrrcap-write", "a write to IA32_MTRRCAP");
    refused(list, "ninth-range", "a read of a ninth variable range");
    extended(list, "syscfg-write", "SYSCFG.MtrrFixDramModEn is set: none, or #GP(0)");
    extended(list, "fixed-rdmem", "RdMem and WrMem in FIX64K_00000: none, or #GP(0)");
  }

  /// What only AMD's processors have; KVM gives its guests SYSCFG to read only.
  private static void extended(BehaviourList list, String key, String text) {
    String source = "APM Vol. 2 \"Extended Fixed-Range MTRR Type-Field Encodings\"";
    list.add("mtrr-msr-" + key, text + ".")
        .recorded(Recipe.guest("errata-mtrr").append("registers"))
        .observed(Observation.printed(key))
        .expect("0xd(0x0)", "SDM Vol. 3 \"Fixed Range MTRRs\"", BARE_METAL_INTEL)
        .expect("none", source, BARE_METAL_AMD)
        .expect("0xd(0x0)", "arch/x86/kvm/x86.c, kvm_set_msr_common; mtrr.c", KVM_INTEL, KVM_AMD);
  }

  private static void refused(BehaviourList list, String key, String what) {
    register(list, key, "0xd(0x0)", "#GP(0): " + what);
  }

  private static void register(BehaviourList list, String key, String value, String text) {
    list.add("mtrr-msr-" + key, text + ".")
        .recorded(Recipe.guest("errata-mtrr").append("registers"))
        .observed(Observation.printed(key))
        .expect(
            value,
            "SDM Vol. 3 \"MTRR Feature Identification\", \"IA32_MTRR_DEF_TYPE MSR\","
                + " \"Fixed Range MTRRs\", \"Variable Range MTRRs\", \"IA32_PAT MSR\"",
            BARE_METAL_INTEL)
        .expect(value, "APM Vol. 2 \"MTRR Type Fields\", \"PAT Register\"", BARE_METAL_AMD)
        .expect(value, ERRATA + ": RDMSR and WRMSR behave as expected", KVM_INTEL, KVM_AMD);
  }
}
