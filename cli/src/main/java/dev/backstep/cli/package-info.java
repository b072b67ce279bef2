/// The programs: `backstep` ([Main]) and `backstep-qemu` ([QemuMain]).
@NullMarked
package dev.backstep.cli;

import org.jspecify.annotations.NullMarked;
