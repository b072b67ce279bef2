package dev.backstep.emulator.conformance;

import dev.backstep.emulator.conformance.EmulatedProcessor.Outcome;
import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.decode.OpcodeTable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Runs cases on both processors, side by side: while the host runs one batch, the emulator runs
/// the next.
final class ConformanceRun implements AutoCloseable {
  private static final int MOST_SHRUNK = 1000;
  private static final int MOST_CUTS = 12;

  /// One in so many sequences has instructions of all groups.
  private static final int MIXED = 4;

  /// A group's forms, cases run, those that fault, those of which nothing could be compared, and
  /// those that differ.
  static final class Group {
    final InstructionGroup kind;
    int cases;
    int faults;
    int empty;
    int differing;
    private final List<Opcode> forms = new ArrayList<>();

    private Group(InstructionGroup kind) {
      this.kind = kind;
    }
  }

  private final HostProcessor host = HostProcessor.open();
  private final EmulatedProcessor emulated;
  private final long seed;
  private final List<Group> groups;
  private final List<Opcode> forms = new ArrayList<>();
  private final Set<Opcode> tried = new HashSet<>();
  private final List<CaseReport> differing = new ArrayList<>();
  private final Map<String, CaseReport> reports = new LinkedHashMap<>();
  private final StateRecord[][] after = new StateRecord[2][HostProcessor.BATCH];
  private final Case[][] cases = new Case[2][HostProcessor.BATCH];
  private final CaseGenerator generator;

  /// A case under way.
  ///
  /// @param first the form of its first instruction, or null if that did not execute
  /// @param empty whether it was cut down to nothing
  private record Case(
      long number,
      Group group,
      @Nullable Opcode first,
      boolean empty,
      Allowance allowance,
      @Nullable Throwable failure) {}

  /// @param seed of everything random
  /// @param only what mnemonic, semantics, feature or encoding of a case's first form must match
  ConformanceRun(long seed, String only) throws IOException {
    this.seed = seed;
    emulated = new EmulatedProcessor(host, HostProcessor.isAmd());
    Pattern pattern = Pattern.compile(only);
    Map<InstructionGroup, Group> byKind = new EnumMap<>(InstructionGroup.class);
    for (Opcode opcode : OpcodeTable.opcodes()) {
      boolean wanted =
          pattern.matcher(opcode.mnemonic()).find()
              || pattern.matcher(opcode.semantics()).find()
              || pattern.matcher(opcode.feature()).matches()
              || pattern.matcher(opcode.encoding()).matches();
      if (wanted
          && !Comparability.isForeign(opcode)
          && (opcode.feature().isEmpty() || host.has(EmulatedProcessor.flag(opcode.feature())))) {
        byKind.computeIfAbsent(InstructionGroup.of(opcode), Group::new).forms.add(opcode);
        forms.add(opcode);
      }
    }
    if (byKind.isEmpty()) {
      throw new IllegalArgumentException("no form that can be compared matches " + only);
    }
    groups = List.copyOf(byKind.values());
    for (int k = 0; k < HostProcessor.BATCH; k++) {
      for (int buffer = 0; buffer < 2; buffer++) {
        after[buffer][k] = new StateRecord(MemorySegment.ofArray(new long[StateRecord.BYTES / 8]));
      }
    }
    generator =
        new CaseGenerator(after[0][0], OpcodeTable.opcodes().getFirst(), host.has("misalignsse"));
  }

  List<Group> groups() {
    return groups;
  }

  List<CaseReport> reports() {
    return List.copyOf(reports.values());
  }

  /// Forms that cases were drawn from.
  int forms() {
    return forms.size();
  }

  /// How many forms at least one case began with and executed.
  int formsTried() {
    return tried.size();
  }

  /// Runs cases `from` to `to - 1`.
  void run(long from, long to) throws IOException {
    int buffer = 0;
    int before = 0;
    for (long at = from; at < to; at += HostProcessor.BATCH) {
      int count = (int) Math.min(HostProcessor.BATCH, to - at);
      for (int k = 0; k < count; k++) {
        prepare(at + k, buffer, k);
      }
      if (before > 0) {
        host.await(1 - buffer, before);
      }
      host.submit(buffer, count);
      compare(1 - buffer, before);
      before = count;
      buffer = 1 - buffer;
    }
    if (before > 0) {
      host.await(1 - buffer, before);
      compare(1 - buffer, before);
    }
    for (CaseReport report : differing) {
      report.shrink(host, emulated);
      CaseReport known = reports.putIfAbsent(report.key(), report);
      if (known != null) {
        known.countAnother();
      }
    }
  }

  /// Makes a case and lets the emulator run it.
  private void prepare(long number, int buffer, int k) {
    StateRecord before = host.before(buffer, k);
    Group group = groups.get((int) (number % groups.size()));
    long round = number / groups.size();
    Opcode first = group.forms.get((int) (round % group.forms.size()));
    List<Opcode> others = round % MIXED == 0 ? forms : group.forms;
    generator.generate(before, mixed(seed, number), first, others);
    emulate(emulated, before, after[buffer][k]);
    cases[buffer][k] =
        new Case(
            number,
            group,
            emulated.firstRan ? first : null,
            emulated.isEmpty,
            emulated.allowance,
            emulated.failure);
  }

  /// Runs a case in the emulator, cut where it cannot be compared.
  static void emulate(EmulatedProcessor emulated, StateRecord before, StateRecord after) {
    for (int cuts = 0; emulated.run(before, after) == Outcome.CUT; cuts++) {
      if (cuts > MOST_CUTS) {
        before.setCode(new byte[0]);
      }
    }
  }

  private static long mixed(long seed, long number) {
    long z = seed * 0x9E37_79B9_7F4A_7C15L + number * 0xD1B5_4A32_D192_ED03L;
    z = (z ^ z >>> 30) * 0xBF58_476D_1CE4_E5B9L;
    return z ^ z >>> 27;
  }

  private void compare(int buffer, int count) {
    for (int k = 0; k < count; k++) {
      Case one = cases[buffer][k];
      one.group.cases++;
      one.group.empty += one.empty ? 1 : 0;
      if (one.first != null) {
        tried.add(one.first);
      }
      StateRecord hostAfter = host.after(buffer, k);
      one.group.faults += hostAfter.getLong(StateRecord.VECTOR) == 3 ? 0 : 1;
      String differences = StateComparison.text(hostAfter, after[buffer][k], one.allowance, null);
      if (one.failure != null || !differences.isEmpty()) {
        one.group.differing++;
        if (differing.size() < MOST_SHRUNK) {
          differing.add(new CaseReport(one.number, host.before(buffer, k), differences));
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    emulated.close();
    host.close();
  }
}
