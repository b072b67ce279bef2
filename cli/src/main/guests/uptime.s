# uptime: time and input. Sleeps in HLT between the ticks of the PIT, which arrive first through the two
# 8259 PICs, then through the IOAPIC; reads the date from the RTC; then asks for keys and echoes what the
# console receives, byte by interrupt of the UART, until the end of the line. Without any input for two
# seconds it goes on by itself.
#   -kernel uptime.elf        (type a line; or --input, with the prompt "press keys: ")

    .include "long.inc"
    .include "apic.inc"

.equ PIC1, 0x20
.equ PIC2, 0xa0
.equ PIC_EOI, 0x20
.equ PIC_BASE, 0x20               # IRQ 0 is vector 0x20
.equ PIT_COUNTER0, 0x40
.equ PIT_CONTROL, 0x43
.equ PIT_HZ, 1193182
.equ TICKS_PER_SECOND, 1000
.equ IOAPIC, 0xfec00000
.equ IOAPIC_VERSION, 1
.equ IOAPIC_REDIRECTION, 0x10
.equ PIN_PIT, 2                   # ISA IRQ 0 is pin 2: MADT interrupt source override
.equ PIN_UART, 4
.equ VECTOR_PIT, 0x30
.equ VECTOR_UART, 0x34
.equ RTC_INDEX, 0x70
.equ RTC_DATA, 0x71
.equ RTC_UPDATING, 0x80           # status register A
.equ RTC_BINARY, 4                # status register B
.equ TICKS_TO_WATCH, 50
.equ PATIENCE, 2 * TICKS_PER_SECOND

main:
    PRINT "Backstep uptime\n"
    call apic_enable
    call start_pit
    call ticks_through_pic
    call ticks_through_ioapic
    call read_rtc
    call echo_keys
    call report_uptime
    ret

# Counter 0, mode 2 (rate generator), 1000 Hz.
start_pit:
    mov $0x34, %al
    out %al, $PIT_CONTROL
    mov $PIT_HZ / TICKS_PER_SECOND, %eax
    out %al, $PIT_COUNTER0
    mov %ah, %al
    out %al, $PIT_COUNTER0
    ret

# Both PICs initialised, IRQ 0 open; the APIC's LINT0 takes the PIC's vector (ExtINT, "virtual wire").
ticks_through_pic:
    movq $pic_tick, trap_hooks + PIC_BASE * 8
    mov $0x11, %al                # ICW1: edge, cascade, ICW4
    out %al, $PIC1
    out %al, $PIC2
    mov $PIC_BASE, %al
    out %al, $PIC1 + 1
    mov $PIC_BASE + 8, %al
    out %al, $PIC2 + 1
    mov $4, %al                   # ICW3: slave at IRQ 2
    out %al, $PIC1 + 1
    mov $2, %al
    out %al, $PIC2 + 1
    mov $1, %al                   # ICW4: 8086, EOI by command
    out %al, $PIC1 + 1
    out %al, $PIC2 + 1
    mov $0xfe, %al                # all masked but IRQ 0
    out %al, $PIC1 + 1
    mov $0xff, %al
    out %al, $PIC2 + 1
    APIC_WRITE APIC_LVT_LINT0, $LVT_EXTINT
    call sleep_some_ticks
    mov $0xff, %al
    out %al, $PIC1 + 1
    APIC_WRITE APIC_LVT_LINT0, $LVT_MASKED
    cmpl $TICKS_TO_WATCH, pic_ticks
    CHECK ae, "PIT through the PIC"
    ret

pic_tick:
    incl pic_ticks(%rip)
    incl ticks(%rip)
    mov $PIC_EOI, %al
    out %al, $PIC1
    ret

ticks_through_ioapic:
    movq $ioapic_tick, trap_hooks + VECTOR_PIT * 8
    mov $IOAPIC_VERSION, %edi
    call ioapic_read
    shr $16, %eax
    movzbl %al, %eax
    cmp $23, %eax                 # 24 pins
    CHECK e, "IOAPIC: 24 pins"
    mov $PIN_PIT, %edi
    mov $VECTOR_PIT, %esi
    call ioapic_route
    call sleep_some_ticks
    cmpl $TICKS_TO_WATCH, ioapic_ticks
    CHECK ae, "PIT through the IOAPIC"
    ret

ioapic_tick:
    incl ioapic_ticks(%rip)
    incl ticks(%rip)
    APIC_WRITE APIC_EOI, $0
    ret

# edi: index -> eax.
ioapic_read:
    mov $IOAPIC, %ecx
    mov %edi, (%rcx)
    mov 0x10(%rcx), %eax
    ret

# edi: pin, esi: vector; fixed, edge, active high, to this vCPU.
ioapic_route:
    APIC_READ APIC_ID
    mov $IOAPIC, %ecx
    lea IOAPIC_REDIRECTION + 1(, %rdi, 2), %edx
    mov %edx, (%rcx)
    mov %eax, 0x10(%rcx)
    dec %edx
    mov %edx, (%rcx)
    mov %esi, 0x10(%rcx)
    ret

# Halts until TICKS_TO_WATCH more ticks came, from wherever.
sleep_some_ticks:
    mov ticks(%rip), %r12d
    add $TICKS_TO_WATCH, %r12d
1:  sti
    hlt
    cli
    cmp %r12d, ticks(%rip)
    jb 1b
    ret

# The date, read twice until both readings agree, outside of updates; each field must be possible.
read_rtc:
    mov $1000, %r12d
1:  call read_rtc_once
    mov rtc_fields(%rip), %r13
    call read_rtc_once
    cmp rtc_fields(%rip), %r13
    je 2f
    dec %r12d
    jnz 1b
2:  CHECK e, "RTC: two equal readings"
    mov $11, %edi
    call rtc_register
    test $RTC_BINARY, %al
    jnz 4f
    xor %ecx, %ecx                # BCD to binary
3:  movzbl rtc_fields(%rcx), %eax
    mov %eax, %edx
    shr $4, %edx
    and $15, %eax
    imul $10, %edx, %edx
    add %edx, %eax
    mov %al, rtc_fields(%rcx)
    inc %ecx
    cmp $6, %ecx
    jb 3b
4:  PRINT "rtc: 20"
    xor %ecx, %ecx
5:  movzbl rtc_fields(%rcx), %eax
    cmp $10, %al
    jae 6f
    PRINT "0"
6:  PRINT_DEC %rax
    mov rtc_separators(%rcx), %al
    mov %al, separator(%rip)
    lea separator(%rip), %rsi
    call print_text
    inc %ecx
    cmp $6, %ecx
    jb 5b
    xor %ecx, %ecx
    xor %edx, %edx                # fields out of range
7:  mov rtc_fields(%rcx), %al
    cmp rtc_limits(%rcx), %al
    jb 8f
    inc %edx
8:  inc %ecx
    cmp $6, %ecx
    jb 7b
    test %edx, %edx
    CHECK z, "RTC: a possible date and time"
    ret

# Year, month, day, hour, minute, second into rtc_fields.
read_rtc_once:
1:  mov $10, %edi
    call rtc_register
    test $RTC_UPDATING, %al
    jnz 1b
    xor %ecx, %ecx
2:  movzbl rtc_registers(%rcx), %edi
    call rtc_register
    mov %al, rtc_fields(%rcx)
    inc %ecx
    cmp $6, %ecx
    jb 2b
    ret

rtc_register:                     # edi: number -> al
    mov %edi, %eax
    out %al, $RTC_INDEX
    in $RTC_DATA, %al
    ret

# Received bytes are echoed as they come; CR or LF, or two seconds of silence, end it.
echo_keys:
    PRINT "press keys: "
    movq $uart_interrupt, trap_hooks + VECTOR_UART * 8
    mov $PIN_UART, %edi
    mov $VECTOR_UART, %esi
    call ioapic_route
    mov $UART + 4, %edx           # DTR, RTS, OUT2: interrupts let through
    mov $0x0b, %al
    out %al, %dx
    mov $UART + 1, %edx           # received-data interrupts
    mov $1, %al
    out %al, %dx
    mov ticks(%rip), %eax
    mov %eax, last_key_tick(%rip)
1:  sti
    hlt
    cli
    cmpb $0, line_ended(%rip)
    jne 2f
    mov ticks(%rip), %eax
    sub last_key_tick(%rip), %eax
    cmp $PATIENCE, %eax
    jb 1b
    PRINT "(nobody there)"
2:  mov $UART + 1, %edx
    xor %eax, %eax
    out %al, %dx
    PRINT "\nkeys: "
    mov keys(%rip), %eax
    PRINT_DEC %rax
    PRINT "\n"
    ret

uart_interrupt:
1:  mov $UART_LINE_STATUS, %edx
    in %dx, %al
    test $1, %al
    jz 3f
    mov $UART, %edx
    in %dx, %al
    cmp $'\r', %al
    je 2f
    cmp $'\n', %al
    je 2f
    incl keys(%rip)
    mov ticks(%rip), %ecx
    mov %ecx, last_key_tick(%rip)
    call uart_byte
    jmp 1b
2:  movb $1, line_ended(%rip)
    jmp 1b
3:  APIC_WRITE APIC_EOI, $0
    ret

report_uptime:
    PRINT "up for "
    mov ticks(%rip), %eax
    PRINT_DEC %rax
    PRINT " ms\n"
    ret

    .section .rodata
rtc_registers:
    .byte 9, 8, 7, 4, 2, 0
rtc_limits:
    .byte 100, 13, 32, 24, 60, 60
rtc_separators:
    .ascii "-- ::\n"
    .data
separator:
    .byte 0, 0
line_ended:
    .byte 0
    .balign 8
rtc_fields:
    .quad 0
ticks:
    .long 0
pic_ticks:
    .long 0
ioapic_ticks:
    .long 0
keys:
    .long 0
last_key_tick:
    .long 0
