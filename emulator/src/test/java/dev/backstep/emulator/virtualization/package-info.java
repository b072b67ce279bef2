/// Tests of what virtualizes a vCPU.
@NullMarked
package dev.backstep.emulator.virtualization;

import org.jspecify.annotations.NullMarked;
