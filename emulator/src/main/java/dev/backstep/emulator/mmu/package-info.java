/// From segment and effective address to guest-physical memory: segmentation checks, TLB, page
/// walks, and the memory type decided at every TLB fill.
@NullMarked
package dev.backstep.emulator.mmu;

import org.jspecify.annotations.NullMarked;
