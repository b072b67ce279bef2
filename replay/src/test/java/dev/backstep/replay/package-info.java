/// Whole guests recorded and replayed.
@NullMarked
package dev.backstep.replay;

import org.jspecify.annotations.NullMarked;
