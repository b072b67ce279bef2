package dev.backstep.cli.errata;

import static dev.backstep.cli.errata.ErrataPlatform.BARE_METAL_AMD;
import static dev.backstep.cli.errata.ErrataPlatform.BARE_METAL_INTEL;
import static dev.backstep.cli.errata.ErrataPlatform.KVM_AMD;
import static dev.backstep.cli.errata.ErrataPlatform.KVM_INTEL;

import java.util.List;

/// Row `x2apic`: whom an interrupt reaches when IDs collide, when they do not fit into xAPIC mode's
/// byte, and where KVM's map of local APICs and its search differ from processors.
final class X2apicRow implements ErrataRow {
  private static final String GUEST = "errata-x2apic";
  private static final String WIDE_IDS = "x2apic-32bit-ids.yaml";

  /// The same, and vCPUs 44 and 300 added to those there are: sooner recorded than 302 of them.
  private static final String WIDE_IDS_ADDED = "x2apic-32bit-ids-added.yaml";

  /// vCPUs 44 and 300 among them.
  private static final String MANY = "302";

  private static final String FEW = "4";

  private static final String SDM = "SDM Vol. 3 \"Determining IPI Destination\"";
  private static final String ALIASING =
      "arch/x86/kvm/lapic.c, comment above kvm_apic_mda: what processors do";
  private static final String ERRATA = "Documentation/virt/kvm/x86/errata.rst \"x2APIC\"";
  private static final String MAP = "arch/x86/kvm/lapic.c, kvm_recalculate_phys_map";
  private static final String SEARCH = "arch/x86/kvm/lapic.c, kvm_apic_match_physical_addr";
  private static final String LOGICAL_MAP = "arch/x86/kvm/lapic.c, kvm_recalculate_logical_map";
  private static final String LOGICAL_SEARCH = "arch/x86/kvm/lapic.c, kvm_apic_match_logical_addr";
  private static final String LOWEST = "arch/x86/kvm/lapic.c, kvm_apic_map_get_dest_lapic";
  private static final String API = "Documentation/virt/kvm/api.rst \"KVM_CAP_X2APIC_API\"";

  private static final Observation REACHED = Observation.printed("reached");
  private static final String IPI = "kind:ipi AND vector:0x51";

  @Override
  public String name() {
    return "x2apic";
  }

  @Override
  public String title() {
    return "x2APIC: wide IDs, IDs that collide, and whom an interrupt reaches";
  }

  @Override
  public List<Behaviour> behaviours() {
    BehaviourList list = new BehaviourList(name());
    addScenarios(list);
    addRules(list);
    addBroadcasts(list);
    addLogical(list);
    addLowestPriority(list);
    addHotPlug(list);
    addMessages(list);
    addHypercalls(list);
    addRefusals(list);
    return list.done();
  }

  private static Recipe part(String part, String vcpus) {
    return Recipe.guest(GUEST).with("-smp", vcpus).append(part);
  }

  /// The same guest on processors, under KVM, and under KVM with wide IDs.
  private static void scenario(
      BehaviourList list, String name, String text, String part, String... reached) {
    boolean few = part.equals("a");
    Recipe wide =
        few ? part(part, FEW).scenario(WIDE_IDS) : part(part, "2").scenario(WIDE_IDS_ADDED);
    list.add("x2apic-" + name, text)
        .recorded(part(part, few ? FEW : MANY))
        .observed(REACHED)
        .expect(reached[0], SDM + "; " + ALIASING, BARE_METAL_INTEL, BARE_METAL_AMD)
        .expect(reached[1], MAP + "; " + SEARCH, KVM_INTEL, KVM_AMD);
    list.add("x2apic-" + name + "-32bit-ids", text + " KVM_X2APIC_API_USE_32BIT_IDS.")
        .recorded(wide)
        .observed(REACHED)
        .refusedOnBareMetal()
        .expect(reached[2], ERRATA + "; " + MAP, KVM_INTEL, KVM_AMD);
  }

  private static void addScenarios(BehaviourList list) {
    scenario(
        list,
        "shared-xapic-id",
        "A: vCPUs 1 and 2 have the xAPIC ID 1; IPI to 1.",
        "a",
        "1 2",
        "1 2",
        "1");
    scenario(
        list,
        "wide-id",
        "B: vCPU 300 is in xAPIC mode, there is no ID 44; IPI to 300.",
        "b",
        "300",
        "nobody",
        "300");
    scenario(
        list,
        "wide-id-aliased",
        "C: and vCPU 44 is in xAPIC mode, too; IPI to 300.",
        "c",
        "44 300",
        "300",
        "300");
    scenario(
        list,
        "wide-id-aliased-x2apic",
        "C: and vCPU 44 is in x2APIC mode; IPI to 300.",
        "c-x2apic",
        "300",
        "300",
        "300");
    scenario(
        list,
        "low-byte-x2apic",
        "D: vCPU 44 is in x2APIC mode, 300 in xAPIC mode; IPI to 44.",
        "d",
        "44 300",
        "44 300",
        "44");
    scenario(
        list,
        "low-byte-xapic",
        "E: vCPUs 44 and 300 are in xAPIC mode; IPI to 44.",
        "e",
        "44 300",
        "44 300",
        "44");
  }

  private static void rule(
      BehaviourList list, String name, String part, String vcpus, String bare, String kvm) {
    list.add("x2apic-" + name + "-rule", "By which rule that IPI goes where it goes.")
        .recorded(part(part, vcpus))
        .observed(Observation.field(IPI, "rule"))
        .expect(bare, SDM, BARE_METAL_INTEL, BARE_METAL_AMD)
        .expect(kvm, MAP, KVM_INTEL, KVM_AMD);
  }

  private static void addRules(BehaviourList list) {
    rule(
        list,
        "shared-xapic-id",
        "a",
        FEW,
        "physical: APIC ID",
        "slow: ID collision at 1, vCPUs 1 and 2 (APICv inhibited: PHYSICAL_ID_ALIASED)");
    rule(
        list,
        "wide-id",
        "b",
        MANY,
        "physical: xAPIC ID = low byte",
        "map: phys_map[300] is empty: dropped");
    rule(
        list,
        "wide-id-aliased",
        "c",
        MANY,
        "physical: xAPIC ID = low byte",
        "slow: ID collision at 44, vCPUs 44 and 300 (APICv inhibited: PHYSICAL_ID_ALIASED)");
    list.add("x2apic-wide-id-hardware", "Whom a processor would have reached where KVM drops it.")
        .recorded(part("b", MANY))
        .observed(Observation.field(IPI, "targets", "hardware_targets"))
        .expect("targets=[300] hardware_targets=[300]", SDM, BARE_METAL_INTEL, BARE_METAL_AMD)
        .expect("targets=[] hardware_targets=[300]", MAP, KVM_INTEL, KVM_AMD);
    list.add("x2apic-above-highest-id", "An ID above those that there are.")
        .recorded(part("above", FEW))
        .observed(Observation.field(IPI, "rule"))
        .expect("physical: xAPIC ID = low byte", ALIASING, BARE_METAL_INTEL, BARE_METAL_AMD)
        .expect("map: 4097 is above max_apic_id 255: dropped", LOWEST, KVM_INTEL, KVM_AMD);
  }

  private static void addBroadcasts(BehaviourList list) {
    list.add("x2apic-broadcast-xapic", "F: FFH of a sender in xAPIC mode, all in xAPIC mode.")
        .recorded(part("f-xapic", FEW))
        .observed(REACHED)
        .expectEverywhere("0 1 2", SDM);
    list.add("x2apic-broadcast-x2apic", "F: FFFFFFFFH, all in x2APIC mode.")
        .recorded(part("f-x2apic", FEW))
        .observed(REACHED)
        .expectEverywhere("0 1 2", SDM);
    list.add("x2apic-broadcast-mixed", "F: FFFFFFFFH, vCPU 2 is in xAPIC mode.")
        .recorded(part("f-mixed", FEW))
        .observed(REACHED)
        .expect("0 1 2", SDM, BARE_METAL_INTEL, BARE_METAL_AMD)
        .expect("0 1", "arch/x86/kvm/lapic.c, kvm_apic_broadcast", KVM_INTEL, KVM_AMD);
  }

  private static BehaviourList.Entry reaches(
      BehaviourList list, String name, String text, String vcpus) {
    return list.add("x2apic-" + name, text).recorded(part(name, vcpus)).observed(REACHED);
  }

  private static void addLogical(BehaviourList list) {
    reaches(list, "flat", "Logical destination 06H, flat model.", FEW)
        .expectEverywhere("1 2", SDM + "; " + LOGICAL_MAP);
    reaches(list, "cluster", "Logical destination 13H, cluster model.", FEW)
        .expectEverywhere("1 2", SDM + "; " + LOGICAL_MAP);
    reaches(list, "all-clusters", "Logical destination F1H, cluster model: all clusters.", FEW)
        .expect("0 1 3", SDM, BARE_METAL_INTEL, BARE_METAL_AMD)
        .expect("nobody", LOGICAL_MAP, KVM_INTEL, KVM_AMD);
    reaches(list, "x2apic-cluster", "Logical destination 0001000BH, x2APIC mode.", "20")
        .expectEverywhere("17 19", SDM + "; " + LOGICAL_MAP);
    reaches(list, "two-bits", "A logical ID of two bits: KVM searches.", FEW)
        .expectEverywhere("1 2", SDM + "; " + LOGICAL_SEARCH);
    list.add("x2apic-two-bits-rule", "By which rule it goes where it goes.")
        .recorded(part("two-bits", FEW))
        .observed(Observation.field(IPI, "rule"))
        .expect("logical: flat", SDM, BARE_METAL_INTEL, BARE_METAL_AMD)
        .expect("slow: the logical ID of vCPU 1 has more than one bit…", LOGICAL_MAP, KVM_INTEL)
        .expect("slow: the logical ID of vCPU 1 has more than one bit…", LOGICAL_MAP, KVM_AMD);
    reaches(list, "same-ldr", "Two vCPUs with the same logical ID: KVM searches.", FEW)
        .expectEverywhere("1 2", SDM + "; " + LOGICAL_SEARCH);
    reaches(list, "models-differ", "vCPU 1 uses the flat, vCPU 2 the cluster model.", FEW)
        .expectEverywhere("2", SDM + "; " + LOGICAL_SEARCH);
    reaches(list, "nmi-disabled", "An NMI to one whom software has disabled.", FEW)
        .expectEverywhere(
            "1", "SDM Vol. 3 \"Local APIC State After It Has Been Software Disabled\"");
    reaches(list, "nmi-logical-disabled", "The same by its logical ID.", FEW)
        .expect("1", SDM, BARE_METAL_INTEL, BARE_METAL_AMD)
        .expect("nobody", LOGICAL_MAP + ": only who is enabled is in it", KVM_INTEL, KVM_AMD);
  }

  private static void addLowestPriority(BehaviourList list) {
    String[] bare = {"1", "1", "1"};
    String[] kvm = {"3", "1", "2"};
    for (int k = 0; k < bare.length; k++) {
      String vector = "5" + k;
      list.add(
              "x2apic-lowest-priority-" + vector,
              "Lowest priority, vector " + vector + "H to three.")
          .recorded(part("lowest", FEW))
          .observed(Observation.printed("vector-" + vector))
          .expect(bare[k], "SDM Vol. 3 \"Lowest Priority Delivery Mode\"", BARE_METAL_INTEL)
          .expect(bare[k], "SDM Vol. 3 \"Lowest Priority Delivery Mode\"", BARE_METAL_AMD)
          .expect(kvm[k], LOWEST + ": vector modulo 3", KVM_INTEL, KVM_AMD);
    }
    list.add("x2apic-lowest-priority-arbitrated", "Vector 51H after 50H, vector_hashing off.")
        .recorded(part("lowest", FEW).setting("vector-hashing=off"))
        .observed(Observation.printed("vector-51"))
        .expect("2", LOWEST + ": vCPU 1 has taken one", KVM_INTEL, KVM_AMD);
    reaches(list, "lowest-hole", "Lowest priority to four, of whom one is there.", FEW)
        .expect("1", "SDM Vol. 3 \"Lowest Priority Delivery Mode\"", BARE_METAL_INTEL)
        .expect("1", "SDM Vol. 3 \"Lowest Priority Delivery Mode\"", BARE_METAL_AMD)
        .expect("nobody", LOWEST + ": bit 81 % 4 of the destination", KVM_INTEL, KVM_AMD);
    reaches(list, "lowest-all", "Lowest priority to FFH, a physical destination.", FEW)
        .expect("0", "SDM Vol. 3 \"Lowest Priority Delivery Mode\"", BARE_METAL_INTEL)
        .expect("0", "SDM Vol. 3 \"Lowest Priority Delivery Mode\"", BARE_METAL_AMD)
        .expect("0 1 2", "arch/x86/kvm/lapic.c, __kvm_irq_delivery_to_apic", KVM_INTEL, KVM_AMD);
  }

  private static BehaviourList.Entry requested(
      BehaviourList list, String name, String text, String part, String vcpus) {
    return list.add("x2apic-" + name, text)
        .recorded(part(part, vcpus).scenario("x2apic-" + name + ".yaml"))
        .refusedOnBareMetal();
  }

  private static void addHotPlug(BehaviourList list) {
    requested(list, "hotplug", "INIT and SIPI to vCPU 300, just added.", "added", "2")
        .observed(Observation.printed("started"))
        .expect("1 300", ERRATA, KVM_INTEL, KVM_AMD);
    requested(list, "hotplug-without-flag", "The same without wide IDs.", "added", "2")
        .observed(Observation.printed("started"))
        .expect("1", MAP, KVM_INTEL, KVM_AMD);
    requested(list, "wide-id-first", "E: vCPU 300 was made before vCPU 44; IPI to 44.", "e", "2")
        .observed(REACHED)
        .expect("44 300", SEARCH, KVM_INTEL, KVM_AMD);
    requested(list, "wide-id-first-32bit-ids", "E: the same with wide IDs.", "e", "2")
        .observed(REACHED)
        .expect("300", MAP + ": the first one stays", KVM_INTEL, KVM_AMD);
  }

  private static void addMessages(BehaviourList list) {
    requested(list, "msi-wide", "KVM_SIGNAL_MSI to the ID 300.", "msi", "2")
        .observed(REACHED)
        .expect("300", API, KVM_INTEL, KVM_AMD);
    requested(list, "msi-wide-without-flag", "The same without wide IDs: to 44.", "msi", "2")
        .observed(REACHED)
        .expect("44 300", "arch/x86/kvm/irq.c, kvm_msi_to_lapic_irq", KVM_INTEL, KVM_AMD);
    requested(list, "msi-reserved", "Bits 39:32 of the address are not zero.", "msi", "2")
        .observed(Observation.field("kind:control AND call:signal-msi", "result"))
        .expect("-EINVAL", "arch/x86/kvm/irq.c, kvm_msi_route_invalid", KVM_INTEL, KVM_AMD);
    requested(list, "msi-all", "An MSI to FFH, all in x2APIC mode.", "msi-x2apic", FEW)
        .observed(REACHED)
        .expect("0 1 2", "arch/x86/kvm/lapic.c, kvm_apic_mda", KVM_INTEL, KVM_AMD);
    requested(list, "msi-all-without-quirk", "The same, broadcast quirk off.", "msi-x2apic", FEW)
        .observed(REACHED)
        .expect("nobody", API, KVM_INTEL, KVM_AMD);
    requested(
            list,
            "msi-logical-without-quirk",
            "A logical destination FFH, broadcast quirk off: CPUs 0 to 7.",
            "msi-x2apic",
            FEW)
        .observed(REACHED)
        .expect("0 1 2", API, KVM_INTEL, KVM_AMD);
  }

  private static void addHypercalls(BehaviourList list) {
    String source = "arch/x86/kvm/lapic.c, kvm_pv_send_ipi";
    list.add("x2apic-hypercall", "KVM_HC_SEND_IPI to 1 and 2: how many it reached.")
        .recorded(part("hypercall", FEW))
        .observed(Observation.printed("hypercall"))
        .expect("0x2", source, KVM_INTEL, KVM_AMD);
    list.add(
            "x2apic-hypercall-collision",
            "The same without a map, as two IDs collide: -EOPNOTSUPP.")
        .recorded(part("hypercall-collision", FEW))
        .observed(Observation.printed("hypercall"))
        .expect("0xffffffffffffffa1", source, KVM_INTEL, KVM_AMD);
  }

  private static void refusal(BehaviourList list, String name, String text, String result) {
    requested(list, name, text, "a", FEW)
        .observed(Observation.field("kind:control", "result"))
        .expect(result, "Documentation/virt/kvm/api.rst", KVM_INTEL, KVM_AMD);
  }

  private static void addRefusals(BehaviourList list) {
    refusal(list, "unknown-flag", "KVM_ENABLE_CAP with a flag that is not known.", "-EINVAL");
    refusal(list, "vcpu-exists", "KVM_CREATE_VCPU with an ID that is taken.", "-EEXIST");
    refusal(list, "vcpu-id-too-high", "KVM_CREATE_VCPU with the ID 4096.", "-EINVAL");
  }
}
