package dev.backstep.emulator.architecture;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.LineNumber;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// The emulator's own class files, read as they will be run.
final class CompiledClasses {
  private static final String ROOT = "dev/backstep/emulator";

  private CompiledClasses() {}

  /// An instruction and where it stands, as findings name it.
  record Site(ClassModel owner, MethodModel method, int line, Instruction instruction) {
    /// The package below the module's root, e.g. `isa`.
    String packageName() {
      return CompiledClasses.packageName(owner);
    }

    String methodName() {
      return method.methodName().stringValue();
    }

    @Override
    public String toString() {
      String className = owner.thisClass().asInternalName().replace('/', '.');
      return String.format(Locale.ROOT, "%s.%s (line %d)", className, methodName(), line);
    }
  }

  /// The package of `type` below the module's root, e.g. `isa`.
  static String packageName(ClassModel type) {
    String name = type.thisClass().asInternalName();
    int end = name.lastIndexOf('/');
    return end <= ROOT.length() ? "" : name.substring(ROOT.length() + 1, end);
  }

  /// All classes of the module, in the order of their names.
  static List<ClassModel> all() {
    var found = new ArrayList<ClassModel>();
    try {
      for (Path root : roots()) {
        try (Stream<Path> files = Files.walk(root)) {
          for (Path file : files.sorted().toList()) {
            if (file.toString().endsWith(".class")) {
              found.add(ClassFile.of().parse(file));
            }
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found;
  }

  /// The instructions of `method` in their order.
  static List<Site> sites(ClassModel owner, MethodModel method) {
    var sites = new ArrayList<Site>();
    int line = 0;
    for (CodeElement element : method.code().<Iterable<CodeElement>>map(c -> c).orElse(List.of())) {
      if (element instanceof LineNumber number) {
        line = number.line();
      } else if (element instanceof Instruction instruction) {
        sites.add(new Site(owner, method, line, instruction));
      }
    }
    return sites;
  }

  /// The instructions of all methods of all classes.
  static List<Site> allSites() {
    var sites = new ArrayList<Site>();
    for (ClassModel owner : all()) {
      owner.methods().forEach(method -> sites.addAll(sites(owner, method)));
    }
    return sites;
  }

  private static List<Path> roots() throws IOException {
    var roots = new ArrayList<Path>();
    for (URL url : CompiledClasses.class.getClassLoader().resources(ROOT).toList()) {
      if (url.getProtocol().equals("file")) {
        Path root = Path.of(URI.create(url.toString()));
        if (!Files.exists(root.resolve("architecture/CompiledClasses.class"))) {
          roots.add(root);
        }
      }
    }
    return roots;
  }
}
