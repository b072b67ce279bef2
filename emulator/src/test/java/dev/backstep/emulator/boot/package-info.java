/// Tests of the boot loaders, on images that they write themselves, damaged ones included.
@NullMarked
package dev.backstep.emulator.boot;

import org.jspecify.annotations.NullMarked;
