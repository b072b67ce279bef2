package dev.backstep.emulator.machine;

import dev.backstep.emulator.control.ControlInterface;
import dev.backstep.emulator.device.StateSink;
import dev.backstep.emulator.device.Uart16550;
import dev.backstep.emulator.execution.Interpreter;
import dev.backstep.emulator.time.EventQueue;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import java.util.function.Consumer;

/// Everything between power-up and the next reset: vCPUs, devices, timers. A reset makes a new one
/// on the same RAM, so that nothing can be left over from before.
///
/// @param turns the vCPUs and whose turn it is
/// @param timers of the devices
/// @param console the serial port that console input goes to
/// @param interpreter runs the vCPUs
/// @param control what a hypervisor's user can ask for
/// @param deviceState writes the state of every device, in a fixed order
record Board(
    TurnOrder turns,
    EventQueue timers,
    Uart16550 console,
    Interpreter interpreter,
    ControlInterface control,
    Consumer<StateSink> deviceState) {

  /// In the order of turns.
  List<Vcpu> vcpus() {
    return turns.vcpus();
  }
}
