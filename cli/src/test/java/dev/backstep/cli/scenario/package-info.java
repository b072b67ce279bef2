/// Tests of package scenario.
@NullMarked
package dev.backstep.cli.scenario;

import org.jspecify.annotations.NullMarked;
