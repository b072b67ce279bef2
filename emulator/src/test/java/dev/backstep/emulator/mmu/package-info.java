/// Tests of package mmu.
@NullMarked
package dev.backstep.emulator.mmu;

import org.jspecify.annotations.NullMarked;
