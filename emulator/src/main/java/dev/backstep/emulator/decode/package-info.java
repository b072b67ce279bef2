/// From bytes to instructions: the opcode table, the decoder and the disassembler.
///
/// The tables of folder `opcodes` have a line per instruction form; everything that is known about
/// a form before it executes stands there; `opcodes/notation.txt` explains the columns.
/// [OpcodeTable] compiles and checks them when the class is initialised: any bytes mean one line at
/// most. A line asks about the bits of a [Context] (prefixes, sizes, mode, ModRM); of the lines of
/// an opcode byte the most specific one that matches is meant. A new instruction is a line here and
/// a method in package `isa`.
///
/// What follows from that and holds everywhere:
/// - Any bytes decode. What is undefined, or belongs to a feature that the processor lacks, becomes
///   [Opcode#INVALID]; what has more than 15 bytes becomes [Opcode#TOO_LONG].
/// - The decoder reads no byte more than it needs to tell, so that a fetch faults only where a
///   processor's would.
/// - Where processors differ, Intel's way: near branches ignore 66 in 64-bit mode.
/// - VEX opcodes have maps of their own: a VEX-encoded line and a legacy one never compete. Where
///   C4 and C5 can be LES and LDS, they are. EVEX is not there: 62 is BOUND or undefined.
///
/// The table is immutable and may be read by any thread; a [Decoder] holds the decode under way and
/// belongs to one thread.
@NullMarked
package dev.backstep.emulator.decode;

import org.jspecify.annotations.NullMarked;
