package dev.backstep.cli.scenario;

import dev.backstep.emulator.control.ControlCall;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// The keys of a request in a scenario file, which are KVM's, and as `--inject` has them.
final class RequestKeys {
  /// The list of CPUID's lines in `set-cpuid`.
  static final String ENTRIES = "entries";

  private static final String VCPU = "vcpu";

  private RequestKeys() {}

  /// From keys in a file, with a dot between those of a structure and of its member, to keys in a
  /// text; those of an entry of `set-cpuid` among them.
  ///
  /// @param call name of a request
  static SequencedMap<String, String> of(String call) {
    SequencedMap<String, String> keys = new LinkedHashMap<>();
    if (call.equals("set-vcpu-events")) {
      vcpuEvents(keys);
      return keys;
    }
    boolean hasEntries = call.equals("set-cpuid");
    for (String key : ControlCall.keys(call)) {
      keys.put(hasEntries && !key.equals(VCPU) ? ENTRIES + "." + key : key, key);
    }
    return keys;
  }

  /// struct kvm_vcpu_events: Linux Documentation/virt/kvm/api.rst, KVM_GET_VCPU_EVENTS.
  private static void vcpuEvents(Map<String, String> keys) {
    keys.put(VCPU, VCPU);
    keys.put("exception.injected", "injected");
    keys.put("exception.nr", "nr");
    keys.put("exception.has_error_code", "has-error-code");
    keys.put("exception.pending", "pending");
    keys.put("exception.error_code", "error-code");
    keys.put("interrupt.injected", "interrupt-injected");
    keys.put("interrupt.nr", "interrupt-nr");
    keys.put("interrupt.soft", "interrupt-soft");
    keys.put("interrupt.shadow", "shadow");
    keys.put("nmi.injected", "nmi-injected");
    keys.put("nmi.pending", "nmi-pending");
    keys.put("nmi.masked", "nmi-masked");
    keys.put("sipi_vector", "sipi-vector");
    keys.put("flags", "flags");
    keys.put("triple_fault.pending", "triple-fault-pending");
    keys.put("exception_has_payload", "has-payload");
    keys.put("exception_payload", "payload");
  }

  /// Whether `key` is a structure of which others are members.
  static boolean isStructure(String call, String key) {
    return of(call).keySet().stream().anyMatch(each -> each.startsWith(key + "."));
  }

  /// The keys that can stand at the top of a step or, with a structure's name, in that structure.
  static List<String> within(String call, String structure) {
    String prefix = structure.isEmpty() ? "" : structure + ".";
    return of(call).keySet().stream()
        .filter(key -> key.startsWith(prefix))
        .map(key -> key.substring(prefix.length()))
        .map(key -> key.contains(".") ? key.substring(0, key.indexOf('.')) : key)
        .distinct()
        .toList();
  }
}
