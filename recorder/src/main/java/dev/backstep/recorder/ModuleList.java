package dev.backstep.recorder;

import java.util.ArrayList;
import java.util.List;

/// The value of `-initrd`, as QEMU has it for Multiboot kernels: modules separated by commas, each
/// a file name and, after a space, arguments; a comma within one is written twice.
public final class ModuleList {
  private static final String ROLE = "initrd";

  private ModuleList() {}

  /// The modules of `text`, each with its arguments, which is the string that the kernel gets.
  public static List<String> split(String text) {
    List<String> modules = new ArrayList<>();
    StringBuilder module = new StringBuilder();
    for (int k = 0; k < text.length(); k++) {
      char c = text.charAt(k);
      boolean doubled = c == ',' && k + 1 < text.length() && text.charAt(k + 1) == ',';
      if (c == ',' && !doubled) {
        modules.add(module.toString().stripLeading());
        module.setLength(0);
        continue;
      }
      module.append(c);
      k += doubled ? 1 : 0;
    }
    modules.add(module.toString().stripLeading());
    return List.copyOf(modules);
  }

  /// The text that [#split] takes apart into `modules`: the space keeps a comma that begins a name
  /// from the comma before it.
  public static String join(List<String> modules) {
    StringBuilder text = new StringBuilder();
    for (String module : modules) {
      text.append(text.isEmpty() ? "" : ", ").append(module.replace(",", ",,"));
    }
    return text.toString();
  }

  /// The file that a module names: what stands before its arguments.
  public static String file(String module) {
    int space = module.indexOf(' ');
    return space < 0 ? module : module.substring(0, space);
  }

  /// The role of module `index` among a trace's images.
  public static String role(int index) {
    return index == 0 ? ROLE : ROLE + index;
  }
}
