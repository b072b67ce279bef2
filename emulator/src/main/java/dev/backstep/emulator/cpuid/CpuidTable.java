package dev.backstep.emulator.cpuid;

import dev.backstep.emulator.device.StateSink;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// What CPUID answers on each vCPU of a machine. SDM Vol. 2 "CPUID"; APM Vol. 3 Appendix E.
public final class CpuidTable {
  /// CPUID.40000000H of a machine without a hypervisor: there is no such leaf.
  public static final String NO_HYPERVISOR = "";

  private static final long APIC_BASE_ENABLE = 1 << 11;
  private static final int HYPERVISOR_BASE = 0x4000_0000;
  private static final int EXTENDED_BASE = 0x8000_0000;

  private final CpuSetting setting;
  private final Vendor vendor;
  private final Set<CpuFeature> features;
  private final FeatureWords words;
  private final CpuTopology topology;
  private final CpuidLeaves leaves;
  private final boolean keepsDataPointerForExceptions;
  private final boolean zeroesPointerSelectors;
  private final StateComponents states;
  private final WrittenCpuid written = new WrittenCpuid();

  /// A processor whose FPU is what CPUID says.
  ///
  /// @see #CpuidTable(CpuSetting, Vendor, String, int, X87Pointers)
  public CpuidTable(CpuSetting setting, Vendor platformVendor, String hypervisor, int vcpus) {
    this(setting, platformVendor, hypervisor, vcpus, X87Pointers.AS_ENUMERATED);
  }

  /// @param setting what `-cpu` asked for
  /// @param platformVendor whom CPUID names unless the setting says otherwise
  /// @param hypervisor twelve characters, or [#NO_HYPERVISOR]
  /// @param vcpus how many there are
  /// @param pointers by what the pointers of the x87 behave
  public CpuidTable(
      CpuSetting setting,
      Vendor platformVendor,
      String hypervisor,
      int vcpus,
      X87Pointers pointers) {
    this.setting = setting;
    vendor = setting.vendor() == null ? platformVendor : setting.vendor();
    EnumSet<CpuFeature> all = EnumSet.copyOf(setting.features());
    if (vcpus > 1) {
      all.add(CpuFeature.HT);
      if (vendor == Vendor.AMD) {
        all.add(CpuFeature.CMP_LEGACY);
      }
    }
    if (vendor == Vendor.AMD) {
      // Only Intel's processors treat the pointers of the x87 so, see the methods below.
      all.remove(CpuFeature.FDP_EXCPTN_ONLY);
      all.remove(CpuFeature.ZERO_FCS_FDS);
    }
    if (pointers == X87Pointers.OF_MODEL_AND_SHOWN_AS_GONE) {
      all.add(CpuFeature.FDP_EXCPTN_ONLY);
      all.add(CpuFeature.ZERO_FCS_FDS);
    }
    if (!hypervisor.equals(NO_HYPERVISOR)) {
      all.add(CpuFeature.HYPERVISOR);
    }
    features = Collections.unmodifiableSet(all);
    words = new FeatureWords(all);
    boolean intel = vendor == Vendor.INTEL;
    Set<CpuFeature> fpu =
        pointers == X87Pointers.AS_ENUMERATED ? features : setting.model().features();
    keepsDataPointerForExceptions = intel && fpu.contains(CpuFeature.FDP_EXCPTN_ONLY);
    zeroesPointerSelectors = intel && fpu.contains(CpuFeature.ZERO_FCS_FDS);
    topology = new CpuTopology(vcpus);
    leaves = new CpuidLeaves(setting, vendor, hypervisor, topology, words);
    states = new StateComponents(this);
  }

  /// Whether the CPU has a feature at all; bits that depend on what the guest enabled are not
  /// asked.
  public boolean has(CpuFeature feature) {
    return features.contains(feature);
  }

  /// What the CPU has.
  public Set<CpuFeature> features() {
    return features;
  }

  /// What the CPU does not have: its instructions are undefined. In the order of [CpuFeature].
  public List<CpuFeature> absentFeatures() {
    var absent = EnumSet.allOf(CpuFeature.class);
    absent.removeAll(features);
    return List.copyOf(absent);
  }

  /// The bits that XCR0 can have.
  public long userStates() {
    return states.user();
  }

  /// The bits that IA32_XSS can have.
  public long supervisorStates() {
    return states.supervisor();
  }

  /// How many bytes a state component of XSAVE has, those of the legacy region excepted.
  public int stateBytes(int component) {
    return StateComponents.bytes(component);
  }

  /// Where a user state component stands in the standard format of XSAVE.
  public int stateOffset(int component) {
    return states.offset(component);
  }

  /// The size of an XSAVE area of user state components in the standard format.
  public int standardBytes(long components) {
    return states.standardBytes(components);
  }

  /// The size of an XSAVE area of state components in the compacted format.
  public int compactedBytes(long components) {
    return StateComponents.compactedBytes(components);
  }

  /// MAXPHYADDR.
  public int physicalAddressBits() {
    return setting.physicalAddressBits();
  }

  /// Whom leaf 0 names.
  public Vendor vendor() {
    return vendor;
  }

  /// Whether CPUID.1:ECX\[3\] MONITOR is set on `c`: it can follow IA32_MISC_ENABLE.
  public boolean showsMonitor(Vcpu c) {
    CpuidValues over = written.find(c.number, 1, 0);
    boolean enumerated =
        over == null ? has(CpuFeature.MONITOR) : (over.ecx() & CpuFeature.MONITOR.mask()) != 0;
    return c.hypervisor.showsMonitor(c, enumerated);
  }

  /// SYSCALL and SYSRET work outside 64-bit mode too (APM Vol. 3 "SYSCALL"); else they are
  /// undefined there (SDM Vol. 2 "SYSCALL").
  public boolean allowsSyscallOutsideLongMode() {
    return vendor == Vendor.AMD;
  }

  /// SYSENTER and SYSEXIT are undefined in long mode (APM Vol. 3 "SYSENTER").
  public boolean forbidsSysenterInLongMode() {
    return vendor == Vendor.AMD;
  }

  /// SYSRET to 64-bit mode checks its target while still at CPL 0 (SDM Vol. 2 "SYSRET"); else the
  /// fault is raised after the switch to CPL 3 (APM Vol. 3 "SYSRET").
  public boolean checksSysretTarget() {
    return vendor == Vendor.INTEL;
  }

  /// Instruction breakpoints are held off, like debug traps, on the instruction after MOV SS or POP
  /// SS (SDM Vol. 3 "Masking Exceptions and Interrupts When Switching Stacks").
  public boolean holdsBreakpointsAfterStackSwitch() {
    return vendor == Vendor.INTEL;
  }

  /// SYSRET loads SS with a flat segment (SDM Vol. 2 "SYSRET"); else only with the selector (APM
  /// Vol. 3 "SYSRET").
  public boolean loadsStackAttributesOnSysret() {
    return vendor == Vendor.INTEL;
  }

  /// The performance counters of the K7 exist without being enumerated (APM Vol. 2 "Performance
  /// Counter MSRs").
  public boolean hasLegacyPerformanceCounters() {
    return vendor == Vendor.AMD;
  }

  /// FDP and FDS are written only by x87 instructions that meet an unmasked exception (SDM Vol. 1
  /// "x87 FPU Instruction and Data (Operand) Pointers").
  public boolean keepsDataPointerForExceptions() {
    return keepsDataPointerForExceptions;
  }

  /// FCS and FDS are saved as zero (same section).
  public boolean zeroesPointerSelectors() {
    return zeroesPointerSelectors;
  }

  /// FXSAVE and the XSAVE family save FOP, FIP and FDP as zero unless an unmasked x87 exception is
  /// pending (APM Vol. 3, CPUID Fn8000_0008_EBX[XSaveErPtr]; a Zen 4 does so).
  public boolean hidesPointersWithoutException() {
    return vendor == Vendor.AMD;
  }

  /// CVTPI2PS uses the MMX state even if its source is memory (SDM Vol. 2 "CVTPI2PS"); else only if
  /// it is an MMX register (a Zen 4 does so).
  public boolean usesMmxStateForMemory() {
    return vendor == Vendor.INTEL;
  }

  /// FLD of a denormal number pushes it even if that exception is not masked (a Zen 4 does so; SDM
  /// Vol. 1 "Denormal Operand Exception (#D)" stops before).
  public boolean pushesDenormalsDespiteException() {
    return vendor == Vendor.AMD;
  }

  /// x87 comparisons set their flags even if an exception is not masked (a Zen 4 does so); else
  /// they do not (SDM Vol. 2 "FCOM/FCOMP/FCOMPP": "flags not set").
  public boolean setsComparisonFlagsDespiteException() {
    return vendor == Vendor.AMD;
  }

  /// FCOMI and its kin leave C1 alone (a Zen 4 does so); else they clear it (SDM Vol. 2
  /// "FCOMI/FCOMIP/FUCOMI/FUCOMIP").
  public boolean keepsC1InFlagComparisons() {
    return vendor == Vendor.AMD;
  }

  /// The answer to CPUID with `leaf` in EAX and `subleaf` in ECX on `c`.
  public CpuidValues query(Vcpu c, int leaf, int subleaf) {
    CpuidValues values = ofModel(c, leaf, subleaf);
    CpuidValues over = written.find(c.number, leaf, subleaf);
    return over == null ? values : withRuntimeBits(over, leaf, subleaf, values);
  }

  /// Makes CPUID on vCPU `vcpu` answer `values`, but for the bits that follow the guest's settings.
  public void write(int vcpu, int leaf, int subleaf, CpuidValues values) {
    written.write(vcpu, leaf, subleaf, values);
  }

  /// Writes what was written over the model's answers.
  public void saveWritten(StateSink sink) {
    written.save(sink);
  }

  /// kvm_update_cpuid_runtime: what follows the guest's settings does so whatever was written.
  private static CpuidValues withRuntimeBits(
      CpuidValues written, int leaf, int subleaf, CpuidValues now) {
    int eax = written.eax();
    int ebx = written.ebx();
    int ecx = written.ecx();
    int edx = written.edx();
    if (leaf == 1) {
      int runtime = CpuFeature.OSXSAVE.mask() | CpuFeature.MONITOR.mask();
      ecx = ecx & ~runtime | now.ecx() & runtime;
      int apic = CpuFeature.APIC.mask();
      edx = (now.edx() & apic) == 0 ? edx & ~apic : edx;
    }
    if (leaf == 7 && subleaf == 0) {
      ecx = ecx & ~CpuFeature.OSPKE.mask() | now.ecx() & CpuFeature.OSPKE.mask();
    }
    if (leaf == 0xD && (subleaf & -2) == 0) {
      ebx = now.ebx();
    }
    return new CpuidValues(eax, ebx, ecx, edx);
  }

  private CpuidValues ofModel(Vcpu c, int leaf, int subleaf) {
    if (leaves.exists(leaf)) {
      return answer(c, leaf, subleaf);
    }
    // SDM Vol. 2 "CPUID": beyond the highest leaf, the highest basic leaf answers. AMD's are zero.
    return vendor == Vendor.INTEL ? answer(c, leaves.highestBasic(), subleaf) : CpuidValues.ZERO;
  }

  /// Whether the model has this leaf.
  public boolean hasLeaf(int leaf) {
    return leaves.exists(leaf);
  }

  private CpuidValues answer(Vcpu c, int leaf, int subleaf) {
    return switch (leaf) {
      case 1 -> versionAndFeatures(c);
      case 7 -> structuredFeatures(c, subleaf);
      case 0xB, 0x1F -> topology.leaf(subleaf, c.number);
      case 0xD -> extendedState(c, subleaf);
      case EXTENDED_BASE + 1 -> extendedFeatures();
      case EXTENDED_BASE + 0x1E ->
          vendor == Vendor.AMD && has(CpuFeature.TOPOEXT)
              ? CpuTopology.leafOfAmd(c.number)
              : CpuidValues.ZERO;
      default -> leaves.fixed(leaf, subleaf);
    };
  }

  private CpuidValues versionAndFeatures(Vcpu c) {
    int dynamic = CpuFeature.OSXSAVE.mask() | CpuFeature.MONITOR.mask();
    int ecx = words.word(CpuidWord.BASIC_ECX) & ~dynamic;
    if (showsMonitor(c)) {
      ecx |= CpuFeature.MONITOR.mask();
    }
    if (has(CpuFeature.XSAVE) && c.cr4(ControlBits.CR4_OSXSAVE)) {
      ecx |= CpuFeature.OSXSAVE.mask();
    }
    int edx = words.word(CpuidWord.BASIC_EDX);
    if ((c.apic.apicBase() & APIC_BASE_ENABLE) == 0) {
      edx &= ~CpuFeature.APIC.mask();
    }
    int ebx = (c.number & 0xFF) << 24 | topology.addressableIds() << 16 | CpuidLeaves.CLFLUSH_UNITS;
    return new CpuidValues(setting.model().signature().eax(), ebx, ecx, edx);
  }

  private CpuidValues structuredFeatures(Vcpu c, int subleaf) {
    int first = words.word(CpuidWord.STRUCTURED_1_EAX);
    int second = words.word(CpuidWord.STRUCTURED_2_EDX);
    return switch (subleaf) {
      case 0 -> {
        int highest = second != 0 ? 2 : first != 0 ? 1 : 0;
        int ecx = words.word(CpuidWord.STRUCTURED_ECX);
        if (has(CpuFeature.PKU) && c.cr4(ControlBits.CR4_PKE)) {
          ecx |= CpuFeature.OSPKE.mask();
        }
        int ebx = words.word(CpuidWord.STRUCTURED_EBX);
        yield new CpuidValues(highest, ebx, ecx, words.word(CpuidWord.STRUCTURED_EDX));
      }
      case 1 -> new CpuidValues(first, 0, 0, 0);
      case 2 -> new CpuidValues(0, 0, 0, second);
      default -> CpuidValues.ZERO;
    };
  }

  /// SDM Vol. 1 "Enumeration of CPU Support for XSAVE Instructions and XSAVE-Supported Features".
  private CpuidValues extendedState(Vcpu c, int subleaf) {
    long user = states.user();
    long supervisor = states.supervisor();
    if (subleaf == 0 && user != 0) {
      int enabled = states.standardBytes(c.xcr0);
      return new CpuidValues((int) user, enabled, states.standardBytes(user), (int) (user >>> 32));
    }
    if (subleaf == 1 && user != 0) {
      int compacted =
          has(CpuFeature.XSAVEC) ? StateComponents.compactedBytes(c.xcr0 | c.msr.xss) : 0;
      int eax = words.word(CpuidWord.STATE_EAX);
      return new CpuidValues(eax, compacted, (int) supervisor, (int) (supervisor >>> 32));
    }
    if (subleaf < StateComponents.AVX || subleaf > 62) {
      return CpuidValues.ZERO;
    }
    if ((user >>> subleaf & 1) != 0) {
      int bytes = StateComponents.bytes(subleaf);
      return new CpuidValues(bytes, states.offset(subleaf), 0, 0);
    }
    boolean exists = (supervisor >>> subleaf & 1) != 0;
    return exists ? new CpuidValues(StateComponents.bytes(subleaf), 0, 1, 0) : CpuidValues.ZERO;
  }

  private CpuidValues extendedFeatures() {
    int edx = words.word(CpuidWord.EXTENDED_EDX);
    if (vendor == Vendor.AMD) {
      edx |= words.word(CpuidWord.BASIC_EDX) & CpuidLeaves.AMD_COPIES_OF_LEAF_1;
    }
    int ecx = words.word(CpuidWord.EXTENDED_ECX);
    int eax = vendor == Vendor.AMD ? setting.model().signature().eax() : 0;
    return new CpuidValues(eax, 0, ecx, edx);
  }

  /// Whether `leaf` is in the hypervisor's range.
  static boolean isHypervisorLeaf(int leaf) {
    return (leaf & 0xF000_0000) == HYPERVISOR_BASE;
  }
}
