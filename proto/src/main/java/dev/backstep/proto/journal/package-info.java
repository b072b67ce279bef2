/// Writing and reading traces.
///
/// [dev.backstep.proto.journal.TraceWriter] makes a trace folder: a manifest, and a journal to
/// which it appends one chunk after the other through Chronicle Queue.
/// [dev.backstep.proto.journal.TraceReader] opens one, whole, cut off or damaged, and hands out
/// chunks. The reader does not go through Chronicle: it walks the frames of the journal file
/// itself, because what it reads may come from anyone. It maps nothing, writes nothing, waits for
/// nobody and makes no object that the file names. The bytes are specified in
/// `dev.backstep.proto.v1`.
///
/// Invariants: positions of chunks are contiguous; each chunk carries the checksum of the one
/// before; a block is defined in or before the chunk that names it. A writer and a reader each
/// belong to one thread at a time, not necessarily the one that made it. Any number of readers may
/// read one trace, also while it is written: they see the chunks that were whole when they opened
/// it.
@NullMarked
package dev.backstep.proto.journal;

import org.jspecify.annotations.NullMarked;
