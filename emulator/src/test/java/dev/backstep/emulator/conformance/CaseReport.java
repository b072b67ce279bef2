package dev.backstep.emulator.conformance;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Disassembler;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A case that the emulator and the host end differently, made as short as it can be.
final class CaseReport {
  private static final Pattern VECTOR = Pattern.compile("\\b([xy]mm|mm)(\\d+)");

  private final long number;
  private final StateRecord before;
  private final String first;
  private int count = 1;
  private String key = "";
  private String text = "";

  /// @param first the differences as they were found
  CaseReport(long number, StateRecord before, String first) {
    this.number = number;
    this.first = first;
    this.before = copy(before);
  }

  private static StateRecord copy(StateRecord of) {
    StateRecord record = new StateRecord(MemorySegment.ofArray(new long[StateRecord.BYTES / 8]));
    record.copyFrom(of);
    return record;
  }

  /// Another case with the same instructions was found.
  void countAnother() {
    count++;
  }

  /// The instructions of the shortest case, to tell reports apart.
  String key() {
    return key;
  }

  /// Leaves out instructions as long as the two still differ.
  void shrink(HostProcessor host, EmulatedProcessor emulated) throws IOException {
    StateRecord shrunk = before;
    boolean again = true;
    while (again) {
      again = false;
      List<byte[]> code = instructions(shrunk, emulated);
      for (int k = code.size() - 1; k >= 0 && code.size() > 1; k--) {
        List<byte[]> fewer = new ArrayList<>(code);
        fewer.remove(k);
        StateRecord candidate = copy(shrunk);
        candidate.setCode(joined(fewer));
        if (!differences(candidate, host, emulated).isEmpty()) {
          shrunk = candidate;
          again = true;
          break;
        }
      }
    }
    String differences = differences(shrunk, host, emulated);
    if (differences.isEmpty()) {
      differences = "  only after the cases before it:\n" + first;
    }
    text = describe(shrunk, emulated) + differences;
    key = key(shrunk, emulated, differences);
  }

  /// Mnemonics, and the first word of the first difference.
  private static String key(StateRecord of, EmulatedProcessor emulated, String differences) {
    StringBuilder name = new StringBuilder();
    byte[] code = of.code();
    int at = 0;
    while (at < code.length && (code[at] & 0xFF) != HostProcessor.BREAKPOINT) {
      DecodedInstruction i = emulated.decode(code, at, is64(of));
      if (i == null) {
        break;
      }
      name.append(i.opcode.mnemonic()).append(' ');
      name.append(String.join(",", i.opcode.operands())).append("; ");
      at += i.length;
    }
    return name + differences.strip().split("[ \n]", 2)[0];
  }

  private static byte[] joined(List<byte[]> instructions) {
    ByteArrayOutputStream code = new ByteArrayOutputStream();
    instructions.forEach(code::writeBytes);
    return code.toByteArray();
  }

  private static boolean is64(StateRecord before) {
    return before.getShort(StateRecord.SEGMENTS) == EmulatedProcessor.CODE_SELECTOR;
  }

  private static List<byte[]> instructions(StateRecord before, EmulatedProcessor emulated) {
    List<byte[]> all = new ArrayList<>();
    byte[] code = before.code();
    int at = 0;
    while (at < code.length && (code[at] & 0xFF) != HostProcessor.BREAKPOINT) {
      DecodedInstruction i = emulated.decode(code, at, is64(before));
      if (i == null) {
        break;
      }
      all.add(Arrays.copyOfRange(code, at, at + i.length));
      at += i.length;
    }
    return all;
  }

  private static String differences(
      StateRecord before, HostProcessor host, EmulatedProcessor emulated) throws IOException {
    StateRecord ours = copy(before);
    ConformanceRun.emulate(emulated, before, ours);
    StateRecord slot = host.before(0, 0);
    slot.copyFrom(before);
    host.submit(0, 1);
    host.await(0, 1);
    String text = StateComparison.text(host.after(0, 0), ours, emulated.allowance, before);
    Throwable failure = emulated.failure;
    return failure == null ? text : "  the emulator threw " + failure + at(failure) + "\n" + text;
  }

  private static String at(Throwable failure) {
    Throwable cause = failure.getCause();
    StackTraceElement[] trace = failure.getStackTrace();
    return (trace.length == 0 ? "" : " at " + trace[0]) + (cause == null ? "" : ", " + cause);
  }

  private static String describe(StateRecord before, EmulatedProcessor emulated) {
    StringBuilder out = new StringBuilder();
    byte[] code = before.code();
    int at = 0;
    StringBuilder listing = new StringBuilder();
    while (at < code.length && (code[at] & 0xFF) != HostProcessor.BREAKPOINT) {
      DecodedInstruction i = emulated.decode(code, at, is64(before));
      if (i == null) {
        break;
      }
      String bytes = HexFormat.ofDelimiter(" ").formatHex(code, at, at + i.length);
      listing.append("    %-32s %s%n".formatted(bytes, disassembled(i)));
      if (i.isMemory()) {
        operand(out, before, i);
      }
      at += i.length;
    }
    out.insert(0, listing + registers(before, listing.toString()));
    return (is64(before) ? "" : "    (32-bit code)\n") + out;
  }

  private static String disassembled(DecodedInstruction i) {
    try {
      return Disassembler.text(i);
    } catch (RuntimeException | AssertionError e) {
      return i.opcode.mnemonic() + " (" + e + ")";
    }
  }

  private static String registers(StateRecord before, String listing) {
    StringBuilder out = new StringBuilder();
    out.append("  before:");
    for (int r = 0; r < 16; r++) {
      out.append(r == 8 ? "\n         " : " ");
      out.append(r < 8 ? "axcxdxbxspbpsidi".substring(2 * r, 2 * r + 2) : "r" + r);
      out.append('=').append(Long.toHexString(before.gpr(r)));
    }
    out.append("\n         flags ")
        .append(StateComparison.flags(before.getLong(StateRecord.FLAGS) & ~0x202L));
    out.append(" mxcsr %x".formatted(before.getInt(StateRecord.MXCSR)));
    Matcher matcher = VECTOR.matcher(listing);
    TreeSet<Integer> numbers = new TreeSet<>();
    boolean wide = false;
    while (matcher.find()) {
      if (!matcher.group(1).equals("mm")) {
        numbers.add(Integer.parseInt(matcher.group(2)));
        wide |= matcher.group(1).equals("ymm");
      }
    }
    for (int n : numbers) {
      out.append("\n         xmm%d %s".formatted(n, quads(before, StateRecord.XMM + 16L * n)));
      if (wide) {
        out.append(" high %s".formatted(quads(before, StateRecord.YMM + 16L * n)));
      }
    }
    if (listing.contains("st(") || listing.matches("(?s).* f.*") || listing.contains("mm")) {
      out.append(
          "\n         fcw %x fsw %x ftw %x"
              .formatted(
                  before.getShort(StateRecord.FCW),
                  before.getShort(StateRecord.FSW),
                  before.getByte(StateRecord.FTW)));
    }
    if (listing.matches("(?s).* f[a-z0-9]+.*")
        || Pattern.compile("\\bmm\\d").matcher(listing).find()) {
      for (int k = 0; k < 8; k++) {
        long st = StateRecord.ST + 16L * k;
        out.append(k % 4 == 0 ? "\n         st%d".formatted(k) : " ");
        out.append(" %04x.%016x".formatted(before.getShort(st + 8), before.getLong(st)));
      }
    }
    return out.append('\n').toString();
  }

  private static String quads(StateRecord state, long at) {
    return "%016x_%016x".formatted(state.getLong(at + 8), state.getLong(at));
  }

  private static void operand(StringBuilder out, StateRecord before, DecodedInstruction i) {
    long[] gpr = new long[17];
    for (int r = 0; r < 16; r++) {
      gpr[r] = before.gpr(r);
    }
    long address = i.effectiveAddress(gpr);
    out.append("         [").append(Long.toHexString(address)).append(']');
    long offset = address - HostProcessor.DATA;
    if (offset >= 0 && offset <= StateRecord.MEMORY_BYTES - 32) {
      out.append(' ').append(quads(before, StateRecord.MEMORY + offset));
      out.append(" +16 ").append(quads(before, StateRecord.MEMORY + offset + 16));
    }
    out.append('\n');
  }

  /// @param seed of the run
  String text(long seed) {
    return "%s: case %d of seed %d, and %d more%n%s".formatted(key, number, seed, count - 1, text);
  }
}
