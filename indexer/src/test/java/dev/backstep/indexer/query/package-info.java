/// Tests of the query language.
@NullMarked
package dev.backstep.indexer.query;

import org.jspecify.annotations.NullMarked;
