/// The trace format, version 1.
///
/// The classes here are generated from `trace.proto`, which specifies every field. This page
/// specifies the bytes around and inside those messages. Numbers are little-endian. A `varint` is
/// LEB128: seven bits a byte, lowest first, bit 7 set in all but the last byte; at most 32 bits
/// unless said otherwise. `zigzag(n)` is `(n << 1) ^ (n >> 31)`. CRC32C is the Castagnoli
/// polynomial as iSCSI uses it (RFC 3720), SHA-256 is FIPS 180-4, a zstd frame is RFC 8878.
///
/// # Position
///
/// How many instructions the machine had retired, all vCPUs counted, as an unsigned number of 64
/// bits. The first instruction has position 0.
///
/// # Folder
///
/// | path | holds |
/// |---|---|
/// | `manifest.pb` | what was recorded and, at the end, how it ended |
/// | `manifest.pb.new` | left by a crash while the manifest was replaced; no reader opens it |
/// | `journal/19700101.cq4` | the journal |
/// | `journal/metadata.cq4t` | Chronicle's notes for writers, only while a recording goes on or after a crash; no reader opens it |
/// | `index/` | the index, of which this format says nothing |
///
/// # manifest.pb
///
/// | offset | bytes | holds |
/// |---|---|---|
/// | 0 | 8 | `BACKSTEP` |
/// | 8 | 4 | format version: 1 |
/// | 12 | 4 | CRC32C of bytes 0 to 11 and 16 to the end |
/// | 16 | rest | a [dev.backstep.proto.v1.Manifest]; the file has at most 4 MiB |
///
/// The first 16 bytes mean the same in every version to come. The file is replaced as a whole:
/// written under another name, made durable, renamed. It is written before the journal exists, and
/// again when the run has ended, with `end`. A trace whose manifest has no `end`, or whose journal
/// is shorter than `end` says, is incomplete. `end.journal_files` has one entry: the name, the size
/// and the SHA-256 of the journal's file, every byte of it.
///
/// # The journal
///
/// A file as Chronicle Queue 2026 writes it (binary, wire type BINARY_LIGHT, roll cycle `yyyyMMdd`
/// that never rolls, its clock standing at 0, pages of 1,024 index entries, every 16th excerpt
/// indexed). Chronicle can read it; a reader of this format needs only its frames:
///
/// | bytes | holds |
/// |---|---|
/// | 4 | header: bits 0 to 29 the length *n*; bit 30 metadata; bit 31 not complete |
/// | *n* | the document |
/// | 0 to 3 | zeros, up to the next multiple of four in the file |
///
/// The first frame is at offset 0. A header of 0 was never written: the journal ends there. Writers
/// fill in a document before its header, so the bytes of one document may follow, of the length
/// that its own first bytes say or else of at most 12 MiB; all after that is zero, at most 256 MiB.
/// A header of `0x80000000` ends the journal in the same way; no other header has bit 31. A frame
/// that the file's end cuts off is not part of the journal either. A complete journal ends with its
/// last frame and its padding.
///
/// A metadata document has at most 1 MiB; it starts with the byte 0xB9, the length of a name in one
/// byte, and one of the names `header`, `index2index` and `index`. Readers skip it. Every other
/// document is one chunk.
///
/// # Chunks
///
/// A document that is not metadata has at most 12 MiB and is one
/// [dev.backstep.proto.v1.SealedChunk], its two fields in order, both present, with nothing after
/// them. `crc32c` is the CRC32C of the bytes of the field `chunk`, which hold one
/// [dev.backstep.proto.v1.Chunk] with its fields in ascending order. There are at most 2^24 chunks.
/// - `number` counts from 0; `previous_crc32c` is the `crc32c` of the chunk before, 0 in the first.
/// - `first_position` is 0 in the first chunk, then `first_position + instruction_count` of the one
///   before.
/// - Chunks decode independently of one another, except that sequences name blocks that earlier
///   chunks define.
///
/// | | the most in one chunk |
/// |---|---|
/// | sequence entries | 262,144 |
/// | turns | as many as entries |
/// | events, inputs, block definitions | 65,536 of each |
/// | decoded bytes of a column | 16 MiB |
///
/// # Columns
///
/// A [dev.backstep.proto.v1.Column] holds `size` bytes: as they are (STORED) or in one zstd frame
/// (ZSTD).
///
/// *turns*: `turn_count` times a varint vCPU number below 65,536 and a varint count of entries, at
/// least 1. Adjacent turns are of different vCPUs. The counts add up to `entry_count`.
///
/// *sequence*: `entry_count` entries. An entry *e* >= 0 is the number of a block of which the
/// turn's vCPU executed all instructions; *e* < 0 directly after a block's number, in the same
/// turn, says that the block was left after *~e* instructions, fewer than it has. All entries lie
/// strictly between -2^24 and 2^24. They are predicted, and only wrong predictions are written:
///
/// ```
/// bits      = ceil(log2(entry_count)), at least 8 and at most 16
/// slot(a,b) = (a * 0x9E3779B1 + b * 0x85EBCA6B mod 2^32) >> (32 - bits)
/// often, seldom: tables of 2^bits numbers, all 0; last, second: per vCPU, 0 at first
///
/// for each turn, for each entry e of it:
///   if often[slot(last, second)] = e: the run grows by one
///   else: write varint(run), the run is 0 again;
///         if seldom[slot(last, 0)] = e: write varint(0)
///         else: write varint(1 + zigzag(e - last)); seldom[slot(last, 0)] := e
///         often[slot(last, second)] := e
///   second := last; last := e
/// at the end, if the run is not 0: write varint(run)
/// ```
///
/// *blocks*: a [dev.backstep.proto.v1.BlockBatch] of `block_count` definitions: the blocks that the
/// sequence names and no chunk before defined. A number is below 2^24 and defined once in a trace.
/// `instruction_lengths` has 1 to 4,096 bytes, each 1 to 15, which add up to the length of `code`.
///
/// *events*: an [dev.backstep.proto.v1.EventBatch]. Its four packed fields have `event_count`
/// numbers each, and are absent if that is 0; so does `event`. The n-th event has position: the one
/// before's (at first `first_position`) plus the n-th delta; vCPU: the n-th; rip and time: the one
/// before's (at first 0) plus the n-th delta, modulo 2^64. No position is greater than
/// `first_position + instruction_count`. An event at position *p* happened after *p* instructions
/// had retired.
///
/// *inputs*: an [dev.backstep.proto.v1.InputBatch], its positions as those of events.
///
/// # What readers refuse
///
/// All that contradicts this page. Unknown fields are skipped; an unknown kind of event or input is
/// one without a kind.
///
/// # Versions
///
/// A change that an older reader would misread gets a new number in `manifest.pb`, a package beside
/// this one, and a golden trace in the tests. This one stays readable.
@NullUnmarked
package dev.backstep.proto.v1;

import org.jspecify.annotations.NullUnmarked;
