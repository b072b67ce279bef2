/// What the machine says about its run: instructions executed, as sequences of blocks, and events.
@NullMarked
package dev.backstep.emulator.listen;

import org.jspecify.annotations.NullMarked;
