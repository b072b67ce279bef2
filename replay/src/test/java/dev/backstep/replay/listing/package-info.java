/// Listings of journals.
@NullMarked
package dev.backstep.replay.listing;

import org.jspecify.annotations.NullMarked;
