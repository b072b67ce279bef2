package dev.backstep.emulator.interrupt;

import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/// Decides which local APICs an interrupt message reaches. Platforms differ here: hypervisors do
/// not always do what the architecture says.
public interface ApicRouting {
  /// Adds the places of those to `targets` that `message` is for, after the choice among several
  /// that lowest-priority delivery makes. Who will not accept may be among them.
  ///
  /// @param sender of an IPI; null for messages of IOAPICs and devices
  Route route(
      InterruptMessage message, @Nullable Lapic sender, ApicDirectory apics, BitSet targets);

  /// A local APIC came, was reset, or changed its mode, an ID, its destination model or whether
  /// software enables it.
  void identityChanged();

  /// Brings what is kept of the local APICs' identities up to date, by what the hypervisor's user
  /// has asked for until now.
  void settle(ApicDirectory apics);

  /// Whether a guest's hypercall can send an IPI now.
  boolean servesHypercalls(ApicDirectory apics);
}
