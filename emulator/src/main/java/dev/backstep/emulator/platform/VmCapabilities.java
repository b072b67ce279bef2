package dev.backstep.emulator.platform;

import dev.backstep.emulator.control.ControlAnswer;
import dev.backstep.emulator.control.Errno;
import dev.backstep.emulator.control.KvmParts;
import dev.backstep.emulator.device.StateSink;
import dev.backstep.emulator.interrupt.X2apicApi;
import dev.backstep.emulator.msr.FeatureRegisters;
import java.util.Set;

/// What KVM keeps for the whole virtual machine because its user asked for it with KVM_ENABLE_CAP:
/// quirks switched off, and the capabilities whose effect is on later requests. It belongs to the
/// machine and not to a board, so it outlives a reset of the guest. Policies ask it when they
/// decide; nothing is fixed when a platform is composed. Linux arch/x86/kvm/x86.c,
/// kvm_vm_ioctl_enable_cap.
public final class VmCapabilities implements X2apicApi, FeatureRegisters {
  /// KVM_X2APIC_API_USE_32BIT_IDS.
  public static final long X2APIC_USE_32BIT_IDS = 1;

  /// KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK.
  public static final long X2APIC_DISABLE_BROADCAST_QUIRK = 1 << 1;

  private static final long X2APIC_FLAGS = X2APIC_USE_32BIT_IDS | X2APIC_DISABLE_BROADCAST_QUIRK;

  /// What becomes of quirks that are off when more are switched off.
  enum Disabled {
    STAY_OFF,
    COME_BACK
  }

  private final long supportedQuirks;
  private final Disabled earlier;
  private long disabledQuirks;
  private long x2apicFlags;
  private boolean exceptionPayload;
  private boolean tripleFaultEvent;
  private boolean platformInfoReadable = true;

  /// @param supported the quirks that this KVM knows: kvm_caps.supported_quirks
  /// @param off those that are switched off from the start
  /// @param earlier what a second request does to the first one's
  VmCapabilities(Set<Quirk> supported, Set<Quirk> off, Disabled earlier) {
    this.earlier = earlier;
    supportedQuirks = bits(supported);
    disabledQuirks = bits(off);
  }

  private static long bits(Set<Quirk> quirks) {
    long bits = 0;
    for (Quirk quirk : Quirk.values()) {
      bits |= quirks.contains(quirk) ? quirk.mask() : 0;
    }
    return bits;
  }

  /// Has KVM_ENABLE_CAP come here, for what concerns the whole machine.
  public void connect(KvmParts parts) {
    parts.capability("DISABLE_QUIRKS", flags -> done(() -> disableQuirks(flags)));
    parts.capability("DISABLE_QUIRKS2", this::answerDisableQuirks2);
    parts.capability("X2APIC_API", this::answerX2apicApi);
    parts.capability("EXCEPTION_PAYLOAD", flags -> done(() -> exceptionPayload = flags != 0));
    parts.capability("X86_TRIPLE_FAULT_EVENT", flags -> done(() -> tripleFaultEvent = flags != 0));
    parts.capability("MSR_PLATFORM_INFO", flags -> done(() -> platformInfoReadable = flags != 0));
  }

  private static ControlAnswer done(Runnable change) {
    change.run();
    return ControlAnswer.DONE;
  }

  private ControlAnswer answerDisableQuirks2(long flags) {
    return disableQuirks2(flags)
        ? ControlAnswer.DONE
        : ControlAnswer.refused(
            Errno.EINVAL,
            "KVM_CHECK_EXTENSION knows the quirks 0x%x; 0x%x are not among them"
                .formatted(supportedQuirks, flags & ~supportedQuirks));
  }

  private ControlAnswer answerX2apicApi(long flags) {
    return setX2apicFlags(flags)
        ? ControlAnswer.DONE
        : ControlAnswer.refused(
            Errno.EINVAL,
            "the flags 0x%x are not among those known, 0x%x"
                .formatted(flags & ~X2APIC_FLAGS, X2APIC_FLAGS));
  }

  /// Whether the quirk's behaviour is in force now: kvm_check_has_quirk.
  public boolean has(Quirk quirk) {
    return (disabledQuirks & quirk.mask()) == 0;
  }

  /// What KVM_CHECK_EXTENSION says of KVM_CAP_DISABLE_QUIRKS2.
  public long supportedQuirks() {
    return supportedQuirks;
  }

  /// KVM_CAP_DISABLE_QUIRKS2: all of `quirks` or, if this KVM does not know one, nothing.
  ///
  /// @return whether it was done
  public boolean disableQuirks2(long quirks) {
    if ((quirks & ~supportedQuirks) != 0) {
      return false;
    }
    disableQuirks(quirks);
    return true;
  }

  /// KVM_CAP_DISABLE_QUIRKS: those of `quirks` that this KVM knows.
  public void disableQuirks(long quirks) {
    long kept = earlier == Disabled.STAY_OFF ? disabledQuirks : 0;
    disabledQuirks = kept | quirks & supportedQuirks;
  }

  /// KVM_CAP_X2APIC_API. Flags stay set.
  ///
  /// @return whether it was done: false if `flags` has one that this KVM does not know
  public boolean setX2apicFlags(long flags) {
    if ((flags & ~X2APIC_FLAGS) != 0) {
      return false;
    }
    x2apicFlags |= flags;
    return true;
  }

  @Override
  public boolean uses32BitIds() {
    return (x2apicFlags & X2APIC_USE_32BIT_IDS) != 0;
  }

  @Override
  public boolean isBroadcastQuirkDisabled() {
    return (x2apicFlags & X2APIC_DISABLE_BROADCAST_QUIRK) != 0;
  }

  /// KVM_CAP_EXCEPTION_PAYLOAD.
  public boolean hasExceptionPayload() {
    return exceptionPayload;
  }

  /// KVM_CAP_X86_TRIPLE_FAULT_EVENT.
  public boolean hasTripleFaultEvent() {
    return tripleFaultEvent;
  }

  /// Writes what was asked for.
  public void save(StateSink sink) {
    sink.putLong(disabledQuirks);
    sink.putLong(x2apicFlags);
    sink.putFlag(exceptionPayload);
    sink.putFlag(tripleFaultEvent);
    sink.putFlag(platformInfoReadable);
  }

  @Override
  public boolean areFilled() {
    return has(Quirk.STUFF_FEATURE_MSRS);
  }

  /// KVM_CAP_MSR_PLATFORM_INFO.
  @Override
  public boolean isPlatformInfoReadable() {
    return platformInfoReadable;
  }
}
