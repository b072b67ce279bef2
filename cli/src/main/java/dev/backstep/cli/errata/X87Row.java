package dev.backstep.cli.errata;

import static dev.backstep.cli.errata.ErrataPlatform.BARE_METAL_AMD;
import static dev.backstep.cli.errata.ErrataPlatform.BARE_METAL_INTEL;
import static dev.backstep.cli.errata.ErrataPlatform.KVM_AMD;
import static dev.backstep.cli.errata.ErrataPlatform.KVM_INTEL;

import java.util.List;

/// Row `x87`: two bits of CPUID that are set where a feature is gone, and an FPU that does not ask
/// CPUID.
final class X87Row implements ErrataRow {
  private static final String SDM =
      "SDM Vol. 1 \"x87 FPU Instruction and Data (Operand) Pointers\"";
  private static final String APM = "APM Vol. 3 CPUID Fn8000_0008_EBX[XSaveErPtr]; APM Vol. 5";
  private static final String ERRATA =
      "Documentation/virt/kvm/x86/errata.rst \"x87 features\": clearing these bits has no effect";
  private static final String WORKAROUND =
      "Documentation/virt/kvm/x86/errata.rst \"x87 features\": always set these bits";

  private static final Recipe SKYLAKE = on("Skylake-Server");
  private static final Recipe HASWELL = on("Haswell");
  private static final Recipe EPYC = on("EPYC");
  private static final Recipe CLEARED = on("Skylake-Server,-fdp-excptn-only,-zero-fcs-fds");
  private static final Recipe SET = on("Haswell,+fdp-excptn-only");

  private static Recipe on(String cpu) {
    return Recipe.guest("errata-x87").with("-cpu", cpu);
  }

  @Override
  public String name() {
    return "x87";
  }

  @Override
  public String title() {
    return "x87 pointers: FDP_EXCPTN_ONLY and ZERO_FCS_FDS in KVM_GET_SUPPORTED_CPUID";
  }

  @Override
  public List<Behaviour> behaviours() {
    BehaviourList rows = new BehaviourList(name());
    alike(rows);
    differing(rows);
    ofAmd(rows);
    return rows.done();
  }

  /// Models as they were made: bare metal and KVM agree.
  private static void alike(BehaviourList rows) {
    intel(rows, "fdp-load-skylake", "FLD leaves FDP alone", SKYLAKE, "load-fdp", "zero");
    intel(rows, "fdp-load-haswell", "FLD writes FDP", HASWELL, "load-fdp", "operand");
    intel(
        rows, "fdp-masked-skylake", "A masked #Z leaves FDP alone", SKYLAKE, "masked-fdp", "zero");
    intel(rows, "fdp-masked-haswell", "A masked #Z writes FDP", HASWELL, "masked-fdp", "operand");
    intel(rows, "fdp-unmasked", "An unmasked #Z writes FDP", SKYLAKE, "unmasked-fdp", "operand");
    intel(rows, "fcs-haswell", "FNSTENV saves FCS as 0", HASWELL, "load-fcs", "zero");
    intel(rows, "fds-haswell", "FNSTENV saves FDS as 0", HASWELL, "load-fds", "zero");
    intel(rows, "fxsave-fcs-haswell", "FXSAVE saves FCS as 0", HASWELL, "fxsave-fcs", "zero");
    intel(rows, "fxsave-fdp-haswell", "FXSAVE saves FDP", HASWELL, "fxsave-fdp", "operand");
  }

  private static void intel(
      BehaviourList rows, String name, String text, Recipe recipe, String key, String outcome) {
    rows.add("x87-" + name, text)
        .recorded(recipe)
        .observed(Observation.printed(key))
        .expect(outcome, SDM, BARE_METAL_INTEL, KVM_INTEL);
  }

  /// CPUID says another thing than the model: on bare metal that is another processor, under KVM
  /// the same with another CPUID.
  private static void differing(BehaviourList rows) {
    split(
        rows, "cleared-bit", "CPUID shows a cleared bit 6", "cpuid-fdp-excptn-only", "0x0", "0x0");
    split(rows, "cleared-fdp", "Bit 6 cleared: FLD and FDP", "load-fdp", "operand", "zero");
    split(rows, "cleared-masked", "Bit 6 cleared: masked #Z", "masked-fdp", "operand", "zero");
    split(rows, "cleared-fcs", "Bit 13 cleared: FCS", "load-fcs", "cs", "zero");
    split(rows, "cleared-fds", "Bit 13 cleared: FDS", "load-fds", "ds", "zero");
    split(rows, "cleared-fxsave", "Bit 13 cleared: FCS by FXSAVE", "fxsave-fcs", "cs", "zero");
    rows.add("x87-set-fdp", "Bit 6 set for a Haswell: FLD and FDP")
        .recorded(SET)
        .observed(Observation.printed("load-fdp"))
        .expect("zero", SDM, BARE_METAL_INTEL)
        .expect("operand", ERRATA, KVM_INTEL);
    rows.add("x87-written-cpuid", "KVM_SET_CPUID2 clears both bits: FLD and FDP")
        .recorded(SKYLAKE.inject("set-cpuid,vcpu=0,leaf=0x7,subleaf=0x0,at=0"))
        .observed(Observation.printed("load-fdp"))
        .expect("zero", ERRATA, KVM_INTEL)
        .refusedOnBareMetal();
    rows.add("x87-workaround", "x87-cpuid=set: CPUID shows bit 6 whatever -cpu says")
        .recorded(CLEARED.setting("x87-cpuid=set"))
        .observed(Observation.printed("cpuid-fdp-excptn-only"))
        .expect("0x1", WORKAROUND, KVM_INTEL);
    rows.add("x87-workaround-fcs", "x87-cpuid=set: CPUID shows bit 13 whatever -cpu says")
        .recorded(CLEARED.setting("x87-cpuid=set"))
        .observed(Observation.printed("cpuid-zero-fcs-fds"))
        .expect("0x1", WORKAROUND, KVM_INTEL);
  }

  private static void split(
      BehaviourList rows, String name, String text, String key, String bare, String kvm) {
    rows.add("x87-" + name, text)
        .recorded(CLEARED)
        .observed(Observation.printed(key))
        .expect(bare, SDM, BARE_METAL_INTEL)
        .expect(kvm, ERRATA, KVM_INTEL);
  }

  /// AMD enumerates neither bit and has a way of its own.
  private static void ofAmd(BehaviourList rows) {
    amd(rows, "bit-6", "CPUID has no bit 6", "cpuid-fdp-excptn-only", "0x0");
    amd(rows, "bit-13", "CPUID has no bit 13", "cpuid-zero-fcs-fds", "0x0");
    amd(rows, "fdp-load", "FLD writes FDP", "load-fdp", "operand");
    amd(rows, "fcs", "FNSTENV saves FCS", "load-fcs", "cs");
    amd(rows, "fxsave-fip", "FXSAVE saves FIP as 0 without an exception", "fxsave-fip", "zero");
    amd(rows, "fxsave-fdp", "FXSAVE saves FDP as 0 without an exception", "fxsave-fdp", "zero");
    amd(rows, "pending-fip", "FXSAVE saves FIP with one", "pending-fip", "instruction");
    amd(rows, "pending-fdp", "FXSAVE saves FDP with one", "pending-fdp", "operand");
    rows.add("x87-amd-workaround", "x87-cpuid=set: CPUID shows a bit that AMD has not")
        .recorded(EPYC.setting("x87-cpuid=set"))
        .observed(Observation.printed("cpuid-fdp-excptn-only"))
        .expect("0x1", WORKAROUND, KVM_AMD);
  }

  private static void amd(
      BehaviourList rows, String name, String text, String key, String outcome) {
    rows.add("x87-amd-" + name, text)
        .recorded(EPYC)
        .observed(Observation.printed(key))
        .expect(outcome, APM, BARE_METAL_AMD, KVM_AMD);
  }
}
