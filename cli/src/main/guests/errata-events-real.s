# errata-events-real: errata-events in real-address mode. Waits for an exception that the hypervisor's user sets and prints
# the vector, whether anything lies on the stack beside IP, CS and FLAGS, and where the handler returns to. A write of
# DR3 says that the guest is ready. The instruction at which it waits has four bytes.
#   -kernel errata-events-real.elf

    .include "multiboot.inc"
    .include "macros16.inc"

.equ SPINS, 2000
.equ READY, 0x77
.equ VECTORS, 32
.equ STUB_SIZE, 8
.equ FRAME, 6                     # FLAGS, CS, IP

# Variables: offsets in the real-mode segment, behind code and stack.
.equ arrived, 0xf000
.equ table_limit, 0xf010
.equ table_base, 0xf012

    .include "real.inc"
    mov %ax, %ss
    mov $STACK_TOP, %esp
    xor %eax, %eax
    mov %ax, %es
    movw $0x3ff, table_limit
    movl $0, table_base
    lidtl table_limit             # the IVT at 0: Multiboot leaves IDTR undefined
    call set_vectors
    call uart_setup
    mov $SPINS, %ecx
    mov $READY, %eax
    mov %eax, %dr3
spot:
    .byte 0x66, 0x0f, 0x1f, 0x00  # NOP of four bytes
    loop spot
    PRINT "vector=none\n"
    jmp end_of_run

set_vectors:
    mov $stubs - real_base, %ax
    xor %di, %di
    mov $VECTORS, %cx
1:  stosw                         # into ES, the segment at 0
    movw $REAL_SEGMENT, %es:(%di)
    add $2, %di
    add $STUB_SIZE, %ax
    loop 1b
    ret

    .balign STUB_SIZE
stubs:
    vector = 0
    .rept VECTORS
    .balign STUB_SIZE
    movb $vector, arrived
    jmp arrive
    vector = vector + 1
    .endr

arrive:
    PRINT "vector=0x"
    mov arrived, %al
    call print_byte
    mov $STACK_TOP - FRAME, %cx
    sub %sp, %cx
    jz 1f
    PRINT "\ncode=some\n"
    jmp 2f
1:  PRINT "\ncode=none\n"
2:  PRINT "returns-behind=0x"
    mov %sp, %bp
    add %cx, %bp
    mov (%bp), %ax
    sub $spot - real_base, %ax
    call print_byte
    PRINT "\n"
end_of_run:
    xor %eax, %eax
    jmp leave_with_eax

print_byte:                       # al: two digits, or one
    mov %al, %bl
    shr $4, %al
    jz 1f
    call print_digit
1:  mov %bl, %al
    and $15, %al
print_digit:
    cmp $10, %al
    jb 1f
    add $'a' - '0' - 10, %al
1:  add $'0', %al
    call uart_byte
    ret

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

    .include "uart.inc"
    .include "exit.inc"

    .data
    .balign 8
gdt:
    .quad 0
    .quad 0x00009b010000ffff      # 0x08 code, base 0x10000
    .quad 0x000093010000ffff      # 0x10 data, base 0x10000
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt
    .text 3
real_end:
