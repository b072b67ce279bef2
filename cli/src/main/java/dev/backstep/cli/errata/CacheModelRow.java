package dev.backstep.cli.errata;

import static dev.backstep.cli.errata.ErrataPlatform.BARE_METAL_AMD;
import static dev.backstep.cli.errata.ErrataPlatform.BARE_METAL_INTEL;
import static dev.backstep.cli.errata.ErrataPlatform.KVM_AMD;
import static dev.backstep.cli.errata.ErrataPlatform.KVM_INTEL;

import java.util.List;

/// Row `cache-model`: what memory types come to for a device whose DMA does not snoop caches.
final class CacheModelRow implements ErrataRow {
  private static final String GUEST = "errata-cache";
  private static final String OLD = "old";
  private static final String NEW = "new";
  private static final String BUFFER = "gpa:0x800000";

  private static final String SDM_TYPES = "SDM Vol. 3 \"Methods of Caching Available\"";
  private static final String APM_TYPES = "APM Vol. 2 \"Memory Types\"";
  private static final String SDM_COMBINING =
      "SDM Vol. 3 \"Buffering of Write Combining Memory Locations\"";
  private static final String SDM_HINTS =
      "SDM Vol. 1 \"Caching of Temporal vs. Non-Temporal Data\"";
  private static final String ERRATA_MTRRS = "Documentation/virt/kvm/x86/errata.rst \"MTRRs\"";
  private static final String ERRATA_CD = "Documentation/virt/kvm/x86/errata.rst \"CR0.CD\"";
  private static final String KVM_PAT =
      "arch/x86/kvm/vmx/vmx.c, vmx_get_mt_mask; KVM_X86_QUIRK_IGNORE_GUEST_PAT";
  private static final String KVM_WBINVD = "arch/x86/kvm/x86.c, need_emulate_wbinvd";

  private final BehaviourList list = new BehaviourList("cache-model");
  private final List<Behaviour> behaviours;

  CacheModelRow() {
    addTypes();
    addFlushes();
    addWholeCaches();
    addNoFill();
    addDeviceWrites();
    addCombining();
    behaviours = list.done();
  }

  @Override
  public String name() {
    return "cache-model";
  }

  @Override
  public String title() {
    return "What memory types do: caches and a device with non-coherent DMA";
  }

  @Override
  public List<Behaviour> behaviours() {
    return behaviours;
  }

  private static Recipe machine(String part) {
    return Recipe.guest(GUEST)
        .with("-device", "noncoherent-dma", "--cache-model", "on")
        .append(part);
  }

  private static Recipe twoVcpus(String part) {
    return machine(part).with("-smp", "2");
  }

  /// What the device finds in the buffer after the processor wrote it, or the processor after the
  /// device did.
  private BehaviourList.Entry add(String name, String text, Recipe recipe, String seenBy) {
    return list.add("cache-" + name, text).recorded(recipe).observed(Observation.printed(seenBy));
  }

  private BehaviourList.Entry device(String part, String text) {
    return add(part, text, machine(part), "device");
  }

  private void addTypes() {
    device(
            "uc-mtrr",
            "A variable MTRR makes a DMA buffer UC. The processor writes; the device reads.")
        .expect(NEW, SDM_TYPES, BARE_METAL_INTEL)
        .expect(NEW, APM_TYPES, BARE_METAL_AMD)
        .expect(OLD, ERRATA_MTRRS, KVM_INTEL, KVM_AMD);
    list.add("cache-uc-mtrr-stale", "How many bytes of that transfer were stale.")
        .recorded(machine("uc-mtrr"))
        .observed(Observation.field("kind:dma AND op:read AND " + BUFFER, "stale"))
        .expect("0", SDM_TYPES, BARE_METAL_INTEL)
        .expect("0", APM_TYPES, BARE_METAL_AMD)
        .expect("3", ERRATA_MTRRS, KVM_INTEL, KVM_AMD);
    add(
            "uc-mtrr-old-kernel",
            "The same on a kernel that heeds guest MTRRs while such a device is assigned.",
            machine("uc-mtrr").setting("kernel=6.10"),
            "device")
        .expect(
            NEW, "vmx_get_mt_mask before commits 0a7b73559b39 and e1548088ff54 (6.11)", KVM_INTEL);
    device("uc-mtrr-clflush", "The same with CLFLUSH before the device reads: right everywhere.")
        .expectEverywhere(NEW, "SDM Vol. 2 \"CLFLUSH\"");
    device("uc-pat", "The page tables make the buffer UC by the PAT.")
        .expect(NEW, SDM_TYPES, BARE_METAL_INTEL)
        .expect(NEW, APM_TYPES, BARE_METAL_AMD)
        .expect(NEW, KVM_PAT + ": not with such a device", KVM_INTEL)
        .expect(NEW, "APM Vol. 2 \"Combining Memory Types, MTRRs\"", KVM_AMD);
    add(
            "uc-pat-ignored",
            "The same while KVM does not know of the device's DMA.",
            machine("uc-pat").setting("noncoherent-dma=off"),
            "device")
        .expect(OLD, KVM_PAT, KVM_INTEL);
    device("wb", "A WB buffer: what the processor writes stays in its cache.")
        .expectEverywhere(OLD, SDM_TYPES);
    device("wt", "A WT buffer: writes go to memory, too.").expectEverywhere(NEW, SDM_TYPES);
    device("wp", "A WP buffer: writes go to memory.").expectEverywhere(NEW, SDM_TYPES);
  }

  private void addFlushes() {
    device("clflush", "WB and CLFLUSH").expectEverywhere(NEW, "SDM Vol. 2 \"CLFLUSH\"");
    device("clflushopt", "WB and CLFLUSHOPT").expectEverywhere(NEW, "SDM Vol. 2 \"CLFLUSHOPT\"");
    device("clwb", "WB and CLWB").expectEverywhere(NEW, "SDM Vol. 2 \"CLWB\"");
    device("snoop", "WB, and the device snoops the caches.")
        .expectEverywhere(NEW, "PCI Express Base Specification \"No Snoop Attribute\"");
    device("alias", "WB, and then a load through an alias that is UC: the cache snoops itself.")
        .expectEverywhere(NEW, "SDM Vol. 2 \"CPUID\", SS; APM Vol. 2 \"Caching Policy\"");
  }

  private void addWholeCaches() {
    device("wbinvd", "WB and WBINVD")
        .expect(NEW, "SDM Vol. 2 \"WBINVD\"", BARE_METAL_INTEL)
        .expect(NEW, "APM Vol. 3 \"WBINVD\"", BARE_METAL_AMD)
        .expect(NEW, KVM_WBINVD, KVM_INTEL, KVM_AMD);
    add(
            "wbinvd-skipped",
            "The same while KVM does not know of the device's DMA: WBINVD does nothing.",
            machine("wbinvd").setting("noncoherent-dma=off"),
            "device")
        .expect(OLD, KVM_WBINVD, KVM_INTEL);
    add("invd", "INVD drops what the processor wrote.", machine("invd"), "processor")
        .expect(OLD, "SDM Vol. 2 \"INVD\"", BARE_METAL_INTEL)
        .expect(OLD, "APM Vol. 3 \"INVD\"", BARE_METAL_AMD)
        .expect(NEW, "arch/x86/kvm/x86.c, kvm_emulate_invd: a NOP", KVM_INTEL, KVM_AMD);
    list.add("cache-invd-lost", "The event that tells of the loss.")
        .recorded(machine("invd"))
        .observed(Observation.count("kind:cache AND op:lost AND reason:invd AND " + BUFFER))
        .expect("1", "SDM Vol. 2 \"INVD\"", BARE_METAL_INTEL)
        .expect("1", "APM Vol. 3 \"INVD\"", BARE_METAL_AMD)
        .expect("0", "arch/x86/kvm/x86.c, kvm_emulate_invd: a NOP", KVM_INTEL, KVM_AMD);
  }

  private void addNoFill() {
    String modes = "SDM Vol. 3 table \"Cache Operating Modes\"";
    String disable = "APM Vol. 2 \"Cache Disable\"";
    device("no-fill", "The buffer's line is cached; CR0.CD is set; the processor writes.")
        .expect(OLD, modes + ": hits use the cache", BARE_METAL_INTEL)
        .expect(NEW, disable + ": hits are written back and dropped", BARE_METAL_AMD)
        .expect(OLD, ERRATA_CD, KVM_INTEL, KVM_AMD);
    device("no-fill-miss", "The same with a line that is not cached: misses go to memory.")
        .expect(NEW, modes, BARE_METAL_INTEL)
        .expect(NEW, disable, BARE_METAL_AMD)
        .expect(OLD, ERRATA_CD, KVM_INTEL, KVM_AMD);
    add(
            "no-fill-quirk-off",
            "The first of both with CR0.CD left to the processor.",
            machine("no-fill").with("--quirk", "CD_NW_CLEARED=off"),
            "device")
        .expect(NEW, "KVM_X86_QUIRK_CD_NW_CLEARED; " + disable, KVM_AMD);
  }

  private void addDeviceWrites() {
    Recipe recipe = machine("device-write");
    add("device-write", "The device writes what the processor has cached.", recipe, "processor")
        .expectEverywhere(OLD, SDM_TYPES);
    add("device-write-clflush", "CLFLUSH shows it to the processor.", recipe, "flushed")
        .expectEverywhere(NEW, "SDM Vol. 2 \"CLFLUSH\"");
    list.add("cache-stale-read", "The event that tells of the read of old data.")
        .recorded(recipe)
        .observed(Observation.field("kind:cache AND op:stale-read", "gpa", "type"))
        .expectEverywhere("gpa=0x800000 type=WB", SDM_TYPES);
    add(
            "device-write-uc",
            "The same with a buffer that is UC by an MTRR.",
            machine("device-write-uc"),
            "processor")
        .expect(NEW, SDM_TYPES, BARE_METAL_INTEL)
        .expect(NEW, APM_TYPES, BARE_METAL_AMD)
        .expect(OLD, ERRATA_MTRRS, KVM_INTEL, KVM_AMD);
    add("prefetch", "A prefetch alone caches the buffer.", machine("prefetch"), "processor")
        .expectEverywhere(OLD, "SDM Vol. 2 \"PREFETCHh\"");
    list.add("cache-sharing", "The processor and the device write parts of one line: one loses.")
        .recorded(machine("sharing"))
        .observed(Observation.field("kind:cache AND op:lost AND " + BUFFER, "reason"))
        .expectEverywhere("writeback-over-dma", SDM_TYPES);
  }

  private void addCombining() {
    combining("wc", "A WC buffer; vCPU 1 starts the device on the word of a plain store.", OLD);
    combining("wc-sfence", "The same with SFENCE before that store.", NEW);
    combining("wc-lock", "The same with a locked operation in place of that store.", NEW);
    add(
            "movnti",
            "A non-temporal store to WB memory is held back, too.",
            twoVcpus("movnti"),
            "device")
        .expectEverywhere(OLD, SDM_HINTS);
    add(
            "movnti-sfence",
            "With SFENCE it is in memory, without a flush of the cache.",
            twoVcpus("movnti-sfence"),
            "device")
        .expectEverywhere(NEW, SDM_HINTS);
    list.add("cache-wc-flush", "The event that tells when combined stores reached memory, and why.")
        .recorded(twoVcpus("wc-sfence"))
        .observed(Observation.field("kind:cache AND op:wc-flush AND " + BUFFER, "reason"))
        .expectEverywhere("sfence", SDM_COMBINING);
  }

  private void combining(String part, String text, String outcome) {
    add(part, text, twoVcpus(part), "device").expectEverywhere(outcome, SDM_COMBINING);
  }
}
