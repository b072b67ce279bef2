/// Tests of the opcode table, the decoder and the disassembler.
@NullMarked
package dev.backstep.emulator.decode;

import org.jspecify.annotations.NullMarked;
