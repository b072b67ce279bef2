/// Replay: the same machine, its inputs from the journal, every journaled fact compared as it
/// happens.
///
/// The machine and the comparison run on the caller's thread.
@NullMarked
package dev.backstep.replay;

import org.jspecify.annotations.NullMarked;
