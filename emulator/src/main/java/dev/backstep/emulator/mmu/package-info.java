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
/// What the guest flushes, and its switches of address space, go through [Translations].
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
/// - While caches are modelled ([CacheControl#connect]) the views stay empty, and each access to
///   RAM passes the vCPU's cache with the memory type of its 4 KiB page, which the TLB entry keeps
///   until CR0.CD changes.
/// - Overlapping MTRRs whose combination the SDM leaves undefined are UC.
/// - Without paging, memory types are chosen per 4 KiB.
/// - A change of an MTRR (SDM Vol. 2 "WRMSR") or of the PAT forgets all translations, since they
///   hold memory types. A change of CR0.CD forgets none: types are decided anew for all pages that
///   the TLB holds for the current address space.
/// - The TLB tells PCIDs apart; the fast views hold the current address space only and are emptied
///   when CR3 changes. There are no paging-structure caches: every walk starts at CR3.
/// - Protection keys and linear-address masking cost a fast access nothing. A view knows the keys
///   of its pages, and is emptied when PKRU or IA32_PKRS takes a right from one of them; a page
///   that was reached through an address with metadata is in the view under that address.
/// - Masking applies to what instructions load and store in 64-bit mode, not to fetches, system
///   structures, the stack of an event, INVLPG and INVPCID (SDM Vol. 3 "Linear-Address Masking").
/// - Registers that hold addresses may be loaded with what is canonical for the processor's widest
///   linear address; accesses, RIP included, need what is canonical for the depth of paging.
/// - Paging structures outside RAM read as all ones, which is a reserved bit set; devices do not
///   see walks.
@NullMarked
package dev.backstep.emulator.mmu;

import org.jspecify.annotations.NullMarked;
