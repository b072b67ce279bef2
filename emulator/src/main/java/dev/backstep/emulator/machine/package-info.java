/// A whole machine: its configuration, how it is built, and the loop that runs its vCPUs in turns.
@NullMarked
package dev.backstep.emulator.machine;

import org.jspecify.annotations.NullMarked;
