package dev.backstep.cli.errata;

import static dev.backstep.cli.errata.ErrataPlatform.KVM_AMD;
import static dev.backstep.cli.errata.ErrataPlatform.KVM_INTEL;

/// The matrix of KVM_SET_VCPU_EVENTS with an injected exception: vectors with and without an error
/// code on three kinds of hardware. Each line is looked at from both sides: what the VM entry came
/// to, and what the guest found on its stack.
final class InjectionCells {
  private static final String RULE = "errata.rst \"KVM_SET_VCPU_EVENTS\"";
  private static final String SDM = RULE + "; SDM Vol. 3 \"VM-Entry Control Fields\"";
  private static final String APM = RULE + "; APM Vol. 2 \"Event Injection\"";

  /// Outcome of an entry and the error code that the guest sees.
  private record Cell(String outcome, String seen) {
    static Cell delivered(String code) {
      return new Cell("outcome=delivered check=none", code);
    }

    static Cell failed(String check) {
      return new Cell("outcome=vm-entry-failed check=" + check, Observation.NOTHING);
    }
  }

  private static final Cell WITHOUT_CODE = Cell.delivered("none");
  private static final Cell WITH_CODE = Cell.delivered("0x10");
  private static final Cell WRONG_CODE = Cell.failed("deliver-error-code");
  private static final Cell IMPOSSIBLE = Cell.failed("impossible-event");

  private final BehaviourList list;

  InjectionCells(BehaviourList list) {
    this.list = list;
  }

  /// A scenario of the row on Intel before CET (IA32_VMX_BASIC\[56\] clear) and on AMD.
  static Recipe strict(String scenario) {
    return Recipe.guest("errata-events")
        .append("wait")
        .on(KVM_INTEL, "-cpu", "Skylake-Server")
        .on(KVM_AMD, "-cpu", "EPYC-Milan")
        .scenario("vcpu-events-" + scenario + ".yaml");
  }

  private static Recipe onIntel(String scenario, String cpu) {
    return Recipe.guest("errata-events")
        .append("wait")
        .on(KVM_INTEL, "-cpu", cpu)
        .scenario("vcpu-events-" + scenario + ".yaml");
  }

  void add() {
    line("gp-with-code", "#GP with has_error_code", WITH_CODE, WITH_CODE, WITH_CODE);
    line("gp-without-code", "#GP without has_error_code", WRONG_CODE, WITHOUT_CODE, WITHOUT_CODE);
    line("ud-without-code", "#UD without has_error_code", WITHOUT_CODE, WITHOUT_CODE, WITHOUT_CODE);
    line("ud-with-code", "#UD with has_error_code", WRONG_CODE, WITH_CODE, WITH_CODE);
    line("bp-without-code", "#BP without has_error_code", WITHOUT_CODE, WITHOUT_CODE, WITHOUT_CODE);
    line("bp-with-code", "#BP with has_error_code", WRONG_CODE, WRONG_CODE, WITH_CODE);
    line("of-in-64-bit-code", "#OF in 64-bit code", WITHOUT_CODE, WITHOUT_CODE, IMPOSSIBLE);
    line("br-in-64-bit-code", "#BR in 64-bit code", WITHOUT_CODE, WITHOUT_CODE, IMPOSSIBLE);
    line(
        "long-code",
        "#GP with the error code 0x12345",
        Cell.delivered("0x2345"),
        Cell.delivered("0x2345"),
        Cell.delivered("0x12345"));
    controlProtection();
    haswell();
  }

  private void line(String name, String text, Cell strict, Cell cet, Cell amd) {
    list.add("events-" + name, text + ": what the VM entry comes to, on Intel before CET.")
        .recorded(strict(name))
        .observed(Observation.field("kind:injection", "outcome", "check"))
        .refusedOnBareMetal()
        .expect(strict.outcome, SDM, KVM_INTEL)
        .expect(amd.outcome, APM, KVM_AMD);
    list.add("events-" + name + "-seen", text + ": the error code on the guest's stack.")
        .recorded(strict(name))
        .observed(Observation.printed("code"))
        .expect(strict.seen, SDM, KVM_INTEL)
        .expect(amd.seen, APM, KVM_AMD);
    list.add("events-" + name + "-cet", text + ": on Intel with IA32_VMX_BASIC[56].")
        .recorded(onIntel(name, "SapphireRapids"))
        .observed(Observation.field("kind:injection", "outcome", "check"))
        .expect(cet.outcome, SDM, KVM_INTEL);
    list.add("events-" + name + "-cet-seen", text + ": the error code on the stack there.")
        .recorded(onIntel(name, "SapphireRapids"))
        .observed(Observation.printed("code"))
        .expect(cet.seen, SDM, KVM_INTEL);
  }

  /// #CP has an error code on the processors that know it.
  private void controlProtection() {
    Cell withCode = Cell.delivered("0x1");
    cell("cp-with-code", "#CP with has_error_code before CET", "", "Skylake-Server", WRONG_CODE);
    cell(
        "cp-without-code",
        "#CP without has_error_code before CET",
        "",
        "Skylake-Server",
        WITHOUT_CODE);
    String strict = "vmx-any-errcode=off";
    cell(
        "cp-with-code", "#CP with has_error_code, CET, strict", strict, "SapphireRapids", withCode);
    cell("cp-without-code", "#CP without, CET, strict", strict, "SapphireRapids", WRONG_CODE);
  }

  private void cell(String scenario, String text, String setting, String cpu, Cell cell) {
    String name = "events-" + scenario + (setting.isEmpty() ? "" : "-strict-cet");
    Recipe recipe = onIntel(scenario, cpu);
    list.add(name, text + ".")
        .recorded(setting.isEmpty() ? recipe : recipe.setting(setting))
        .observed(Observation.field("kind:injection", "outcome", "check"))
        .expect(cell.outcome, SDM, KVM_INTEL);
  }

  /// Software events need an instruction length before Skylake, and nobody gives one.
  private void haswell() {
    list.add("events-bp-haswell", "#BP on Haswell, whose IA32_VMX_MISC[30] is 0.")
        .recorded(onIntel("bp-without-code", "Haswell"))
        .observed(Observation.field("kind:injection", "outcome", "check"))
        .expect(Cell.failed("instruction-length").outcome, SDM, KVM_INTEL);
  }
}
