/// Parts that stand in for a machine's in tests: hand-written, without behaviour of their own.
@NullMarked
package dev.backstep.emulator.testing;

import org.jspecify.annotations.NullMarked;
