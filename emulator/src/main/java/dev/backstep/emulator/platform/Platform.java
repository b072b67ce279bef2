package dev.backstep.emulator.platform;

import dev.backstep.emulator.cache.CacheRules;
import dev.backstep.emulator.cpuid.CpuSetting;
import dev.backstep.emulator.cpuid.CpuidTable;
import dev.backstep.emulator.cpuid.Vendor;
import dev.backstep.emulator.cpuid.X87Pointers;
import dev.backstep.emulator.mmu.MemoryTypePolicy;
import dev.backstep.emulator.msr.MsrPolicy;
import dev.backstep.emulator.msr.MsrTable;
import dev.backstep.emulator.virtualization.Hypervisor;
import dev.backstep.emulator.virtualization.VirtualizationExtension;

/// What a machine runs on: bare metal or a hypervisor. Composed of policies; only the builder of a
/// machine reads it.
///
/// @param name as `--platform` has it
/// @param vendor whom CPUID names, unless the CPU model says otherwise
/// @param signature what CPUID.40000000H says, or `CpuidTable.NO_HYPERVISOR`
/// @param x87Pointers by what the pointers of the x87 behave
/// @param memoryTypes decides effective memory types
/// @param cacheRules what instructions that concern whole caches do
/// @param msrs differences in registers
/// @param numericErrors what x87 exceptions do while CR0.NE is clear
/// @param routing whom interrupts reach
/// @param vmExits what a hypervisor would see
/// @param vmEntries by what a hypervisor enters the guest
/// @param control what the hypervisor's user can ask for
/// @param capabilities what it asked for, on bare metal nothing
/// @param hypervisor what it does with instructions that it intercepts
/// @param virtualization what the guest's own VMX or SVM instructions do
public record Platform(
    String name,
    Vendor vendor,
    String signature,
    X87Pointers x87Pointers,
    MemoryTypePolicy memoryTypes,
    CacheRules cacheRules,
    MsrPolicy msrs,
    NumericErrors numericErrors,
    RoutingPolicy routing,
    VmExitPolicy vmExits,
    VmEntryPolicy vmEntries,
    ControlPolicy control,
    VmCapabilities capabilities,
    Hypervisor hypervisor,
    VirtualizationExtension virtualization) {

  /// What CPUID answers on a machine of this platform.
  public CpuidTable cpuidTable(CpuSetting cpu, int vcpus) {
    return new CpuidTable(cpu, vendor, signature, vcpus, x87Pointers);
  }

  /// What RDMSR and WRMSR do on a machine of this platform.
  public MsrTable msrTable(CpuidTable cpuid) {
    return new MsrTable(cpuid, msrs);
  }
}
