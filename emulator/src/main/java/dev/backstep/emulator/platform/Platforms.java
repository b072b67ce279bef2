package dev.backstep.emulator.platform;

import dev.backstep.emulator.cache.CacheRules;
import dev.backstep.emulator.cache.CacheRules.Effect;
import dev.backstep.emulator.cpuid.CpuidTable;
import dev.backstep.emulator.cpuid.Vendor;
import dev.backstep.emulator.cpuid.X87Pointers;
import dev.backstep.emulator.interrupt.ArchitecturalRouting;
import dev.backstep.emulator.interrupt.KvmRouting;
import dev.backstep.emulator.msr.MsrPolicy;
import dev.backstep.emulator.time.VirtualClock;
import dev.backstep.emulator.virtualization.Hypervisor;
import dev.backstep.emulator.virtualization.VirtualizationExtension;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// The platforms by name, with their quirks.
public final class Platforms {
  public static final String DEFAULT = "bare-metal-intel";

  private static final String KVM_SIGNATURE = "KVMKVMKVM";
  private static final long MICROCODE_REVISION = 1L << 32;

  /// What __svm_vcpu_reset gives.
  private static final long MICROCODE_REVISION_AMD = 0x0100_0065;

  /// MSR_PLATFORM_INFO: all that KVM can give of it.
  private static final long PLATFORM_INFO_CPUID_FAULT = 1L << 31;

  /// MSR_IA32_MISC_ENABLE_PMU_RO_MASK: no BTS, no PEBS.
  private static final long MISC_ENABLE_PMU_READ_ONLY = 3 << 11;

  private static final long MISC_ENABLE_EMON = 1 << 7;

  /// Fast strings, automatic thermal control, SpeedStep: nothing that a guest could measure.
  private static final long MISC_ENABLE_WRITABLE = 1 | 1 << 3 | 1 << 16;

  /// MSR_PLATFORM_INFO 15:8: the TSC's frequency in units of 100 MHz.
  private static final long TSC_RATIO = VirtualClock.TSC_HZ / 100_000_000 << 8;

  private static final MsrPolicy BARE_METAL_MSRS =
      new MsrPolicy(TSC_RATIO, MICROCODE_REVISION, MISC_ENABLE_WRITABLE);

  /// Quirks that make a difference on both of KVM's platforms.
  private static final Set<Quirk> KVM_QUIRKS =
      Collections.unmodifiableSet(
          EnumSet.of(
              Quirk.LINT0_REENABLED,
              Quirk.CD_NW_CLEARED,
              Quirk.LAPIC_MMIO_HOLE,
              Quirk.OUT_7E_INC_RIP,
              Quirk.MISC_ENABLE_NO_MWAIT,
              Quirk.FIX_HYPERCALL_INSN,
              Quirk.MWAIT_NEVER_UD_FAULTS,
              Quirk.STUFF_FEATURE_MSRS));

  private static final Set<Quirk> KVM_INTEL_QUIRKS = with(KVM_QUIRKS, Quirk.IGNORE_GUEST_PAT);

  /// A line of the list of platforms.
  ///
  /// @param quirks that make a difference on it
  /// @param properties that it takes
  public record Entry(
      String name, String description, Set<Quirk> quirks, Set<PlatformProperty> properties) {}

  private static final List<Entry> ENTRIES =
      List.of(
          new Entry(
              DEFAULT,
              "an Intel processor without a hypervisor: MTRRs, PAT and CR0.CD decide memory types",
              EnumSet.noneOf(Quirk.class),
              EnumSet.noneOf(PlatformProperty.class)),
          new Entry(
              "bare-metal-amd",
              "an AMD processor without a hypervisor: MTRRs, PAT and CR0.CD decide memory types",
              EnumSet.noneOf(Quirk.class),
              EnumSet.noneOf(PlatformProperty.class)),
          new Entry(
              "kvm-intel",
              "KVM of Linux 6.16 on VMX with EPT: RAM is WB whatever guest MTRRs and CR0.CD say; VM"
                  + " exits are listed",
              KVM_INTEL_QUIRKS,
              EnumSet.allOf(PlatformProperty.class)),
          new Entry(
              "kvm-amd",
              "KVM of Linux 6.16 on SVM with nested paging: the guest's PAT counts, its MTRRs do"
                  + " not; VM exits are listed",
              KVM_QUIRKS,
              EnumSet.of(
                  PlatformProperty.KERNEL,
                  PlatformProperty.NONCOHERENT_DMA,
                  PlatformProperty.VECTOR_HASHING,
                  PlatformProperty.REAL_MODE_ERROR_CODE,
                  PlatformProperty.X87_CPUID)));

  private Platforms() {}

  private static Set<Quirk> with(Set<Quirk> quirks, Quirk more) {
    EnumSet<Quirk> all = EnumSet.copyOf(quirks);
    all.add(more);
    return Collections.unmodifiableSet(all);
  }

  /// All platforms, in the order of the list.
  public static List<Entry> list() {
    return ENTRIES;
  }

  /// Composes a platform of a machine whose devices are all coherent.
  ///
  /// @see #compose(String, Map, NoncoherentDma)
  public static Platform compose(String text, Map<String, Boolean> quirks) {
    return compose(text, quirks, NoncoherentDma.NONE);
  }

  /// Composes a platform.
  ///
  /// @param text as `--platform` has it: a name, and perhaps properties
  /// @param quirks settings of `--quirk NAME=on|off`; those not named are on
  /// @param devices what the machine's devices do, where the properties leave it to them
  /// @throws IllegalArgumentException one line that names what is wrong and what would be right
  public static Platform compose(String text, Map<String, Boolean> quirks, NoncoherentDma devices) {
    Entry entry = entry(PlatformSetting.nameIn(text));
    PlatformSetting setting = PlatformSetting.parse(text, entry.properties());
    String name = setting.name();
    var off = EnumSet.noneOf(Quirk.class);
    var settings = new TreeMap<>(quirks);
    for (String given : List.copyOf(settings.navigableKeySet())) {
      Quirk quirk = quirk(given, entry, setting);
      if (!settings.getOrDefault(given, true)) {
        requireSupported(quirk, given, setting);
        off.add(quirk);
      }
    }
    VmCapabilities vm = setting.capabilities(off);
    return switch (name) {
      case "kvm-intel" ->
          new Platform(
              name,
              Vendor.INTEL,
              KVM_SIGNATURE,
              setting.x87Pointers(),
              new EptMemoryTypes(setting.kernel(), setting.noncoherentDma(devices), vm),
              kvmCacheRules(setting.noncoherentDma(devices)),
              kvmMsrs(MICROCODE_REVISION, MsrPolicy.MoreRegisters.KVM_VMX, vm),
              NumericErrors.EXCEPTION_16,
              () -> new KvmRouting(vm, setting.lowestPriority()),
              new VmxExits(),
              setting.vmx(),
              ControlPolicy.KVM,
              vm,
              new KvmHypervisor(vm, Interception.VMX),
              VirtualizationExtension.ABSENT);
      case "kvm-amd" ->
          new Platform(
              name,
              Vendor.AMD,
              KVM_SIGNATURE,
              setting.x87Pointers(),
              new NptMemoryTypes(vm),
              kvmCacheRules(setting.noncoherentDma(devices)),
              kvmMsrs(MICROCODE_REVISION_AMD, MsrPolicy.MoreRegisters.KVM_SVM, vm),
              NumericErrors.UNCONNECTED,
              () -> new KvmRouting(vm, setting.lowestPriority()),
              new SvmExits(vm),
              setting.svm(),
              ControlPolicy.KVM,
              vm,
              new KvmHypervisor(vm, Interception.SVM),
              VirtualizationExtension.ABSENT);
      case "bare-metal-amd" -> bareMetal(name, Vendor.AMD, vm);
      default -> bareMetal(name, Vendor.INTEL, vm);
    };
  }

  /// KVM intercepts the instructions that concern whole caches: INVD does nothing (x86.c,
  /// kvm_emulate_invd), and WBINVD and WBNOINVD reach the caches only if a device with non-coherent
  /// DMA is assigned (kvm_emulate_wbinvd, need_emulate_wbinvd).
  private static CacheRules kvmCacheRules(NoncoherentDma dma) {
    return switch (dma) {
      case ASSIGNED -> new CacheRules(Effect.SKIPPED, Effect.CARRIED_OUT);
      case NONE -> new CacheRules(Effect.SKIPPED, Effect.SKIPPED);
    };
  }

  /// Linux arch/x86/kvm/x86.c, kvm_set_msr_common.
  private static MsrPolicy kvmMsrs(
      long microcodeRevision, MsrPolicy.MoreRegisters more, VmCapabilities vm) {
    return new MsrPolicy(
        PLATFORM_INFO_CPUID_FAULT,
        microcodeRevision,
        new MsrPolicy.MiscEnable(~MISC_ENABLE_PMU_READ_ONLY, MISC_ENABLE_EMON),
        MsrPolicy.BankDetails.STORED,
        MsrPolicy.BranchSteps.IGNORED,
        more,
        vm);
  }

  private static Platform bareMetal(String name, Vendor vendor, VmCapabilities vm) {
    return new Platform(
        name,
        vendor,
        CpuidTable.NO_HYPERVISOR,
        X87Pointers.AS_ENUMERATED,
        vendor == Vendor.AMD ? new AmdNativeMemoryTypes() : new NativeMemoryTypes(),
        new CacheRules(Effect.CARRIED_OUT, Effect.CARRIED_OUT),
        BARE_METAL_MSRS,
        NumericErrors.INTERRUPT_13,
        ArchitecturalRouting::new,
        VmExitPolicy.NONE,
        new VmEntryPolicy.None(),
        ControlPolicy.NONE,
        vm,
        Hypervisor.NONE,
        VirtualizationExtension.ABSENT);
  }

  private static Entry entry(String name) {
    var names = new StringBuilder();
    for (Entry entry : ENTRIES) {
      if (entry.name().equals(name)) {
        return entry;
      }
      names.append(names.isEmpty() ? "" : ", ").append(entry.name());
    }
    throw new IllegalArgumentException(
        "--platform %s: no such platform; there are %s".formatted(name, names));
  }

  private static void requireSupported(Quirk quirk, String name, PlatformSetting setting) {
    if (!setting.quirks().contains(quirk)) {
      throw new IllegalArgumentException(
          "--quirk %s: KVM cannot switch it off with self-snoop=off, where guests must not choose"
                  .formatted(name)
              + " memory types");
    }
  }

  private static Quirk quirk(String name, Entry platform, PlatformSetting setting) {
    Quirk quirk = Quirk.byName(name);
    if (quirk == null) {
      throw new IllegalArgumentException(
          "--quirk %s: no such quirk; there are %s".formatted(name, Quirk.names()));
    }
    if (quirk.invisible() != null) {
      throw new IllegalArgumentException(
          "--quirk %s: no guest can see it here: %s".formatted(name, quirk.invisible()));
    }
    if (!platform.quirks().contains(quirk)) {
      throw new IllegalArgumentException(
          "--quirk %s: it makes no difference on %s; `backstep platforms` lists what does"
              .formatted(name, platform.name()));
    }
    if (platform.name().equals("kvm-intel") && !setting.kernel().heedsWithEpt(quirk)) {
      throw new IllegalArgumentException(
          "--quirk %s: it makes no difference on kvm-intel,kernel=%s"
              .formatted(name, setting.kernel().release()));
    }
    if (!setting.kernel().quirks().contains(quirk)) {
      throw new IllegalArgumentException(
          "--quirk %s: KVM of Linux %s does not know it"
              .formatted(name, setting.kernel().release()));
    }
    return quirk;
  }
}
