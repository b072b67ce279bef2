/// What was executed, read from the journal alone, without re-execution: instructions with their
/// addresses, bytes and text, and events as text.
@NullMarked
package dev.backstep.replay.listing;

import org.jspecify.annotations.NullMarked;
