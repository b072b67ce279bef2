package dev.backstep.emulator.msr;

/// What a hypervisor's user has decided about registers that describe features. Asked at the time
/// of use.
public interface FeatureRegisters {
  /// As the processor was made.
  FeatureRegisters OF_HARDWARE =
      new FeatureRegisters() {
        @Override
        public boolean areFilled() {
          return true;
        }

        @Override
        public boolean isPlatformInfoReadable() {
          return true;
        }
      };

  /// Whether a new vCPU's registers hold what the platform has to offer, or zero until the
  /// hypervisor's user writes them.
  boolean areFilled();

  /// Whether a guest may read MSR_PLATFORM_INFO.
  boolean isPlatformInfoReadable();
}
