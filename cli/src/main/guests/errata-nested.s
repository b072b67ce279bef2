# errata-nested: what a guest that looks for VMX and SVM finds. Every instruction of both at CPL 0, their control bits
# and registers, what CPUID says of them, and what a hypervisor says of itself.
#   -kernel errata-nested.elf
# A fact of an instruction is its exception: 0x6(0x0) is #UD, 0xd(0x0) is #GP(0), none is none.

    .include "long.inc"
    .include "facts.inc"

.equ CR4_VMXE, 1 << 13
.equ EFER_SVME, 1 << 12
.equ IA32_FEATURE_CONTROL, 0x3a
.equ IA32_VMX_BASIC, 0x480
.equ VM_CR, 0xc0010114
.equ VM_HSAVE_PA, 0xc0010117
.equ HYPERVISOR_LEAF, 0x40000000

.macro TRY key, instruction:vararg
    FAULTS \instruction
    FACT_SEEN "\key"
.endm

.macro READ_MSR key, index
    mov $\index, %ecx
    TRY "\key", rdmsr
.endm

main:
    call what_cpuid_says
    call instructions_of_vmx
    call instructions_of_svm
    call registers
    ret

what_cpuid_says:
    mov $1, %eax
    cpuid
    mov %ecx, %r12d
    shr $5, %ecx
    and $1, %ecx
    FACT "cpuid-vmx", %rcx
    mov $0x80000001, %eax
    cpuid
    shr $2, %ecx
    and $1, %ecx
    FACT "cpuid-svm", %rcx
    shr $31, %r12d
    FACT "hypervisor", %r12
    test %r12d, %r12d
    jz 1f
    mov $HYPERVISOR_LEAF, %eax
    cpuid
    mov %ebx, signature(%rip)
    mov %ecx, signature + 4(%rip)
    mov %edx, signature + 8(%rip)
    mov %eax, %eax
    FACT "highest-leaf", %rax
    PRINT "signature="
    lea signature(%rip), %rsi
    call print_text
    PRINT "\n"
    mov $HYPERVISOR_LEAF + 1, %eax
    cpuid
    mov %eax, %eax
    FACT "paravirtual-features", %rax
1:  ret

instructions_of_vmx:
    lea region(%rip), %rdi
    TRY "vmxon", vmxon (%rdi)
    TRY "vmxoff", vmxoff
    TRY "vmclear", vmclear (%rdi)
    TRY "vmptrld", vmptrld (%rdi)
    TRY "vmptrst", vmptrst (%rdi)
    TRY "vmread", vmread %rax, (%rdi)
    TRY "vmwrite", vmwrite (%rdi), %rax
    TRY "vmlaunch", vmlaunch
    TRY "vmresume", vmresume
    TRY "vmfunc", vmfunc
    TRY "invept", invept (%rdi), %rax
    TRY "invvpid", invvpid (%rdi), %rax
    ret

instructions_of_svm:
    lea region(%rip), %rax
    TRY "vmrun", vmrun
    TRY "vmload", vmload
    TRY "vmsave", vmsave
    TRY "stgi", stgi
    TRY "clgi", clgi
    TRY "skinit", skinit
    TRY "invlpga", invlpga
    ret

registers:
    mov %cr4, %rax
    or $CR4_VMXE, %rax
    TRY "cr4-vmxe", mov %rax, %cr4
    mov $EFER, %ecx
    rdmsr
    or $EFER_SVME, %eax
    TRY "efer-svme", wrmsr
    READ_MSR "feature-control", IA32_FEATURE_CONTROL
    READ_MSR "vmx-basic", IA32_VMX_BASIC
    READ_MSR "vm-cr", VM_CR
    READ_MSR "vm-hsave-pa", VM_HSAVE_PA
    ret

    .data
signature:
    .skip 13
    .bss
    .balign 4096
region:
    .skip 4096
    .text
