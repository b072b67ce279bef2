/// Rules that the compiled classes of this module are held to.
@NullMarked
package dev.backstep.emulator.architecture;

import org.jspecify.annotations.NullMarked;
