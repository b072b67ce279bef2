/// The Lucene index of a trace, and searches over it.
///
/// Two sorts of documents stand in the index, which can be thrown away and rebuilt at any time:
///
/// | `_doc` | one for each | holds |
/// |---|---|---|
/// | `event` | event | its kind and fields to search by; the chunk and the place in it where the event itself is read from |
/// | `chunk` | chunk of the journal | what instructions run in it: mnemonics, pages of their addresses, vCPUs, its positions |
///
/// A search for instructions takes the chunks that can match from the index and scans those
/// exactly. Numbers are indexed as unsigned 64-bit ones: with their top bit flipped, so that
/// Lucene's signed order is theirs. Used by one thread at a time.
@NullMarked
package dev.backstep.indexer;

import org.jspecify.annotations.NullMarked;
