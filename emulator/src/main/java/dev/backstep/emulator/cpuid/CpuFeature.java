package dev.backstep.emulator.cpuid;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A feature bit of CPUID, whether or not some model has it. Names are those of /proc/cpuinfo in
/// upper case; PREFETCHW is its 3dnowprefetch. SDM Vol. 2 "CPUID"; APM Vol. 3 "Obtaining Processor
/// Information Via the CPUID Instruction".
public enum CpuFeature {
  FPU(1, 0, CpuidRegister.EDX, 0),
  VME(1, 0, CpuidRegister.EDX, 1),
  DE(1, 0, CpuidRegister.EDX, 2),
  PSE(1, 0, CpuidRegister.EDX, 3),
  TSC(1, 0, CpuidRegister.EDX, 4),
  MSR(1, 0, CpuidRegister.EDX, 5),
  PAE(1, 0, CpuidRegister.EDX, 6),
  MCE(1, 0, CpuidRegister.EDX, 7),
  CX8(1, 0, CpuidRegister.EDX, 8),
  APIC(1, 0, CpuidRegister.EDX, 9),
  SEP(1, 0, CpuidRegister.EDX, 11),
  MTRR(1, 0, CpuidRegister.EDX, 12),
  PGE(1, 0, CpuidRegister.EDX, 13),
  MCA(1, 0, CpuidRegister.EDX, 14),
  CMOV(1, 0, CpuidRegister.EDX, 15),
  PAT(1, 0, CpuidRegister.EDX, 16),
  PSE36(1, 0, CpuidRegister.EDX, 17),
  CLFLUSH(1, 0, CpuidRegister.EDX, 19),
  MMX(1, 0, CpuidRegister.EDX, 23),
  FXSR(1, 0, CpuidRegister.EDX, 24),
  SSE(1, 0, CpuidRegister.EDX, 25),
  SSE2(1, 0, CpuidRegister.EDX, 26),
  SS(1, 0, CpuidRegister.EDX, 27),
  HT(1, 0, CpuidRegister.EDX, 28),
  PNI(1, 0, CpuidRegister.ECX, 0),
  PCLMULQDQ(1, 0, CpuidRegister.ECX, 1),
  MONITOR(1, 0, CpuidRegister.ECX, 3),
  SSSE3(1, 0, CpuidRegister.ECX, 9),
  FMA(1, 0, CpuidRegister.ECX, 12),
  CX16(1, 0, CpuidRegister.ECX, 13),
  PDCM(1, 0, CpuidRegister.ECX, 15),
  PCID(1, 0, CpuidRegister.ECX, 17),
  SSE4_1(1, 0, CpuidRegister.ECX, 19),
  SSE4_2(1, 0, CpuidRegister.ECX, 20),
  X2APIC(1, 0, CpuidRegister.ECX, 21),
  MOVBE(1, 0, CpuidRegister.ECX, 22),
  POPCNT(1, 0, CpuidRegister.ECX, 23),
  TSC_DEADLINE_TIMER(1, 0, CpuidRegister.ECX, 24),
  AES(1, 0, CpuidRegister.ECX, 25),
  XSAVE(1, 0, CpuidRegister.ECX, 26),
  OSXSAVE(1, 0, CpuidRegister.ECX, 27),
  AVX(1, 0, CpuidRegister.ECX, 28),
  F16C(1, 0, CpuidRegister.ECX, 29),
  RDRAND(1, 0, CpuidRegister.ECX, 30),
  HYPERVISOR(1, 0, CpuidRegister.ECX, 31),
  ARAT(6, 0, CpuidRegister.EAX, 2),
  FSGSBASE(7, 0, CpuidRegister.EBX, 0),
  TSC_ADJUST(7, 0, CpuidRegister.EBX, 1),
  BMI1(7, 0, CpuidRegister.EBX, 3),
  AVX2(7, 0, CpuidRegister.EBX, 5),
  FDP_EXCPTN_ONLY(7, 0, CpuidRegister.EBX, 6),
  SMEP(7, 0, CpuidRegister.EBX, 7),
  BMI2(7, 0, CpuidRegister.EBX, 8),
  ERMS(7, 0, CpuidRegister.EBX, 9),
  INVPCID(7, 0, CpuidRegister.EBX, 10),
  ZERO_FCS_FDS(7, 0, CpuidRegister.EBX, 13),
  RDSEED(7, 0, CpuidRegister.EBX, 18),
  ADX(7, 0, CpuidRegister.EBX, 19),
  SMAP(7, 0, CpuidRegister.EBX, 20),
  CLFLUSHOPT(7, 0, CpuidRegister.EBX, 23),
  CLWB(7, 0, CpuidRegister.EBX, 24),
  SHA_NI(7, 0, CpuidRegister.EBX, 29),
  UMIP(7, 0, CpuidRegister.ECX, 2),
  PKU(7, 0, CpuidRegister.ECX, 3),
  OSPKE(7, 0, CpuidRegister.ECX, 4),
  LA57(7, 0, CpuidRegister.ECX, 16),
  RDPID(7, 0, CpuidRegister.ECX, 22),
  SPEC_CTRL(7, 0, CpuidRegister.EDX, 26),
  ARCH_CAPABILITIES(7, 0, CpuidRegister.EDX, 29),
  XSAVEOPT(0xD, 1, CpuidRegister.EAX, 0),
  XSAVEC(0xD, 1, CpuidRegister.EAX, 1),
  XGETBV1(0xD, 1, CpuidRegister.EAX, 2),
  XSAVES(0xD, 1, CpuidRegister.EAX, 3),
  SYSCALL(0x8000_0001, 0, CpuidRegister.EDX, 11),
  NX(0x8000_0001, 0, CpuidRegister.EDX, 20),
  PDPE1GB(0x8000_0001, 0, CpuidRegister.EDX, 26),
  RDTSCP(0x8000_0001, 0, CpuidRegister.EDX, 27),
  LM(0x8000_0001, 0, CpuidRegister.EDX, 29),
  LAHF_LM(0x8000_0001, 0, CpuidRegister.ECX, 0),
  SVM(0x8000_0001, 0, CpuidRegister.ECX, 2),
  ABM(0x8000_0001, 0, CpuidRegister.ECX, 5),
  PREFETCHW(0x8000_0001, 0, CpuidRegister.ECX, 8),
  CONSTANT_TSC(0x8000_0007, 0, CpuidRegister.EDX, 8);

  /// All features, to be walked without a copy.
  static final List<CpuFeature> ALL = List.of(values());

  private final int leaf;
  private final int subleaf;
  private final CpuidRegister register;
  private final int bit;

  CpuFeature(int leaf, int subleaf, CpuidRegister register, int bit) {
    this.leaf = leaf;
    this.subleaf = subleaf;
    this.register = register;
    this.bit = bit;
  }

  public int leaf() {
    return leaf;
  }

  public int subleaf() {
    return subleaf;
  }

  public CpuidRegister register() {
    return register;
  }

  /// The feature's bit as a mask of its register.
  public int mask() {
    return 1 << bit;
  }

  /// The feature that QEMU's `-cpu MODEL,+flag` or /proc/cpuinfo calls `flag`, in any case, or
  /// null.
  public static @Nullable CpuFeature byFlag(String flag) {
    String name = flag.toUpperCase(Locale.ROOT).replace('-', '_').replace('.', '_');
    String canonical =
        switch (name) {
          case "TSC_DEADLINE" -> "TSC_DEADLINE_TIMER";
          case "SSE3" -> "PNI";
          case "CLFSH", "CLFLSH" -> "CLFLUSH";
          case "LZCNT" -> "ABM";
          case "CMPXCHG8B" -> "CX8";
          case "CMPXCHG16B" -> "CX16";
          case "XD" -> "NX";
          case "HTT" -> "HT";
          case "I64" -> "LM";
          case "PSE_36" -> "PSE36";
          case "3DNOWPREFETCH" -> "PREFETCHW";
          case "INVTSC" -> "CONSTANT_TSC";
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
