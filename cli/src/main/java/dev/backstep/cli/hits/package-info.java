/// How results of searches are printed. Printers write to the stream that they are given and leave
/// errors of it to their caller; one thread.
@NullMarked
package dev.backstep.cli.hits;

import org.jspecify.annotations.NullMarked;
