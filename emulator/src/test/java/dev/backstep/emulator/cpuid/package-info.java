/// Tests of package cpuid.
@NullMarked
package dev.backstep.emulator.cpuid;

import org.jspecify.annotations.NullMarked;
