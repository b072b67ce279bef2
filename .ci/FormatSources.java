import com.google.googlejavaformat.java.Formatter;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/// Checks, or with `apply` puts right, the format of every Java source below the folders given, or
/// below the current one.
///
/// The formatter parses with the compiler of the JDK it runs on. Maven may run on one that is older
/// than the sources, and so would a formatter plugin inside it; this program is started by the
/// build on the JDK that compiles.
final class FormatSources {
  private static final Set<String> SKIPPED_FOLDERS = Set.of("target", ".git");

  private FormatSources() {}

  public static void main(String[] args) throws IOException {
    if (args.length == 0 || !Set.of("check", "apply").contains(args[0])) {
      System.err.println("usage: FormatSources check|apply [FOLDER...]");
      System.exit(2);
    }
    var changed = new ConcurrentHashMap<Path, String>();
    var unreadable = new ConcurrentHashMap<Path, String>();
    var sources = new ArrayList<Path>();
    for (String folder :
        args.length == 1 ? new String[] {""} : Arrays.copyOfRange(args, 1, args.length)) {
      collect(Path.of(folder).toAbsolutePath(), sources);
    }
    sources.parallelStream().forEach(path -> format(path, changed, unreadable));
    if (args[0].equals("apply")) {
      for (var entry : changed.entrySet()) {
        Files.writeString(entry.getKey(), entry.getValue());
      }
      changed.clear();
    }
    new TreeMap<>(unreadable).forEach((path, why) -> System.err.println(path + ": " + why));
    new TreeMap<>(changed).keySet().forEach(path -> System.err.println(path + ": not formatted"));
    if (!changed.isEmpty()) {
      System.err.println("Format with: mvn -q -N -Pformat validate");
    }
    System.exit(changed.isEmpty() && unreadable.isEmpty() ? 0 : 1);
  }

  private static void collect(Path root, List<Path> found) throws IOException {
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            boolean skipped = SKIPPED_FOLDERS.contains(folder.getFileName().toString());
            return skipped ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (file.toString().endsWith(".java")) {
              found.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static void format(
      Path path,
      ConcurrentHashMap<Path, String> changed,
      ConcurrentHashMap<Path, String> unreadable) {
    try {
      String source = Files.readString(path);
      String formatted = new Formatter().formatSourceAndFixImports(source);
      if (!formatted.equals(source)) {
        changed.put(path, formatted);
      }
    } catch (Exception e) {
      unreadable.put(path, String.valueOf(e.getMessage()).lines().findFirst().orElse("unreadable"));
    }
  }
}
