package dev.backstep.emulator.cpuid;

import dev.backstep.emulator.device.StateSink;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Leaves that a hypervisor's user has written over what the model says, for each vCPU. They change
/// what CPUID answers and nothing else. Linux arch/x86/kvm/cpuid.c.
final class WrittenCpuid {
  /// By vCPU, then by leaf and subleaf.
  private final TreeMap<Integer, TreeMap<Long, CpuidValues>> entries = new TreeMap<>();

  void write(int vcpu, int leaf, int subleaf, CpuidValues values) {
    entries.computeIfAbsent(vcpu, _ -> new TreeMap<>()).put(key(leaf, subleaf), values);
  }

  /// What was written for a leaf, or null.
  @Nullable CpuidValues find(int vcpu, int leaf, int subleaf) {
    TreeMap<Long, CpuidValues> own = entries.get(vcpu);
    return own == null ? null : own.get(key(leaf, subleaf));
  }

  void save(StateSink sink) {
    entries.forEach(
        (vcpu, own) -> {
          sink.putInt(vcpu);
          own.forEach((key, values) -> save(sink, key, values));
        });
  }

  private static void save(StateSink sink, long key, CpuidValues values) {
    sink.putLong(key);
    sink.putInt(values.eax());
    sink.putInt(values.ebx());
    sink.putInt(values.ecx());
    sink.putInt(values.edx());
  }

  private static long key(int leaf, int subleaf) {
    return (long) leaf << 32 | (hasSubleaves(leaf) ? Integer.toUnsignedLong(subleaf) : 0);
  }

  /// KVM_CPUID_FLAG_SIGNIFCANT_INDEX: the others answer any subleaf alike.
  private static boolean hasSubleaves(int leaf) {
    return switch (leaf) {
      case 4, 7, 0xB, 0xD, 0xF, 0x10, 0x12, 0x14, 0x17, 0x18, 0x1D, 0x1E, 0x1F, 0x23, 0x24 -> true;
      case 0x8000_001D -> true;
      default -> false;
    };
  }
}
