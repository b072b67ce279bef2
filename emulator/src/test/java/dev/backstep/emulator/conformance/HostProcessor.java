package dev.backstep.emulator.conformance;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The processor of the host, in a process of its own, so that whatever a case does hurts nobody.
///
/// The process ([HostProgram]) lives in its handler of signals. The kernel gives a handler the
/// whole state of who was interrupted and loads it again when the handler returns; so a case is
/// entered by returning from the handler with the case's state, and left by the breakpoint behind
/// its code or by a fault. Cases come and go through a file that both processes map; a byte in a
/// pipe says that a batch is there or done.
final class HostProcessor implements AutoCloseable {
  /// Cases of one batch.
  static final int BATCH = 128;

  /// Linear address of the page that holds the code; it can be read and executed.
  static final long CODE_PAGE = 0x1000_0000L;

  /// Where in it the code of a case begins; the rest is filled with [#BREAKPOINT].
  static final long CODE = CODE_PAGE + 0x800;

  /// Linear address of two pages that can be read and written, followed by one that holds zeroes
  /// and can only be read; what is around them is not mapped.
  static final long DATA = 0x1001_0000L;

  static final long READ_ONLY = DATA + 0x2000;
  static final int BREAKPOINT = 0xCC;

  /// What the JDK says of EACCES when it cannot execute a program.
  private static final Pattern ACCESS_DENIED = Pattern.compile("\\berror[=:] ?13\\b");

  /// The system does not let programs execute that are in the folder for temporary files.
  static final class ForbiddenException extends IOException {
    private static final long serialVersionUID = 1;

    ForbiddenException(Path program, String why) {
      super("the program that runs code on the host may not be executed: " + program + " " + why);
    }
  }

  private static final int HEADER_BYTES = 0x1000;
  private static final long BATCH_BYTES = (long) BATCH * StateRecord.BYTES;
  private static final long SHARED_BYTES = HEADER_BYTES + 4 * BATCH_BYTES;
  private static final long SHARED = 0x6000_0000_0000L;
  private static final int COUNT = 0;
  private static final int INDEX = 8;
  private static final int BEFORE = 16;
  private static final int AFTER = 24;
  private static final int YMM_BYTES = 32;
  private static final int TIMEOUT_S = 20;

  private final Path folder;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment shared;
  private final ExecutorService reader =
      Executors.newSingleThreadExecutor(
          run -> {
            Thread thread = new Thread(run, "host processor");
            thread.setDaemon(true);
            return thread;
          });
  private final Set<String> flags;
  private @Nullable Process process;
  private int restarts;

  /// @throws ForbiddenException if the program may not be executed
  /// @throws IOException if the process cannot be had for another reason
  private HostProcessor() throws IOException {
    flags = Set.of(Pattern.compile(" +").split(cpuinfo("flags")));
    folder = Files.createTempDirectory("backstep-host");
    try {
      shared = share(folder.resolve("shared"), arena);
      Path program = folder.resolve("host");
      Files.write(program, HostProgram.bytes());
      Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
      if (!Files.isExecutable(program)) {
        throw new ForbiddenException(program, "(its file system is mounted noexec)");
      }
      start();
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  private static MemorySegment share(Path file, Arena arena) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      return channel.map(FileChannel.MapMode.READ_WRITE, 0, SHARED_BYTES, arena);
    }
  }

  /// Why the host cannot be compared with, or null.
  static @Nullable String whyNot() {
    String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    if (!arch.equals("amd64") && !arch.equals("x86_64")) {
      return "the host is not x86-64 but " + arch;
    }
    return System.getProperty("os.name").equals("Linux") ? null : "the host does not run Linux";
  }

  static HostProcessor open() throws IOException {
    return new HostProcessor();
  }

  /// Whether the host has a feature, by its name in /proc/cpuinfo.
  boolean has(String flag) {
    return flags.contains(flag);
  }

  static boolean isAmd() throws IOException {
    return cpuinfo("vendor_id").equals("AuthenticAMD");
  }

  static String modelName() throws IOException {
    return cpuinfo("model name");
  }

  private static String cpuinfo(String key) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
      int colon = line.indexOf(':');
      if (colon > 0 && line.substring(0, colon).strip().equals(key)) {
        return line.substring(colon + 1).strip();
      }
    }
    return "";
  }

  private void start() throws IOException {
    shared.set(ValueLayout.JAVA_LONG, COUNT, 0);
    shared.set(ValueLayout.JAVA_LONG, INDEX, -1);
    shared.set(ValueLayout.JAVA_LONG, YMM_BYTES, flags.contains("avx") ? 256 : 0);
    process = execute(folder.resolve("host"), folder.resolve("shared"));
    if (awaitByte() < 0) {
      throw new IOException("the process that runs code on the host does not start");
    }
  }

  private static Process execute(Path program, Path shared) throws IOException {
    try {
      return new ProcessBuilder(program.toString(), shared.toString())
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start();
    } catch (IOException e) {
      if (ACCESS_DENIED.matcher(String.valueOf(e.getMessage())).find()) {
        throw new ForbiddenException(program, "(" + e.getMessage() + ")");
      }
      throw e;
    }
  }

  /// The state before case `k` of a buffer, 0 or 1.
  StateRecord before(int buffer, int k) {
    return new StateRecord(shared.asSlice(offset(buffer, k), StateRecord.BYTES));
  }

  /// The state that case `k` of a buffer left.
  StateRecord after(int buffer, int k) {
    return new StateRecord(shared.asSlice(offset(2 + buffer, k), StateRecord.BYTES));
  }

  private static long offset(int area, int k) {
    return HEADER_BYTES + area * BATCH_BYTES + (long) k * StateRecord.BYTES;
  }

  /// Starts the first `count` cases of a buffer.
  void submit(int buffer, int count) throws IOException {
    submit(buffer, 0, count);
  }

  private void submit(int buffer, int from, int count) throws IOException {
    shared.set(ValueLayout.JAVA_LONG, COUNT, count - from);
    shared.set(ValueLayout.JAVA_LONG, BEFORE, SHARED + offset(buffer, from));
    shared.set(ValueLayout.JAVA_LONG, AFTER, SHARED + offset(2 + buffer, from));
    Process running = process;
    if (running == null) {
      throw new IOException("the process that runs code on the host has ended");
    }
    running.getOutputStream().write(1);
    running.getOutputStream().flush();
  }

  /// Waits until the cases submitted have run. One that does not end, or that ends the process, is
  /// left without a result (vector -1), and the rest is run by a new process.
  void await(int buffer, int count) throws IOException {
    int from = 0;
    while (awaitByte() < 0) {
      int lost = from + (int) shared.get(ValueLayout.JAVA_LONG, INDEX);
      if (++restarts > 20 || lost < from) {
        throw new IOException("the process that runs code on the host keeps ending");
      }
      start();
      after(buffer, lost).putLong(StateRecord.VECTOR, -1);
      from = lost + 1;
      if (from >= count) {
        return;
      }
      submit(buffer, from, count);
    }
  }

  /// Waits for the process; a negative number if it has ended, or had to be ended.
  private int awaitByte() throws IOException {
    Process running = process;
    if (running == null) {
      return -1;
    }
    Future<Integer> read = reader.submit(() -> running.getInputStream().read());
    try {
      int b = read.get(TIMEOUT_S, TimeUnit.SECONDS);
      if (b < 0) {
        running.destroyForcibly();
      }
      return b;
    } catch (TimeoutException _) {
      running.destroyForcibly();
      return -1;
    } catch (Exception e) {
      running.destroyForcibly();
      throw new IOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    Process running = process;
    if (running != null) {
      running.destroyForcibly();
    }
    reader.shutdown();
    arena.close();
    Files.deleteIfExists(folder.resolve("shared"));
    Files.deleteIfExists(folder.resolve("host"));
    Files.deleteIfExists(folder);
  }
}
