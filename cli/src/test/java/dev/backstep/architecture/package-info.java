/// Rules about which module and package may know which.
@NullMarked
package dev.backstep.architecture;

import org.jspecify.annotations.NullMarked;
