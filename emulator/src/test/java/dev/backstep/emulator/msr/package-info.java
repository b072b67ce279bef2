/// Tests of package msr.
@NullMarked
package dev.backstep.emulator.msr;

import org.jspecify.annotations.NullMarked;
