/// The caches of the processors, with `--cache-model on`: what memory types, CR0.CD, fences and
/// cache instructions come to when something else than the processors looks at memory.
///
/// ```
///  vCPU 0: ProcessorCache ── CacheLines, CombiningBuffers ─┐
///  vCPU 1: ProcessorCache ── CacheLines, CombiningBuffers ─┤── CoherentLines ── GuestRam   (what the processors see)
///                                                          │         └───────── UnseenMemory (what memory holds instead)
///  device ── CacheModel, which is its DmaMemory ───────────┘
/// ```
///
/// Guest RAM holds what the processors see; [UnseenMemory] holds the lines of which memory holds
/// something else: those that a processor has modified and not written back, and those that a
/// device overwrote while they were cached. Page walks and instruction fetches therefore need not
/// know of caches, and with the model off nothing is different from a machine without it. See
/// docs/adr, "Caches are a difference from guest RAM".
///
/// Invariants: a line is modified in one cache only, and then in no other; a line that is in no
/// cache is not in [UnseenMemory]; each change of guest RAM is told to its code watch. Lines are
/// numbered by RAM offset / 64. Everything here is state: it is in the machine's register digest,
/// and replay compares it.
///
/// Decisions:
/// - One cache per vCPU stands for all levels: 8 ways of 64 sets of 64-byte lines, least recently
///   used replaced. It holds data only.
/// - A read that misses is served by another processor's copy where there is one, as by a shared
///   last level: no two processors see different contents of a line that both cache.
/// - A modified line that another processor reads is written back (MESI, no owned state).
/// - Page walks and instruction fetches see what the processors see, cache nothing and evict
///   nothing; accessed and dirty flags are written as WB stores.
/// - What the manuals let happen at any time (speculative fills, write-combining buffers that empty
///   by themselves) never happens here: the model is the worst case that a driver must survive.
///
/// Only the machine's thread calls this package.
@NullMarked
package dev.backstep.emulator.cache;

import org.jspecify.annotations.NullMarked;
