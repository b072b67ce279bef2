# errata-quirks: what KVM's quirks are seen by. Linux Documentation/virt/kvm/api.rst, KVM_CAP_DISABLE_QUIRKS2.
#   -kernel errata-quirks.elf -append PART [--quirk NAME=off]
#
# | part | quirk | does |
# |---|---|---|
# | hypercall | FIX_HYPERCALL_INSN | VMCALL and VMMCALL, and looks at their bytes behind them |
# | readonly | FIX_HYPERCALL_INSN | the same in a page that must not be written, at 1 GiB |
# | monitor | MWAIT_NEVER_UD_FAULTS | MONITOR and MWAIT |
# | enable | MISC_ENABLE_NO_MWAIT | clears and sets bit 18 of IA32_MISC_ENABLE, and asks CPUID |
# | hole | LAPIC_MMIO_HOLE | reads and writes 0xfee00020 in x2APIC mode |
# | out | OUT_7E_INC_RIP | an OUT to port 0x7e at 0x800000 and one to 0x7f behind it |
# | registers | STUFF_FEATURE_MSRS | reads the feature MSRs |
# | lint0 | LINT0_REENABLED | -smp 2: vCPU 1 resets vCPU 0 by INIT; both print LINT0 |
# Exceptions: 0x6(0x0) is #UD, 0xd(0x0) is #GP(0).

    .include "long.inc"
    .include "facts.inc"
    .include "apic.inc"
    .include "smp.inc"

.equ ALIAS, 0x40000000            # 1 GiB: the first 2 MiB again, read-only
.equ NO_SUCH_CALL, 0x7777
.equ IA32_MISC_ENABLE, 0x1a0
.equ ENABLE_MONITOR, 1 << 18
.equ IA32_APIC_BASE_EXTD, 1 << 10
.equ OUT_AT, 0x800000             # where the OUTs are copied
.equ IVT_UD, 6 * 4
.equ BYTES, 0xffffff

# BYTES_OF "key", label: the three bytes there.
.macro BYTES_OF key, label
    mov \label(%rip), %eax
    and $BYTES, %eax
    FACT "\key", %rax
.endm

# READ_MSR "key", index: its value, or what RDMSR raised.
.macro READ_MSR key, index
    mov $\index, %ecx
    FAULTS rdmsr
    PRINT "\key="
    call print_msr
.endm

main:
    PART "hypercall", hypercall
    PART "readonly", readonly
    PART "monitor", monitor_and_mwait
    PART "enable", enable
    PART "hole", hole
    PART "out", out
    PART "registers", registers
    PART "lint0", lint0
    jmp no_such_part

hypercall:
    mov $NO_SUCH_CALL, %eax
    movq $NOTHING_SEEN, seen_vector(%rip)
    call intels
    FACT_SEEN "vmcall"
    FACT "vmcall-result", %rax
    BYTES_OF "vmcall-bytes", intels
    mov $NO_SUCH_CALL, %eax
    movq $NOTHING_SEEN, seen_vector(%rip)
    call amds
    FACT_SEEN "vmmcall"
    FACT "vmmcall-result", %rax
    BYTES_OF "vmmcall-bytes", amds
    ret

intels:
    vmcall
intels_end:
    ret
amds:
    vmmcall
amds_end:
    ret

    .pushsection .fixups, "aw"
    .quad intels, intels_end
    .quad amds, amds_end
    .quad intels + ALIAS, intels_end
    .quad amds + ALIAS, amds_end
    .popsection

readonly:
    movq $0x81, pd + 512 * 8      # present, page size; not writable
    invlpg ALIAS
    mov $NO_SUCH_CALL, %eax
    movq $NOTHING_SEEN, seen_vector(%rip)
    mov $intels + ALIAS, %rbx
    call *%rbx
    FACT_SEEN "readonly-vmcall"
    BYTES_OF "readonly-vmcall-bytes", intels
    mov $NO_SUCH_CALL, %eax
    movq $NOTHING_SEEN, seen_vector(%rip)
    mov $amds + ALIAS, %rbx
    call *%rbx
    FACT_SEEN "readonly-vmmcall"
    BYTES_OF "readonly-vmmcall-bytes", amds
    ret

monitor_and_mwait:
    call print_monitor_bit
    lea word(%rip), %rax
    xor %ecx, %ecx
    xor %edx, %edx
    FAULTS monitor
    FACT_SEEN "monitor"
    xor %eax, %eax
    xor %ecx, %ecx
    FAULTS mwait
    FACT_SEEN "mwait"
    lea word(%rip), %rax
    mov $8, %ecx                  # an extension that does not exist
    xor %edx, %edx
    FAULTS monitor
    FACT_SEEN "monitor-extension"
    ret

enable:
    call print_monitor_bit
    mov $IA32_MISC_ENABLE, %ecx
    FAULTS rdmsr
    FACT_SEEN "misc-enable-read"
    and $~ENABLE_MONITOR, %eax
    FAULTS wrmsr
    FACT_SEEN "misc-enable-clear"
    PRINT "cleared-"
    call print_monitor_bit
    mov $IA32_MISC_ENABLE, %ecx
    FAULTS rdmsr
    or $ENABLE_MONITOR, %eax
    FAULTS wrmsr
    FACT_SEEN "misc-enable-set"
    PRINT "set-"
    call print_monitor_bit
    ret

print_monitor_bit:
    mov $1, %eax
    cpuid
    shr $3, %ecx
    and $1, %ecx
    FACT "cpuid-monitor", %rcx
    ret

hole:
    mov $IA32_APIC_BASE, %ecx
    rdmsr
    or $IA32_APIC_BASE_EXTD, %eax
    wrmsr
    APIC_READ APIC_ID
    FACT "hole", %rax
    APIC_WRITE APIC_ID, $0x5000000
    APIC_READ APIC_ID
    FACT "hole-after-write", %rax
    ret

out:
    lea outs(%rip), %rsi
    mov $OUT_AT, %edi
    mov $outs_end - outs, %ecx
    rep movsb
    mov $OUT_AT, %eax
    call *%rax
    ret
outs:
    out %al, $0x7e
    out %al, $0x7f
    ret
outs_end:

registers:
    READ_MSR "platform-info", 0xce
    READ_MSR "arch-capabilities", 0x10a
    READ_MSR "perf-capabilities", 0x345
    READ_MSR "bios-sign-id", 0x8b
    ret

print_msr:
    cmpq $NOTHING_SEEN, seen_vector(%rip)
    je 1f
    call print_seen
    PRINT "\n"
    ret
1:  shl $32, %rdx
    mov %eax, %eax
    or %rax, %rdx
    PRINT_HEX %rdx
    PRINT "\n"
    ret

# vCPU 0 comes back from INIT at the reset vector, where no ROM is: the bytes 0xff there are undefined, and vector 6
# in the real-mode table leads to the same code as a start-up IPI.
lint0:
    call apic_enable
    call start_vcpu1
1:  pause
    jmp 1b

ap_main:
    APIC_READ APIC_ID
    test %eax, %eax
    jz 1f
    APIC_READ APIC_LVT_LINT0
    FACT "ap-lint0", %rax
    movl $(TRAMPOLINE >> 4) << 16, IVT_UD
    APIC_WRITE APIC_ICR_HIGH, $0
    APIC_WRITE APIC_ICR, $ICR_INIT
2:  pause
    jmp 2b
1:  APIC_READ APIC_LVT_LINT0
    FACT "bsp-lint0", %rax
    jmp finish

    .data
    .balign 8
word:
    .quad 0
    .text
