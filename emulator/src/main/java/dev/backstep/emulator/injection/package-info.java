/// Events that a hypervisor's user gives to a vCPU, on their way into the guest: KVM's queue of
/// them, the field by which VMX or SVM injects one at a VM entry, the checks of that entry, and
/// what comes of it.
///
/// | step | who |
/// |---|---|
/// | KVM_SET_VCPU_EVENTS fills the queue, or refuses | [dev.backstep.emulator.injection.VcpuEventRequests] |
/// | what waits, per vCPU | [dev.backstep.emulator.injection.KvmEventQueue] |
/// | which event the next entry injects | [dev.backstep.emulator.injection.VmEntry] |
/// | the field, the checks, a failed entry | [dev.backstep.emulator.injection.VmxEntry], [dev.backstep.emulator.injection.SvmEntry] |
/// | into the guest | `isa.EventDelivery` |
///
/// Invariants:
/// - A vCPU's turn begins with its VM entry if `Vcpu.entryDue` is set, and only then; a vCPU that
///   no user of a hypervisor has touched pays for that one test.
/// - What an entry injects is delivered completely or the entry fails: at the end of an entry the
///   queue is empty, as KVM leaves it after the VM exit that follows.
/// - A failed entry is final. The vCPU runs no further instruction, and the machine stops.
/// - The checks are pure functions of records; the first check that fails, in the order of the
///   manual, is the one that is reported.
///
/// The machine's thread only.
@NullMarked
package dev.backstep.emulator.injection;

import org.jspecify.annotations.NullMarked;
