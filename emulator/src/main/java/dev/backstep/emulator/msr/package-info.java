/// Model-specific registers: index to behaviour.
@NullMarked
package dev.backstep.emulator.msr;

import org.jspecify.annotations.NullMarked;
