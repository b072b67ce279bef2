# compute: pure computation with branches, to measure speed on: a table-driven CRC-32 over bytes taken from
# a 64-bit xorshift generator, and a data-dependent branch. Prints a checksum; the default count's is known.
#   -kernel compute.elf [-append ITERATIONS]
# 17 instructions an iteration, 19 when the branch is not taken; 10,000,000 iterations by default.

    .include "long.inc"

.equ DEFAULT_ITERATIONS, 10000000
.equ EXPECTED, 0x839d42a2         # checksum after DEFAULT_ITERATIONS
.equ CRC_POLYNOMIAL, 0xedb88320   # CRC-32 of IEEE 802.3, reflected
.equ SEED, 0x9e3779b97f4a7c15

main:
    call build_crc_table
    call check_crc_table
    mov $DEFAULT_ITERATIONS, %eax
    call command_line_number
    mov %rax, %r12
    call mix
    PRINT "compute: iterations "
    PRINT_DEC %r12
    PRINT " checksum "
    PRINT_HEX8 %rax
    PRINT "\n"
    cmp $DEFAULT_ITERATIONS, %r12
    jne 1f
    cmp $EXPECTED, %eax
    CHECK e, "compute: checksum"
1:  ret

# r12: iterations -> eax: checksum.
mix:
    mov %r12, %rcx
    mov $SEED, %rbx
    mov $-1, %eax
    xor %r8d, %r8d
    lea crc_table(%rip), %rdi
    test %rcx, %rcx
    jz 3f
1:  mov %rbx, %rdx                # xorshift64: 13, 7, 17
    shl $13, %rdx
    xor %rdx, %rbx
    mov %rbx, %rdx
    shr $7, %rdx
    xor %rdx, %rbx
    mov %rbx, %rdx
    shl $17, %rdx
    xor %rdx, %rbx
    movzbl %bl, %edx              # CRC-32 of its low byte
    xor %al, %dl
    shr $8, %eax
    xor (%rdi, %rdx, 4), %eax
    test $0x10, %al               # a branch that the data decides
    jz 2f
    lea 1(%r8, %rax), %r8
    rol $5, %r8
2:  dec %rcx
    jnz 1b
3:  xor %r8d, %eax
    ret

build_crc_table:
    lea crc_table(%rip), %rdi
    xor %ecx, %ecx
1:  mov %ecx, %eax
    mov $8, %edx
2:  shr $1, %eax
    jnc 3f
    xor $CRC_POLYNOMIAL, %eax
3:  dec %edx
    jnz 2b
    mov %eax, (%rdi, %rcx, 4)
    inc %ecx
    cmp $256, %ecx
    jb 1b
    ret

# The check value of this CRC: "123456789" gives 0xCBF43926.
check_crc_table:
    lea check_text(%rip), %rsi
    lea crc_table(%rip), %rdi
    mov $-1, %eax
    mov $9, %ecx
1:  movzbl (%rsi), %edx
    xor %al, %dl
    shr $8, %eax
    xor (%rdi, %rdx, 4), %eax
    inc %rsi
    dec %ecx
    jnz 1b
    not %eax
    cmp $0xcbf43926, %eax
    CHECK e, "compute: CRC-32 check value"
    ret

    .section .rodata
check_text:
    .ascii "123456789"

    .bss
    .balign 64
crc_table:
    .skip 256 * 4
