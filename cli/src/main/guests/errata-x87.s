# errata-x87: the pointers that the x87 keeps of its last instruction, in 32-bit protected mode. SDM Vol. 1 "x87 FPU
# Instruction and Data (Operand) Pointers". Prints what CPUID says of them and what the FPU does.
#   -kernel errata-x87.elf
#
# | fact | after |
# |---|---|
# | load-fdp, load-fcs, load-fds | fninit; fld dword [operand]; fnstenv |
# | masked-fdp | fninit; fld1; fdiv dword [zero]; fnstenv |
# | unmasked-fdp, unmasked-fcs | the same with the zero-divide exception unmasked |
# | fxsave-fip, fxsave-fdp, fxsave-fcs, fxsave-fds | fninit; fld dword [operand]; fxsave |
# | pending-fip, pending-fdp | the unmasked division; fxsave |
# A pointer is `operand`, `zero` (none), or what else was found.

    .include "short.inc"
    .include "facts32.inc"

.equ CR0_NE, 1 << 5
.equ CR0_EM_TS, 1 << 2 | 1 << 3
.equ CR4_OSFXSR, 1 << 9
.equ FDP_EXCPTN_ONLY, 6
.equ ZERO_FCS_FDS, 13
.equ ENV_FCS, 0x10
.equ ENV_FDP, 0x14
.equ ENV_FDS, 0x18
.equ FXSAVE_FIP, 8
.equ FXSAVE_FCS, 12
.equ FXSAVE_FDP, 16
.equ FXSAVE_FDS, 20

# POINTER "key", memory, expected, "name": key=name if it is what was expected.
.macro POINTER key, where, expected, name
    cmpl $\expected, \where
    jne 1f
    FACT_TEXT "\key", "\name"
    jmp 2f
1:  cmpl $0, \where
    jne 3f
    FACT_TEXT "\key", "zero"
    jmp 2f
3:  FACT "\key", \where
2:
.endm

# SELECTOR "key", memory (16 bits), expected, "name"
.macro SELECTOR key, where, expected, name
    movzwl \where, %eax
    mov %eax, selector
    POINTER "\key", selector, \expected, "\name"
.endm

.macro CPUID_BIT key, bit
    mov $7, %eax
    xor %ecx, %ecx
    cpuid
    shr $\bit, %ebx
    and $1, %ebx
    FACT "\key", %ebx
.endm

main:
    mov %cr0, %eax
    and $~CR0_EM_TS, %eax
    or $CR0_NE, %eax
    mov %eax, %cr0
    mov %cr4, %eax
    or $CR4_OSFXSR, %eax
    mov %eax, %cr4
    CPUID_BIT "cpuid-fdp-excptn-only", FDP_EXCPTN_ONLY
    CPUID_BIT "cpuid-zero-fcs-fds", ZERO_FCS_FDS
    call load
    call masked_division
    call unmasked_division
    call images
    fninit
    ret

load:
    fninit
    flds operand
    fnstenv environment
    POINTER "load-fdp", environment + ENV_FDP, operand, "operand"
    SELECTOR "load-fcs", environment + ENV_FCS, CODE32, "cs"
    SELECTOR "load-fds", environment + ENV_FDS, DATA, "ds"
    ret

masked_division:
    fninit
    fld1
    fdivs zero
    fnstenv environment
    POINTER "masked-fdp", environment + ENV_FDP, zero, "operand"
    ret

unmasked_division:
    fninit
    fldcw zero_divide_unmasked
    fld1
    fdivs zero
    fnstenv environment
    POINTER "unmasked-fdp", environment + ENV_FDP, zero, "operand"
    SELECTOR "unmasked-fcs", environment + ENV_FCS, CODE32, "cs"
    ret

images:
    fninit
loading:
    flds operand
    fxsave image
    POINTER "fxsave-fip", image + FXSAVE_FIP, loading, "instruction"
    POINTER "fxsave-fdp", image + FXSAVE_FDP, operand, "operand"
    SELECTOR "fxsave-fcs", image + FXSAVE_FCS, CODE32, "cs"
    SELECTOR "fxsave-fds", image + FXSAVE_FDS, DATA, "ds"
    fninit
    fldcw zero_divide_unmasked
    fld1
dividing:
    fdivs zero
    fxsave image
    POINTER "pending-fip", image + FXSAVE_FIP, dividing, "instruction"
    POINTER "pending-fdp", image + FXSAVE_FDP, zero, "operand"
    ret

    .data
    .balign 16
image:
    .skip 512
environment:
    .skip 28
operand:
    .float 1.0
zero:
    .float 0.0
selector:
    .long 0
zero_divide_unmasked:
    .word 0x37b
    .text
