/// Tests of the interrupt controllers: each alone, and together with vCPUs that only note signals.
@NullMarked
package dev.backstep.emulator.interrupt;

import org.jspecify.annotations.NullMarked;
