package dev.backstep.emulator.interrupt;

/// One entry of the local vector table. SDM Vol. 3 "Local Vector Table".
///
/// ```
/// 18 17   16    15       14          13        12              11  10      8  7      0
/// mode  | mask| trigger| remote IRR| polarity| delivery status| - | delivery | vector |
/// ```
///
/// (mode for the timer; trigger, remote IRR and polarity for LINT0 and LINT1.)
record LvtEntry(int raw) {
  static final int MASKED = 1 << 16;
  static final int REMOTE_IRR = 1 << 14;
  static final int DELIVERY_STATUS = 1 << 12;

  /// What the guest cannot write.
  static final int READ_ONLY = REMOTE_IRR | DELIVERY_STATUS;

  private static final int LEVEL = 1 << 15;

  int vector() {
    return raw & 0xFF;
  }

  DeliveryMode deliveryMode() {
    return DeliveryMode.of(raw >>> 8);
  }

  boolean isMasked() {
    return (raw & MASKED) != 0;
  }

  boolean isLevel() {
    return (raw & LEVEL) != 0;
  }

  /// A level interrupt was accepted and its EOI has not come yet.
  boolean isRemoteIrr() {
    return (raw & REMOTE_IRR) != 0;
  }

  int timerMode() {
    return raw >>> 17 & 3;
  }
}
