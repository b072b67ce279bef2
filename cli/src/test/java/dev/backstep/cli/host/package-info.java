/// Tests of the package they stand in.
@NullMarked
package dev.backstep.cli.host;

import org.jspecify.annotations.NullMarked;
