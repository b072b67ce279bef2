/// Tests of the index and of searches, over traces that they write themselves.
@NullMarked
package dev.backstep.indexer;

import org.jspecify.annotations.NullMarked;
