/// CPU models, their features, and what CPUID answers: leaf to values. What a model's part has and
/// the emulator does not implement is left out.
@NullMarked
package dev.backstep.emulator.cpuid;

import org.jspecify.annotations.NullMarked;
