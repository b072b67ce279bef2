/// Tests of package control.
@NullMarked
package dev.backstep.emulator.control;

import org.jspecify.annotations.NullMarked;
