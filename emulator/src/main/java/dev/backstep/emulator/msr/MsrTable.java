package dev.backstep.emulator.msr;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.CpuidTable;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.listen.MachineEvent.Op;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.SystemMsrs;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// What RDMSR and WRMSR do. A register that CPUID does not announce does not exist: #GP(0). SDM
/// Vol. 4; Vol. 2 "RDMSR", "WRMSR".
public final class MsrTable {
  /// IA32_MISC_ENABLE at reset: fast strings, no BTS, no PEBS.
  private static final long MISC_ENABLE_RESET = 1 << 12 | 1 << 11 | 1;

  /// IA32_MISC_ENABLE, of a CPU that has MONITOR.
  static final long MISC_ENABLE_MONITOR = 1 << 18;

  /// IA32_PAT at reset: WB WT UC- UC, twice.
  private static final long PAT_RESET = 0x0007_0406_0007_0406L;

  private final MsrPolicy policy;
  private final Msr[] msrs;
  private final int[] indexes;

  public MsrTable(CpuidTable cpuid, MsrPolicy policy) {
    this.policy = policy;
    var list = new MsrList();
    TimeAndApicMsrs.addTo(list, cpuid);
    SystemCallMsrs.addTo(list, cpuid);
    ControlFlowMsrs.addTo(list, cpuid);
    CachingMsrs.addTo(list, cpuid, policy.more());
    FeatureMsrs.addTo(list, cpuid);
    MachineMsrs.addTo(list, cpuid, policy);
    HypervisorMsrs.addTo(list, policy.more());
    msrs = list.sorted();
    indexes = new int[msrs.length];
    for (int k = 0; k < msrs.length; k++) {
      indexes[k] = msrs[k].index();
    }
  }

  private @Nullable Msr find(int index) {
    int k = Arrays.binarySearch(indexes, index);
    return k < 0 ? null : msrs[k];
  }

  /// RDMSR of register `index`.
  ///
  /// @throws GuestFault #GP(0)
  public long read(Vcpu c, int index) {
    Msr msr = find(index);
    try {
      long value = msr == null ? c.virtualization.readMsr(c, index) : msr.reader().read(c);
      emit(c, Op.READ, index, value, false);
      return value;
    } catch (GuestFault fault) {
      emit(c, Op.READ, index, 0, true);
      throw fault;
    }
  }

  /// WRMSR of register `index`.
  ///
  /// @throws GuestFault #GP(0), and nothing written
  public void write(Vcpu c, int index, long value) {
    Msr msr = find(index);
    try {
      if (msr == null) {
        c.virtualization.writeMsr(c, index, value);
      } else {
        msr.writer().write(c, value);
      }
      emit(c, Op.WRITE, index, value, false);
    } catch (GuestFault fault) {
      emit(c, Op.WRITE, index, value, true);
      throw fault;
    }
  }

  /// A write by the hypervisor's user, who may write some registers that the guest cannot. It is no
  /// `msr` event.
  ///
  /// @return whether the register exists and took the value
  public boolean writeByUser(Vcpu c, int index, long value) {
    Msr msr = find(index);
    if (msr == null) {
      return false;
    }
    try {
      msr.userWriter().write(c, value);
      return true;
    } catch (GuestFault _) {
      return false;
    }
  }

  private void emit(Vcpu c, Op op, int index, long value, boolean fault) {
    if (c.events.isOn()) {
      c.events.emit(new MachineEvent.Msr(c.at(), op, index, name(index), value, fault));
    }
  }

  /// The name of a register, or `msr_0x…` for one that does not exist here.
  public String name(int index) {
    Msr msr = find(index);
    return msr == null ? "msr_0x" + Integer.toHexString(index) : msr.name();
  }

  /// Power-up and RESET of what no other part resets: SDM Vol. 3 "Processor State After Reset".
  /// INIT leaves these registers alone.
  public void reset(Vcpu c) {
    SystemMsrs m = c.msr;
    m.pat = PAT_RESET;
    m.miscEnable = MISC_ENABLE_RESET | (c.cpuid.has(CpuFeature.MONITOR) ? MISC_ENABLE_MONITOR : 0);
    fillFeatureRegisters(c);
    m.star = 0;
    m.lstar = 0;
    m.cstar = 0;
    m.syscallMask = 0;
    m.kernelGsBase = 0;
    m.sysenterCs = 0;
    m.sysenterEsp = 0;
    m.sysenterEip = 0;
    m.tscAux = 0;
    m.xss = 0;
    m.speculationControl = 0;
    m.machineCheckStatus = 0;
    m.machineCheckControl = 0;
    Arrays.fill(m.machineCheckBankControl, 0);
    Arrays.fill(m.machineCheckBankAddress, 0);
    Arrays.fill(m.machineCheckBankMisc, 0);
    c.mmu.mtrrs().reset();
    m.systemConfiguration = 0;
    Arrays.fill(m.fixedRangeDirections, 0);
    c.mmu.translations().setPkrs(0);
    c.mmu.translations().setPkru(0);
    m.tscAdjust = 0;
    m.tscOffset = -c.clock.tscTicks();
    c.apic.tscOffsetChanged(m.tscOffset);
  }

  private void fillFeatureRegisters(Vcpu c) {
    boolean filled = policy.features().areFilled();
    c.msr.platformInfo = filled ? policy.platformInfo() : 0;
    c.msr.microcodeRevision = filled ? policy.microcodeRevision() : 0;
    c.msr.archCapabilities = filled ? FeatureMsrs.archCapabilities(c.cpuid) : 0;
    c.msr.miscFeatures = 0;
    c.msr.featureControl = 0;
    c.msr.vmCr = 0;
    c.msr.vmHostSave = 0;
  }
}
