# errata-events: waits for an event that the hypervisor's user sets (KVM_SET_VCPU_EVENTS) and prints what arrives: the
# vector, whether the frame has an error code, where it returns to, RF in it, CR2. A write of DR3 says that the guest
# is ready, so that scenarios can wait for it:  --inject "set-vcpu-events,…,when=kind:dr AND reg:DR3"
#   -kernel errata-events.elf -append PART
#
# | part | waits |
# |---|---|
# | wait | in a loop, interrupts off |
# | open | in a loop, interrupts on |
# | halted | in HLT, interrupts off: only an exception that is pending, or an NMI, wakes it |
# | gateless | as wait, and the gate of #GP is not present |
#
# The instruction at which it waits is `jmp` of five bytes, so that one can see what a handler returns to.

    .include "long.inc"
    .include "facts.inc"

.equ SPINS, 2000
.equ READY, 0x77
.equ FRAME, 40                    # SS, RSP, RFLAGS, CS, RIP

main:
    call own_idt
    PART "wait", wait
    PART "open", open
    PART "halted", halted
    PART "gateless", gateless
    jmp no_such_part

gateless:
    movb $0x0e, idt + 13 * GATE_SIZE + 5(%rip)
    jmp wait

open:
    sti
wait:
    mov $SPINS, %ecx
    mov %rsp, waiting_rsp(%rip)
    mov $READY, %eax
    mov %rax, %dr3
spot:
    .byte 0xe9                    # jmp near: five bytes
    .long 0
    loop spot
    cli
    FACT_TEXT "vector", "none"
    ret

halted:
    mov %rsp, waiting_rsp(%rip)
    hlt
    FACT_TEXT "vector", "none"
    ret

# The way in of every vector: nothing is pushed in the place of an error code that is not there.
    .balign STUB_SIZE
own_stubs:
    vector = 0
    .rept 256
    .balign STUB_SIZE
    movl $vector, arrived(%rip)
    jmp arrive
    vector = vector + 1
    .endr

arrive:
    mov %rsp, %rbx
    mov waiting_rsp(%rip), %rbp
    and $-16, %rbp                # the processor aligns the stack before it pushes
    sub %rbx, %rbp
    sub $FRAME, %rbp              # 8: an error code
    mov arrived(%rip), %eax
    FACT "vector", %rax
    test %rbp, %rbp
    jz 1f
    FACT "code", (%rbx)
    add $8, %rbx
    jmp 2f
1:  FACT_TEXT "code", "none"
2:  lea spot(%rip), %rax
    mov (%rbx), %rcx
    sub %rax, %rcx
    FACT "returns-behind", %rcx
    mov 16(%rbx), %rcx
    shr $16, %rcx
    and $1, %ecx
    FACT "rf", %rcx
    mov %cr2, %rcx
    FACT "cr2", %rcx
    mov %dr6, %rcx
    FACT "dr6", %rcx
    jmp finish

own_idt:
    lea own_stubs(%rip), %rax
    lea idt(%rip), %rdi
    mov $256, %ecx
1:  mov %ax, (%rdi)
    mov %rax, %rdx
    shr $16, %rdx
    mov %dx, 6(%rdi)
    add $STUB_SIZE, %rax
    add $GATE_SIZE, %rdi
    dec %ecx
    jnz 1b
    ret

    .data
    .balign 8
waiting_rsp:
    .quad 0
arrived:
    .quad 0
    .text
