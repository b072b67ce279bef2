/// Virtual time. It derives from the count of retired instructions alone: nothing here reads a host
/// clock.
@NullMarked
package dev.backstep.emulator.time;

import org.jspecify.annotations.NullMarked;
