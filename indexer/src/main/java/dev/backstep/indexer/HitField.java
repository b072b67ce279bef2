package dev.backstep.indexer;

/// A field of something found, under the name by which it is searched.
public record HitField(String name, FieldValue value) {}
