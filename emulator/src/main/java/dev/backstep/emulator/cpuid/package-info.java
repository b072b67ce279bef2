/// What CPUID answers: leaf to values, and the features that follow.
@NullMarked
package dev.backstep.emulator.cpuid;

import org.jspecify.annotations.NullMarked;
