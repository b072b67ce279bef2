package dev.backstep.cli.host;

import dev.backstep.cli.command.CliException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Console input from a file: `--input FILE`. A line each:
///
/// ```
/// after "login: " send "root\n"
/// at 2500000 send "\x03"
/// ```
///
/// Lines take effect in order; `after` waits until the guest has printed the text since the line
/// before, `at` until the machine has retired so many instructions. `#` starts a comment line. In
/// texts `\n`, `\r`, `\t`, `\\`, `\"` and `\xHH` stand for what they do in C.
public final class InputScript implements TypedInput {
  private static final Pattern LINE =
      Pattern.compile(
          "(?:after \"((?:[^\"\\\\]|\\\\.)*)\"|at (\\d+)) send \"((?:[^\"\\\\]|\\\\.)*)\"");

  /// A line: either a prompt or a position to wait for, and the bytes to send then.
  private record Step(byte @Nullable [] prompt, long position, byte[] bytes) {}

  private final Deque<Step> steps = new ArrayDeque<>();
  private final Deque<Integer> ready = new ArrayDeque<>();
  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

  private InputScript() {}

  /// Reads a script.
  public static InputScript read(Path file) throws IOException {
    InputScript script = new InputScript();
    int number = 0;
    for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
      number++;
      if (!line.isBlank() && !line.startsWith("#")) {
        script.steps.add(step(file, number, line.strip()));
      }
    }
    return script;
  }

  private static Step step(Path file, int number, String line) {
    Matcher m = LINE.matcher(line);
    if (!m.matches()) {
      throw CliException.failure(
          file + ":" + number + ": write `after \"PROMPT\" send \"TEXT\"` or `at N send \"TEXT\"`");
    }
    try {
      byte[] prompt = m.group(1) == null ? null : unescape(m.group(1));
      long position = m.group(2) == null ? 0 : Long.parseLong(m.group(2));
      return new Step(prompt, position, unescape(m.group(3)));
    } catch (IllegalArgumentException e) {
      throw CliException.failure(file + ":" + number + ": " + e.getMessage());
    }
  }

  private static byte[] unescape(String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int k = 0; k < text.length(); k++) {
      char ch = text.charAt(k);
      if (ch != '\\') {
        bytes.writeBytes(String.valueOf(ch).getBytes(StandardCharsets.UTF_8));
        continue;
      }
      char code = text.charAt(++k);
      switch (code) {
        case 'n' -> bytes.write('\n');
        case 'r' -> bytes.write('\r');
        case 't' -> bytes.write('\t');
        case '"', '\\' -> bytes.write(code);
        case 'x' -> {
          if (k + 2 >= text.length()) {
            throw new IllegalArgumentException("\\x wants two hex digits");
          }
          bytes.write(Integer.parseInt(text.substring(k + 1, k + 3), 16));
          k += 2;
        }
        default -> throw new IllegalArgumentException("unknown escape \\" + code);
      }
    }
    return bytes.toByteArray();
  }

  /// Takes note of what the guest printed.
  public void printed(byte[] bytes) {
    printed.writeBytes(bytes);
  }

  @Override
  public int poll(long position) {
    if (ready.isEmpty()) {
      release(position);
    }
    return ready.isEmpty() ? NOTHING : ready.remove();
  }

  @Override
  public boolean await(long position) {
    release(position);
    return !ready.isEmpty();
  }

  private void release(long position) {
    Step step = steps.peek();
    if (step == null || !isDue(step, position)) {
      return;
    }
    steps.remove();
    printed.reset();
    for (byte b : step.bytes) {
      ready.add(b & 0xFF);
    }
  }

  private boolean isDue(Step step, long position) {
    return step.prompt == null
        ? position >= step.position
        : indexOf(printed.toByteArray(), step.prompt) >= 0;
  }

  private static int indexOf(byte[] text, byte[] wanted) {
    for (int at = 0; at + wanted.length <= text.length; at++) {
      int k = 0;
      while (k < wanted.length && text[at + k] == wanted[k]) {
        k++;
      }
      if (k == wanted.length) {
        return at;
      }
    }
    return -1;
  }
}
