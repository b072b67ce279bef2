package dev.backstep.emulator.machine;

import dev.backstep.emulator.control.ControlAnswer;
import dev.backstep.emulator.control.KvmParts;
import dev.backstep.emulator.vcpu.Vcpu;

/// KVM_SET_MSRS with one register. A register that cannot be written is no error: the result counts
/// those that were. Linux Documentation/virt/kvm/api.rst; arch/x86/kvm/x86.c, msr_io.
///
/// @param vcpus of the board
record KvmMsrRequests(BoardVcpus vcpus) implements KvmParts.ModelSpecificRegisters {
  @Override
  public ControlAnswer set(int vcpu, int msr, long value) {
    Vcpu c = vcpus.get(vcpu);
    c.icountBase = vcpus.at(vcpu).position();
    String name = c.msrTable.name(msr);
    return c.msrTable.writeByUser(c, msr, value)
        ? new ControlAnswer("1", name)
        : new ControlAnswer("0", "%s does not exist or does not take 0x%x".formatted(name, value));
  }
}
