# faults: the exceptions of 64-bit mode, each raised on purpose and checked for vector, error code, pushed
# RIP and CR2: faults and traps of ring 0, double fault on an IST stack, what ring 3 may not do, page-fault
# error codes, NMI blocking, single step, breakpoints in DR0..DR3. SDM Vol. 3 "Interrupt and Exception Handling".
# Not here: #MC, #XM (needs SSE arithmetic), #CP.
# QEMU's TCG raises some of these otherwise than the SDM says; such a check says so and is skipped there.
#   -kernel faults.elf

    .include "long.inc"
    .include "apic.inc"
    .include "user.inc"
    .include "faults/common.inc"
    .include "faults/ring0.inc"
    .include "faults/stacks.inc"
    .include "faults/ring3.inc"
    .include "faults/debug.inc"

main:
    PRINT "Backstep faults\n"
    call find_out_about_tcg
    call arithmetic_faults
    call invalid_opcodes
    call software_traps
    call segment_faults
    call general_protection_faults
    call fpu_faults
    call page_fault_codes
    call gate_faults
    call double_fault
    call nmi_blocking
    call user_setup
    call ring3_faults
    call ring3_page_faults
    call ring3_gates
    call alignment_check
    call single_step
    call breakpoints
    call debug_corners
    ret

find_out_about_tcg:
    mov $0x40000000, %eax
    cpuid
    cmp $TCG_SIGNATURE, %ebx
    sete on_tcg(%rip)
    ret

    .data
on_tcg:
    .byte 0
    .text
