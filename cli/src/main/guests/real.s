# real: real mode. From Multiboot's protected mode down to 16-bit code at 1000:0000, without any BIOS: the
# interrupt vector table and what goes through it (INT n, INT3, INTO, BOUND, #DE, #UD, single step), 16-bit
# arithmetic and addressing with its wrap-arounds, BCD, strings, far calls, the stack, and a trip to protected mode
# and back that leaves a 4 GiB segment limit behind ("unreal mode").
# SDM Vol. 3 "8086 Emulation", Vol. 2 for the instructions.
#   -kernel real.elf
# QEMU's TCG checks no segment limits: those checks are left out there.

    .include "multiboot.inc"
    .include "macros16.inc"

.equ FLAT, 0x18
.equ NOTHING_SEEN, 0x7fff
.equ TF, 0x100
.equ IF, 0x200
.equ TCG_SIGNATURE, 0x54474354

# Variables: offsets in the real-mode segment, behind code and stack.
.equ failures, 0xf000
.equ verdict, 0xf002
.equ on_tcg, 0xf003
.equ seen_vector, 0xf004
.equ seen_ip, 0xf006
.equ seen_cs, 0xf008
.equ seen_flags, 0xf00a
.equ resume_ip, 0xf00c
.equ table_limit, 0xf010          # for LGDT and LIDT
.equ table_base, 0xf012
.equ bound_pair, 0xf020
.equ far_pointer, 0xf024
.equ scratch, 0xf100
.equ scratch2, 0xf200

    .include "real.inc"
    mov %ax, %es
    mov %ax, %ss
    mov $STACK_TOP, %esp
    xor %eax, %eax
    mov %ax, %fs
    mov %ax, %gs
    movw $0x3ff, table_limit
    movl $0, table_base
    lidtl table_limit             # the IVT at 0: Multiboot leaves IDTR undefined
    movw $0, failures
    movw $0, resume_ip
    call set_vectors
    call uart_setup
    mov $0x40000000, %eax
    cpuid
    cmp $TCG_SIGNATURE, %ebx
    sete on_tcg
    PRINT "Backstep real\n"
    call interrupts
    call exceptions
    call arithmetic
    call bcd
    call addressing
    call strings
    call control_flow
    call stack_and_frames
    call modes
    movzwl failures, %eax
    test %ax, %ax
    jnz 1f
    PRINT "pass\n"
    jmp leave_with_eax
1:  PRINT "FAILED checks\n"
    jmp leave_with_eax

# The IVT: vectors 0..7, 0x40, 12 and 13 to vector_N below.
set_vectors:
    mov $vector_table - real_base, %si
1:  mov (%si), %bx
    cmp $-1, %bx
    je 2f
    shl $2, %bx
    mov 2(%si), %ax
    mov %ax, %fs:(%bx)
    movw $REAL_SEGMENT, %fs:2(%bx)
    add $4, %si
    jmp 1b
2:  ret

.macro VECTOR number
    .text 1
vector_\number:
    pushw $\number
    jmp note_interrupt
    .text 2
    .word \number, vector_\number - real_base
    .text 0
.endm
    .text 2
    .balign 2
vector_table:
    .text 0
    VECTOR 0
    VECTOR 1
    VECTOR 3
    VECTOR 4
    VECTOR 5
    VECTOR 6
    VECTOR 7
    VECTOR 12
    VECTOR 13
    VECTOR 0x40
    .text 2
    .word -1
    .text 0

note_interrupt:                   # vector IP CS FLAGS on the stack
    push %bp
    mov %sp, %bp
    push %ax
    push %ds
    mov %cs, %ax
    mov %ax, %ds
    mov 2(%bp), %ax
    mov %ax, seen_vector
    mov 4(%bp), %ax
    mov %ax, seen_ip
    mov 6(%bp), %ax
    mov %ax, seen_cs
    mov 8(%bp), %ax
    mov %ax, seen_flags
    pushf
    pop %ax
    mov %ax, scratch              # the flags inside the interrupt
    andw $~TF, 8(%bp)
    mov resume_ip, %ax
    test %ax, %ax
    jz 1f
    mov %ax, 4(%bp)
1:  pop %ds
    pop %ax
    pop %bp
    add $2, %sp
    iret

print_text:                       # si; registers and flags kept
    pushf
    push %ax
    push %dx
    push %si
    call uart_text
    pop %si
    pop %dx
    pop %ax
    popf
    ret

judge:
    pushf
    cmpb $0, verdict
    je 1f
    PRINT "ok "
    jmp 2f
1:  PRINT "FAIL "
    incw failures
2:  call print_text
    PRINT "\n"
    popf
    ret

interrupts:
    FAULTS int $0x40
    CHECK_SEEN 0x40, "int 0x40: through the IVT"
    CHECK_IP_BEHIND "int 0x40: pushed IP is the next instruction"
    cmpw $REAL_SEGMENT, seen_cs
    CHECK e, "int 0x40: pushed CS"
    pushw $IF | 0x8d7             # all arithmetic flags, IF
    popf
    FAULTS int $0x40
    pushf
    pop %ax
    cli
    and $0xfd5, %ax
    cmp $IF | 0x8d5, %ax
    CHECK e, "int 0x40: IRET restores the flags"
    mov seen_flags, %ax
    and $0xfd5, %ax
    cmp $IF | 0x8d5, %ax
    CHECK e, "int 0x40: pushed flags"
    testw $IF | TF, scratch
    CHECK z, "int 0x40: IF and TF clear inside"
    FAULTS int3
    CHECK_SEEN 3, "int3"
    xor %ax, %ax                  # clears OF
    FAULTS into
    CHECK_NONE "into without OF"
    mov $0x7f, %al
    inc %al
    FAULTS into
    CHECK_SEEN 4, "into with OF"
    pushf
    pop %ax
    or $TF, %ax
    movw $NOTHING_SEEN, seen_vector
    push %ax
    popf
    nop
1:  nop
    cmpw $1b - real_base, seen_ip
    CHECK e, "single step: after the instruction behind POPF"
    CHECK_SEEN 1, "single step: vector 1"
    # the IVT may lie elsewhere: LIDT works in real mode
    movw $0x3ff, table_limit
    movl $REAL_LINEAR + scratch2, table_base
    movw $vector_13 - real_base, scratch2 + 0x41 * 4
    movw $REAL_SEGMENT, scratch2 + 0x41 * 4 + 2
    lidtl table_limit
    FAULTS int $0x41
    movl $0, table_base
    lidtl table_limit
    CHECK_SEEN 13, "int 0x41: IVT moved by LIDT"
    ret

exceptions:
    xor %dx, %dx
    mov $1, %ax
    xor %cx, %cx
    FAULTS div %cx
    CHECK_SEEN 0, "div by zero"
    CHECK_IP_AT_FAULT "div by zero: IP is the DIV"
    mov $0x100, %ax
    mov $1, %cl
    FAULTS div %cl
    CHECK_SEEN 0, "div: quotient too large"
    FAULTS ud2
    CHECK_SEEN 6, "ud2"
    FAULTS .byte 0x0f, 0x00, 0xc0
    CHECK_SEEN 6, "sldt: not in real mode"
    FAULTS .byte 0x63, 0xc0
    CHECK_SEEN 6, "arpl: not in real mode"
    FAULTS .byte 0xf0, 0x90
    CHECK_SEEN 6, "lock nop"
    movw $5, bound_pair
    movw $9, bound_pair + 2
    mov $10, %ax
    FAULTS bound %ax, bound_pair
    CHECK_SEEN 5, "bound: above"
    CHECK_IP_AT_FAULT "bound: IP is the BOUND"
    mov $9, %ax
    FAULTS bound %ax, bound_pair
    CHECK_NONE "bound: inside"
    mov %cr0, %eax
    or $8, %al
    mov %eax, %cr0
    FAULTS fnop
    clts
    CHECK_SEEN 7, "x87 with CR0.TS"
    cmpb $0, on_tcg
    jne 1f
    FAULTS mov 0xffff, %ax
    CHECK_SEEN 13, "word at offset 0xFFFF: beyond the limit"
    mov $0xffff, %bp
    FAULTS mov (%bp), %ax
    CHECK_SEEN 12, "word at SS:FFFF: beyond the stack segment's limit"
    mov $0x10000, %ebx
    FAULTS mov (%ebx), %al
    CHECK_SEEN 13, "byte at offset 0x10000 by a 32-bit address: beyond the limit"
1:  ret

arithmetic:
    mov $0x7fff, %ax
    add $1, %ax
    CHECK o, "add: overflow of 16 bits"
    CHECK s, "add: sign of 16 bits"
    mov $0xffff, %ax
    add $1, %ax
    CHECK z, "add: wraps at 16 bits"
    mov $0x1234, %ax
    mov $0x5678, %cx
    mul %cx
    cmp $0x0626, %dx
    CHECK e, "mul: high half in DX"
    cmp $0x0060, %ax
    CHECK e, "mul: low half in AX"
    mov $0x12345678, %eax
    mov $0xffff, %ax
    inc %ax
    cmp $0x12340000, %eax
    CHECK e, "inc %ax: upper half of EAX kept"
    mov $-100, %ax
    cwd
    mov $7, %cx
    idiv %cx
    cmp $-14, %ax
    CHECK e, "idiv: quotient rounded to zero"
    cmp $-2, %dx
    CHECK e, "idiv: remainder has the dividend's sign"
    mov $0x8001, %ax
    rol $1, %ax
    cmp $3, %ax
    CHECK e, "rol: 16 bits"
    stc
    mov $0x8000, %ax
    rcl $1, %ax
    CHECK c, "rcl: carry out"
    cmp $1, %ax
    CHECK e, "rcl: carry in"
    mov $0x1234, %ax
    mov $0xabcd, %dx
    shld $4, %dx, %ax
    cmp $0x234a, %ax
    CHECK e, "shld: 16 bits"
    mov $0xffff, %ax
    mov $33, %cl                  # the count is taken modulo 32
    shl %cl, %ax
    cmp $0xfffe, %ax
    CHECK e, "shl: count 33 is 1"
    ret

bcd:
    mov $0x19, %al
    add $0x28, %al
    daa
    cmp $0x47, %al
    CHECK e, "daa: 19 + 28 = 47"
    mov $0x99, %al
    add $1, %al
    daa
    CHECK c, "daa: 99 + 1: carry"
    mov $0x47, %al
    sub $0x28, %al
    das
    cmp $0x19, %al
    CHECK e, "das: 47 - 28 = 19"
    mov $0x0009, %ax
    add $4, %al
    aaa
    cmp $0x0103, %ax
    CHECK e, "aaa: 9 + 4 = 1 3"
    mov $0x0103, %ax
    sub $5, %al
    aas
    cmp $0x0008, %ax
    CHECK e, "aas: 1 3 - 5 = 8"
    mov $97, %ax
    aam
    cmp $0x0907, %ax
    CHECK e, "aam: 97 = 9 7"
    aad
    cmp $97, %ax
    CHECK e, "aad: 9 7 = 97"
    stc
    .byte 0xd6                    # SALC
    cmp $0xff, %al
    CHECK e, "salc"
    ret

addressing:
    movw $0x1111, scratch
    movw $0x2222, scratch + 2
    mov $scratch, %bx
    mov $2, %si
    cmpw $0x2222, (%bx, %si)
    CHECK e, "address: BX + SI"
    mov $scratch - 0x10, %bp
    mov $0x12, %di
    cmpw $0x2222, (%bp, %di)
    CHECK e, "address: BP + DI, by SS"
    mov $0xfff0, %bx
    mov $scratch + 0x10, %si
    cmpw $0x1111, (%bx, %si)
    CHECK e, "address: wraps at 64 KiB"
    mov $2, %ebx
    mov $1, %ecx
    cmpw $0x2222, scratch(%ebx)
    CHECK e, "address: 32-bit base with address prefix"
    cmpw $0x2222, scratch(, %ecx, 2)
    CHECK e, "address: scaled index"
    mov $REAL_SEGMENT + (scratch >> 4), %ax
    mov %ax, %es
    cmpw $0x2222, %es:2
    CHECK e, "segment: another segment, the same memory"
    mov %cs, %ax
    mov %ax, %es
    movw $0x4242, far_pointer
    movw $0x2000, far_pointer + 2
    lfs far_pointer, %bx
    mov %fs, %ax
    cmp $0x2000, %ax
    CHECK e, "lfs: segment"
    cmp $0x4242, %bx
    CHECK e, "lfs: offset"
    mov $0xffff, %ax              # FFFF:0010 is 1 MiB with A20 on: Multiboot header of this image lies there
    mov %ax, %fs
    cmpl $MULTIBOOT_MAGIC, %fs:0x10
    CHECK e, "segment: FFFF:0010 is beyond 1 MiB"
    xor %ax, %ax
    mov %ax, %fs
    ret

strings:
    mov $0x5a, %al
    mov $scratch2, %di
    mov $16, %cx
    rep stosb
    cmp $scratch2 + 16, %di
    CHECK e, "rep stosb: DI behind it"
    movb $0xa5, scratch2 + 9
    mov $scratch2, %di
    mov $16, %cx
    repe scasb
    cmp $scratch2 + 10, %di
    CHECK e, "repe scasb: stops behind the difference"
    cmp $6, %cx
    CHECK e, "repe scasb: CX left"
    std
    mov $scratch2 + 14, %si
    mov $scratch2 + 30, %di
    mov $8, %cx
    rep movsw
    cld
    cmp $scratch2 - 2, %si
    CHECK e, "rep movsw with DF: backwards"
    cmpb $0xa5, scratch2 + 25
    CHECK e, "rep movsw with DF: copied"
    mov $0x10002, %ecx            # CX = 2 counts, not ECX
    mov $scratch2, %di
    rep stosb
    cmp $0x10000, %ecx
    CHECK e, "rep: CX counts with 16-bit addresses"
    mov $0xffff, %di              # DI wraps; the byte at 0 is code that has been run
    movb 0, %bl
    mov %bl, %al
    stosb
    test %di, %di
    CHECK z, "stosb: DI wraps"
    mov $scratch2 - 1, %bx
    mov $10, %al
    xlat
    cmp $0xa5, %al
    CHECK e, "xlat"
    ret

control_flow:
    xor %ax, %ax
    mov $5, %cx
1:  inc %ax
    loop 1b
    cmp $5, %ax
    CHECK e, "loop: CX"
    mov $0x10000, %ecx
    jcxz 2f
    xor %ax, %ax
2:  cmp $5, %ax
    CHECK e, "jcxz: looks at CX only"
    jecxz 3f
    xor %ax, %ax
3:  test %ax, %ax
    CHECK z, "jecxz: looks at ECX"
    lcall $REAL_SEGMENT, $far_procedure - real_base
    cmp $0x77, %ax
    CHECK e, "far call and far return"
    movw $far_procedure - real_base, far_pointer
    movw $REAL_SEGMENT, far_pointer + 2
    xor %ax, %ax
    lcall *far_pointer
    cmp $0x77, %ax
    CHECK e, "far call through memory"
    pushf
    lcall $REAL_SEGMENT, $interrupt_like - real_base
    cmp $0x88, %ax
    CHECK e, "pushf and far call as an interrupt"
    # the same code under another CS
    lcall $REAL_SEGMENT + 0x10, $far_procedure - real_base - 0x100
    cmp $0x77, %ax
    CHECK e, "code reached by another segment"
    ret
far_procedure:
    mov $0x77, %ax
    lret
interrupt_like:
    mov $0x88, %ax
    iret

stack_and_frames:
    mov %sp, %bp
    mov $0, %sp
    push %bp                      # at FFFE
    cmp $0xfffe, %sp
    CHECK e, "push: SP wraps from 0 to FFFE"
    pop %bp
    mov %bp, %sp
    push %sp
    pop %ax
    cmp %ax, %sp
    CHECK e, "push %sp: the value before"
    mov $1, %ax
    mov $2, %cx
    mov $3, %dx
    mov $4, %bx
    pusha
    xor %ax, %ax
    xor %bx, %bx
    popa
    add %bx, %ax
    cmp $5, %ax
    CHECK e, "pusha and popa"
    mov %sp, %ax
    enter $8, $0
    sub %sp, %ax
    leave
    cmp $10, %ax
    CHECK e, "enter 8, 0: BP and eight bytes"
    pushl $0x12345678
    pop %ax
    pop %cx
    cmp $0x1234, %cx
    CHECK e, "push of 32 bits in 16-bit code"
    push %ss
    pop %ss
    mov %sp, %cx
    jmp 1f
2:  ret $4
1:  push %cx
    push %cx
    call 2b
    cmp %cx, %sp
    CHECK e, "ret 4: drops the arguments"
    ret

# Protected mode and back. ES keeps the 4 GiB limit it got there; a new base does not change that.
modes:
    smsw %ax
    test $1, %al
    CHECK z, "smsw: PE is clear"
    movw $gdt_end - gdt - 1, table_limit
    movl $gdt, table_base         # the one of the start, above 1 MiB
    lgdtl table_limit
    mov %cr0, %eax
    or $1, %al
    mov %eax, %cr0
    mov $FLAT, %bx
    mov %bx, %es
    and $~1, %al
    mov %eax, %cr0
    xor %ax, %ax
    mov %ax, %es
    mov $REAL_LINEAR, %edi
    movw $0x7788, scratch
    FAULTS mov %es:scratch(%edi), %ax
    CHECK_NONE "unreal mode: no limit fault"
    cmp $0x7788, %ax
    CHECK e, "unreal mode: a linear address by a 32-bit offset"
    mov %cs, %ax
    mov %ax, %es
    mov $0x100000 - REAL_LINEAR, %edi
    cmpl $MULTIBOOT_MAGIC, %es:(%edi)
    CHECK e, "unreal mode: a new base keeps the limit"
    ret

    .include "uart.inc"
    .include "exit.inc"

    .data
    .balign 8
gdt:
    .quad 0
    .quad 0x00009b010000ffff      # 0x08 code, base 0x10000
    .quad 0x000093010000ffff      # 0x10 data, base 0x10000
    .quad 0x00cf93000000ffff      # 0x18 data, base 0, 4 GiB
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt
    .text 3
real_end:
