/// Tests of how results are printed.
@NullMarked
package dev.backstep.cli.hits;

import org.jspecify.annotations.NullMarked;
