/// Tests of the verbs.
@NullMarked
package dev.backstep.cli.command;

import org.jspecify.annotations.NullMarked;
