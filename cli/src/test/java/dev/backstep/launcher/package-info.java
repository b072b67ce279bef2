/// What holds for the scripts at the repository's root.
@NullMarked
package dev.backstep.launcher;

import org.jspecify.annotations.NullMarked;
