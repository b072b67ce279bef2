package dev.backstep.emulator.injection;

import dev.backstep.emulator.vcpu.Vcpu;
import org.jspecify.annotations.Nullable;

/// How a vendor's virtualization extension, as KVM drives it, injects events.
public interface EntryPolicy {
  /// Bits of the interrupt shadow: KVM_X86_SHADOW_INT_MOV_SS and KVM_X86_SHADOW_INT_STI.
  int SHADOW_MOV_SS = 1;

  int SHADOW_STI = 1 << 1;

  /// Builds the field for `event`, as KVM queued it, and has the processor check it.
  ///
  /// @param event null: none is injected
  EntryAttempt attempt(Vcpu c, @Nullable InjectedEvent event);

  /// The interrupt shadow as KVM_GET_VCPU_EVENTS reports it.
  int shadow(Vcpu c);

  /// The shadow that is in force after KVM_SET_VCPU_EVENTS asked for `shadow`.
  int settled(int shadow);

  /// Why [#attempt] may refuse a shadow or drop other events, for messages: the function that
  /// forgets what a VM entry did not inject.
  String completion();
}
