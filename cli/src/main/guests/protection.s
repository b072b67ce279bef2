# protection: the protection model of 32-bit protected mode, checked by vectors of the SDM. Far JMP, CALL and RET to
# code segments and through call gates; gates of the IDT; hardware tasks; virtual-8086 mode with IOPL and with
# CR4.VME; CR4.PVI; SYSENTER and SYSEXIT; general detect. SDM Vol. 3 "Protection", "Task Management", "8086 Emulation".
#   -kernel protection.elf
# Where QEMU's TCG does otherwise the check is left out there, and the source says so.

    .include "short.inc"
    .include "protection/segments.inc"
    .include "protection/transfers.inc"
    .include "protection/gates.inc"
    .include "protection/tasks.inc"
    .include "protection/vm86.inc"
    .include "protection/fast.inc"

.equ TCG_SIGNATURE, 0x54474354

main:
    PRINT "Backstep protection\n"
    mov $0x40000000, %eax
    cpuid
    cmp $TCG_SIGNATURE, %ebx
    sete on_tcg
    call own_gdt
    call direct_transfers
    call far_returns
    call call_gates
    call event_gates
    call tasks
    call virtual_8086
    call protected_virtual_interrupts
    call fast_calls
    call general_detect
    ret

    .data
on_tcg:
    .byte 0
    .text
