/// What the user of a hypervisor asks of it, in KVM's terms: virtual machine monitors do it by
/// ioctl, here a scenario does.
///
/// A request is an input from outside: the journal has it and a replay makes it again at the same
/// moment. It is made between two turns of vCPUs, on the machine's thread.
@NullMarked
package dev.backstep.emulator.control;

import org.jspecify.annotations.NullMarked;
