package dev.backstep.emulator.isa;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.HexFormat;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/// The host's own processor as a reference: runs single instructions on it, with all general
/// registers (but RSP) and the arithmetic flags set before and read after.
///
/// Code is written to a page that is writable, then made executable: never both at once.
@SuppressWarnings("restricted")
final class HostCpu implements AutoCloseable {
  /// Bytes of a thunk: the instruction and the code around it.
  static final int THUNK_BYTES = 512;

  /// Thunks that fit one batch.
  static final int BATCH = 512;

  /// Linear address of memory that host and guest have in common; fixed, so that cases can be
  /// repeated.
  static final long SCRATCH = 0x20_0000L;

  static final int SCRATCH_BYTES = 0x4000;
  private static final int FLAGS_SLOT = 16;
  private static final long STATE_BYTES = 17 * 8;
  private static final int READ = 1;
  private static final int WRITE = 2;
  private static final int EXECUTE = 4;
  private static final int PRIVATE_ANONYMOUS = 0x22;
  private static final int FIXED_NOREPLACE = 0x10_0000;
  private static final byte[] PROLOGUE =
      bytes("53 55 41 54 41 55 41 56 41 57 57"); // push rbx rbp r12 r13 r14 r15 rdi
  private static final byte[] LOAD_FLAGS = bytes("FF B7 80 00 00 00 9D"); // push [rdi+80H]; popfq
  private static final byte[] SWAP_STATE = bytes("48 87 3C 24"); // xchg [rsp], rdi
  private static final byte[] SAVE_FLAGS =
      bytes("9C 8F 87 80 00 00 00 FC"); // pushfq; pop [rdi+80H]; cld
  private static final byte[] SAVE_RDI = bytes("58 48 89 47 38"); // pop rax; mov [rdi+38H], rax
  private static final byte[] EPILOGUE =
      bytes("41 5F 41 5E 41 5D 41 5C 5D 5B C3"); // pop r15 r14 r13 r12 rbp rbx; ret

  private final MethodHandle mprotect;
  private final MethodHandle munmap;
  private final MethodHandle call;
  private final MemorySegment code;
  private final MemorySegment scratch;
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment state = arena.allocate(STATE_BYTES, 16);

  private HostCpu(MethodHandle mmap, MethodHandle mprotect, MethodHandle munmap) throws Throwable {
    this.mprotect = mprotect;
    this.munmap = munmap;
    call = Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));
    long codeBytes = (long) THUNK_BYTES * BATCH;
    code = map(mmap, 0, codeBytes, PRIVATE_ANONYMOUS);
    scratch = map(mmap, SCRATCH, SCRATCH_BYTES, PRIVATE_ANONYMOUS | FIXED_NOREPLACE);
  }

  /// The host's processor; the test that asks is skipped, with the reason, where it cannot be had.
  static HostCpu openOrSkip() {
    String why = whyNot();
    if (why != null) {
      return Assumptions.abort(why);
    }
    try {
      return new HostCpu(
          function("mmap", "PJIIIJ:P"), function("mprotect", "PJI:I"), function("munmap", "PJ:I"));
    } catch (Throwable e) {
      return Assumptions.abort("no executable memory at a fixed address: " + e);
    }
  }

  /// Why this host cannot be the reference, or null.
  private static @Nullable String whyNot() {
    String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    if (!arch.equals("amd64") && !arch.equals("x86_64")) {
      return "the host is not x86-64 but " + arch;
    }
    return System.getProperty("os.name").equals("Linux") ? null : "the host does not run Linux";
  }

  private static MethodHandle function(String name, String signature) {
    MemorySegment symbol = Linker.nativeLinker().defaultLookup().findOrThrow(name);
    int colon = signature.indexOf(':');
    MemoryLayout[] parameters = new MemoryLayout[colon];
    for (int k = 0; k < colon; k++) {
      parameters[k] = layout(signature.charAt(k));
    }
    return Linker.nativeLinker()
        .downcallHandle(
            symbol, FunctionDescriptor.of(layout(signature.charAt(colon + 1)), parameters));
  }

  private static MemoryLayout layout(char type) {
    return switch (type) {
      case 'P' -> ValueLayout.ADDRESS;
      case 'J' -> ValueLayout.JAVA_LONG;
      default -> ValueLayout.JAVA_INT;
    };
  }

  private static MemorySegment map(MethodHandle mmap, long at, long bytes, int flags)
      throws Throwable {
    MemorySegment page =
        (MemorySegment)
            mmap.invokeExact(MemorySegment.ofAddress(at), bytes, READ | WRITE, flags, -1, 0L);
    if (page.address() == -1 || at != 0 && page.address() != at) {
      throw new IllegalStateException("mmap");
    }
    return page.reinterpret(bytes);
  }

  /// The memory at [#SCRATCH].
  MemorySegment scratch() {
    return scratch;
  }

  /// Writes one thunk for each instruction, at most [#BATCH]; they replace those written before.
  void load(byte[][] instructions) throws Throwable {
    protect(READ | WRITE);
    for (int k = 0; k < instructions.length; k++) {
      long at = (long) k * THUNK_BYTES;
      at = put(at, PROLOGUE);
      at = put(at, LOAD_FLAGS);
      at = moves(at, 0x8B);
      at = put(at, bytes("48 8B 7F 38")); // mov rdi, [rdi+38H]
      at = put(at, instructions[k]);
      at = put(at, SWAP_STATE);
      at = moves(at, 0x89);
      at = put(at, SAVE_FLAGS);
      at = put(at, SAVE_RDI);
      put(at, EPILOGUE);
    }
    protect(READ | EXECUTE);
  }

  /// `mov reg, [rdi+8*reg]` (8B) or its inverse (89) for all registers but RSP and RDI.
  private long moves(long start, int opcode) {
    long at = start;
    for (int r = 0; r < 16; r++) {
      if (r != 4 && r != 7) {
        int rex = r < 8 ? 0x48 : 0x4C;
        at =
            put(
                at,
                new byte[] {
                  (byte) rex, (byte) opcode, (byte) (0x87 | (r & 7) << 3), (byte) (8 * r), 0, 0, 0
                });
      }
    }
    return at;
  }

  /// Runs instruction `k` of those loaded. Registers and flags (index 16) are replaced by what it
  /// left.
  void run(int k, long[] registersAndFlags) throws Throwable {
    MemorySegment.copy(registersAndFlags, 0, state, ValueLayout.JAVA_LONG, 0, FLAGS_SLOT + 1);
    call.invokeExact(code.asSlice((long) k * THUNK_BYTES), state);
    MemorySegment.copy(state, ValueLayout.JAVA_LONG, 0, registersAndFlags, 0, FLAGS_SLOT + 1);
  }

  private long put(long at, byte[] bytes) {
    MemorySegment.copy(bytes, 0, code, ValueLayout.JAVA_BYTE, at, bytes.length);
    return at + bytes.length;
  }

  private void protect(int protection) throws Throwable {
    if ((int) mprotect.invokeExact(code, code.byteSize(), protection) != 0) {
      throw new IllegalStateException("mprotect");
    }
  }

  @Override
  public void close() {
    arena.close();
    try {
      int a = (int) munmap.invokeExact(code, code.byteSize());
      int b = (int) munmap.invokeExact(scratch, scratch.byteSize());
      if (a != 0 || b != 0) {
        throw new IllegalStateException("munmap");
      }
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  static byte[] bytes(String hex) {
    return HexFormat.ofDelimiter(" ").parseHex(hex);
  }
}
