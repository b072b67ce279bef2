# errata-cd: sets and clears CR0.CD with pages of the window (WB) in use, and prints what CR0 reads as. What becomes
# of the pages' types is in `memory_type` events: those of pages that are translated already come with the move to
# CR0, those of others when they are first touched.
#   -kernel errata-cd.elf
#
# | page | touched |
# |---|---|
# | WINDOW | before CD is set |
# | WINDOW + 0x1000 | before CD is set; UC by the PAT |
# | WINDOW + 0x2000 | while CD is set |
# | WINDOW + 0x3000 | while CD and NW are set |
# | WINDOW + 0x4000 | after both were cleared |

    .include "long.inc"
    .include "facts.inc"
    .include "types.inc"

.equ CR0_NW, 1 << 29
.equ CR0_CD, 1 << 30
.equ CACHING_SHIFT, 29

# CACHING "key", bits: CR0 with these for CD and NW; then prints the two as CR0 reads: NW is bit 0, CD bit 1.
.macro CACHING key, bits
    mov %rbp, %rax
    or $\bits, %rax
    mov %rax, %cr0
    mov %cr0, %rax
    shr $CACHING_SHIFT, %rax
    and $3, %eax
    FACT "\key", %rax
.endm

main:
    call memory_types_setup
    PAGE WINDOW+0x1000, PTE_UC
    call forget_translations
    mov %cr0, %rbp
    and $~(CR0_CD | CR0_NW), %rbp
    TOUCH WINDOW
    TOUCH WINDOW+0x1000
    CACHING "cd-set", CR0_CD
    TOUCH WINDOW+0x2000
    CACHING "cd-and-nw-set", CR0_CD|CR0_NW
    TOUCH WINDOW+0x3000
    CACHING "both-cleared", 0
    TOUCH WINDOW+0x4000
    mov %rbp, %rax
    or $CR0_NW, %rax
    FAULTS mov %rax, %cr0
    FACT_SEEN "nw-alone"
    mov %cr0, %rax
    shr $CACHING_SHIFT, %rax
    and $3, %eax
    FACT "nw-alone-reads", %rax
    ret
