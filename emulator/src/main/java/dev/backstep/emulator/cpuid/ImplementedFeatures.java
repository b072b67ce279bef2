package dev.backstep.emulator.cpuid;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/// What works, and may therefore be enumerated. `ImplementedFeaturesTest` holds the two lists
/// against the opcode tables and against the tests of the rest.
final class ImplementedFeatures {
  /// Instructions: the opcode tables have every one of a feature.
  private static final EnumSet<CpuFeature> INSTRUCTIONS =
      PartFeatures.of(
          """
          fpu tsc msr cx8 sep cmov clflush mmx fxsr sse sse2 cx16 movbe popcnt xsave fsgsbase
          clflushopt clwb rdpid syscall rdtscp lahf_lm abm invpcid pku pni ssse3 sse4_1 sse4_2 aes
          pclmulqdq sha_ni rdrand rdseed bmi1 bmi2 adx avx avx2 fma f16c vaes vpclmulqdq gfni
          xsaveopt xsavec xsaves serialize wbnoinvd cldemote movdiri movdir64b clzero sse4a monitor
          """);

  /// What is more, or else, than instructions: registers, rules, paging, devices.
  private static final EnumSet<CpuFeature> SYSTEM =
      PartFeatures.of(
          """
          fdp_excptn_only zero_fcs_fds xgetbv1 vme de pse pae mce apic mtrr pge mca pat pse36
          x2apic tsc_deadline_timer tsc_adjust smep smap umip nx pdpe1gb lm prefetchw arat
          constant_tsc pcid pks la57 lam erms fsrm spec_ctrl intel_stibp spec_ctrl_ssbd flush_l1d
          arch_capabilities md_clear amd_ibpb amd_ibrs amd_stibp amd_ssbd lfence_rdtsc topoext
          mmxext xsaveerptr misalignsse cet_ss cet_ibt
          """);

  /// Of these, what only AMD makes.
  private static final EnumSet<CpuFeature> AMD_ONLY =
      PartFeatures.of(
          """
          mmxext fxsr_opt sse4a misalignsse osvw topoext cr8_legacy clzero rdpru xsaveerptr
          amd_ibpb amd_ibrs amd_stibp amd_ssbd amd_psfd lfence_rdtsc null_sel_clr_base
          """);

  /// What `max` has only by `+flag`. With protection keys, guests that try every combination of
  /// access rights take five to ten times as long.
  private static final EnumSet<CpuFeature> ON_REQUEST = PartFeatures.of("pku");

  /// What no model has but by `+flag`, though its part has it. MWAIT returns at once here: a guest
  /// whose idle loop waits with it would keep the machine from skipping idle time, as HLT lets it.
  private static final EnumSet<CpuFeature> IN_NO_MODEL = PartFeatures.of("monitor");

  private static final Set<CpuFeature> ALL = union(INSTRUCTIONS, SYSTEM);

  private ImplementedFeatures() {}

  static Set<CpuFeature> instructions() {
    return Collections.unmodifiableSet(INSTRUCTIONS);
  }

  static Set<CpuFeature> system() {
    return Collections.unmodifiableSet(SYSTEM);
  }

  /// Every feature that works.
  static Set<CpuFeature> all() {
    return ALL;
  }

  /// Those of `max`: that a part of any vendor may have, but for those that must be asked for.
  static Set<CpuFeature> ofMax() {
    var features = EnumSet.copyOf(ofParts());
    features.removeAll(AMD_ONLY);
    features.removeAll(ON_REQUEST);
    return Collections.unmodifiableSet(features);
  }

  /// Those that a model of a part has if its part has them.
  static Set<CpuFeature> ofParts() {
    var features = EnumSet.copyOf(ALL);
    features.removeAll(IN_NO_MODEL);
    return Collections.unmodifiableSet(features);
  }

  private static Set<CpuFeature> union(EnumSet<CpuFeature> some, EnumSet<CpuFeature> more) {
    var all = EnumSet.copyOf(some);
    all.addAll(more);
    return Collections.unmodifiableSet(all);
  }
}
