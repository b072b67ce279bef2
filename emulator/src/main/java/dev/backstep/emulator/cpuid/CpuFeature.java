package dev.backstep.emulator.cpuid;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A feature bit of CPUID, whether or not some model has it or it is implemented. Names are those
/// of /proc/cpuinfo in upper case; PREFETCHW is its 3dnowprefetch, AMD_3DNOW its 3dnow. SDM Vol. 2
/// "CPUID"; APM Vol. 3 "Obtaining Processor Information Via the CPUID Instruction".
public enum CpuFeature {
  FPU(CpuidWord.BASIC_EDX, 0),
  VME(CpuidWord.BASIC_EDX, 1),
  DE(CpuidWord.BASIC_EDX, 2),
  PSE(CpuidWord.BASIC_EDX, 3),
  TSC(CpuidWord.BASIC_EDX, 4),
  MSR(CpuidWord.BASIC_EDX, 5),
  PAE(CpuidWord.BASIC_EDX, 6),
  MCE(CpuidWord.BASIC_EDX, 7),
  CX8(CpuidWord.BASIC_EDX, 8),
  APIC(CpuidWord.BASIC_EDX, 9),
  SEP(CpuidWord.BASIC_EDX, 11),
  MTRR(CpuidWord.BASIC_EDX, 12),
  PGE(CpuidWord.BASIC_EDX, 13),
  MCA(CpuidWord.BASIC_EDX, 14),
  CMOV(CpuidWord.BASIC_EDX, 15),
  PAT(CpuidWord.BASIC_EDX, 16),
  PSE36(CpuidWord.BASIC_EDX, 17),
  PN(CpuidWord.BASIC_EDX, 18),
  CLFLUSH(CpuidWord.BASIC_EDX, 19),
  DTS(CpuidWord.BASIC_EDX, 21),
  ACPI(CpuidWord.BASIC_EDX, 22),
  MMX(CpuidWord.BASIC_EDX, 23),
  FXSR(CpuidWord.BASIC_EDX, 24),
  SSE(CpuidWord.BASIC_EDX, 25),
  SSE2(CpuidWord.BASIC_EDX, 26),
  SS(CpuidWord.BASIC_EDX, 27),
  HT(CpuidWord.BASIC_EDX, 28),
  TM(CpuidWord.BASIC_EDX, 29),
  PBE(CpuidWord.BASIC_EDX, 31),

  PNI(CpuidWord.BASIC_ECX, 0),
  PCLMULQDQ(CpuidWord.BASIC_ECX, 1),
  DTES64(CpuidWord.BASIC_ECX, 2),
  MONITOR(CpuidWord.BASIC_ECX, 3),
  DS_CPL(CpuidWord.BASIC_ECX, 4),
  VMX(CpuidWord.BASIC_ECX, 5),
  SMX(CpuidWord.BASIC_ECX, 6),
  EST(CpuidWord.BASIC_ECX, 7),
  TM2(CpuidWord.BASIC_ECX, 8),
  SSSE3(CpuidWord.BASIC_ECX, 9),
  CID(CpuidWord.BASIC_ECX, 10),
  SDBG(CpuidWord.BASIC_ECX, 11),
  FMA(CpuidWord.BASIC_ECX, 12),
  CX16(CpuidWord.BASIC_ECX, 13),
  XTPR(CpuidWord.BASIC_ECX, 14),
  PDCM(CpuidWord.BASIC_ECX, 15),
  PCID(CpuidWord.BASIC_ECX, 17),
  DCA(CpuidWord.BASIC_ECX, 18),
  SSE4_1(CpuidWord.BASIC_ECX, 19),
  SSE4_2(CpuidWord.BASIC_ECX, 20),
  X2APIC(CpuidWord.BASIC_ECX, 21),
  MOVBE(CpuidWord.BASIC_ECX, 22),
  POPCNT(CpuidWord.BASIC_ECX, 23),
  TSC_DEADLINE_TIMER(CpuidWord.BASIC_ECX, 24),
  AES(CpuidWord.BASIC_ECX, 25),
  XSAVE(CpuidWord.BASIC_ECX, 26),
  OSXSAVE(CpuidWord.BASIC_ECX, 27),
  AVX(CpuidWord.BASIC_ECX, 28),
  F16C(CpuidWord.BASIC_ECX, 29),
  RDRAND(CpuidWord.BASIC_ECX, 30),
  HYPERVISOR(CpuidWord.BASIC_ECX, 31),

  DTHERM(CpuidWord.POWER_EAX, 0),
  IDA(CpuidWord.POWER_EAX, 1),
  ARAT(CpuidWord.POWER_EAX, 2),
  PLN(CpuidWord.POWER_EAX, 4),
  PTS(CpuidWord.POWER_EAX, 6),
  HWP(CpuidWord.POWER_EAX, 7),
  HWP_NOTIFY(CpuidWord.POWER_EAX, 8),
  HWP_ACT_WINDOW(CpuidWord.POWER_EAX, 9),
  HWP_EPP(CpuidWord.POWER_EAX, 10),
  HWP_PKG_REQ(CpuidWord.POWER_EAX, 11),
  HFI(CpuidWord.POWER_EAX, 19),

  APERFMPERF(CpuidWord.POWER_ECX, 0),
  EPB(CpuidWord.POWER_ECX, 3),

  FSGSBASE(CpuidWord.STRUCTURED_EBX, 0),
  TSC_ADJUST(CpuidWord.STRUCTURED_EBX, 1),
  SGX(CpuidWord.STRUCTURED_EBX, 2),
  BMI1(CpuidWord.STRUCTURED_EBX, 3),
  HLE(CpuidWord.STRUCTURED_EBX, 4),
  AVX2(CpuidWord.STRUCTURED_EBX, 5),
  FDP_EXCPTN_ONLY(CpuidWord.STRUCTURED_EBX, 6),
  SMEP(CpuidWord.STRUCTURED_EBX, 7),
  BMI2(CpuidWord.STRUCTURED_EBX, 8),
  ERMS(CpuidWord.STRUCTURED_EBX, 9),
  INVPCID(CpuidWord.STRUCTURED_EBX, 10),
  RTM(CpuidWord.STRUCTURED_EBX, 11),
  CQM(CpuidWord.STRUCTURED_EBX, 12),
  ZERO_FCS_FDS(CpuidWord.STRUCTURED_EBX, 13),
  MPX(CpuidWord.STRUCTURED_EBX, 14),
  RDT_A(CpuidWord.STRUCTURED_EBX, 15),
  AVX512F(CpuidWord.STRUCTURED_EBX, 16),
  AVX512DQ(CpuidWord.STRUCTURED_EBX, 17),
  RDSEED(CpuidWord.STRUCTURED_EBX, 18),
  ADX(CpuidWord.STRUCTURED_EBX, 19),
  SMAP(CpuidWord.STRUCTURED_EBX, 20),
  AVX512IFMA(CpuidWord.STRUCTURED_EBX, 21),
  PCOMMIT(CpuidWord.STRUCTURED_EBX, 22),
  CLFLUSHOPT(CpuidWord.STRUCTURED_EBX, 23),
  CLWB(CpuidWord.STRUCTURED_EBX, 24),
  INTEL_PT(CpuidWord.STRUCTURED_EBX, 25),
  AVX512PF(CpuidWord.STRUCTURED_EBX, 26),
  AVX512ER(CpuidWord.STRUCTURED_EBX, 27),
  AVX512CD(CpuidWord.STRUCTURED_EBX, 28),
  SHA_NI(CpuidWord.STRUCTURED_EBX, 29),
  AVX512BW(CpuidWord.STRUCTURED_EBX, 30),
  AVX512VL(CpuidWord.STRUCTURED_EBX, 31),

  PREFETCHWT1(CpuidWord.STRUCTURED_ECX, 0),
  AVX512VBMI(CpuidWord.STRUCTURED_ECX, 1),
  UMIP(CpuidWord.STRUCTURED_ECX, 2),
  PKU(CpuidWord.STRUCTURED_ECX, 3),
  OSPKE(CpuidWord.STRUCTURED_ECX, 4),
  WAITPKG(CpuidWord.STRUCTURED_ECX, 5),
  AVX512_VBMI2(CpuidWord.STRUCTURED_ECX, 6),
  CET_SS(CpuidWord.STRUCTURED_ECX, 7),
  GFNI(CpuidWord.STRUCTURED_ECX, 8),
  VAES(CpuidWord.STRUCTURED_ECX, 9),
  VPCLMULQDQ(CpuidWord.STRUCTURED_ECX, 10),
  AVX512_VNNI(CpuidWord.STRUCTURED_ECX, 11),
  AVX512_BITALG(CpuidWord.STRUCTURED_ECX, 12),
  TME(CpuidWord.STRUCTURED_ECX, 13),
  AVX512_VPOPCNTDQ(CpuidWord.STRUCTURED_ECX, 14),
  LA57(CpuidWord.STRUCTURED_ECX, 16),
  RDPID(CpuidWord.STRUCTURED_ECX, 22),
  KEY_LOCKER(CpuidWord.STRUCTURED_ECX, 23),
  BUS_LOCK_DETECT(CpuidWord.STRUCTURED_ECX, 24),
  CLDEMOTE(CpuidWord.STRUCTURED_ECX, 25),
  MOVDIRI(CpuidWord.STRUCTURED_ECX, 27),
  MOVDIR64B(CpuidWord.STRUCTURED_ECX, 28),
  ENQCMD(CpuidWord.STRUCTURED_ECX, 29),
  SGX_LC(CpuidWord.STRUCTURED_ECX, 30),
  PKS(CpuidWord.STRUCTURED_ECX, 31),

  AVX512_4VNNIW(CpuidWord.STRUCTURED_EDX, 2),
  AVX512_4FMAPS(CpuidWord.STRUCTURED_EDX, 3),
  FSRM(CpuidWord.STRUCTURED_EDX, 4),
  UINTR(CpuidWord.STRUCTURED_EDX, 5),
  AVX512_VP2INTERSECT(CpuidWord.STRUCTURED_EDX, 8),
  SRBDS_CTRL(CpuidWord.STRUCTURED_EDX, 9),
  MD_CLEAR(CpuidWord.STRUCTURED_EDX, 10),
  RTM_ALWAYS_ABORT(CpuidWord.STRUCTURED_EDX, 11),
  SERIALIZE(CpuidWord.STRUCTURED_EDX, 14),
  TSXLDTRK(CpuidWord.STRUCTURED_EDX, 16),
  PCONFIG(CpuidWord.STRUCTURED_EDX, 18),
  ARCH_LBR(CpuidWord.STRUCTURED_EDX, 19),
  CET_IBT(CpuidWord.STRUCTURED_EDX, 20),
  AMX_BF16(CpuidWord.STRUCTURED_EDX, 22),
  AVX512_FP16(CpuidWord.STRUCTURED_EDX, 23),
  AMX_TILE(CpuidWord.STRUCTURED_EDX, 24),
  AMX_INT8(CpuidWord.STRUCTURED_EDX, 25),
  SPEC_CTRL(CpuidWord.STRUCTURED_EDX, 26),
  INTEL_STIBP(CpuidWord.STRUCTURED_EDX, 27),
  FLUSH_L1D(CpuidWord.STRUCTURED_EDX, 28),
  ARCH_CAPABILITIES(CpuidWord.STRUCTURED_EDX, 29),
  CORE_CAPABILITIES(CpuidWord.STRUCTURED_EDX, 30),
  SPEC_CTRL_SSBD(CpuidWord.STRUCTURED_EDX, 31),

  AVX_VNNI(CpuidWord.STRUCTURED_1_EAX, 4),
  AVX512_BF16(CpuidWord.STRUCTURED_1_EAX, 5),
  LASS(CpuidWord.STRUCTURED_1_EAX, 6),
  CMPCCXADD(CpuidWord.STRUCTURED_1_EAX, 7),
  ARCH_PERFMON_EXT(CpuidWord.STRUCTURED_1_EAX, 8),
  FZRM(CpuidWord.STRUCTURED_1_EAX, 10),
  FSRS(CpuidWord.STRUCTURED_1_EAX, 11),
  FSRC(CpuidWord.STRUCTURED_1_EAX, 12),
  FRED(CpuidWord.STRUCTURED_1_EAX, 17),
  LKGS(CpuidWord.STRUCTURED_1_EAX, 18),
  WRMSRNS(CpuidWord.STRUCTURED_1_EAX, 19),
  AMX_FP16(CpuidWord.STRUCTURED_1_EAX, 21),
  HRESET(CpuidWord.STRUCTURED_1_EAX, 22),
  AVX_IFMA(CpuidWord.STRUCTURED_1_EAX, 23),
  LAM(CpuidWord.STRUCTURED_1_EAX, 26),

  PSFD(CpuidWord.STRUCTURED_2_EDX, 0),
  IPRED_CTRL(CpuidWord.STRUCTURED_2_EDX, 1),
  RRSBA_CTRL(CpuidWord.STRUCTURED_2_EDX, 2),
  DDPD_U(CpuidWord.STRUCTURED_2_EDX, 3),
  BHI_CTRL(CpuidWord.STRUCTURED_2_EDX, 4),
  MCDT_NO(CpuidWord.STRUCTURED_2_EDX, 5),

  XSAVEOPT(CpuidWord.STATE_EAX, 0),
  XSAVEC(CpuidWord.STATE_EAX, 1),
  XGETBV1(CpuidWord.STATE_EAX, 2),
  XSAVES(CpuidWord.STATE_EAX, 3),
  XFD(CpuidWord.STATE_EAX, 4),

  SYSCALL(CpuidWord.EXTENDED_EDX, 11),
  NX(CpuidWord.EXTENDED_EDX, 20),
  MMXEXT(CpuidWord.EXTENDED_EDX, 22),
  FXSR_OPT(CpuidWord.EXTENDED_EDX, 25),
  PDPE1GB(CpuidWord.EXTENDED_EDX, 26),
  RDTSCP(CpuidWord.EXTENDED_EDX, 27),
  LM(CpuidWord.EXTENDED_EDX, 29),
  AMD_3DNOWEXT(CpuidWord.EXTENDED_EDX, 30),
  AMD_3DNOW(CpuidWord.EXTENDED_EDX, 31),

  LAHF_LM(CpuidWord.EXTENDED_ECX, 0),
  CMP_LEGACY(CpuidWord.EXTENDED_ECX, 1),
  SVM(CpuidWord.EXTENDED_ECX, 2),
  EXTAPIC(CpuidWord.EXTENDED_ECX, 3),
  CR8_LEGACY(CpuidWord.EXTENDED_ECX, 4),
  ABM(CpuidWord.EXTENDED_ECX, 5),
  SSE4A(CpuidWord.EXTENDED_ECX, 6),
  MISALIGNSSE(CpuidWord.EXTENDED_ECX, 7),
  PREFETCHW(CpuidWord.EXTENDED_ECX, 8),
  OSVW(CpuidWord.EXTENDED_ECX, 9),
  IBS(CpuidWord.EXTENDED_ECX, 10),
  XOP(CpuidWord.EXTENDED_ECX, 11),
  SKINIT(CpuidWord.EXTENDED_ECX, 12),
  WDT(CpuidWord.EXTENDED_ECX, 13),
  LWP(CpuidWord.EXTENDED_ECX, 15),
  FMA4(CpuidWord.EXTENDED_ECX, 16),
  TCE(CpuidWord.EXTENDED_ECX, 17),
  NODEID_MSR(CpuidWord.EXTENDED_ECX, 19),
  TBM(CpuidWord.EXTENDED_ECX, 21),
  TOPOEXT(CpuidWord.EXTENDED_ECX, 22),
  PERFCTR_CORE(CpuidWord.EXTENDED_ECX, 23),
  PERFCTR_NB(CpuidWord.EXTENDED_ECX, 24),
  BPEXT(CpuidWord.EXTENDED_ECX, 26),
  PERFCTR_LLC(CpuidWord.EXTENDED_ECX, 28),
  MWAITX(CpuidWord.EXTENDED_ECX, 29),

  HW_PSTATE(CpuidWord.ADVANCED_POWER_EDX, 7),
  CONSTANT_TSC(CpuidWord.ADVANCED_POWER_EDX, 8),
  CPB(CpuidWord.ADVANCED_POWER_EDX, 9),

  CLZERO(CpuidWord.SIZES_EBX, 0),
  IRPERF(CpuidWord.SIZES_EBX, 1),
  XSAVEERPTR(CpuidWord.SIZES_EBX, 2),
  RDPRU(CpuidWord.SIZES_EBX, 4),
  WBNOINVD(CpuidWord.SIZES_EBX, 9),
  AMD_IBPB(CpuidWord.SIZES_EBX, 12),
  AMD_IBRS(CpuidWord.SIZES_EBX, 14),
  AMD_STIBP(CpuidWord.SIZES_EBX, 15),
  AMD_STIBP_ALWAYS_ON(CpuidWord.SIZES_EBX, 17),
  AMD_PPIN(CpuidWord.SIZES_EBX, 23),
  AMD_SSBD(CpuidWord.SIZES_EBX, 24),
  VIRT_SSBD(CpuidWord.SIZES_EBX, 25),
  AMD_PSFD(CpuidWord.SIZES_EBX, 28),

  NO_NESTED_DATA_BP(CpuidWord.FEATURE_2_EAX, 0),
  LFENCE_RDTSC(CpuidWord.FEATURE_2_EAX, 2),
  NULL_SEL_CLR_BASE(CpuidWord.FEATURE_2_EAX, 6);

  /// All features, to be walked without a copy.
  static final List<CpuFeature> ALL = List.of(values());

  private final CpuidWord word;
  private final int bit;

  CpuFeature(CpuidWord word, int bit) {
    this.word = word;
    this.bit = bit;
  }

  public CpuidWord word() {
    return word;
  }

  public int leaf() {
    return word.leaf();
  }

  public int subleaf() {
    return word.subleaf();
  }

  public CpuidRegister register() {
    return word.register();
  }

  /// The feature's bit as a mask of its register.
  public int mask() {
    return 1 << bit;
  }

  /// As in /proc/cpuinfo and in messages.
  public String flag() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// The feature that QEMU's `-cpu MODEL,+flag` or /proc/cpuinfo calls `flag`, in any case, or
  /// null.
  public static @Nullable CpuFeature byFlag(String flag) {
    String name = flag.toUpperCase(Locale.ROOT).replace('-', '_').replace('.', '_');
    String canonical =
        switch (name) {
          case "TSC_DEADLINE" -> "TSC_DEADLINE_TIMER";
          case "SSE3" -> "PNI";
          case "DS" -> "DTS";
          case "CLFSH", "CLFLSH" -> "CLFLUSH";
          case "LZCNT" -> "ABM";
          case "CMPXCHG8B" -> "CX8";
          case "CMPXCHG16B" -> "CX16";
          case "XD" -> "NX";
          case "HTT" -> "HT";
          case "I64" -> "LM";
          case "PSE_36" -> "PSE36";
          case "3DNOWPREFETCH" -> "PREFETCHW";
          case "3DNOW" -> "AMD_3DNOW";
          case "3DNOWEXT" -> "AMD_3DNOWEXT";
          case "INVTSC" -> "CONSTANT_TSC";
          case "SHSTK", "USER_SHSTK" -> "CET_SS";
          case "IBT" -> "CET_IBT";
          case "AVX512VBMI2" -> "AVX512_VBMI2";
          case "AVX512VNNI" -> "AVX512_VNNI";
          case "AVX512BITALG" -> "AVX512_BITALG";
          case "STIBP" -> "INTEL_STIBP";
          case "SSBD" -> "SPEC_CTRL_SSBD";
          case "IBPB" -> "AMD_IBPB";
          case "CORE_CAPABILITY" -> "CORE_CAPABILITIES";
          case "LFENCE_ALWAYS_SERIALIZING" -> "LFENCE_RDTSC";
          default -> name;
        };
    for (CpuFeature feature : ALL) {
      if (feature.name().equals(canonical)) {
        return feature;
      }
    }
    return null;
  }
}
