/// One class per verb, and the options that verbs share. Results go to standard output, everything
/// else to standard error.
@NullMarked
package dev.backstep.cli.command;

import org.jspecify.annotations.NullMarked;
