# tally: does a known number of each thing a trace can be searched for, counts each in guest memory as it
# does it, and prints its own counts at the end, one `count ...` line each, in the words of a query. A
# test compares `search --count` with them: the guest knows nothing of the recorder.
# Everything counted is counted over the whole run, the runtime's start included. Runs on vCPU 0 only.
#   -kernel tally.elf

    .include "long.inc"
    .include "apic.inc"

.equ IPI_VECTOR, 0x50
.equ TIMER_VECTOR, 0x51
.equ IA32_TSC, 0x10
.equ IA32_TSC_AUX, 0xc0000103
.equ IA32_APIC_BASE_EXTD, 1 << 10
.equ X2APIC_BASE, 0x800           # MSR of the register at xAPIC offset 0
.equ CPUID1_X2APIC, 1 << 21
.equ POST_PORT, 0x80
.equ RTC_INDEX, 0x70
.equ RTC_DATA, 0x71
.equ FAULTING, 0x200000000
.equ FAULTING_PAGE, 0x1400000
.equ PAGE_FAULT, 14

# COUNTER name, "line": a counter and the text it is printed with.
.macro COUNTER name, line
    .pushsection .data.counters, "aw"
9990: .asciz "\line"
    .popsection
    .pushsection .data
\name:
    .quad 0, 9990b
    .popsection
.endm

# TIMES n: the body up to END_TIMES runs n times (r12 counts).
.macro TIMES n
    mov $\n, %r12d
9994:
.endm
.macro END_TIMES
    dec %r12d
    jnz 9994b
.endm

    .data
    .balign 16
counters:
    COUNTER cpuid_0, "cpuid leaf=0x0"
    COUNTER cpuid_1, "cpuid leaf=0x1"
    COUNTER cpuid_7_0, "cpuid leaf=0x7 subleaf=0x0"
    COUNTER cpuid_7_1, "cpuid leaf=0x7 subleaf=0x1"
    COUNTER cpuid_b_0, "cpuid leaf=0xb subleaf=0x0"
    COUNTER cpuid_40000000, "cpuid leaf=0x40000000"
    COUNTER cpuid_80000001, "cpuid leaf=0x80000001"
    COUNTER cpuid_80000008, "cpuid leaf=0x80000008"
    COUNTER cpuids, "instruction mnemonic=cpuid"
    COUNTER rdmsrs, "instruction mnemonic=rdmsr"
    COUNTER wrmsrs, "instruction mnemonic=wrmsr"
    COUNTER tsc_reads, "msr op=read msr=0x10"
    COUNTER aux_writes, "msr op=write msr=0xc0000103"
    COUNTER rdtscs, "instruction mnemonic=rdtsc"
    COUNTER xapic_icr_writes, "apic op=write reg=ICR mode=xapic"
    COUNTER x2apic_icr_writes, "apic op=write reg=ICR mode=x2apic"
    COUNTER icr_writes, "apic reg=ICR"
    COUNTER eoi_writes, "apic op=write reg=EOI"
    COUNTER lvt_timer_writes, "apic op=write reg=LVT_TIMER"
    COUNTER tpr_writes, "apic op=write reg=TPR"
    COUNTER ipi_interrupts, "interrupt vector=0x50"
    COUNTER timer_interrupts, "interrupt vector=0x51"
    COUNTER ud_faults, "exception vector=6"
    COUNTER gp_faults, "exception vector=13"
    COUNTER page_faults, "exception vector=14"
    COUNTER bp_traps, "exception vector=3"
    COUNTER int3s, "instruction mnemonic=int3"
    COUNTER post_writes, "io op=write port=0x80"
    COUNTER rtc_reads, "io op=read port=0x71"
    COUNTER cr3_writes, "cr op=write reg=CR3"
    COUNTER invlpgs, "instruction mnemonic=invlpg"
    COUNTER hlts, "instruction mnemonic=hlt"
counters_end:
    .text

main:
    PRINT "Backstep tally\n"
    addq $BOOT_RDMSR, rdmsrs(%rip)
    addq $BOOT_WRMSR, wrmsrs(%rip)
    incq cr3_writes(%rip)         # the runtime's
    movq $count_ipi, trap_hooks + IPI_VECTOR * 8
    movq $count_timer, trap_hooks + TIMER_VECTOR * 8
    movq $map_page, trap_hooks + PAGE_FAULT * 8
    call do_cpuids
    call do_msrs
    call do_xapic
    call do_exceptions
    call do_io
    call do_control_registers
    call do_x2apic                # last: there is no way back to xAPIC but through "disabled"
    mov xapic_icr_writes(%rip), %rax
    add x2apic_icr_writes(%rip), %rax
    mov %rax, icr_writes(%rip)
    cmp %rax, ipi_interrupts(%rip)
    CHECK e, "tally: every self-IPI arrived once"
    cmpq $11, page_faults(%rip)
    CHECK e, "tally: every page fault was taken once"
    jmp print_counts

# CPUID leaf, subleaf, counter.
.macro COUNTED_CPUID leaf, subleaf, counter
    mov $\leaf, %eax
    mov $\subleaf, %ecx
    incq \counter(%rip)
    incq cpuids(%rip)
    cpuid
.endm

do_cpuids:
    TIMES 23
    COUNTED_CPUID 0, 0, cpuid_0
    END_TIMES
    TIMES 11
    COUNTED_CPUID 1, 0, cpuid_1
    END_TIMES
    TIMES 37
    COUNTED_CPUID 7, 0, cpuid_7_0
    END_TIMES
    TIMES 5
    COUNTED_CPUID 7, 1, cpuid_7_1
    END_TIMES
    TIMES 3
    COUNTED_CPUID 0xb, 0, cpuid_b_0
    END_TIMES
    TIMES 7
    COUNTED_CPUID 0x40000000, 0, cpuid_40000000
    END_TIMES
    TIMES 9
    COUNTED_CPUID 0x80000001, 0, cpuid_80000001
    END_TIMES
    TIMES 2
    COUNTED_CPUID 0x80000008, 0, cpuid_80000008
    END_TIMES
    ret

do_msrs:
    TIMES 29
    mov $IA32_TSC, %ecx
    incq tsc_reads(%rip)
    incq rdmsrs(%rip)
    rdmsr
    END_TIMES
    TIMES 17
    mov $IA32_TSC_AUX, %ecx
    mov %r12d, %eax
    xor %edx, %edx
    incq aux_writes(%rip)
    incq wrmsrs(%rip)
    wrmsr
    END_TIMES
    TIMES 13
    incq rdtscs(%rip)
    rdtsc
    END_TIMES
    ret

# The interrupts that these cause are counted where they arrive (count_ipi, count_timer).
do_xapic:
    APIC_WRITE APIC_SVR, $0x100 | SPURIOUS_VECTOR
    sti
    TIMES 12
    incq xapic_icr_writes(%rip)
    APIC_WRITE APIC_ICR, $ICR_TO_SELF | ICR_FIXED | IPI_VECTOR
    call wait_for_ipis
    END_TIMES
    cli
    TIMES 6
    incq tpr_writes(%rip)
    APIC_WRITE APIC_TPR, $0
    END_TIMES
    APIC_WRITE APIC_DIVIDE, $DIVIDE_BY_1
    TIMES 4
    incq lvt_timer_writes(%rip)
    APIC_WRITE APIC_LVT_TIMER, $TIMER_VECTOR
    APIC_WRITE APIC_INITIAL_COUNT, $20000
    incq hlts(%rip)
    sti
    hlt
    cli
    END_TIMES
    ret

# Self-IPIs are taken at once; where they are not (QEMU's TCG), wait for them.
wait_for_ipis:
    mov xapic_icr_writes(%rip), %rax
    add x2apic_icr_writes(%rip), %rax
    mov $10000000, %ecx
1:  cmp %rax, ipi_interrupts(%rip)
    jae 2f
    pause
    dec %ecx
    jnz 1b
2:  ret

count_ipi:
    incq ipi_interrupts(%rip)
    jmp end_of_interrupt
count_timer:
    incq timer_interrupts(%rip)
end_of_interrupt:
    incq eoi_writes(%rip)
    cmpb $0, in_x2apic_mode(%rip)
    jne 1f
    APIC_WRITE APIC_EOI, $0
    ret
1:  mov $X2APIC_BASE + APIC_EOI / 16, %ecx
    xor %eax, %eax
    xor %edx, %edx
    incq wrmsrs(%rip)
    wrmsr
    ret

do_exceptions:
    TIMES 8
    incq ud_faults(%rip)
    FAULTS ud2
    END_TIMES
    TIMES 10
    mov $0x0ff8, %eax             # beyond the GDT
    incq gp_faults(%rip)
    FAULTS mov %eax, %fs
    END_TIMES
    TIMES 14
    incq bp_traps(%rip)
    incq int3s(%rip)
    TRAPS int3
    END_TIMES
    TIMES 11
    mov $FAULTING, %rdi
    movq $0, new_pt(%rip)         # not there again
    incq invlpgs(%rip)
    invlpg (%rdi)
    movb $1, (%rdi)
    END_TIMES
    ret

map_page:
    incq page_faults(%rip)
    movq $FAULTING_PAGE + 3, new_pt
    movq $new_pt + 3, new_pd
    movq $new_pd + 3, pdpt + 8 * 8
    ret

do_io:
    TIMES 19
    mov %r12d, %eax
    incq post_writes(%rip)
    out %al, $POST_PORT
    END_TIMES
    TIMES 15
    mov $0x0d, %al                # status register D: no side effects
    out %al, $RTC_INDEX
    incq rtc_reads(%rip)
    in $RTC_DATA, %al
    END_TIMES
    ret

do_control_registers:
    TIMES 21
    mov %cr3, %rax
    incq cr3_writes(%rip)
    mov %rax, %cr3
    END_TIMES
    ret

do_x2apic:
    COUNTED_CPUID 1, 0, cpuid_1
    test $CPUID1_X2APIC, %ecx
    jnz 1f
    PRINT "no x2APIC: none of its counts\n"
    ret
1:  mov $IA32_APIC_BASE, %ecx
    incq rdmsrs(%rip)
    rdmsr
    or $IA32_APIC_BASE_EXTD, %eax
    incq wrmsrs(%rip)
    wrmsr
    movb $1, in_x2apic_mode(%rip)
    sti
    TIMES 16
    mov $X2APIC_BASE + APIC_ICR / 16, %ecx
    mov $ICR_TO_SELF | ICR_FIXED | IPI_VECTOR, %eax
    xor %edx, %edx
    incq x2apic_icr_writes(%rip)
    incq wrmsrs(%rip)
    wrmsr
    call wait_for_ipis
    END_TIMES
    cli
    ret

print_counts:
    lea counters(%rip), %r12
1:  PRINT "count "
    mov 8(%r12), %rsi
    call print_text
    PRINT " n="
    PRINT_DEC (%r12)
    PRINT "\n"
    add $16, %r12
    lea counters_end(%rip), %rax
    cmp %rax, %r12
    jb 1b
    ret

    .data
in_x2apic_mode:
    .byte 0

    .bss
    .balign 4096
new_pd:
    .skip 4096
new_pt:
    .skip 4096
