# Whom an interrupt reaches, on processors and under KVM: SDM Vol. 3 "Determining IPI Destination"; Linux
# Documentation/virt/kvm/x86/errata.rst "x2APIC". Each part lays down what becomes of each local APIC (PLAN), starts all
# vCPUs, sends one message, and prints who took it: reached=44 300, or reached=nobody. Who is not in the plan turns its
# local APIC off, so that with -smp 302 there can be a vCPU 300 and no vCPU 44.
#
# Parts that write DR3 let a scenario act then: docs/errata/scenarios/x2apic-*.yaml.

    .include "long.inc"
    .include "apic.inc"
    .include "many.inc"
    .include "facts.inc"

.equ VECTOR, 0x51
.equ MOST_IDS, 4096
.equ OFF, 0                       # plans
.equ XAPIC, 1
.equ X2APIC, 2
.equ SOFTWARE_DISABLED, 3
.equ LDR, 0xd0
.equ DFR, 0xe0
.equ DFR_CLUSTER, 0x0fffffff
.equ ICR_LOWEST, 0x4100
.equ ICR_LOGICAL, 0x800
.equ BASE_EXTD, 1 << 10
.equ BASE_EN, 1 << 11
.equ X2APIC_EOI, 0x80b
.equ X2APIC_ICR, 0x830
.equ SEND_IPI, 10                 # KVM_HC_SEND_IPI

.macro PLAN id, mode
    movb $\mode, plan + \id
.endm
# In xAPIC mode with the logical ID ldr, flat or cluster.
.macro PLAN_FLAT id, ldr
    PLAN \id, XAPIC
    movb $\ldr, plan_ldr + \id
.endm
.macro PLAN_CLUSTER id, ldr
    PLAN_FLAT \id, \ldr
    movb $1, plan_cluster + \id
.endm
# SEND destination, low half of the ICR: from vCPU 0, in the mode it is in.
.macro SEND destination, low
    mov $\destination, %r12d
    mov $\low, %r13d
    call send
.endm

main:
    PART "a", scenario_a
    PART "b", scenario_b
    PART "c", scenario_c
    PART "c-x2apic", scenario_c_x2apic
    PART "d", scenario_d
    PART "e", scenario_e
    PART "f-xapic", broadcast_xapic
    PART "f-x2apic", broadcast_x2apic
    PART "f-mixed", broadcast_mixed
    PART "above", above
    PART "flat", flat
    PART "cluster", cluster
    PART "all-clusters", all_clusters
    PART "x2apic-cluster", x2apic_cluster
    PART "two-bits", two_bits
    PART "same-ldr", same_ldr
    PART "models-differ", models_differ
    PART "nmi-disabled", nmi_disabled
    PART "nmi-logical-disabled", nmi_logical_disabled
    PART "lowest", lowest
    PART "lowest-hole", lowest_hole
    PART "lowest-all", lowest_all
    PART "added", added
    PART "msi", msi
    PART "msi-x2apic", msi_x2apic
    PART "hypercall", hypercall
    PART "hypercall-collision", hypercall_collision
    jmp no_such_part

# A: vCPUs 1 and 2 have the xAPIC ID 1.
scenario_a:
    PLAN 1, XAPIC
    PLAN 2, XAPIC
    movb $1, plan_id + 2
    call bring_up
    SEND 1, ICR_FIXED | VECTOR
    jmp report

# B: vCPU 300 in xAPIC mode has the xAPIC ID 44; nobody else has.
scenario_b:
    PLAN 0, X2APIC
    PLAN 300, XAPIC
    call bring_up
    SEND 300, ICR_FIXED | VECTOR
    jmp report

# C: so has vCPU 44.
scenario_c:
    PLAN 44, XAPIC
1:  PLAN 0, X2APIC
    PLAN 300, XAPIC
    call bring_up
    SEND 300, ICR_FIXED | VECTOR
    jmp report
scenario_c_x2apic:
    PLAN 44, X2APIC
    jmp 1b

# D: to 44, which is an x2APIC ID and the xAPIC ID of vCPU 300.
scenario_d:
    PLAN 0, X2APIC
    PLAN 44, X2APIC
    PLAN 300, XAPIC
    call bring_up
    SEND 44, ICR_FIXED | VECTOR
    jmp report

# E: the same, all in xAPIC mode.
scenario_e:
    PLAN 44, XAPIC
    PLAN 300, XAPIC
    call bring_up
    SEND 44, ICR_FIXED | VECTOR
    jmp report

# F: to all.
broadcast_xapic:
    PLAN 1, XAPIC
    PLAN 2, XAPIC
    call bring_up
    SEND 0xff, ICR_FIXED | VECTOR
    jmp report
broadcast_x2apic:
    PLAN 2, X2APIC
1:  PLAN 0, X2APIC
    PLAN 1, X2APIC
    call bring_up
    SEND 0xffffffff, ICR_FIXED | VECTOR
    jmp report
broadcast_mixed:
    PLAN 2, XAPIC
    jmp 1b

# An ID above all that there are.
above:
    PLAN 0, X2APIC
    PLAN 1, XAPIC
    call bring_up
    SEND 0x1001, ICR_FIXED | VECTOR
    jmp report

# Logical destinations.
flat:
    PLAN_FLAT 1, 2
    PLAN_FLAT 2, 4
    PLAN_FLAT 3, 8
    call bring_up
    SEND 6, ICR_LOGICAL | ICR_FIXED | VECTOR
    jmp report
plan_clusters:
    PLAN_CLUSTER 0, 0x31
    PLAN_CLUSTER 1, 0x11
    PLAN_CLUSTER 2, 0x12
    PLAN_CLUSTER 3, 0x21
    jmp bring_up
cluster:
    call plan_clusters
    SEND 0x13, ICR_LOGICAL | ICR_FIXED | VECTOR
    jmp report
all_clusters:
    call plan_clusters
    SEND 0xf1, ICR_LOGICAL | ICR_FIXED | VECTOR
    jmp report
x2apic_cluster:
    PLAN 0, X2APIC
    PLAN 1, X2APIC
    PLAN 17, X2APIC
    PLAN 19, X2APIC
    call bring_up
    SEND 0x1000b, ICR_LOGICAL | ICR_FIXED | VECTOR
    jmp report
two_bits:
    PLAN_FLAT 1, 6
    PLAN_FLAT 2, 4
    call bring_up
    SEND 4, ICR_LOGICAL | ICR_FIXED | VECTOR
    jmp report
same_ldr:
    PLAN_FLAT 1, 4
    PLAN_FLAT 2, 4
    call bring_up
    SEND 4, ICR_LOGICAL | ICR_FIXED | VECTOR
    jmp report
models_differ:
    PLAN_FLAT 1, 2
    PLAN_CLUSTER 2, 4
    call bring_up
    SEND 4, ICR_LOGICAL | ICR_FIXED | VECTOR
    jmp report

# NMIs do not ask whether software has enabled the local APIC; KVM's logical map does.
nmi_disabled:
    PLAN 1, SOFTWARE_DISABLED
    call bring_up
    SEND 1, ICR_NMI
    jmp report
nmi_logical_disabled:
    PLAN_FLAT 1, 2
    PLAN 1, SOFTWARE_DISABLED
    PLAN_FLAT 2, 4
    call bring_up
    SEND 2, ICR_LOGICAL | ICR_NMI
    jmp report

# Lowest priority: vectors 50H, 51H and 52H to three; to one who is there and three who are not; to all.
lowest:
    PLAN_FLAT 1, 1
    PLAN_FLAT 2, 2
    PLAN_FLAT 3, 4
    call bring_up
    SEND 7, ICR_LOGICAL | ICR_LOWEST | 0x50
    PRINT "vector-50="
    call print_reached
    SEND 7, ICR_LOGICAL | ICR_LOWEST | 0x51
    PRINT "vector-51="
    call print_reached
    SEND 7, ICR_LOGICAL | ICR_LOWEST | 0x52
    PRINT "vector-52="
    call print_reached
    jmp finish_part
lowest_hole:
    PLAN_FLAT 1, 1
    call bring_up
    SEND 0x0f, ICR_LOGICAL | ICR_LOWEST | VECTOR
    jmp report
lowest_all:
    PLAN 1, XAPIC
    PLAN 2, XAPIC
    call bring_up
    SEND 0xff, ICR_LOWEST | VECTOR
    jmp report

# A vCPU that a scenario adds: INIT and SIPI by its x2APIC ID, while its local APIC is in xAPIC mode.
added:
    PLAN 0, X2APIC
    PLAN 300, XAPIC
    call bring_up
    mov %rax, %dr3
    SEND 300, ICR_INIT
    call many_delay
    SEND 300, ICR_STARTUP | START_VECTOR
    call many_delay
    call settle
    PRINT "started="
    lea came(%rip), %r14
    call print_ids
    SEND 300, ICR_FIXED | VECTOR
    jmp report

# Messages of a device, which a scenario sends.
msi:
    PLAN 1, XAPIC
    PLAN 44, XAPIC
    PLAN 300, XAPIC
    call bring_up
    mov %rax, %dr3
    jmp report
msi_x2apic:
    PLAN 0, X2APIC
    PLAN 1, X2APIC
    PLAN 2, X2APIC
    call bring_up
    mov %rax, %dr3
    jmp report

# KVM_HC_SEND_IPI to 1 and 2.
hypercall_collision:
    movb $1, plan_id + 2
hypercall:
    PLAN 1, XAPIC
    PLAN 2, XAPIC
    call bring_up
    xor %eax, %eax
    cpuid
    mov %ebx, %r8d
    mov $SEND_IPI, %eax
    mov $6, %ebx                  # bitmap, from ID 0 on
    xor %ecx, %ecx
    xor %edx, %edx
    mov $ICR_FIXED | VECTOR, %esi
    cmp $0x68747541, %r8d         # "Auth"
    je 1f
    vmcall
    jmp 2f
1:  vmmcall
2:  FACT "hypercall", %rax
    jmp report

# Starts every vCPU and has each do as planned, vCPU 0 at last.
bring_up:
    cmpb $OFF, plan(%rip)
    jne 1f
    movb $XAPIC, plan(%rip)
1:  lea note(%rip), %rax
    mov %rax, trap_hooks + 8 * 2
    mov %rax, trap_hooks + 8 * 0x50
    mov %rax, trap_hooks + 8 * 0x51
    mov %rax, trap_hooks + 8 * 0x52
    call apic_enable
    call start_others
    call settle
    xor %r8d, %r8d
    call take_plan
    sti
    ret

ap_main:
    call own_id
    movb $1, came(%r8)
    call take_plan
    lock incl planned(%rip)
    ret

# Waits until no more vCPUs come.
settle:
    mov planned(%rip), %r9d
    call many_delay
    cmp %r9d, planned(%rip)
    jne settle
    ret

own_id:                           # -> r8: the x2APIC ID. Clobbers rax, rbx, rcx, rdx
    mov $0xb, %eax
    xor %ecx, %ecx
    cpuid
    mov %edx, %r8d
    ret

take_plan:                        # r8: ID
    mov plan_id(%r8), %al
    test %al, %al
    jz 1f
    shl $24, %eax
    APIC_WRITE APIC_ID, %eax
1:  cmpb $0, plan_cluster(%r8)
    je 2f
    APIC_WRITE DFR, $DFR_CLUSTER
2:  movzbl plan_ldr(%r8), %eax
    shl $24, %eax
    APIC_WRITE LDR, %eax
    mov $IA32_APIC_BASE, %ecx
    rdmsr
    cmpb $XAPIC, plan(%r8)
    je 5f
    cmpb $X2APIC, plan(%r8)
    je 3f
    cmpb $SOFTWARE_DISABLED, plan(%r8)
    je 4f
    and $~BASE_EN, %eax
    wrmsr
    ret
3:  or $BASE_EXTD, %eax
    wrmsr
    ret
4:  APIC_WRITE APIC_SVR, $SPURIOUS_VECTOR
5:  ret

send:                             # r12d: destination, r13d: low half
    cmpb $X2APIC, plan(%rip)
    je 1f
    mov %r12d, %eax
    shl $24, %eax
    APIC_WRITE APIC_ICR_HIGH, %eax
    APIC_WRITE APIC_ICR, %r13d
    ret
1:  mov $X2APIC_ICR, %ecx
    mov %r13d, %eax
    mov %r12d, %edx
    wrmsr
    ret

# The hook of the vectors that are sent.
note:
    cmpq $2, F_VECTOR(%rdi)
    je 2f
    mov $IA32_APIC_BASE, %ecx
    rdmsr
    test $BASE_EXTD, %eax
    jnz 1f
    APIC_WRITE APIC_EOI, $0
    jmp 2f
1:  mov $X2APIC_EOI, %ecx
    xor %eax, %eax
    xor %edx, %edx
    wrmsr
2:  call own_id
    movb $1, got(%r8)
    ret

report:
    PRINT "reached="
    call print_reached
finish_part:
    xor %eax, %eax
    jmp leave_with_eax

print_reached:
    call many_delay
    lea got(%rip), %r14

# Prints the IDs whose bytes at r14 are set, and clears them.
print_ids:
    xor %r8d, %r8d
    xor %r9d, %r9d
1:  cmpb $0, (%r14, %r8)
    je 3f
    movb $0, (%r14, %r8)
    test %r9d, %r9d
    jz 2f
    PRINT " "
2:  PRINT_DEC %r8
    inc %r9d
3:  inc %r8d
    cmp $MOST_IDS, %r8d
    jb 1b
    test %r9d, %r9d
    jnz 4f
    PRINT "nobody"
4:  PRINT "\n"
    ret

    .bss
    .balign 8
planned:
    .skip 8
plan:                             # by ID
    .skip MOST_IDS
plan_id:
    .skip MOST_IDS
plan_ldr:
    .skip MOST_IDS
plan_cluster:
    .skip MOST_IDS
came:
    .skip MOST_IDS
got:
    .skip MOST_IDS
