package dev.backstep.emulator.decode;

import dev.backstep.emulator.vcpu.CpuMode;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// What GNU objdump makes of code bytes.
final class ObjdumpListing {
  private static final Set<String> PREFIX_WORDS =
      Set.of(
          "data16",
          "data32",
          "addr16",
          "addr32",
          "lock",
          "rep",
          "repz",
          "repnz",
          "cs",
          "ds",
          "es",
          "ss",
          "fs",
          "gs",
          "xacquire",
          "xrelease",
          "bnd",
          "notrack");

  private ObjdumpListing() {}

  /// One instruction.
  ///
  /// @param offset of its first byte
  /// @param bytes as printed, in hex
  /// @param length in bytes
  /// @param text mnemonic and operands, without prefixes
  record Line(int offset, String bytes, int length, String text) {
    String mnemonic() {
      return firstWord(text);
    }

    boolean isUndefined() {
      return text.contains("(bad)");
    }
  }

  /// Whether the program is there, and GNU's.
  static boolean isThere() {
    try {
      Process process =
          new ProcessBuilder("objdump", "--version").redirectErrorStream(true).start();
      byte[] said = process.getInputStream().readAllBytes();
      return process.waitFor() == 0
          && new String(said, StandardCharsets.UTF_8).startsWith("GNU objdump");
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /// Disassembles code that starts at address 0, in long, protected 32-bit or 16-bit mode.
  static List<Line> of(byte[] code, CpuMode mode) throws IOException {
    Path file = Files.createTempFile("corpus", ".bin");
    try {
      Files.write(file, code);
      Process process =
          new ProcessBuilder(
                  List.of(
                      "objdump",
                      "-D",
                      "-z",
                      "-b",
                      "binary",
                      "-m",
                      architecture(mode),
                      "-M",
                      "intel,intel64",
                      "--insn-width=16",
                      file.toString()))
              .redirectErrorStream(true)
              .start();
      List<Line> lines = new ArrayList<>();
      try (BufferedReader reader = process.inputReader()) {
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
          addLine(lines, line);
        }
      }
      return lines;
    } finally {
      Files.delete(file);
    }
  }

  private static String architecture(CpuMode mode) {
    if (mode == CpuMode.LONG64) {
      return "i386:x86-64";
    }
    return mode.defaultOperandBytes() == 4 ? "i386" : "i8086";
  }

  private static void addLine(List<Line> lines, String line) {
    List<String> columns = OpcodeForm.split(line, '\t');
    if (columns.size() < 3 || !columns.get(0).endsWith(":")) {
      return;
    }
    String offset = columns.get(0).strip();
    String text = plain(columns.get(2));
    if (text.isEmpty()) {
      return;
    }
    String bytes = columns.get(1).strip();
    lines.add(
        new Line(
            Integer.parseInt(offset.substring(0, offset.length() - 1), 16),
            bytes,
            OpcodeForm.split(bytes, ' ').size(),
            text));
  }

  /// `text` without prefixes, comments and padding; empty if nothing is left.
  static String plain(String text) {
    int comment = text.indexOf('#');
    String rest = (comment < 0 ? text : text.substring(0, comment)).strip();
    while (PREFIX_WORDS.contains(firstWord(rest)) || rest.startsWith("rex")) {
      rest = rest.substring(firstWord(rest).length()).strip();
    }
    return rest.replaceAll("\\s+", " ").replace(",pn", "").replace(",pt", "");
  }

  private static String firstWord(String text) {
    int space = text.indexOf(' ');
    return space < 0 ? text : text.substring(0, space);
  }
}
