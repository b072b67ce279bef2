/// Tests of the cache model, without a machine around it.
@NullMarked
package dev.backstep.emulator.cache;

import org.jspecify.annotations.NullMarked;
