package dev.backstep.indexer;

/// How often a field has a value among what was found.
///
/// @param value as tables show it
public record Facet(String value, long count) {}
