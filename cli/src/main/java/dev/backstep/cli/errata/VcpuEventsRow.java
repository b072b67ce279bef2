package dev.backstep.cli.errata;

import static dev.backstep.cli.errata.ErrataPlatform.KVM_AMD;
import static dev.backstep.cli.errata.ErrataPlatform.KVM_INTEL;
import static dev.backstep.cli.errata.InjectionCells.strict;

import java.util.List;

/// Row `vcpu-events`: KVM_SET_VCPU_EVENTS takes events that the processor then refuses to inject.
final class VcpuEventsRow implements ErrataRow {
  private static final String SET = "Linux x86.c, kvm_vcpu_ioctl_x86_set_vcpu_events";
  private static final String GET = "Linux x86.c, kvm_vcpu_ioctl_x86_get_vcpu_events";
  private static final String INJECT = "Linux x86.c, kvm_check_and_inject_events";
  private static final String STATE = "SDM Vol. 3 \"Checks on Guest Non-Register State\"";
  private static final String FLAGS = "SDM Vol. 3 \"Checks on Guest RIP, RFLAGS, and SSP\"";
  private static final String APM = "APM Vol. 2 \"Event Injection\"";
  private static final String DELIVERED = "outcome=delivered check=none";
  private static final String FAILED = "outcome=vm-entry-failed check=";

  @Override
  public String name() {
    return "vcpu-events";
  }

  @Override
  public String title() {
    return "KVM_SET_VCPU_EVENTS and the checks of the VM entry";
  }

  @Override
  public List<Behaviour> behaviours() {
    BehaviourList list = new BehaviourList(name());
    new InjectionCells(list).add();
    failures(list);
    addresses(list);
    realMode(list);
    requests(list);
    guestState(list);
    pending(list);
    return list.done();
  }

  /// How a failed entry shows.
  private static void failures(BehaviourList list) {
    Recipe recipe = strict("gp-without-code");
    list.add("events-failure-ends-the-run", "#GP without has_error_code: how the run ends.")
        .recorded(recipe)
        .observed(Observation.ending())
        .expect("entry-failed", "Linux vmx.c, vmx_handle_exit: KVM_EXIT_FAIL_ENTRY", KVM_INTEL)
        .expect("power-off", APM, KVM_AMD);
    list.add("events-failure-is-explained", "The injection event names field, value and rule.")
        .recorded(recipe)
        .observed(Observation.field("kind:injection AND outcome:vm-entry-failed", "reason"))
        .expect(
            "the VM-entry interruption-information field is 0x8000030d: its bit 11 asks for no"
                + " error code with vector 13; that exception always delivers one…",
            "SDM Vol. 3 \"VM-Entry Control Fields\"",
            KVM_INTEL)
        .expect(Observation.NOTHING, APM, KVM_AMD);
    list.add("events-failure-runs-nothing", "No exception reaches the guest.")
        .recorded(recipe)
        .observed(Observation.count("kind:exception AND origin:injected"))
        .expect("0", "SDM Vol. 3 \"VM-Instruction Error Numbers\": 7, no VM exit", KVM_INTEL)
        .expect("1", APM, KVM_AMD);
  }

  /// Where the handler returns to: a jump of five bytes is at RIP.
  private static void addresses(BehaviourList list) {
    list.add("events-bp-returns", "#BP: how far behind RIP its handler returns.")
        .recorded(strict("bp-without-code"))
        .observed(Observation.printed("returns-behind"))
        .expect("0x0", "Linux vmx.c, vmx_inject_exception: event_exit_inst_len is 0", KVM_INTEL)
        .expect("0x5", "Linux svm.c, svm_update_soft_interrupt_rip", KVM_AMD);
    list.add("events-int-n-returns", "INT 40H: how far behind RIP its handler returns.")
        .recorded(strict("software-interrupt"))
        .observed(Observation.printed("returns-behind"))
        .expect("0x0", "Linux vmx.c, vmx_inject_irq: event_exit_inst_len is 0", KVM_INTEL)
        .expect("0x5", "Linux svm.c, svm_inject_irq", KVM_AMD);
    list.add("events-gp-returns", "#GP: its handler returns to RIP.")
        .recorded(strict("gp-with-code"))
        .observed(Observation.printed("returns-behind"))
        .expect("0x0", "SDM Vol. 3 \"Vectored-Event Injection\"", KVM_INTEL)
        .expect("0x0", APM, KVM_AMD);
  }

  private static void realMode(BehaviourList list) {
    Recipe recipe =
        Recipe.guest("errata-events-real")
            .on(KVM_INTEL, "-cpu", "Skylake-Server")
            .on(KVM_AMD, "-cpu", "EPYC-Milan")
            .scenario("vcpu-events-real-mode-code.yaml");
    String since = "Linux x86.c, kvm_inject_exception, since 6.3 (commit 6c41468c7c12)";
    list.add("events-real-mode", "#GP with has_error_code in real mode.")
        .recorded(recipe)
        .observed(Observation.field("kind:injection", "outcome", "has_error_code"))
        .refusedOnBareMetal()
        .expect("outcome=delivered has_error_code=false", since, KVM_INTEL, KVM_AMD);
    list.add("events-real-mode-seen", "The guest finds no error code on its stack.")
        .recorded(recipe)
        .observed(Observation.printed("code"))
        .expect("none", since, KVM_INTEL, KVM_AMD);
    list.add("events-real-mode-before-6-3", "The same with KVM of before Linux 6.3.")
        .recorded(recipe.setting("real-mode-error-code=kept"))
        .observed(Observation.field("kind:injection", "outcome", "check"))
        .expect(FAILED + "deliver-error-code", "SDM Vol. 3 \"VM-Entry Control Fields\"", KVM_INTEL)
        .expect(DELIVERED, APM, KVM_AMD);
  }

  /// What the ioctl itself refuses, and what it tells.
  private static void requests(BehaviourList list) {
    for (String vector : new String[] {"2", "32"}) {
      list.add("events-vector-" + vector, "Vector %s is refused.".formatted(vector))
          .recorded(strict("vector-" + vector))
          .observed(Observation.field("kind:control", "result"))
          .refusedOnBareMetal()
          .expect("-EINVAL", SET, KVM_INTEL, KVM_AMD);
      list.add("events-vector-" + vector + "-goes-on", "The guest goes on after it.")
          .recorded(strict("vector-" + vector))
          .observed(Observation.printed("vector"))
          .expect("none", SET, KVM_INTEL, KVM_AMD);
    }
    list.add("events-payload-needs-capability", "VALID_PAYLOAD without the capability is refused.")
        .recorded(strict("payload-without-capability"))
        .observed(Observation.field("kind:injection", "outcome", "check"))
        .expect("outcome=rejected check=payload", SET, KVM_INTEL, KVM_AMD);
    list.add("events-pending-needs-flag", "A pending exception without VALID_PAYLOAD is none.")
        .recorded(strict("pending-without-flag"))
        .observed(Observation.printed("vector"))
        .expect("none", SET, KVM_INTEL, KVM_AMD);
    list.add("events-told", "KVM_GET_VCPU_EVENTS tells of #GP.")
        .recorded(strict("told"))
        .observed(Observation.field("kind:control AND call:get-vcpu-events", "reason"))
        .expect(
            "vcpu=0,injected=on,nr=13,has-error-code=on,error-code=0x10,flags=0xd",
            GET,
            KVM_INTEL,
            KVM_AMD);
    list.add("events-soft-not-told", "KVM_GET_VCPU_EVENTS does not tell of #BP.")
        .recorded(strict("soft-not-told"))
        .observed(Observation.field("kind:control AND call:get-vcpu-events", "reason"))
        .expect("vcpu=0,nr=3,flags=0xd", GET, KVM_INTEL, KVM_AMD);
  }

  /// What the guest's state does not admit: exit reason 0x80000021.
  private static void guestState(BehaviourList list) {
    state(list, "interrupt-while-closed", "An interrupt while IF is 0.", "rflags-if", FLAGS);
    state(list, "nmi-while-masked", "An NMI while NMIs are blocked.", "interruptibility", STATE);
    state(list, "nmi", "An NMI.", "", STATE);
    list.add("events-interrupt-while-open", "An interrupt while IF is 1.")
        .recorded(
            Recipe.guest("errata-events")
                .append("open")
                .on(KVM_INTEL, "-cpu", "Skylake-Server")
                .on(KVM_AMD, "-cpu", "EPYC-Milan")
                .scenario("vcpu-events-interrupt-while-open.yaml"))
        .observed(Observation.printed("vector"))
        .expect("0x40", FLAGS, KVM_INTEL)
        .expect("0x40", APM, KVM_AMD);
    list.add("events-sti-shadow-while-closed", "An interrupt shadow of STI while IF is 0.")
        .recorded(strict("sti-shadow-while-closed"))
        .observed(Observation.ending())
        .expect("entry-failed", STATE, KVM_INTEL)
        .expect("power-off", "APM Vol. 2 \"Canonicalization and Consistency Checks\"", KVM_AMD);
  }

  /// @param check that fails on VMX; empty for none
  private static void state(
      BehaviourList list, String scenario, String text, String check, String source) {
    list.add("events-" + scenario, text)
        .recorded(strict(scenario))
        .observed(Observation.field("kind:injection", "outcome", "check"))
        .refusedOnBareMetal()
        .expect(check.isEmpty() ? DELIVERED : FAILED + check, source, KVM_INTEL)
        .expect(DELIVERED, APM, KVM_AMD);
  }

  /// Pending and injected, and what else waits.
  private static void pending(BehaviourList list) {
    String payload = "Linux x86.c, kvm_deliver_exception_payload";
    printed(list, "pending-page-fault", "cr2", "0xcafe000", payload);
    printed(list, "pending-page-fault", "rf", "0x1", INJECT);
    printed(list, "injected-page-fault", "cr2", "0x0", payload);
    printed(list, "injected-page-fault", "rf", "0x0", INJECT);
    list.add("events-nested-fault", "#GP whose gate is not present becomes #DF.")
        .recorded(
            Recipe.guest("errata-events")
                .append("gateless")
                .scenario("vcpu-events-nested-fault.yaml"))
        .observed(Observation.printed("vector"))
        .expect("0x8", "SDM Vol. 3 \"Interrupt 8—Double Fault Exception (#DF)\"", KVM_INTEL)
        .expect("0x8", "APM Vol. 2 \"#DF—Double-Fault Exception (Vector 8)\"", KVM_AMD);
    list.add("events-two-at-once", "An exception and an NMI: how many of them are lost.")
        .recorded(strict("two-at-once"))
        .observed(Observation.count("kind:injection AND outcome:dropped"))
        .expect("1", "Linux vmx.c, vmx_complete_interrupts", KVM_INTEL)
        .expect("1", "Linux svm.c, svm_complete_interrupts", KVM_AMD);
    halted(list, "injected-while-halted", "vector", Observation.NOTHING);
    halted(list, "pending-while-halted", "vector", "0x6");
    list.add("events-triple-fault", "A pending triple fault resets the machine.")
        .recorded(strict("triple-fault").with("-no-reboot"))
        .observed(Observation.ending())
        .expect("reset", "Linux x86.c, vcpu_enter_guest: KVM_EXIT_SHUTDOWN", KVM_INTEL, KVM_AMD);
  }

  private static void printed(
      BehaviourList list, String scenario, String key, String value, String source) {
    list.add("events-" + scenario + "-" + key, "A #PF: %s that its handler finds.".formatted(key))
        .recorded(strict(scenario))
        .observed(Observation.printed(key))
        .expect(value, source, KVM_INTEL, KVM_AMD);
  }

  private static void halted(BehaviourList list, String scenario, String key, String value) {
    list.add(
            "events-" + scenario,
            "A #UD %s: whether it wakes.".formatted(scenario.replace('-', ' ')))
        .recorded(
            Recipe.guest("errata-events")
                .append("halted")
                .scenario("vcpu-events-" + scenario + ".yaml"))
        .observed(Observation.printed(key))
        .expect(value, "Linux x86.c, kvm_vcpu_has_events", KVM_INTEL, KVM_AMD);
  }
}
