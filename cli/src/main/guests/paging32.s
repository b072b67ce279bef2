# paging32: 32-bit protected mode. Segment limits and types without paging; then two-level paging with 4 KiB
# and 4 MiB pages, then PAE: accessed and dirty bits, page-fault error codes, CR0.WP, global pages, PDPTEs
# loaded by MOV CR3; ring 3; INTO, BOUND, #TS and #NP. SDM Vol. 3 "Protected-Mode Memory Management", "Paging".
#   -kernel paging32.elf
# QEMU's TCG checks no segment limits and no type of access: those checks are left out there.

    .include "short.inc"

.equ TCG_SIGNATURE, 0x54474354
.equ INTEL_SIGNATURE, 0x756e6547  # "Genu"
.equ MAPPED, 0x40000000           # 1 GiB: a place to map pages at
.equ PAGE_A, 0x800000             # physical pages to map there
.equ PAGE_B, 0x801000
.equ BIG_PAGE, 0x1400000          # 4 MiB-aligned
.equ P, 1
.equ W, 2
.equ U, 4
.equ A, 0x20
.equ D, 0x40
.equ PS, 0x80
.equ G, 0x100

main:
    PRINT "Backstep paging32\n"
    cmpl $0x2badb002, multiboot_eax
    CHECK e, "multiboot: eax"
    mov $0x40000000, %eax
    cpuid
    cmp $TCG_SIGNATURE, %ebx
    sete on_tcg
    xor %eax, %eax
    cpuid
    cmp $INTEL_SIGNATURE, %ebx    # Intel only: SDM Vol. 3 "PDPTE Registers"
    sete pdptes_in_registers
    cmpb $0, on_tcg
    je 1f
    movb $0, pdptes_in_registers
1:
    call segments
    call old_traps
    call two_levels
    call big_pages
    call accessed_and_dirty
    call write_protection
    call ring_three
    call global_pages
    call pae
    call task_returns
    ret

segments:
    cmpb $0, on_tcg
    jne 1f
    mov $SMALL_DATA, %eax
    mov %eax, %fs
    FAULTS mov %fs:0xfff, %al
    CHECK_NONE "limit: its last byte"
    FAULTS mov %fs:0xffd, %eax
    CHECK_SEEN 13, 0, "limit: a doubleword across it: #GP(0)"
    mov $EXPAND_DOWN, %eax
    mov %eax, %fs
    FAULTS mov %fs:0x1000, %al
    CHECK_NONE "expand-down: above the limit"
    FAULTS mov %fs:0xfff, %al
    CHECK_SEEN 13, 0, "expand-down: at the limit: #GP(0)"
    mov $READ_ONLY_DATA, %eax
    mov %eax, %fs
    FAULTS mov %al, %fs:0x1000
    CHECK_SEEN 13, 0, "write to a read-only segment: #GP(0)"
    FAULTS mov %eax, %cs:0x1000
    CHECK_SEEN 13, 0, "write to a code segment: #GP(0)"
    xor %eax, %eax
    mov %eax, %fs
    FAULTS mov %fs:0x1000, %eax
    CHECK_SEEN 13, 0, "null segment: #GP(0)"
1:  mov $CODE_NOT_PRESENT, %eax
    FAULTS mov %eax, %fs
    CHECK_SEEN 11, CODE_NOT_PRESENT, "segment not present: #NP(selector)"
    FAULTS ljmp $DATA, $0
    CHECK_SEEN 13, DATA, "far jump to data: #GP(selector)"
    mov $READ_ONLY_DATA, %eax
    FAULTS mov %eax, %ss
    CHECK_SEEN 13, READ_ONLY_DATA, "stack segment not writable: #GP(selector)"
    FAULTS ljmp $BROKEN_TSS, $0
    CHECK_SEEN 10, BROKEN_TSS, "task switch to a TSS too short: #TS(selector)"
    # 16-bit code and back: operand size and IP wrap come from the descriptor
    mov $0x12345678, %eax
    mov $sixteen_bit, %ecx        # the segment begins there
    mov %cx, gdt + CODE16 + 2
    shr $16, %ecx
    mov %cl, gdt + CODE16 + 4
    lcall $CODE16, $0
    cmp $0x1234abcd, %eax
    CHECK e, "16-bit code segment: 16-bit operands by default"
    ret

    .code16
sixteen_bit:
    mov $0xabcd, %ax
    lretl
    .code32

# What 64-bit mode no longer has.
old_traps:
    mov $0x7f, %al
    add $1, %al
    TRAPS into
    CHECK_SEEN 4, 0, "into with OF: #OF"
    xor %eax, %eax
    FAULTS into
    CHECK_NONE "into without OF"
    mov $11, %eax
    FAULTS bound %eax, bounds
    CHECK_SEEN 5, 0, "bound: above: #BR"
    mov $10, %eax
    FAULTS bound %eax, bounds
    CHECK_NONE "bound: inside"
    FAULTS .byte 0xd4, 0
    CHECK_SEEN 0, 0, "aam 0: #DE"
    FAULTS .byte 0x0f, 0x05
    CHECK_SEEN 6, 0, "syscall without EFER.SCE: #UD"
    ret

# Identity for the first 16 MiB in 4 KiB pages (four page tables), MAPPED by a table of its own.
two_levels:
    mov $page_tables, %edi
    mov $P | W, %eax
    mov $4096, %ecx
1:  mov %eax, (%edi)
    add $0x1000, %eax
    add $4, %edi
    dec %ecx
    jnz 1b
    movl $page_tables + P + W + U, directory
    movl $page_tables + 0x1000 + P + W + U, directory + 4
    movl $page_tables + 0x2000 + P + W + U, directory + 8
    movl $page_tables + 0x3000 + P + W + U, directory + 12
    movl $mapped_table + P + W + U, directory + (MAPPED >> 20)
    movl $0xa11ce, PAGE_A
    movl $0xb0b, PAGE_B
    movl $PAGE_A + P + W, mapped_table
    mov $directory, %eax
    mov %eax, %cr3
    mov %cr0, %eax
    or $CR0_PG, %eax
    mov %eax, %cr0
    cmpl $0xa11ce, MAPPED
    CHECK e, "4 KiB page: mapped"
    movl $PAGE_B + P + W, mapped_table
    invlpg MAPPED
    cmpl $0xb0b, MAPPED
    CHECK e, "4 KiB page: mapped elsewhere after INVLPG"
    FAULTS mov MAPPED + 0x1004, %eax
    CHECK_SEEN 14, 0, "page table entry not present: read: 0"
    CHECK_CR2 MAPPED + 0x1004, "page table entry not present: CR2"
    FAULTS mov %eax, MAPPED + 0x400000
    CHECK_SEEN 14, 2, "directory entry not present: write: 2"
    movl $PAGE_A + P + W, mapped_table + 4
    FAULTS mov MAPPED + 0xffe, %eax
    CHECK_NONE "read across two pages"
    movl $0, mapped_table + 4
    invlpg MAPPED + 0x1000
    movl $0x11111111, MAPPED + 0xffc
    FAULTS movl $-1, MAPPED + 0xffe
    CHECK_SEEN 14, 2, "write across into a page that is not there: 2"
    CHECK_CR2 MAPPED + 0x1000, "write across into a page that is not there: CR2 is the second"
    cmpl $0x11111111, MAPPED + 0xffc
    CHECK e, "write across into a page that is not there: nothing written"
    ret

big_pages:
    mov %cr4, %eax
    or $CR4_PSE, %eax
    mov %eax, %cr4
    movl $BIG_PAGE + P + W + PS, directory + (BIG_PAGE >> 20)
    movl $BIG_PAGE + P + W + PS, directory + (MAPPED >> 20) + 4
    mov $directory, %eax
    mov %eax, %cr3
    movl $0xb16, BIG_PAGE + 0x123456
    cmpl $0xb16, MAPPED + 0x400000 + 0x123456
    CHECK e, "4 MiB page: the same memory at two addresses"
    movl $BIG_PAGE + P + W + PS + (1 << 21), directory + (MAPPED >> 20) + 4
    mov %eax, %cr3
    FAULTS mov MAPPED + 0x400000, %eax
    cmpb $0, on_tcg               # TCG: error code 8
    jne 1f
    CHECK_SEEN 14, 9, "4 MiB page: reserved bit 21: 9"
1:  movl $BIG_PAGE + P + W + PS, directory + (MAPPED >> 20) + 4
    mov $directory, %eax
    mov %eax, %cr3
    ret

accessed_and_dirty:
    movl $PAGE_A + P + W, mapped_table
    andl $~A, directory + (MAPPED >> 20)
    mov %cr3, %eax
    mov %eax, %cr3
    mov MAPPED, %ecx
    mov mapped_table, %eax
    and $A | D, %eax
    cmp $A, %eax
    CHECK e, "read: sets A of the page, not D"
    testl $A, directory + (MAPPED >> 20)
    CHECK nz, "read: sets A of the directory entry"
    mov %ecx, MAPPED
    mov mapped_table, %eax
    and $A | D, %eax
    cmp $A | D, %eax
    CHECK e, "write after the read: sets D"
    movl $PAGE_A + P + W, mapped_table
    mov %cr3, %eax
    mov %eax, %cr3
    mov %ecx, MAPPED
    mov mapped_table, %eax
    and $A | D, %eax
    cmp $A | D, %eax
    CHECK e, "write at once: sets A and D"
    andl $~(A | D), directory + (MAPPED >> 20) + 4
    mov %cr3, %eax
    mov %eax, %cr3
    mov %ecx, MAPPED + 0x400000
    mov directory + (MAPPED >> 20) + 4, %eax
    and $A | D, %eax
    cmp $A | D, %eax
    CHECK e, "write to a 4 MiB page: A and D of the directory entry"
    movl $PAGE_A + P, mapped_table
    mov %cr3, %eax
    mov %eax, %cr3
    mov %cr0, %eax
    or $CR0_WP, %eax
    mov %eax, %cr0
    FAULTS mov %ecx, MAPPED
    testl $D, mapped_table
    CHECK z, "write that faults: D stays clear"
    ret

write_protection:
    movl $PAGE_A + P, mapped_table
    invlpg MAPPED
    FAULTS mov %ecx, MAPPED
    CHECK_SEEN 14, 3, "ring 0 write to a read-only page with WP: 3"
    mov %cr0, %eax
    and $~CR0_WP, %eax
    mov %eax, %cr0
    FAULTS mov %ecx, MAPPED
    CHECK_NONE "ring 0 write to a read-only page without WP"
    movl $PAGE_A + P + W, mapped_table
    andl $~W, directory + (MAPPED >> 20)
    mov %cr0, %eax
    or $CR0_WP, %eax
    mov %eax, %cr0
    mov %cr3, %eax
    mov %eax, %cr3
    FAULTS mov %ecx, MAPPED
    CHECK_SEEN 14, 3, "directory entry read-only: 3"
    orl $W, directory + (MAPPED >> 20)
    mov %cr3, %eax
    mov %eax, %cr3
    ret

# Ring 3 on the pages of the image (U set below), at MAPPED as each case says.
ring_three:
    mov $page_tables + (0x100 * 4), %edi
    mov $0x100, %ecx              # 1 MiB..2 MiB
1:  orl $U, (%edi)
    add $4, %edi
    dec %ecx
    jnz 1b
    mov %cr3, %eax
    mov %eax, %cr3
    mov $user_reads, %edi
    call enter_user
    CHECK_SEEN 14, 5, "ring 3 read of a supervisor page: 5"
    mov $user_writes, %edi
    call enter_user
    CHECK_SEEN 14, 7, "ring 3 write of a supervisor page: 7"
    orl $U, mapped_table
    invlpg MAPPED
    mov $user_reads, %edi
    call enter_user
    CHECK_SEEN USER_EXIT, 0, "ring 3 read of a user page"
    andl $~W, mapped_table
    invlpg MAPPED
    mov $user_writes, %edi
    call enter_user
    CHECK_SEEN 14, 7, "ring 3 write of a read-only user page: 7"
    movl $0, mapped_table
    invlpg MAPPED
    mov $user_reads, %edi
    call enter_user
    CHECK_SEEN 14, 4, "ring 3 read, not present: 4"
    mov $user_jumps, %edi
    call enter_user
    CHECK_SEEN 14, 4, "ring 3 fetch, not present, no NX: 4"
    mov $user_hlt, %edi
    call enter_user
    CHECK_SEEN 13, 0, "ring 3 hlt: #GP(0)"
    movl $PAGE_A + P + W, mapped_table
    invlpg MAPPED
    ret

user_reads:
    mov MAPPED, %eax
    int $USER_EXIT
user_writes:
    mov %eax, MAPPED
    int $USER_EXIT
user_jumps:
    mov $MAPPED, %eax
    jmp *%eax
user_hlt:
    hlt
    int $USER_EXIT

# A global page outlives MOV CR3; INVLPG and a change of CR4.PGE end it. Without the feature nothing is checked.
global_pages:
    mov $1, %eax
    cpuid
    test $1 << 13, %edx
    jz 1f
    mov %cr4, %eax
    or $CR4_PGE, %eax
    mov %eax, %cr4
    movl $PAGE_A + P + W + G, mapped_table
    invlpg MAPPED
    movl $0xa11ce, PAGE_A
    movl $0xb0b, PAGE_B
    mov MAPPED, %ecx
    movl $PAGE_B + P + W + G, mapped_table
    invlpg MAPPED
    cmpl $0xb0b, MAPPED
    CHECK e, "global page: INVLPG ends it"
    movl $PAGE_A + P + W + G, mapped_table
    mov %cr4, %eax
    xor $CR4_PGE, %eax
    mov %eax, %cr4
    xor $CR4_PGE, %eax
    mov %eax, %cr4
    cmpl $0xa11ce, MAPPED
    CHECK e, "global page: a change of CR4.PGE ends it"
1:  ret

# Three levels: four PDPTEs read by MOV CR3, 2 MiB pages, reserved bits, NX.
pae:
    mov %cr0, %eax
    and $~CR0_PG, %eax
    mov %eax, %cr0
    mov %cr4, %eax
    or $CR4_PAE, %eax
    mov %eax, %cr4
    mov $pae_directory, %edi      # identity for 1 GiB in 2 MiB pages
    mov $P | W | PS, %eax
    mov $512, %ecx
1:  mov %eax, (%edi)
    movl $0, 4(%edi)
    add $0x200000, %eax
    add $8, %edi
    dec %ecx
    jnz 1b
    movl $pae_directory + P, pae_pdpt
    movl $pae_mapped_directory + P, pae_pdpt + 8
    movl $pae_mapped_table + P + W, pae_mapped_directory
    movl $PAGE_A + P + W, pae_mapped_table
    mov $0xc0000080, %ecx         # EFER.NXE
    rdmsr
    or $1 << 11, %eax
    wrmsr
    mov $pae_pdpt, %eax
    mov %eax, %cr3
    mov %cr0, %eax
    or $CR0_PG, %eax
    mov %eax, %cr0
    movl $0xa11ce, PAGE_A
    cmpl $0xa11ce, MAPPED
    CHECK e, "PAE: 4 KiB page"
    testl $A, pae_mapped_table
    CHECK nz, "PAE: A of the page"
    FAULTS mov 0x80000000, %eax
    CHECK_SEEN 14, 0, "PAE: PDPTE not present: 0"
    movl $pae_directory + P, pae_pdpt + 16
    FAULTS mov 0x80000000, %eax
    cmpb $0, pdptes_in_registers
    je 2f
    CHECK_SEEN 14, 0, "PAE: PDPTE changed in memory: not seen before MOV CR3"
2:
    mov %cr3, %eax
    mov %eax, %cr3
    FAULTS mov 0x80000000, %eax
    CHECK_NONE "PAE: PDPTE seen after MOV CR3"
    movl $1 << 31, pae_mapped_table + 4 # execute-disable
    movb $0xc3, PAGE_A
    invlpg MAPPED
    movl $NOTHING_SEEN, seen_vector
    push $after_nx
    mov $MAPPED, %eax
    jmp *%eax
after_nx_fault:
    pop %eax
after_nx:
    CHECK_SEEN 14, 0x11, "PAE: fetch from a no-execute page: 0x11"
    movl $0, pae_mapped_table + 4
    invlpg MAPPED
    cmpb $0, on_tcg               # TCG reads PDPTEs at every walk and checks nothing at MOV CR3
    jne 2f
    movl $pae_directory + P + W, pae_pdpt + 24 # bit 1 of a PDPTE is reserved
    mov %cr3, %eax
    FAULTS mov %eax, %cr3
    CHECK_SEEN 13, 0, "PAE: reserved bit in a PDPTE: #GP(0) by MOV CR3"
    movl $0, pae_pdpt + 24
2:  mov %cr0, %eax
    and $~CR0_PG, %eax
    mov %eax, %cr0
    mov %cr4, %eax
    and $~CR4_PAE, %eax
    mov %eax, %cr4
    ret

# IRET with NT set returns by the back link of the TSS; a bad one is #TS.
task_returns:
    movw $DATA, tss
    pushl $0x4002                 # NT
    popf
    FAULTS iret
    pushl $2
    popf
    CHECK_SEEN 10, DATA, "iret with NT, back link no TSS: #TS(selector)"
    ret

    .data
bounds:
    .long 1, 10
on_tcg:
    .byte 0
pdptes_in_registers:
    .byte 0
    .section .fixups, "aw"
    .long MAPPED, after_nx_fault
    .bss
    .balign 4096
directory:
    .skip 4096
page_tables:
    .skip 4 * 4096
mapped_table:
    .skip 4096
pae_directory:
    .skip 4096
pae_mapped_directory:
    .skip 4096
pae_mapped_table:
    .skip 4096
    .balign 32
pae_pdpt:
    .skip 32
