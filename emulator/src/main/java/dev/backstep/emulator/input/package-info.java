/// The one port through which anything from outside the machine reaches the guest.
@NullMarked
package dev.backstep.emulator.input;

import org.jspecify.annotations.NullMarked;
