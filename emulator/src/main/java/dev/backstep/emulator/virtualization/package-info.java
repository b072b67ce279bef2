/// Seams between a vCPU and what virtualizes it.
/// - [Hypervisor] is below the guest: what happens to instructions that a hypervisor intercepts. A
///   platform brings one, or [Hypervisor#NONE].
/// - [VirtualizationExtension] is above the processor: what the guest's own VMX or SVM instructions
///   do. No CPU model enumerates either, so there is [VirtualizationExtension#ABSENT] alone; a
///   guest hypervisor would be carried by another.
///
/// Both are asked by semantics on the machine's thread, at the time of use; neither keeps state
/// that a guest's reset must clear.
@NullMarked
package dev.backstep.emulator.virtualization;

import org.jspecify.annotations.NullMarked;
