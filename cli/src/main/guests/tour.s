# tour: the guest of `backstep demo`. It does, once each and in a row, the things people search a trace
# for: reads CPUID leaves, runs the APIC timer one-shot and periodic, starts vCPU 1 by INIT-SIPI-SIPI and
# sends it IPIs and an NMI, makes 2 MiB of RAM uncacheable by a variable MTRR and touches it, takes a page
# fault that its own code repairs, a #GP with an error code and a #UD. Runs on one vCPU or two.
#   -kernel tour.elf [-smp 2]

    .include "long.inc"
    .include "apic.inc"
    .include "smp.inc"

.equ TIMER_VECTOR, 0x40
.equ IPI_VECTOR, 0x41
.equ NMI_VECTOR, 2
.equ PAGE_FAULT, 14
.equ ONE_SHOT_COUNT, 100000
.equ PERIODIC_COUNT, 50000
.equ PERIODIC_ROUNDS, 3
.equ IPIS, 3

.equ IA32_MTRRCAP, 0xfe
.equ IA32_MTRR_PHYSBASE0, 0x200
.equ IA32_MTRR_DEF_TYPE, 0x2ff
.equ MTRR_ENABLE, 1 << 11
.equ MTRR_VALID, 1 << 11
.equ TYPE_UC, 0
.equ TYPE_WB, 6
.equ CR0_CD, 1 << 30
.equ CR0_NW, 1 << 29
.equ UNCACHED, 0x1000000          # 16 MiB, in RAM, 2 MiB long
.equ CACHED, 0x1200000            # the 2 MiB behind it, for comparison
.equ RANGE_SIZE, 0x200000
.equ FAULTING, 0x200000000        # 8 GiB: beyond what is mapped
.equ FAULTING_PAGE, 0x1400000     # where the page-fault code puts it
.equ BAD_SELECTOR, 0x0ff8         # beyond the GDT's limit

main:
    PRINT "Backstep tour\n"
    call read_cpuid
    call take_timer_interrupts
    call start_second_vcpu
    call touch_uncached_memory
    call take_page_fault
    call take_other_faults
    ret

# CPUID: the leaves that say what machine this is.
read_cpuid:
    lea leaves(%rip), %r12
1:  mov (%r12), %eax
    cmp $-1, %eax
    je 2f
    mov 4(%r12), %ecx
    call show_leaf
    add $8, %r12
    jmp 1b
2:  mov $0x80000000, %eax
    xor %ecx, %ecx
    cpuid
    mov %eax, %r13d               # the highest extended leaf
    cmp $0x80000008, %r13d
    jbe 3f
    mov $0x80000008, %r13d
3:  mov $0x80000000, %r14d
4:  cmp %r13d, %r14d
    ja 5f
    mov %r14d, %eax
    xor %ecx, %ecx
    call show_leaf
    inc %r14d
    jmp 4b
5:  xor %eax, %eax
    xor %ecx, %ecx
    cpuid
    cmp $1, %eax
    CHECK ae, "cpuid: basic leaves"
    ret

# eax, ecx: leaf and subleaf; prints one line.
show_leaf:
    PRINT "cpuid "
    PRINT_HEX8 %rax
    PRINT "."
    PRINT_DEC %rcx
    cpuid
    PRINT ": "
    PRINT_HEX8 %rax
    PRINT " "
    PRINT_HEX8 %rbx
    PRINT " "
    PRINT_HEX8 %rcx
    PRINT " "
    PRINT_HEX8 %rdx
    PRINT "\n"
    ret

# The APIC timer: one shot, then three periods.
take_timer_interrupts:
    movq $count_interrupt, trap_hooks + TIMER_VECTOR * 8
    mov $IA32_APIC_BASE, %ecx
    rdmsr
    test $1 << 11, %eax
    CHECK nz, "apic: globally enabled"
    call apic_enable
    APIC_READ APIC_VERSION
    movzbl %al, %eax
    cmp $0x10, %eax
    CHECK ae, "apic: integrated"
    APIC_WRITE APIC_DIVIDE, $DIVIDE_BY_1
    APIC_WRITE APIC_LVT_TIMER, $TIMER_VECTOR
    APIC_WRITE APIC_INITIAL_COUNT, $ONE_SHOT_COUNT
    sti
    hlt
    cli
    APIC_READ APIC_CURRENT_COUNT
    test %eax, %eax
    CHECK z, "apic timer: one-shot counted to zero"
    cmpl $1, interrupts_taken + TIMER_VECTOR * 4
    CHECK e, "apic timer: one-shot interrupt"
    APIC_WRITE APIC_LVT_TIMER, $TIMER_VECTOR | LVT_PERIODIC
    APIC_WRITE APIC_INITIAL_COUNT, $PERIODIC_COUNT
1:  sti
    hlt
    cli
    cmpl $1 + PERIODIC_ROUNDS, interrupts_taken + TIMER_VECTOR * 4
    jb 1b
    APIC_WRITE APIC_INITIAL_COUNT, $0
    APIC_WRITE APIC_LVT_TIMER, $LVT_MASKED
    cmpl $1 + PERIODIC_ROUNDS, interrupts_taken + TIMER_VECTOR * 4
    CHECK ae, "apic timer: periodic interrupts"
    ret

# The second vCPU, if there is one: INIT, SIPI, SIPI; then IPIs and an NMI, each awaited.
start_second_vcpu:
    call vcpu_count
    cmp $2, %eax
    jae 1f
    PRINT "one vCPU: no IPIs\n"
    ret
1:  movq $count_interrupt, trap_hooks + IPI_VECTOR * 8
    movq $count_nmi, trap_hooks + NMI_VECTOR * 8
    call start_vcpu1
    lea vcpu1_ready(%rip), %rsi
    mov $1, %ecx
    call await
    CHECK nz, "vcpu 1: started by INIT-SIPI-SIPI"
    xor %r12d, %r12d
2:  inc %r12d
    APIC_WRITE APIC_ICR_HIGH, $1 << 24
    APIC_WRITE APIC_ICR, $ICR_FIXED | IPI_VECTOR
    lea interrupts_taken + IPI_VECTOR * 4(%rip), %rsi
    mov %r12d, %ecx
    call await
    jz 3f
    cmp $IPIS, %r12d
    jb 2b
3:  cmpl $IPIS, interrupts_taken + IPI_VECTOR * 4
    CHECK e, "vcpu 1: took every fixed IPI"
    APIC_WRITE APIC_ICR_HIGH, $1 << 24
    APIC_WRITE APIC_ICR, $ICR_NMI
    lea interrupts_taken + NMI_VECTOR * 4(%rip), %rsi
    mov $1, %ecx
    call await
    CHECK nz, "vcpu 1: took the NMI"
    ret

# What vCPU 1 does: says that it is there and waits, halted, for what comes.
ap_main:
    movl $1, vcpu1_ready(%rip)
1:  sti
    hlt
    jmp 1b

# MTRRs: the last variable range makes UNCACHED uncacheable (SDM Vol. 3 "MemTypeSet() Function": caches
# off and TLB flushed around the change; vCPU 1 is halted and never touches the range). Then both
# ranges are written and read.
touch_uncached_memory:
    mov $IA32_MTRRCAP, %ecx
    rdmsr
    movzbl %al, %r12d             # number of variable ranges
    test %r12d, %r12d
    CHECK nz, "mtrr: variable ranges"
    jz 9f
    lea IA32_MTRR_PHYSBASE0 - 2(, %r12, 2), %r12d
    mov $0x80000008, %eax
    cpuid
    mov %al, %cl
    mov $1, %r13d                 # mask: MAXPHYADDR bits, above 2 MiB
    shl %cl, %r13
    sub $RANGE_SIZE, %r13
    or $MTRR_VALID, %r13
    mov %cr0, %r14
    mov %r14, %rax
    or $CR0_CD, %eax
    and $~CR0_NW, %eax
    mov %rax, %cr0
    wbinvd
    mov %cr3, %rax
    mov %rax, %cr3
    mov $IA32_MTRR_DEF_TYPE, %ecx
    xor %edx, %edx
    mov $TYPE_WB, %eax
    wrmsr
    mov %r12d, %ecx
    mov $UNCACHED | TYPE_UC, %eax
    xor %edx, %edx
    wrmsr
    inc %ecx
    mov %r13d, %eax
    mov %r13, %rdx
    shr $32, %rdx
    wrmsr
    mov $IA32_MTRR_DEF_TYPE, %ecx
    mov $MTRR_ENABLE | TYPE_WB, %eax
    xor %edx, %edx
    wrmsr
    wbinvd
    mov %r14, %cr0
    mov %cr3, %rax
    mov %rax, %cr3
    mov %r12d, %ecx
    rdmsr
    cmp $UNCACHED | TYPE_UC, %eax
    CHECK e, "mtrr: 16 MiB..18 MiB made uncacheable"
    mov $UNCACHED, %edi
    call write_and_read
    CHECK e, "memory: uncacheable range written and read"
    mov $CACHED, %edi
    call write_and_read
    CHECK e, "memory: write-back range written and read"
9:  ret

# edi: sixteen quadwords, one a page, written and read back. ZF if all came back.
write_and_read:
    mov $0x0123456789abcdef, %rax
    xor %ecx, %ecx
1:  mov %rax, (%rdi, %rcx)
    ror $3, %rax
    add $4096, %ecx
    cmp $16 * 4096, %ecx
    jb 1b
    mov $0x0123456789abcdef, %rax
    xor %ecx, %ecx
2:  cmp %rax, (%rdi, %rcx)
    jne 3f
    ror $3, %rax
    add $4096, %ecx
    cmp $16 * 4096, %ecx
    jb 2b
    cmp %eax, %eax
3:  ret

# A write to a page that is not there; the page-fault hook maps it and the write happens again.
take_page_fault:
    movq $map_missing_page, trap_hooks + PAGE_FAULT * 8
    mov $FAULTING + 0x678, %rdi
    movq $0x600d, (%rdi)
    movq $0, trap_hooks + PAGE_FAULT * 8
    cmpq $0x600d, FAULTING_PAGE + 0x678
    CHECK e, "page fault: repaired, write repeated"
    mov $FAULTING + 0x678, %rax
    cmp %rax, fault_cr2(%rip)
    CHECK e, "page fault: CR2"
    cmpq $2, fault_error(%rip)    # not present, write, supervisor
    CHECK e, "page fault: error code"
    ret

map_missing_page:
    mov %cr2, %rax
    mov %rax, fault_cr2(%rip)
    mov F_ERROR(%rdi), %rax
    mov %rax, fault_error(%rip)
    movq $FAULTING_PAGE + 3, new_pt
    movq $new_pt + 3, new_pd
    movq $new_pd + 3, pdpt + 8 * 8
    ret

# #GP with a selector as its error code, #UD without one.
take_other_faults:
    mov $BAD_SELECTOR, %eax
    FAULTS mov %eax, %fs
    CHECK_SEEN 13, BAD_SELECTOR, "general protection: error code is the selector"
    FAULTS ud2
    CHECK_SEEN 6, 0, "invalid opcode"
    ret

    .data
    .balign 8
leaves:
    .long 0, 0, 1, 0, 7, 0, 0xb, 0, 0xb, 1, 0x40000000, 0, -1
fault_cr2:
    .quad 0
fault_error:
    .quad 0
vcpu1_ready:
    .long 0

    .bss
    .balign 4096
new_pd:
    .skip 4096
new_pt:
    .skip 4096
