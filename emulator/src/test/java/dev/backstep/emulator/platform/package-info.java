/// Tests of package platform.
@NullMarked
package dev.backstep.emulator.platform;

import org.jspecify.annotations.NullMarked;
