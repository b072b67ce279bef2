/// The query language: Lucene's classic syntax over the fields of events and instructions.
///
/// [TraceQueryParser] makes a [Condition] of a text. Over events the condition becomes look-ups in
/// the index; over instructions it is asked for each, or for many at once while only part of their
/// facts is known ([Truth]). Everything here is immutable.
@NullMarked
package dev.backstep.indexer.query;

import org.jspecify.annotations.NullMarked;
