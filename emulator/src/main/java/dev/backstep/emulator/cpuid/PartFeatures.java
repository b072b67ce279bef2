package dev.backstep.emulator.cpuid;

import java.util.EnumSet;
import java.util.Set;

/// Which features the parts enumerate, in the words of /proc/cpuinfo. The bits that depend on what
/// the guest enables (OSXSAVE, OSPKE) and on the number of cores (HT, CMP_LEGACY) are left out.
///
/// Sources: Intel's "64 and IA-32 Architectures Optimization Reference Manual" (which generation
/// brought what), the specification updates of the parts and SDM Vol. 2 "CPUID"; AMD's "Processor
/// Programming Reference" for family 17h models 01h and 31h and family 19h model 01h, and APM Vol.
/// 3 "Instruction Subsets and CPUID Feature Flags".
final class PartFeatures {
  /// What every x86-64 part has.
  private static final String X86_64 =
      """
      fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2
      syscall nx lm
      """;

  /// QEMU's documentation of its models "qemu64" and "Opteron_G1".
  static final Set<CpuFeature> QEMU64 = of(X86_64 + "pni cx16 lahf_lm svm");

  static final Set<CpuFeature> OPTERON_G1 = of(X86_64 + "vme pni");

  private static final String HASWELL_WORDS =
      X86_64
          + """
          vme dts acpi ss tm pbe
          pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 sdbg fma cx16 xtpr pdcm pcid
          sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave avx f16c rdrand
          dtherm ida arat pln pts aperfmperf epb
          fsgsbase tsc_adjust bmi1 hle avx2 smep bmi2 erms invpcid rtm zero_fcs_fds
          xsaveopt pdpe1gb rdtscp lahf_lm abm constant_tsc
          """;

  /// 4th generation Core, signature 306C3H.
  static final Set<CpuFeature> HASWELL = of(HASWELL_WORDS);

  private static final String SKYLAKE_SERVER_WORDS =
      HASWELL_WORDS
          + """
          dca prefetchw hwp hwp_act_window hwp_epp hwp_pkg_req
          fdp_excptn_only cqm mpx rdt_a avx512f avx512dq rdseed adx smap clflushopt clwb intel_pt
          avx512cd avx512bw avx512vl pku
          md_clear spec_ctrl intel_stibp flush_l1d spec_ctrl_ssbd
          xsavec xgetbv1 xsaves
          """;

  /// 1st generation Xeon Scalable, signature 50654H.
  static final Set<CpuFeature> SKYLAKE_SERVER = of(SKYLAKE_SERVER_WORDS);

  /// 4th generation Xeon Scalable, signature 806F8H.
  static final Set<CpuFeature> SAPPHIRE_RAPIDS =
      of(
          SKYLAKE_SERVER_WORDS
              + """
              sgx avx512ifma sha_ni
              avx512vbmi umip waitpkg avx512_vbmi2 cet_ss gfni vaes vpclmulqdq avx512_vnni
              avx512_bitalg tme avx512_vpopcntdq la57 rdpid bus_lock_detect cldemote movdiri
              movdir64b enqcmd sgx_lc pks
              fsrm uintr serialize tsxldtrk pconfig arch_lbr cet_ibt amx_bf16 avx512_fp16 amx_tile
              amx_int8 arch_capabilities core_capabilities
              avx_vnni avx512_bf16 fzrm fsrs fsrc xfd wbnoinvd
              """,
          "mpx");

  private static final String NAPLES_WORDS =
      X86_64
          + """
          vme pni pclmulqdq monitor ssse3 fma cx16 sse4_1 sse4_2 movbe popcnt aes xsave avx f16c
          rdrand arat aperfmperf
          fsgsbase bmi1 avx2 smep bmi2 rdseed adx smap clflushopt sha_ni
          xsaveopt xsavec xgetbv1 xsaves
          mmxext fxsr_opt pdpe1gb rdtscp
          lahf_lm svm extapic cr8_legacy abm sse4a misalignsse prefetchw osvw skinit wdt tce
          topoext perfctr_core perfctr_nb bpext perfctr_llc mwaitx
          hw_pstate constant_tsc cpb clzero irperf xsaveerptr amd_ibpb
          """;

  /// EPYC 7001, signature 800F12H.
  static final Set<CpuFeature> NAPLES = of(NAPLES_WORDS);

  private static final String ROME_WORDS =
      NAPLES_WORDS
          + """
          x2apic cqm rdt_a clwb umip rdpid ibs rdpru wbnoinvd amd_ibrs amd_stibp
          amd_stibp_always_on amd_ppin amd_ssbd
          """;

  /// EPYC 7002, signature 830F10H.
  static final Set<CpuFeature> ROME = of(ROME_WORDS);

  /// EPYC 7003, signature A00F11H.
  static final Set<CpuFeature> MILAN =
      of(
          ROME_WORDS
              + """
              pcid erms invpcid pku cet_ss vaes vpclmulqdq fsrm
              amd_psfd no_nested_data_bp lfence_rdtsc null_sel_clr_base
              """);

  private PartFeatures() {}

  /// The features that the words name.
  static EnumSet<CpuFeature> of(String words) {
    return of(words, "");
  }

  private static EnumSet<CpuFeature> of(String words, String without) {
    var features = EnumSet.noneOf(CpuFeature.class);
    for (String word : words.strip().split("\\s+", -1)) {
      CpuFeature feature = CpuFeature.byFlag(word);
      if (feature == null) {
        throw new AssertionError("no CPU feature is called " + word);
      }
      if (!word.equals(without)) {
        features.add(feature);
      }
    }
    return features;
  }
}
