package dev.backstep.emulator.control;

import dev.backstep.emulator.control.ControlCall.Argument;
import dev.backstep.emulator.control.ControlCall.CpuidEntry;
import dev.backstep.emulator.control.VcpuEvents.NonMaskable;
import dev.backstep.emulator.control.VcpuEvents.PendingException;
import dev.backstep.emulator.control.VcpuEvents.PendingInterrupt;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Reads requests: the inverse of [ControlText].
final class ControlParser {
  /// Every request by its name, in the order of the documentation.
  static final List<String> NAMES =
      List.of(
          "set-vcpu-events",
          "get-vcpu-events",
          "get-supported-cpuid",
          "set-cpuid",
          "enable-cap",
          "set-msr",
          "signal-msi",
          "create-vcpu");

  /// What bounds the journal's and anybody else's requests.
  private static final int LONGEST = 1 << 16;

  private static final String LEAF = "leaf";
  private static final String VCPU = "vcpu";

  private ControlParser() {}

  static ControlCall parse(String text) {
    if (text.length() > LONGEST) {
      throw new ControlSyntaxException("", "a request is longer than " + LONGEST + " characters");
    }
    List<String> parts = List.of(text.split(",", -1));
    List<Argument> arguments = new ArrayList<>();
    for (String part : parts.subList(1, parts.size())) {
      int equals = part.indexOf('=');
      if (equals <= 0) {
        throw new ControlSyntaxException(
            "",
            "%s: %s: write key=value"
                .formatted(ControlArguments.shown(parts.getFirst()), ControlArguments.shown(part)));
      }
      arguments.add(new Argument(part.substring(0, equals), part.substring(equals + 1)));
    }
    return call(parts.getFirst(), arguments);
  }

  static ControlCall call(String name, List<Argument> arguments) {
    requireName(name);
    if (name.equals("set-cpuid")) {
      return setCpuid(name, arguments);
    }
    ControlArguments given = new ControlArguments(name, arguments);
    ControlCall call = read(name, given);
    given.requireAllKnown();
    return call;
  }

  private static void requireName(String name) {
    if (!NAMES.contains(name)) {
      throw new ControlSyntaxException(
          "",
          "there is no request %s; there are %s"
              .formatted(ControlArguments.shown(name), String.join(", ", NAMES)));
    }
  }

  /// The keys that a request's arguments can have.
  static List<String> keys(String name) {
    requireName(name);
    ControlArguments learning = ControlArguments.learning(name);
    if (name.equals("set-cpuid")) {
      learning.id(VCPU);
      entry(learning);
    } else {
      var _ = read(name, learning);
    }
    return learning.known();
  }

  private static ControlCall read(String name, ControlArguments a) {
    return switch (name) {
      case "set-vcpu-events" -> new ControlCall.SetVcpuEvents(a.id(VCPU), events(a));
      case "get-vcpu-events" -> new ControlCall.GetVcpuEvents(a.id(VCPU));
      case "get-supported-cpuid" ->
          new ControlCall.GetSupportedCpuid(
              (int) a.required(LEAF, Integer.SIZE), a.int32("subleaf"));
      case "enable-cap" -> new ControlCall.EnableCapability(capability(a), a.number("flags", 64));
      case "set-msr" ->
          new ControlCall.SetMsr(
              a.id(VCPU), (int) a.required("msr", Integer.SIZE), a.required("value", Long.SIZE));
      case "signal-msi" ->
          new ControlCall.SignalMsi(
              a.required("address", Long.SIZE), (int) a.required("data", Integer.SIZE));
      case "create-vcpu" -> new ControlCall.CreateVcpu(a.id("id"));
      default -> throw new AssertionError(name);
    };
  }

  private static VcpuEvents events(ControlArguments a) {
    PendingException exception =
        new PendingException(
            a.flag("injected"),
            a.flag("pending"),
            (int) a.number("nr", Byte.SIZE),
            a.flag("has-error-code"),
            a.int32("error-code"),
            a.flag("has-payload"),
            a.number("payload", Long.SIZE));
    PendingInterrupt interrupt =
        new PendingInterrupt(
            a.flag("interrupt-injected"),
            (int) a.number("interrupt-nr", Byte.SIZE),
            a.flag("interrupt-soft"),
            (int) a.number("shadow", Byte.SIZE));
    NonMaskable nmi =
        new NonMaskable(a.flag("nmi-injected"), a.flag("nmi-pending"), a.flag("nmi-masked"));
    return new VcpuEvents(
        exception,
        interrupt,
        nmi,
        a.int32("sipi-vector"),
        a.flag("triple-fault-pending"),
        a.int32("flags"));
  }

  private static String capability(ControlArguments a) {
    String name = a.word("cap").toUpperCase(Locale.ROOT);
    String bare = name.startsWith("KVM_CAP_") ? name.substring("KVM_CAP_".length()) : name;
    for (int k = 0; k < bare.length(); k++) {
      char ch = bare.charAt(k);
      if (ch != '_' && (ch < '0' || ch > '9') && (ch < 'A' || ch > 'Z')) {
        throw a.wrong(
            "cap",
            "cap=%s: give a name such as X2APIC_API".formatted(ControlArguments.shown(name)));
      }
    }
    if (bare.isEmpty()) {
      throw a.wrong("cap", "cap is empty: give a name such as X2APIC_API");
    }
    return bare;
  }

  /// Each `leaf` begins an entry of its own.
  private static ControlCall setCpuid(String name, List<Argument> arguments) {
    List<Argument> common = new ArrayList<>();
    List<List<Argument>> groups = new ArrayList<>();
    for (Argument argument : arguments) {
      if (argument.key().equals(LEAF)) {
        groups.add(new ArrayList<>());
      }
      boolean isCommon = groups.isEmpty() || argument.key().equals(VCPU);
      (isCommon ? common : groups.getLast()).add(argument);
    }
    ControlArguments given = new ControlArguments(name, common);
    int vcpu = given.id(VCPU);
    given.requireAllKnown();
    if (groups.isEmpty()) {
      throw given.wrong(LEAF, "leaf is missing: give leaf=0x1,eax=…,ebx=…,ecx=…,edx=…");
    }
    List<CpuidEntry> entries = new ArrayList<>();
    for (List<Argument> group : groups) {
      ControlArguments line = new ControlArguments(name, group);
      entries.add(entry(line));
      line.requireAllKnown();
    }
    return new ControlCall.SetCpuid(vcpu, entries);
  }

  private static CpuidEntry entry(ControlArguments a) {
    return new CpuidEntry(
        (int) a.required(LEAF, Integer.SIZE),
        a.int32("subleaf"),
        a.int32("eax"),
        a.int32("ebx"),
        a.int32("ecx"),
        a.int32("edx"));
  }
}
