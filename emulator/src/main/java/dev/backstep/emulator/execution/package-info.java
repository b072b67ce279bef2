/// Blocks of decoded instructions, how they are found again, and the interpreter that runs them.
@NullMarked
package dev.backstep.emulator.execution;

import org.jspecify.annotations.NullMarked;
