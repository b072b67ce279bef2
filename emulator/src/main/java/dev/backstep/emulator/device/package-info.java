/// Devices. They see offset, size and value, an interrupt line, the virtual clock; no threads, no
/// host I/O.
@NullMarked
package dev.backstep.emulator.device;

import org.jspecify.annotations.NullMarked;
