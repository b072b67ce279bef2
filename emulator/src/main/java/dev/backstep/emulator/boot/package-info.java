/// Boot loaders and the firmware tables they leave in memory.
@NullMarked
package dev.backstep.emulator.boot;

import org.jspecify.annotations.NullMarked;
