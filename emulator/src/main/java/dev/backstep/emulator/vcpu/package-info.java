/// The state of one virtual processor: registers, lazily computed RFLAGS, segment registers, modes,
/// and the fault by which an instruction gives up.
///
/// Invariants: between instructions every field is architectural state, except that [Vcpu#rip] of
/// the running vCPU is brought up to date at block boundaries only ([Vcpu#currentRip()] is always
/// exact). One thread owns a machine and all of its vCPUs.
@NullMarked
package dev.backstep.emulator.vcpu;

import org.jspecify.annotations.NullMarked;
