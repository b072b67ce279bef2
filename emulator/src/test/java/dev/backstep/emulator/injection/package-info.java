/// Tests of package injection.
@NullMarked
package dev.backstep.emulator.injection;

import org.jspecify.annotations.NullMarked;
