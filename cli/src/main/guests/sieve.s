# sieve: memory, copies, calls and dependent loads, to measure speed on. Each round sieves the primes below
# 2^20 (Eratosthenes), copies the flags with REP MOVS and with a loop, computes a Fibonacci number by
# recursion, and follows a chain of 4096 pointers that visits memory in no order.
#   -kernel sieve.elf [-append ROUNDS]
# Every round must give the same four results. About 24 million instructions a round, 10 rounds by default.

    .include "long.inc"

.equ DEFAULT_ROUNDS, 10
.equ LIMIT, 1 << 20
.equ PRIMES_BELOW_LIMIT, 82025
.equ FIBONACCI_INDEX, 20
.equ FIBONACCI_VALUE, 6765
.equ NODES, 4096
.equ NODE_SIZE, 64
.equ LAPS, 16
.equ CHASE_SUM, LAPS * (NODES - 1) * NODES / 2

main:
    mov $DEFAULT_ROUNDS, %eax
    call command_line_number
    mov %rax, %r15
    call link_nodes
    xor %r14d, %r14d              # rounds done
1:  cmp %r15, %r14
    jae 2f
    call sieve
    cmp $PRIMES_BELOW_LIMIT, %eax
    jne 3f
    call copy
    cmp $PRIMES_BELOW_LIMIT, %eax
    jne 3f
    mov $FIBONACCI_INDEX, %edi
    call fibonacci
    cmp $FIBONACCI_VALUE, %eax
    jne 3f
    call chase
    cmp $CHASE_SUM, %rax
    jne 3f
    inc %r14
    jmp 1b
2:  PRINT "sieve: rounds "
    PRINT_DEC %r14
    PRINT " primes below 1048576: "
    mov $PRIMES_BELOW_LIMIT, %eax
    PRINT_DEC %rax
    PRINT "\n"
3:  cmp %r15, %r14
    CHECK e, "sieve: every round gave the known results"
    ret

# flags[n] = 1 for each prime n below LIMIT; eax = how many.
sieve:
    lea flags(%rip), %rdi
    mov $0x0101010101010101, %rax
    xor %ecx, %ecx
1:  mov %rax, (%rdi, %rcx)
    add $8, %ecx
    cmp $LIMIT, %ecx
    jb 1b
    movw $0, (%rdi)               # 0 and 1 are no primes
    xor %eax, %eax
    mov $2, %ecx
2:  cmpb $0, (%rdi, %rcx)
    je 4f
    inc %eax
    lea (%rcx, %rcx), %edx
    jmp 5f
3:  movb $0, (%rdi, %rdx)
    add %ecx, %edx
5:  cmp $LIMIT, %edx
    jb 3b
4:  inc %ecx
    cmp $LIMIT, %ecx
    jb 2b
    ret

# Copies the flags by REP MOVSQ, back by a byte loop that counts what it copies into eax.
copy:
    lea flags(%rip), %rsi
    lea flags_copy(%rip), %rdi
    mov $LIMIT / 8, %ecx
    rep movsq
    lea flags(%rip), %rsi
    lea flags_copy(%rip), %rdi
    xor %eax, %eax
    xor %ecx, %ecx
1:  movzbl (%rdi, %rcx), %edx
    add %edx, %eax
    mov %dl, (%rsi, %rcx)
    inc %ecx
    cmp $LIMIT, %ecx
    jb 1b
    ret

# edi = n -> eax: by two calls each.
fibonacci:
    mov %edi, %eax
    cmp $2, %edi
    jb 1f
    push %rbx
    push %rdi
    dec %edi
    call fibonacci
    mov %eax, %ebx
    pop %rdi
    sub $2, %edi
    call fibonacci
    add %ebx, %eax
    pop %rbx
1:  ret

# nodes[i] = pointer to nodes[(i * 5 + 1) mod NODES] (one cycle through all), then i.
link_nodes:
    lea nodes(%rip), %rdi
    xor %ecx, %ecx
1:  lea 1(%rcx, %rcx, 4), %eax
    and $NODES - 1, %eax
    imul $NODE_SIZE, %rax, %rax
    add %rdi, %rax
    imul $NODE_SIZE, %rcx, %rdx
    mov %rax, (%rdi, %rdx)
    mov %rcx, 8(%rdi, %rdx)
    inc %ecx
    cmp $NODES, %ecx
    jb 1b
    ret

# Follows the pointers LAPS times around; rax = sum of what the nodes hold.
chase:
    lea nodes(%rip), %rsi
    mov $LAPS * NODES, %ecx
    xor %eax, %eax
1:  add 8(%rsi), %rax
    mov (%rsi), %rsi
    dec %ecx
    jnz 1b
    ret

    .bss
    .balign 4096
flags:
    .skip LIMIT
flags_copy:
    .skip LIMIT
nodes:
    .skip NODES * NODE_SIZE
