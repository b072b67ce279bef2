/// Tests of what the verb errata is made of.
@NullMarked
package dev.backstep.cli.errata;

import org.jspecify.annotations.NullMarked;
