package dev.backstep.emulator.conformance;

import java.io.ByteArrayOutputStream;
import java.util.HexFormat;

/// The program that [HostProcessor] runs: a static ELF executable, as bytes beside their assembly.
///
/// `start` maps the shared file, the page of code twice (once to execute, once to write: never both
/// at one address) and the pages of data, installs `handler` for SIGILL, SIGTRAP, SIGBUS, SIGFPE
/// and SIGSEGV on a stack of its own, and raises its first signal. `handler` stores what the case
/// under way left, asks for the next batch when there is no case left, and puts the state of the
/// next case where the kernel will load it from. Offsets +40 and +184: `ucontext.uc_mcontext` and
/// its `fpstate` (arch/x86/include/uapi/asm/sigcontext.h).
final class HostProgram {
  private static final String LISTING =
      """
                                    ; ehdr:
      7f 45 4c 46 02 01 01 00       ; db 0x7F,"ELF",2,1,1,0
      00 00 00 00 00 00 00 00       ; dq 0
      02 00 3e 00                   ; dw 2,62
      01 00 00 00                   ; dd 1
      78 00 00 00 00 65 00 00       ; dq start
      40 00 00 00 00 00 00 00       ; dq phdr-ehdr
      00 00 00 00 00 00 00 00       ; dq 0
      00 00 00 00                   ; dd 0
      40 00 38 00 01 00 00 00 00 00 ; dw 64,56,1,0,0,0
      00 00
                                    ; phdr:
      01 00 00 00 05 00 00 00       ; dd 1,5
      00 00 00 00 00 00 00 00       ; dq 0
      00 00 00 00 00 65 00 00       ; dq ehdr
      00 00 00 00 00 65 00 00       ; dq ehdr
      d3 02 00 00 00 00 00 00       ; dq filesize
      d3 02 00 00 00 00 00 00       ; dq filesize
      00 10 00 00 00 00 00 00       ; dq 0x1000
                                    ; LISTING:
                                    ; start:
      48 8b 7c 24 10                ; mov rdi, [rsp+16]
      6a 2b                         ; push 0x2B
      58                            ; pop rax
      8e d8                         ; mov ds, eax
      8e c0                         ; mov es, eax
      6a 02                         ; push 2
      5e                            ; pop rsi
      6a 02                         ; push 2
      58                            ; pop rax
      0f 05                         ; syscall
      89 c3                         ; mov ebx, eax
      48 bf 00 00 00 00 00 60 00 00 ; mov rdi, SHARED
      8b 35 2a 02 00 00             ; mov esi, [rel sharedBytes]
      6a 03                         ; push 3
      5a                            ; pop rdx
      41 89 d8                      ; mov r8d, ebx
      e8 cc 00 00 00                ; call map
      48 8d 3d 22 02 00 00          ; lea rdi, [rel empty]
      31 f6                         ; xor esi, esi
      b8 3f 01 00 00                ; mov eax, 319
      0f 05                         ; syscall
      89 c5                         ; mov ebp, eax
      89 c7                         ; mov edi, eax
      be 00 10 00 00                ; mov esi, 4096
      6a 4d                         ; push 77
      58                            ; pop rax
      0f 05                         ; syscall
      bf 00 00 00 10                ; mov edi, CODE
      6a 05                         ; push 5
      5a                            ; pop rdx
      41 89 e8                      ; mov r8d, ebp
      e8 9e 00 00 00                ; call map
      48 bf 00 00 00 00 00 61 00 00 ; mov rdi, ALIAS
      6a 03                         ; push 3
      5a                            ; pop rdx
      e8 8c 00 00 00                ; call map
      45 31 c0                      ; xor r8d, r8d
      49 ff c8                      ; dec r8
      bf 00 20 01 10                ; mov edi, DATA + 0x2000
      6a 01                         ; push 1
      5a                            ; pop rdx
      e8 71 00 00 00                ; call mapPrivate
      bf 00 00 01 10                ; mov edi, DATA
      be 00 20 00 00                ; mov esi, 0x2000
      6a 03                         ; push 3
      5a                            ; pop rdx
      e8 5f 00 00 00                ; call mapPrivate
      48 bf 00 00 00 00 00 62 00 00 ; mov rdi, STACK
      be 00 00 01 00                ; mov esi, 0x10000
      e8 4b 00 00 00                ; call mapPrivate
      48 bf 00 00 00 00 00 61 00 00 ; mov rdi, ALIAS
      b9 00 10 00 00                ; mov ecx, 4096
      b0 cc                         ; mov al, 0xCC
      f3 aa                         ; rep stosb
      48 8d 3d 54 01 00 00          ; lea rdi, [rel altStack]
      31 f6                         ; xor esi, esi
      b8 83 00 00 00                ; mov eax, 131
      0f 05                         ; syscall
      4c 8d 25 80 01 00 00          ; lea r12, [rel signals]
                                    ; .install:
      41 0f b6 3c 24                ; movzx edi, byte [r12]
      85 ff                         ; test edi, edi
      74 17                         ; jz .installed
      48 8d 35 4c 01 00 00          ; lea rsi, [rel action]
      31 d2                         ; xor edx, edx
      6a 08                         ; push 8
      41 5a                         ; pop r10
      6a 0d                         ; push 13
      58                            ; pop rax
      0f 05                         ; syscall
      49 ff c4                      ; inc r12
      eb e0                         ; jmp .install
                                    ; .installed:
      cc                            ; int3
                                    ; mapPrivate:
      41 ba 22 80 10 00             ; mov r10d, 0x108022
      eb 06                         ; jmp mapCall
                                    ; map:
      41 ba 01 80 10 00             ; mov r10d, 0x108001
                                    ; mapCall:
      45 31 c9                      ; xor r9d, r9d
      6a 09                         ; push 9
      58                            ; pop rax
      0f 05                         ; syscall
      48 39 f8                      ; cmp rax, rdi
      74 0a                         ; je mapped
                                    ; exit:
      6a 01                         ; push 1
      5f                            ; pop rdi
      b8 e7 00 00 00                ; mov eax, 231
      0f 05                         ; syscall
                                    ; mapped:
      c3                            ; ret
                                    ; handler:
      6a 02                         ; push 2
      9d                            ; popfq
      48 89 d3                      ; mov rbx, rdx
      48 bd 00 00 00 00 00 60 00 00 ; mov rbp, SHARED
      48 8b 45 08                   ; mov rax, [rbp+8]
      48 85 c0                      ; test rax, rax
      78 3a                         ; js .next
      49 89 f8                      ; mov r8, rdi
      48 8b 7d 18                   ; mov rdi, [rbp+24]
      48 8d 73 28                   ; lea rsi, [rbx+40]
      b9 00 01 00 00                ; mov ecx, 256
      f3 a4                         ; rep movsb
      48 8b b3 e0 00 00 00          ; mov rsi, [rbx+40+184]
      b9 40 03 00 00                ; mov ecx, 832
      f3 a4                         ; rep movsb
      4c 89 07                      ; mov [rdi], r8
      48 81 c7 c0 03 00 00          ; add rdi, 2048-1088
      be 00 00 01 10                ; mov esi, DATA
      b9 00 20 00 00                ; mov ecx, 8192
      f3 a4                         ; rep movsb
      48 89 7d 18                   ; mov [rbp+24], rdi
                                    ; .next:
      48 8b 45 08                   ; mov rax, [rbp+8]
      48 ff c0                      ; inc rax
      48 3b 45 00                   ; cmp rax, [rbp]
      72 21                         ; jb .set
      6a 01                         ; push 1
      58                            ; pop rax
      89 c7                         ; mov edi, eax
      48 89 ee                      ; mov rsi, rbp
      89 c2                         ; mov edx, eax
      0f 05                         ; syscall
      31 c0                         ; xor eax, eax
      31 ff                         ; xor edi, edi
      48 8d 75 28                   ; lea rsi, [rbp+40]
      6a 01                         ; push 1
      5a                            ; pop rdx
      0f 05                         ; syscall
      ff c8                         ; dec eax
      0f 85 74 ff ff ff             ; jnz exit
                                    ; .set:
      48 89 45 08                   ; mov [rbp+8], rax
      48 8b 75 10                   ; mov rsi, [rbp+16]
      48 8d 7b 28                   ; lea rdi, [rbx+40]
      b9 98 00 00 00                ; mov ecx, 152
      f3 a4                         ; rep movsb
      48 83 c6 68                   ; add rsi, 256-152
      48 8b bb e0 00 00 00          ; mov rdi, [rbx+40+184]
      b9 a0 01 00 00                ; mov ecx, 416
      f3 a4                         ; rep movsb
      48 83 c6 60                   ; add rsi, 96
      48 83 c7 60                   ; add rdi, 96
      48 a5                         ; movsq
      48 83 c6 38                   ; add rsi, 56
      48 83 c7 38                   ; add rdi, 56
      8b 4d 20                      ; mov ecx, [rbp+32]
      f3 a4                         ; rep movsb
      48 8b 75 10                   ; mov rsi, [rbp+16]
      48 81 c6 80 04 00 00          ; add rsi, 1152
      48 bf 00 08 00 00 00 61 00 00 ; mov rdi, ALIAS + 0x800
      b9 80 00 00 00                ; mov ecx, 128
      f3 a4                         ; rep movsb
      48 81 c6 00 03 00 00          ; add rsi, 2048-1152-128
      bf 00 00 01 10                ; mov edi, DATA
      b9 00 20 00 00                ; mov ecx, 8192
      f3 a4                         ; rep movsb
      48 89 75 10                   ; mov [rbp+16], rsi
      c3                            ; ret
                                    ; restore:
      6a 0f                         ; push 15
      58                            ; pop rax
      0f 05                         ; syscall
      90 90 90 90 90 90 90          ; <rep 7h>              align 8
      00 00 00 00 00 62 00 00 00 00 ; altStack: dq STACK, 0, 0x10000
      00 00 00 00 00 00 00 00 01 00
      00 00 00 00
      93 01 00 00 00 65 00 00 04 00 ; action: dq handler, 0x4C000004, restore, 0
      00 4c 00 00 00 00 84 02 00 00
      00 65 00 00 00 00 00 00 00 00
      00 00
      00 10 50 00                   ; sharedBytes: dd 0x501000
      04 05 07 08 0b 00             ; signals: db 4,5,7,8,11,0
      00                            ; empty: db 0
      """;

  private HostProgram() {}

  static byte[] bytes() {
    ByteArrayOutputStream program = new ByteArrayOutputStream();
    for (String line : LISTING.lines().toList()) {
      int comment = line.indexOf(';');
      String hex = (comment < 0 ? line : line.substring(0, comment)).strip();
      if (!hex.isEmpty()) {
        program.writeBytes(HexFormat.ofDelimiter(" ").parseHex(hex));
      }
    }
    return program.toByteArray();
  }
}
