package dev.backstep.cli.errata;

import static dev.backstep.cli.errata.ErrataPlatform.BARE_METAL_AMD;
import static dev.backstep.cli.errata.ErrataPlatform.BARE_METAL_INTEL;
import static dev.backstep.cli.errata.ErrataPlatform.KVM_AMD;
import static dev.backstep.cli.errata.ErrataPlatform.KVM_INTEL;

import java.util.List;

/// Row `mtrr`: guests' MTRRs decide memory types on bare metal and decide nothing under KVM.
final class MtrrRow implements ErrataRow {
  private static final String SDM =
      "SDM Vol. 3 \"Selecting Memory Types for Pentium III and More Recent Processor Families\"";
  private static final String APM = "APM Vol. 2 \"Combining Memory Types, MTRRs\"";
  private static final String ERRATA = "Documentation/virt/kvm/x86/errata.rst \"MTRRs\"";

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
    Recipe tour = Recipe.guest("tour").memory("32");
    list.add("mtrr-variable-uc", "A variable MTRR makes 2 MiB of RAM UC; the page tables say WB.")
        .recorded(tour)
        .observed(
            Observation.field("kind:memory_type AND gpa:[0x1000000 TO 0x11fffff]", "effective"))
        .expect("UC", SDM, BARE_METAL_INTEL)
        .expect("UC", APM, BARE_METAL_AMD)
        .expect("WB", ERRATA, KVM_INTEL, KVM_AMD);
    return list.done();
  }
}
