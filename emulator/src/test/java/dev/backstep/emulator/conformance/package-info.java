/// Whether the emulator executes instructions as the processor of the host does: random cases, run
/// by both from the same state, and everything that they leave compared. See `docs/conformance.md`.
@NullMarked
package dev.backstep.emulator.conformance;

import org.jspecify.annotations.NullMarked;
