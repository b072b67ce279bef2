# errata-mtrr: memory types by MTRRs and the PAT. Each page that a part touches is one `memory_type` event; which
# type it has is in the event alone: the guest cannot tell.
#   -kernel errata-mtrr.elf -append PART
#
# | part | touches |
# |---|---|
# | cells | every pair of an MTRR type and a PAT type: WINDOW + row * 64 KiB + column * 4 KiB; rows UC WC WT WP WB, columns UC UC- WC WT WP WB |
# | fixed | the first page of each of the 88 fixed ranges, at WINDOW + 2 MiB + address; types UC WC WT WP WB in turn |
# | overlaps | pages in two variable ranges at once |
# | defaults | pages outside of all ranges, with other default types, and with the MTRRs switched off |
# | devices | the IOAPIC's page, WB and WC by the PAT |
# | registers | no memory: prints what RDMSR gives and WRMSR refuses |

    .include "long.inc"
    .include "facts.inc"
    .include "types.inc"

main:
    PART "cells", cells
    PART "fixed", fixed
    PART "overlaps", overlaps
    PART "defaults", defaults
    PART "devices", devices
    PART "registers", registers
    jmp no_such_part

.equ ROW, 0x10000

.macro CELLS row, type
    RANGE \row, WINDOW+\row*ROW, ROW, \type
    PAGE WINDOW+\row*ROW, PTE_UC
    PAGE WINDOW+\row*ROW+0x1000, PTE_UC_MINUS
    PAGE WINDOW+\row*ROW+0x2000, PTE_WC
    PAGE WINDOW+\row*ROW+0x3000, PTE_WT
    PAGE WINDOW+\row*ROW+0x4000, PTE_WP
    PAGE WINDOW+\row*ROW+0x5000, PTE_WB
.endm

cells:
    call memory_types_setup
    CELLS 0, UC
    CELLS 1, WC
    CELLS 2, WT
    CELLS 3, WP
    CELLS 4, WB
    call forget_translations
    mov $WINDOW, %esi
1:  xor %ecx, %ecx
2:  mov (%rsi, %rcx), %eax
    add $0x1000, %ecx
    cmp $0x6000, %ecx
    jb 2b
    add $ROW, %esi
    cmp $WINDOW + 5 * ROW, %esi
    jb 1b
    ret

# The pages are reached through an alias of the first 2 MiB, which nothing else uses.
.equ ALIAS, WINDOW + 0x200000
.equ FIXED_REGISTERS, 11

fixed:
    call memory_types_setup
    movq $0x83, pd + 8 * (ALIAS >> 21)
    lea fixed_registers(%rip), %rsi
    mov $FIXED_REGISTERS, %edi
1:  mov (%rsi), %ecx
    mov 4(%rsi), %eax
    mov 8(%rsi), %edx
    wrmsr
    add $12, %rsi
    dec %edi
    jnz 1b
    WRITE_MSR IA32_MTRR_DEF_TYPE, 0, MTRR_ENABLE|MTRR_FIXED_ENABLE|WB
    call forget_translations
    mov $ALIAS, %esi
    mov $0x10000, %edi
    mov $ALIAS + 0x80000, %edx
    call touch_each
    mov $0x4000, %edi
    mov $ALIAS + 0xc0000, %edx
    call touch_each
    mov $0x1000, %edi
    mov $ALIAS + 0x100000, %edx
    call touch_each
    # With FE clear the same ranges have the default type.
    WRITE_MSR IA32_MTRR_DEF_TYPE, 0, MTRR_ENABLE|WT
    TOUCH ALIAS+0x51000
    ret

# Touches from esi on, edi bytes apart, up to edx.
touch_each:
    mov (%rsi), %eax
    add %edi, %esi
    cmp %edx, %esi
    jb touch_each
    ret

overlaps:
    call memory_types_setup
    RANGE 0, WINDOW, 0x10000, WB
    RANGE 1, WINDOW, 0x10000, UC
    RANGE 2, WINDOW+0x10000, 0x10000, WB
    RANGE 3, WINDOW+0x10000, 0x10000, WT
    RANGE 4, WINDOW+0x20000, 0x10000, WB
    RANGE 5, WINDOW+0x20000, 0x10000, WC
    RANGE 6, WINDOW+0x40000, 0x20000, WB
    RANGE 7, WINDOW+0x50000, 0x10000, UC
    TOUCH WINDOW                  # UC and WB
    TOUCH WINDOW+0x10000          # WT and WB
    TOUCH WINDOW+0x20000          # WC and WB: no rule
    TOUCH WINDOW+0x50000          # UC over WB, and the UC range begins higher
    TOUCH WINDOW+0x40000          # WB alone
    RANGE 5, WINDOW+0x20000, 0x10000, WB
    TOUCH WINDOW+0x21000          # WB twice
    mov $IA32_MTRR_PHYSBASE0 + 1, %ecx
    rdmsr
    and $~MTRR_VALID, %eax
    wrmsr
    TOUCH WINDOW+0x1000           # a range that is not valid
    ret

defaults:
    call memory_types_setup
    WRITE_MSR IA32_MTRR_DEF_TYPE, 0, MTRR_ENABLE|WT
    TOUCH WINDOW
    WRITE_MSR IA32_MTRR_DEF_TYPE, 0, MTRR_ENABLE|WC
    TOUCH WINDOW+0x1000
    WRITE_MSR IA32_MTRR_DEF_TYPE, 0, MTRR_ENABLE|WP
    TOUCH WINDOW+0x2000
    WRITE_MSR IA32_MTRR_DEF_TYPE, 0, MTRR_ENABLE|UC
    TOUCH WINDOW+0x3000
    WRITE_MSR IA32_MTRR_DEF_TYPE, 0, WB
    TOUCH WINDOW+0x4000           # switched off
    WRITE_MSR IA32_MTRR_DEF_TYPE, 0, MTRR_ENABLE|WB
    TOUCH WINDOW+0x5000
    ret

.equ IOAPIC, 0xfec00000

devices:
    call memory_types_setup
    RANGE 0, 0xc0000000, 0x40000000, UC
    movl $IOAPIC | PTE_WB, window_pages
    movl $IOAPIC | PTE_WC, window_pages + 8
    movl $IOAPIC | PTE_UC, window_pages + 16
    call forget_translations
    TOUCH WINDOW
    TOUCH WINDOW+0x1000
    TOUCH WINDOW+0x2000
    ret

.equ SYSCFG, 0xc0010010           # AMD's; bit 19 opens bits 4:3 (RdMem, WrMem) of fixed ranges

# REFUSED "key", msr, high, low: prints key=0xd(0x0) if WRMSR raises #GP(0), key=none if it does not.
.macro REFUSED key, msr, high, low
    mov $\msr, %ecx
    mov $\high, %edx
    mov $\low, %eax
    FAULTS wrmsr
    FACT_SEEN "\key"
.endm

# READ "key", msr
.macro READ key, msr
    mov $\msr, %ecx
    rdmsr
    shl $32, %rdx
    or %rdx, %rax
    FACT "\key", %rax
.endm

registers:
    call memory_types_setup
    READ "mtrrcap", IA32_MTRRCAP
    RANGE 3, WINDOW, 0x10000, WP
    READ "base-reads-back", IA32_MTRR_PHYSBASE0+6
    mov $IA32_MTRR_PHYSBASE0 + 7, %ecx
    rdmsr
    FACT "mask-reads-back", %rax  # the low half: the width of addresses differs
    WRITE_MSR IA32_MTRR_FIX4K_C0000, 0x06050401, 0x00010405
    READ "fixed-reads-back", IA32_MTRR_FIX4K_C0000
    READ "default-reads-back", IA32_MTRR_DEF_TYPE
    READ "pat-reads-back", IA32_PAT
    REFUSED "base-type-2", IA32_MTRR_PHYSBASE0, 0, 2
    REFUSED "base-type-3", IA32_MTRR_PHYSBASE0, 0, 3
    REFUSED "base-type-7", IA32_MTRR_PHYSBASE0, 0, 7
    REFUSED "base-bit-8", IA32_MTRR_PHYSBASE0, 0, 0x106
    REFUSED "base-bit-11", IA32_MTRR_PHYSBASE0, 0, 0x806
    REFUSED "mask-bit-0", IA32_MTRR_PHYSBASE0+1, 0, 1
    REFUSED "mask-bit-10", IA32_MTRR_PHYSBASE0+1, 0, 0x400
    REFUSED "base-bit-63", IA32_MTRR_PHYSBASE0, 0x80000000, 0
    mov physical_mask_high(%rip), %edx
    inc %edx                      # the first bit that physical addresses do not have
    mov $IA32_MTRR_PHYSBASE0, %ecx
    xor %eax, %eax
    FAULTS wrmsr
    FACT_SEEN "base-beyond-maxphyaddr"
    inc %ecx
    FAULTS wrmsr
    FACT_SEEN "mask-beyond-maxphyaddr"
    REFUSED "default-type-2", IA32_MTRR_DEF_TYPE, 0, 0xc02
    REFUSED "default-bit-8", IA32_MTRR_DEF_TYPE, 0, 0xd06
    REFUSED "default-bit-12", IA32_MTRR_DEF_TYPE, 0, 0x1c06
    REFUSED "fixed-type-3", IA32_MTRR_FIX64K_00000, 0x06060306, 0x06060606
    REFUSED "fixed-type-7", IA32_MTRR_FIX64K_00000, 0x06060606, 0x07060606
    REFUSED "pat-type-2", IA32_PAT, 0x00070406, 0x00070402
    REFUSED "pat-bit-3", IA32_PAT, 0x00070406, 0x0007040e
    REFUSED "mtrrcap-write", IA32_MTRRCAP, 0, 0x508
    mov $IA32_MTRR_PHYSBASE0 + 2 * RANGES, %ecx
    FAULTS rdmsr
    FACT_SEEN "ninth-range"
    REFUSED "syscfg-write", SYSCFG, 0, 1<<19
    REFUSED "fixed-rdmem", IA32_MTRR_FIX64K_00000, 0x06060606, 0x0606061e
    ret

    .data
    .balign 4
# Register, low and high half. The types of ranges 0, 1, 2… are UC WC WT WP WB UC WC …
fixed_registers:
    .long IA32_MTRR_FIX64K_00000, 0x05040100, 0x04010006
    .long IA32_MTRR_FIX16K_80000, 0x01000605, 0x00060504
    .long IA32_MTRR_FIX16K_A0000, 0x06050401, 0x05040100
    .long IA32_MTRR_FIX4K_C0000, 0x04010006, 0x01000605
    .long IA32_MTRR_FIX4K_C0000 + 1, 0x00060504, 0x06050401
    .long IA32_MTRR_FIX4K_C0000 + 2, 0x05040100, 0x04010006
    .long IA32_MTRR_FIX4K_C0000 + 3, 0x01000605, 0x00060504
    .long IA32_MTRR_FIX4K_C0000 + 4, 0x06050401, 0x05040100
    .long IA32_MTRR_FIX4K_C0000 + 5, 0x04010006, 0x01000605
    .long IA32_MTRR_FIX4K_C0000 + 6, 0x00060504, 0x06050401
    .long IA32_MTRR_FIX4K_C0000 + 7, 0x05040100, 0x04010006
