/// From segment and effective address to guest-physical memory: segmentation checks, TLB, page
/// walks, and the memory type decided at every TLB fill. One [Mmu] per vCPU; only the machine's
/// thread calls it.
///
/// ```
/// Mmu.load/store ── hit ──► TlbView ──► RAM             (one compare; plain RAM only)
///        │ miss
///        ▼
/// SegmentChecks ──► LinearMemory ──► Tlb ──► PhysicalAccess ──► RAM, ROM, xAPIC page, devices
///                                     │ miss
///                                     ▼
///                                PageWalker ──► MemoryTypes ──► MemoryTypePolicy
/// ```
///
/// Invariants: an access is checked as a whole before its first byte is read or written. What is in
/// a [TlbView] may be accessed without being seen: no device, no code (for writes), no data
/// breakpoint, no alignment check. TLBs are derived state and in no digest; but `memory_type`
/// events, and guests that forget to flush, depend on what the architectural one holds: a
/// checkpoint must flush it.
///
/// Decisions:
/// - A walk sets accessed and dirty flags only when the access is allowed (SDM Vol. 3 leaves open
///   what a fault leaves behind). A TLB hit that forbids an access is walked again before it
///   faults.
/// - A large page becomes one TLB entry, and one `memory_type` event, if all of it has one MTRR
///   type and one backing. Otherwise only 4 KiB entries are made, each with the type of its own
///   page: SDM Vol. 3 "Large Page Size Considerations" leaves such pages undefined.
/// - Overlapping MTRRs whose combination the SDM leaves undefined are UC.
/// - Without paging, memory types are chosen per 4 KiB.
/// - A change of CR0.CD, of an MTRR or of the PAT forgets all translations, since they hold memory
///   types.
/// - Paging structures outside RAM read as all ones, which is a reserved bit set; devices do not
///   see walks.
@NullMarked
package dev.backstep.emulator.mmu;

import org.jspecify.annotations.NullMarked;
