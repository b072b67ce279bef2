/// Tests of the programs as their users start them.
@NullMarked
package dev.backstep.cli;

import org.jspecify.annotations.NullMarked;
