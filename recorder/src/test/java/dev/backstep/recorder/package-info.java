/// Tests of the recorder alone; whole recordings are replayed in the replay module's tests.
@NullMarked
package dev.backstep.recorder;

import org.jspecify.annotations.NullMarked;
