package dev.backstep.emulator.control;

import dev.backstep.emulator.control.ControlCall.Argument;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.TreeMap;

/// The arguments of one request, taken by their keys. What nobody took is unknown.
final class ControlArguments {
  /// More than any request needs, and few enough to show in a message.
  private static final int LONGEST_SHOWN = 40;

  private final String call;
  private final NavigableMap<String, String> given = new TreeMap<>();
  private final List<String> known = new ArrayList<>();
  private boolean isComplete = true;

  /// @param call the request's name, for messages
  ControlArguments(String call, List<Argument> arguments) {
    this.call = call;
    for (Argument a : arguments) {
      if (given.put(a.key(), a.value()) != null) {
        throw wrong(a.key(), shown(a.key()) + " is given twice");
      }
    }
  }

  /// No arguments at all, none of which is missed: learns which keys a request has.
  static ControlArguments learning(String call) {
    ControlArguments arguments = new ControlArguments(call, List.of());
    arguments.isComplete = false;
    return arguments;
  }

  /// The keys that were asked for, in that order.
  List<String> known() {
    return List.copyOf(known);
  }

  /// An unsigned number of so many bits, 0 if not given.
  long number(String key, int bits) {
    return parse(key, bits, take(key, "0"));
  }

  /// An unsigned number of so many bits that must be given.
  long required(String key, int bits) {
    return parse(key, bits, word(key));
  }

  /// What names a vCPU, or must be non-negative for other reasons.
  int id(String key) {
    return (int) required(key, Integer.SIZE - 1);
  }

  int int32(String key) {
    return (int) number(key, Integer.SIZE);
  }

  boolean flag(String key) {
    String text = take(key, "off");
    return switch (text) {
      case "on" -> true;
      case "off" -> false;
      default -> throw wrong(key, key + "=" + shown(text) + ": give on or off");
    };
  }

  /// A text that must be given.
  String word(String key) {
    if (isComplete && !given.containsKey(key)) {
      throw wrong(key, key + " is missing");
    }
    return take(key, "0");
  }

  /// Every argument was asked for.
  void requireAllKnown() {
    for (String key : List.copyOf(given.navigableKeySet())) {
      if (!known.contains(key)) {
        throw wrong(
            key, "there is no argument " + shown(key) + "; there are " + String.join(", ", known));
      }
    }
  }

  ControlSyntaxException wrong(String key, String message) {
    return new ControlSyntaxException(key, call + ": " + message);
  }

  private String take(String key, String otherwise) {
    if (!known.contains(key)) {
      known.add(key);
    }
    return given.getOrDefault(key, otherwise);
  }

  private long parse(String key, int bits, String text) {
    boolean isHex = text.toLowerCase(Locale.ROOT).startsWith("0x");
    String digits = isHex ? text.substring(2) : text;
    try {
      boolean isSigned = digits.startsWith("+") || digits.startsWith("-");
      long value = Long.parseUnsignedLong(isSigned ? "" : digits, isHex ? 16 : 10);
      if (bits < Long.SIZE && value >>> bits != 0) {
        throw notANumber(key, bits, text);
      }
      return value;
    } catch (NumberFormatException e) {
      throw notANumber(key, bits, text);
    }
  }

  private ControlSyntaxException notANumber(String key, int bits, String text) {
    return wrong(
        key,
        "%s=%s: give a number of up to %d bits, decimal or hexadecimal with 0x"
            .formatted(key, shown(text), bits));
  }

  /// A text from outside, short enough for a message, on one line.
  static String shown(String text) {
    StringBuilder line = new StringBuilder();
    for (int k = 0; k < Math.min(text.length(), LONGEST_SHOWN); k++) {
      char ch = text.charAt(k);
      line.append(Character.isISOControl(ch) ? '?' : ch);
    }
    return text.length() > LONGEST_SHOWN ? line + "..." : line.toString();
  }
}
