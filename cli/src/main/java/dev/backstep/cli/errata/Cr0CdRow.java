package dev.backstep.cli.errata;

import static dev.backstep.cli.errata.ErrataPlatform.BARE_METAL_AMD;
import static dev.backstep.cli.errata.ErrataPlatform.BARE_METAL_INTEL;
import static dev.backstep.cli.errata.ErrataPlatform.KVM_AMD;
import static dev.backstep.cli.errata.ErrataPlatform.KVM_INTEL;

import java.util.List;

/// Row `cr0-cd`: CR0.CD reads back everywhere; it stops the caches on bare metal, never on
/// kvm-intel, and on kvm-amd only if its user asks for it.
final class Cr0CdRow implements ErrataRow {
  private static final String SDM = "SDM Vol. 3 \"Cache Control\", \"Preventing Caching\"";
  private static final String APM = "APM Vol. 2 \"Cache Control Mechanisms\"";
  private static final String ERRATA = "Documentation/virt/kvm/x86/errata.rst \"CR0.CD\"";
  private static final String CLEARED = "api.rst, KVM_X86_QUIRK_CD_NW_CLEARED";
  private static final String MT_MASK = "arch/x86/kvm/vmx/vmx.c of Linux 6.10, vmx_get_mt_mask";

  private static final Recipe SEQUENCE = Recipe.guest("errata-cd");
  private static final Recipe NOT_CLEARED = SEQUENCE.with("--quirk", "CD_NW_CLEARED=off");
  private static final Recipe HONOURED = SEQUENCE.setting("kernel=6.10,noncoherent-dma=on");

  private static final String BEFORE = "0x800000";
  private static final String BEFORE_UC = "0x801000";
  private static final String WHILE_CD = "0x802000";
  private static final String WHILE_CD_NW = "0x803000";
  private static final String AFTER = "0x804000";

  @Override
  public String name() {
    return "cr0-cd";
  }

  @Override
  public String title() {
    return "CR0.CD: no-fill mode, and what KVM makes of it";
  }

  @Override
  public List<Behaviour> behaviours() {
    BehaviourList list = new BehaviourList(name());
    addRegister(list);
    type(list, "cd-existing-page", "A page that is translated already, as CD is set.", BEFORE);
    type(list, "cd-new-page", "A page that is first touched while CD is set.", WHILE_CD);
    type(list, "cd-and-nw", "A page that is first touched while CD and NW are set.", WHILE_CD_NW);
    addRules(list);
    addExits(list);
    addQuirkOff(list);
    addHonoured(list);
    return list.done();
  }

  private static void addRegister(BehaviourList list) {
    reads(list, "cd-set", "CR0 reads back CD=1, NW=0", "0x2");
    reads(list, "cd-and-nw-set", "CR0 reads back CD=1, NW=1", "0x3");
    reads(list, "both-cleared", "CR0 reads back CD=0, NW=0", "0x0");
    reads(list, "nw-alone", "NW without CD is #GP(0)", "0xd(0x0)");
    reads(list, "nw-alone-reads", "after that #GP CR0 is as before", "0x0");
  }

  private static void reads(BehaviourList list, String key, String text, String value) {
    list.add("cd-register-" + key, text + ".")
        .recorded(SEQUENCE)
        .observed(Observation.printed(key))
        .expect(value, "SDM Vol. 2 \"MOV—Move to/from Control Registers\"", BARE_METAL_INTEL)
        .expect(value, APM, BARE_METAL_AMD)
        .expect(value, ERRATA + "; arch/x86/kvm/x86.c, kvm_set_cr0", KVM_INTEL, KVM_AMD);
  }

  private static Observation withCd(String gpa, String... fields) {
    return Observation.field("kind:memory_type AND cr0_cd:true AND gpa:" + gpa, fields);
  }

  private static void type(BehaviourList list, String name, String text, String gpa) {
    list.add(name, text)
        .recorded(SEQUENCE)
        .observed(withCd(gpa, "effective"))
        .expect("UC", SDM, BARE_METAL_INTEL)
        .expect("UC", APM, BARE_METAL_AMD)
        .expect("WB", ERRATA, KVM_INTEL)
        .expect("WB", CLEARED, KVM_AMD);
  }

  private static void addRules(BehaviourList list) {
    list.add("cd-rule", "Which rule decides the type of a page as CD is set.")
        .recorded(SEQUENCE)
        .observed(withCd(BEFORE, "rule"))
        .expect("cr0-cd-no-fill", SDM, BARE_METAL_INTEL)
        .expect("cr0-cd-no-fill", APM, BARE_METAL_AMD)
        .expect("ept-wb-ignore-guest-pat", ERRATA, KVM_INTEL)
        .expect("npt-wb-yields-to-guest-pat", CLEARED, KVM_AMD);
    list.add("cd-page-uc-by-pat", "A page that the PAT makes UC, as CD is set.")
        .recorded(SEQUENCE)
        .observed(withCd(BEFORE_UC, "effective"))
        .expect("UC", SDM, BARE_METAL_INTEL)
        .expect("UC", APM, BARE_METAL_AMD, KVM_AMD)
        .expect("WB", ERRATA, KVM_INTEL);
    list.add("cd-cleared", "A page that is first touched after CD was cleared.")
        .recorded(SEQUENCE)
        .observed(Observation.field("kind:memory_type AND gpa:" + AFTER, "effective", "cr0_cd"))
        .expectEverywhere("effective=WB cr0_cd=false", SDM);
    list.add("cd-cleared-existing", "How often pages are decided anew: as CD is set and cleared.")
        .recorded(SEQUENCE)
        .observed(Observation.count("kind:memory_type AND gpa:" + BEFORE))
        .expectEverywhere("3", "docs/platforms.md: decided at the fill, at CD=1, at CD=0");
  }

  /// Under SVM the hidden bits cost exits.
  private static void addExits(BehaviourList list) {
    list.add("cd-exits-of-writes", "How many moves to CR0 exit because CD is hidden then.")
        .recorded(SEQUENCE)
        .observed(Observation.count("kind:vmexit AND name:write_cr0"))
        .expect("0", "no hypervisor", BARE_METAL_INTEL, BARE_METAL_AMD)
        .expect("0", "SDM Vol. 3 \"Basic VM-Exit Information\": CR_ACCESS", KVM_INTEL)
        .expect("2", "arch/x86/kvm/svm/svm.c, svm_set_cr0", KVM_AMD);
    list.add("cd-exits-of-reads", "How many moves from CR0 exit: those while CD is hidden.")
        .recorded(SEQUENCE)
        .observed(Observation.count("kind:vmexit AND name:read_cr0"))
        .expect("0", "no hypervisor", BARE_METAL_INTEL, BARE_METAL_AMD)
        .expect("0", "CR0 reads come from the read shadow", KVM_INTEL)
        .expect("2", "arch/x86/kvm/svm/svm.c, svm_set_cr0", KVM_AMD);
  }

  private static void addQuirkOff(BehaviourList list) {
    String source = ERRATA + "; " + CLEARED;
    list.add("cd-quirk-off-existing-page", "The same with CD_NW_CLEARED off, as CD is set.")
        .recorded(NOT_CLEARED)
        .observed(withCd(BEFORE, "effective", "rule"))
        .expect("effective=UC rule=cr0-cd-no-fill", source, KVM_AMD);
    list.add("cd-quirk-off-new-page", "The same for a page that is first touched then.")
        .recorded(NOT_CLEARED)
        .observed(withCd(WHILE_CD, "effective"))
        .expect("UC", source, KVM_AMD);
    list.add("cd-quirk-off-register", "With CD_NW_CLEARED off CR0 reads the same.")
        .recorded(NOT_CLEARED)
        .observed(Observation.printed("cd-set"))
        .expect("0x2", source, KVM_AMD);
    list.add("cd-quirk-off-exits-of-reads", "With CD_NW_CLEARED off moves from CR0 do not exit.")
        .recorded(NOT_CLEARED)
        .observed(Observation.count("kind:vmexit AND name:read_cr0"))
        .expect("0", "arch/x86/kvm/svm/svm.c, svm_set_cr0", KVM_AMD);
    list.add("cd-quirk-disabled-by-cap", "The quirk switched off while the machine exists.")
        .recorded(SEQUENCE.inject("enable-cap,cap=DISABLE_QUIRKS2,flags=0x2,at=0"))
        .observed(withCd(BEFORE, "effective"))
        .refusedOnBareMetal()
        .expect("WB", ERRATA, KVM_INTEL)
        .expect("UC", source, KVM_AMD);
  }

  private static void addHonoured(BehaviourList list) {
    list.add("cd-linux-6-10", "Linux 6.10 with non-coherent DMA, as CD is set.")
        .recorded(HONOURED)
        .observed(withCd(BEFORE_UC, "effective", "nested"))
        .expect("effective=WB nested=WB|IPAT", MT_MASK, KVM_INTEL);
    list.add("cd-linux-6-10-quirk-off", "The same with CD_NW_CLEARED off.")
        .recorded(HONOURED.with("--quirk", "CD_NW_CLEARED=off"))
        .observed(withCd(BEFORE, "effective", "nested"))
        .expect("effective=UC nested=UC|IPAT", MT_MASK, KVM_INTEL);
    list.add("cd-linux-6-11", "Linux 6.11 with non-coherent DMA, as CD is set.")
        .recorded(SEQUENCE.setting("kernel=6.11,noncoherent-dma=on"))
        .observed(withCd(BEFORE, "effective", "nested"))
        .expect("effective=WB nested=WB", "commit e1548088ff54 and its series", KVM_INTEL);
  }
}
