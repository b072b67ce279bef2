/// From bytes to instructions: the opcode table, the decoder and the disassembler.
///
/// The table `opcodes.tbl` has a line per instruction form; everything that is known about a form
/// before it executes stands there. Immutable after class initialisation.
@NullMarked
package dev.backstep.emulator.decode;

import org.jspecify.annotations.NullMarked;
