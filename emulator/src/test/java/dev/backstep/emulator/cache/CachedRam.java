package dev.backstep.emulator.cache;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.cache.CacheRules.Effect;
import dev.backstep.emulator.device.DmaPath.Snooping;
import dev.backstep.emulator.execution.CodeBlock;
import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.listen.ExecutionListener;
import dev.backstep.emulator.listen.MachineEvent;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/// Some RAM, the caches of some processors before it, a device behind it, and what was told.
final class CachedRam implements ExecutionListener {
  static final int BYTES = 1 << 20;

  final GuestRam ram = new GuestRam(Arena.ofAuto(), BYTES);
  final List<String> told = new ArrayList<>();
  final CacheModel model;

  CachedRam() {
    this(new CacheRules(Effect.CARRIED_OUT, Effect.CARRIED_OUT));
  }

  CachedRam(CacheRules rules) {
    var events = new EventPort();
    events.connect(this);
    model =
        new CacheModel(
            ram, rules, events, () -> new MachineEvent.At(0, 0, 0, 0), ramOffset -> ramOffset);
  }

  ProcessorCache cpu(int number) {
    return model.processor(number);
  }

  long deviceReads(long ramOffset, int bytes, Snooping snooping) {
    byte[] read = new byte[bytes];
    model.read(ramOffset, read, 0, bytes, snooping);
    long value = 0;
    for (int k = bytes - 1; k >= 0; k--) {
      value = value << 8 | read[k] & 0xFF;
    }
    return value;
  }

  /// What memory holds.
  long memory(long ramOffset) {
    return deviceReads(ramOffset, 8, Snooping.NOTHING);
  }

  int deviceWrites(long ramOffset, long value, int bytes, Snooping snooping) {
    byte[] written = new byte[bytes];
    for (int k = 0; k < bytes; k++) {
      written[k] = (byte) (value >>> 8 * k);
    }
    return model.write(ramOffset, written, 0, bytes, snooping);
  }

  @Override
  public void event(MachineEvent event) {
    if (event instanceof MachineEvent.Cache e) {
      String type = e.type().isEmpty() ? "-" : e.type();
      told.add("%s %x %s %s cpu%d".formatted(e.op(), e.gpa(), type, e.reason(), e.holder()));
    }
  }

  @Override
  public void blockBuilt(CodeBlock block) {}

  @Override
  public void executed(int vcpu, long first, int[] entries, int count, long instructions) {}
}
