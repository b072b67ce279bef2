/// What is implemented and what covers it: facts from the opcode tables and from the lists beside
/// this package, and the pages of `docs` that are made from them.
@NullMarked
package dev.backstep.emulator.coverage;

import org.jspecify.annotations.NullMarked;
