# errata-cache: what memory types come to when a device looks at memory. A buffer in RAM holds "old"; the
# processor writes "new" to it and has a device read it, or the other way round; which of both the other side
# sees is printed. Needs the device, and caches: -device noncoherent-dma --cache-model on, for the parts wc...
# and movnti... also -smp 2.
#   -kernel errata-cache.elf -append PART
#
# | part | does |
# |---|---|
# | wb, wt, wp, uc-pat, uc-mtrr | writes the buffer as memory of that type, by the PAT or by a variable MTRR; the device reads |
# | clflush, clflushopt, clwb, wbinvd | WB as before, and one of these before the device reads |
# | uc-mtrr-clflush | as uc-mtrr, and CLFLUSH |
# | snoop | WB; the device snoops |
# | alias | WB, and then a load through an alias that is UC by the PAT |
# | invd | WB, INVD, and a load |
# | no-fill, no-fill-miss | CR0.CD is set before the write; the line is cached, or not |
# | device-write, device-write-uc | the device writes what the processor has loaded; with UC by a variable MTRR |
# | prefetch | the same after a prefetch alone |
# | sharing | the device writes one half of a line while the processor writes the other |
# | wc, wc-sfence, wc-lock | WC by the PAT; vCPU 1 is told by a plain store, after SFENCE, or by a locked one, and has the device read |
# | movnti, movnti-sfence | the same with a non-temporal store to WB memory |

    .include "long.inc"
    .include "facts.inc"
    .include "types.inc"
    .include "apic.inc"
    .include "smp.inc"

.equ OLD, 0x646c6f
.equ NEW, 0x77656e
.equ CR0_CD, 1 << 30

# Configuration space, and the device there. docs/noncoherent-dma.md.
.equ PCI_ADDRESS, 0xcf8
.equ PCI_VALUE, 0xcfc
.equ PCI_ENABLE, 1 << 31
.equ PCI_COMMAND, 0x04
.equ PCI_IO, 1 << 0
.equ PCI_BUS_MASTER, 1 << 2
.equ PCI_BAR1, 0x14
.equ DMA_IDENTITY, 0x10f01af4
.equ DMA_SOURCE, 0x08
.equ DMA_DESTINATION, 0x10
.equ DMA_LENGTH, 0x18
.equ DMA_COMMAND, 0x1c
.equ DMA_PATTERN, 0x20
.equ DMA_FIRST, 0x28
.equ DMA_READ, 1
.equ DMA_FILL, 2
.equ DMA_SNOOP, 1 << 4

main:
    PART "wb", wb
    PART "wt", wt
    PART "wp", wp
    PART "uc-pat", uc_pat
    PART "uc-mtrr", uc_mtrr
    PART "uc-mtrr-clflush", uc_mtrr_clflush
    PART "clflush", with_clflush
    PART "clflushopt", with_clflushopt
    PART "clwb", with_clwb
    PART "wbinvd", with_wbinvd
    PART "snoop", snoop
    PART "alias", alias
    PART "invd", with_invd
    PART "no-fill", no_fill
    PART "no-fill-miss", no_fill_miss
    PART "device-write", device_write
    PART "device-write-uc", device_write_uc
    PART "prefetch", prefetch
    PART "sharing", sharing
    PART "wc", wc
    PART "wc-sfence", wc_sfence
    PART "wc-lock", wc_lock
    PART "movnti", with_movnti
    PART "movnti-sfence", with_movnti_sfence
    jmp no_such_part

# WRITE: the processor writes the buffer.
.macro WRITE
    movl $NEW, WINDOW
.endm

# TELL "key": key=old or key=new, by eax.
.macro TELL key
    PRINT "\key="
    call print_age
    PRINT "\n"
.endm

# DEVICE_READS: the device reads the buffer, and what it found is printed.
.macro DEVICE_READS
    mov $DMA_READ, %eax
    call dma_read
    TELL "device"
.endm

# TYPE bits: the buffer's page gets these bits of its PTE.
.macro TYPE bits
    PAGE WINDOW, \bits
    call forget_translations
.endm

wb:
    call prepare
    WRITE
    DEVICE_READS
    ret

wt:
    call prepare
    TYPE PTE_WT
    WRITE
    DEVICE_READS
    ret

wp:
    call prepare
    TYPE PTE_WP
    WRITE
    DEVICE_READS
    ret

uc_pat:
    call prepare
    TYPE PTE_UC
    WRITE
    DEVICE_READS
    ret

uc_mtrr:
    call prepare
    RANGE 0, WINDOW, 0x10000, UC
    WRITE
    DEVICE_READS
    ret

uc_mtrr_clflush:
    call prepare
    RANGE 0, WINDOW, 0x10000, UC
    WRITE
    clflush WINDOW
    DEVICE_READS
    ret

with_clflush:
    call prepare
    WRITE
    clflush WINDOW
    DEVICE_READS
    ret

with_clflushopt:
    call prepare
    WRITE
    clflushopt WINDOW
    DEVICE_READS
    ret

with_clwb:
    call prepare
    WRITE
    clwb WINDOW
    DEVICE_READS
    ret

with_wbinvd:
    call prepare
    WRITE
    wbinvd
    DEVICE_READS
    ret

snoop:
    call prepare
    WRITE
    mov $DMA_READ | DMA_SNOOP, %eax
    call dma_read
    TELL "device"
    ret

alias:
    call prepare
    movq $WINDOW | PTE_UC, window_pages + 8
    call forget_translations
    WRITE
    mov WINDOW + 0x1000, %eax
    TELL "processor"
    DEVICE_READS
    ret

# INVD loses all that is modified in the cache: nothing but the buffer is written in between.
with_invd:
    call prepare
    mov WINDOW, %eax
    wbinvd
    WRITE
    invd
    mov WINDOW, %eax
    TELL "processor"
    ret

.macro DISABLE_CACHE
    mov %cr0, %rax
    or $CR0_CD, %eax
    mov %rax, %cr0
.endm

no_fill:
    call prepare
    mov WINDOW, %eax
    DISABLE_CACHE
    WRITE
    DEVICE_READS
    ret

no_fill_miss:
    call prepare
    DISABLE_CACHE
    WRITE
    DEVICE_READS
    ret

device_write:
    call prepare
    mov WINDOW, %eax
    mov $NEW, %eax
    call dma_fill
    mov WINDOW, %eax
    TELL "processor"
    clflush WINDOW
    mov WINDOW, %eax
    TELL "flushed"
    ret

device_write_uc:
    call prepare
    RANGE 0, WINDOW, 0x10000, UC
    mov WINDOW, %eax
    mov $NEW, %eax
    call dma_fill
    mov WINDOW, %eax
    TELL "processor"
    ret

prefetch:
    call prepare
    mov WINDOW + 0x800, %eax      # a translation, which a prefetch needs
    prefetcht0 WINDOW
    mov $NEW, %eax
    call dma_fill
    mov WINDOW, %eax
    TELL "processor"
    ret

# The device writes all of the line; the processor has modified the word behind the first.
sharing:
    call prepare
    movl $NEW, WINDOW + 4
    mov $NEW, %eax
    call dma_fill
    clflush WINDOW
    mov WINDOW, %eax
    TELL "processor"
    DEVICE_READS
    ret

# vCPU 1 waits for `go`, has the device read, and sets `done`. Neither of them, nor waiting, empties a buffer.
.macro WAIT_FOR_READ
1:  pause
    cmpl $0, done
    je 1b
    mov found, %eax
    TELL "device"
.endm

wc:
    call prepare_two
    TYPE PTE_WC
    WRITE
    movl $1, go
    WAIT_FOR_READ
    ret

wc_sfence:
    call prepare_two
    TYPE PTE_WC
    WRITE
    sfence
    movl $1, go
    WAIT_FOR_READ
    ret

wc_lock:
    call prepare_two
    TYPE PTE_WC
    WRITE
    lock orl $1, go
    WAIT_FOR_READ
    ret

with_movnti:
    call prepare_two
    mov $NEW, %eax
    movnti %eax, WINDOW
    movl $1, go
    WAIT_FOR_READ
    ret

with_movnti_sfence:
    call prepare_two
    mov $NEW, %eax
    movnti %eax, WINDOW
    sfence
    movl $1, go
    WAIT_FOR_READ
    ret

ap_main:
1:  pause
    cmpl $0, go
    je 1b
    mov $DMA_READ, %eax
    call dma_read
    mov %eax, found
    movl $1, done
    ret

# The window WB, with 4 KiB pages; the device writes "old" to the buffer, which nobody has touched yet.
prepare:
    call memory_types_setup
    call find_device
    mov $OLD, %eax
    jmp dma_fill

# The same, and vCPU 1 waits.
prepare_two:
    call prepare
    call apic_enable
    jmp start_vcpu1

# eax: one of the words.
print_age:
    cmp $OLD, %eax
    je 1f
    cmp $NEW, %eax
    je 2f
    PRINT "other"
    ret
1:  PRINT "old"
    ret
2:  PRINT "new"
    ret

# Finds the device on bus 0, lets it master the bus, and notes where its ports are.
find_device:
    mov $PCI_ENABLE, %ebx
1:  mov %ebx, %eax
    call pci_read
    cmp $DMA_IDENTITY, %eax
    je 2f
    add $1 << 11, %ebx
    cmp $PCI_ENABLE + (32 << 11), %ebx
    jb 1b
    PRINT "FAIL no device: -device noncoherent-dma is missing\n"
    mov $1, %eax
    jmp leave_with_eax
2:  lea PCI_BAR1(%rbx), %eax
    call pci_read
    and $~3, %eax
    mov %eax, dma_ports
    lea PCI_COMMAND(%rbx), %eax
    mov $PCI_ADDRESS, %edx
    out %eax, %dx
    mov $PCI_VALUE, %edx
    mov $PCI_IO | PCI_BUS_MASTER, %eax
    out %ax, %dx
    ret

# eax: address -> eax: value.
pci_read:
    mov $PCI_ADDRESS, %edx
    out %eax, %dx
    mov $PCI_VALUE, %edx
    in %dx, %eax
    ret

# DMA register, value: value is eax or a constant. Clobbers eax, edx.
.macro DMA register, value
    mov dma_ports, %edx
    add $\register, %edx
    mov \value, %eax
    out %eax, %dx
.endm

# The device fills the buffer's line with the word in eax.
dma_fill:
    DMA DMA_PATTERN, %eax
    DMA DMA_DESTINATION, $WINDOW
    DMA DMA_LENGTH, $64
    DMA DMA_COMMAND, $DMA_FILL
    ret

# The device carries out the command in eax, which reads the buffer -> eax: what it read first.
dma_read:
    mov %eax, %ecx
    DMA DMA_SOURCE, $WINDOW
    DMA DMA_LENGTH, $8
    DMA DMA_COMMAND, %ecx
    mov dma_ports, %edx
    add $DMA_FIRST, %edx
    in %dx, %eax
    ret

    .data
    .balign 64
dma_ports:
    .long 0
    .balign 64
go:
    .long 0
    .balign 64
done:
    .long 0
found:
    .long 0
    .balign 64
    .text
