package dev.backstep.emulator.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.cache.CacheRules.Effect;
import dev.backstep.emulator.device.DmaPath.Snooping;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What each memory type comes to, seen by the processors and by a device. SDM Vol. 3 "Methods of
/// Caching Available".
class MemoryTypeEffectsTest {
  private static final long AT = 0x1000;
  private static final long OLD = 0x1111;
  private static final long NEW = 0x2222;

  private final CachedRam f = new CachedRam();

  private static CacheUse use(String label) {
    for (CacheUse use : CacheUse.values()) {
      if (use.label().equals(label)) {
        return use;
      }
    }
    throw new AssertionError(label);
  }

  @ParameterizedTest
  @CsvSource({
    "UC, 2222",
    "WC, 1111",
    "WT, 2222",
    "WP, 2222",
    "WB, 1111",
    "no-fill, 2222",
  })
  void storesReachMemoryAtOnceUnlessTheyAreHeldBack(String type, String memory) {
    f.ram.putLong(AT, OLD);
    f.cpu(0).store(AT, 8, NEW, use(type));
    assertEquals(memory, Long.toHexString(f.memory(AT)));
    assertEquals(NEW, f.cpu(0).load(AT, 8, use(type)), "a processor sees its own stores");
  }

  @ParameterizedTest
  @CsvSource({
    "UC, 2222",
    "WC, 2222",
    "WT, 1111",
    "WP, 1111",
    "WB, 1111",
    "no-fill, 2222",
  })
  void loadsSeeWhatADeviceWroteUnlessTheyAreCached(String type, String seen) {
    f.ram.putLong(AT, OLD);
    f.cpu(0).load(AT, 8, use(type));
    f.deviceWrites(AT, NEW, 8, Snooping.NOTHING);
    assertEquals(seen, Long.toHexString(f.cpu(0).load(AT, 8, use(type))));
  }

  @ParameterizedTest
  @CsvSource({"UC, 2222", "WC, 2222", "WT, 2222", "WP, 2222", "WB, 2222", "no-fill, 2222"})
  void othersSeeAStoreOnceItIsDrained(String type, String seen) {
    f.cpu(1).load(AT, 8, CacheUse.WRITE_BACK);
    f.cpu(0).store(AT, 8, NEW, use(type));
    f.cpu(0).drain("sfence");
    assertEquals(seen, Long.toHexString(f.cpu(1).load(AT, 8, CacheUse.WRITE_BACK)));
  }

  @Test
  void combinedStoresAreSeenByNobodyElseBeforeTheyAreDrained() {
    f.cpu(0).store(AT, 8, NEW, CacheUse.COMBINED);
    assertEquals(0, f.cpu(1).load(AT, 8, CacheUse.WRITE_BACK));
    assertEquals(0, f.deviceReads(AT, 8, Snooping.CACHES), "buffers are not snooped");
    f.cpu(0).drain("sfence");
    assertEquals(NEW, f.cpu(1).load(AT, 8, CacheUse.WRITE_BACK));
    assertEquals(List.of("wc-flush 1000 WC sfence cpu0"), f.told);
  }

  @Test
  void fifthBufferEmptiesTheOldest() {
    for (int k = 0; k <= CombiningBuffers.BUFFERS; k++) {
      f.cpu(0).store(AT + 64L * k, 4, NEW + k, CacheUse.COMBINED);
    }
    assertEquals(List.of("wc-flush 1000 WC buffer-needed cpu0"), f.told);
    assertEquals(NEW, f.memory(AT));
    assertEquals(0, f.memory(AT + 64));
  }

  @Test
  void fullBufferIsEmptied() {
    for (int k = 0; k < 64; k += 8) {
      f.cpu(0).store(AT + k, 8, NEW + k, CacheUse.COMBINED);
    }
    assertEquals(List.of("wc-flush 1000 WC full cpu0"), f.told);
    assertEquals(NEW + 56, f.memory(AT + 56));
  }

  @ParameterizedTest
  @CsvSource({"WB, 0", "WT, 0", "UC, 2222", "WP, 2222"})
  void nonTemporalStoresAreCombinedButOnUncachedAndWriteProtectedMemory(String type, String seen) {
    f.cpu(0).beginNonTemporal();
    f.cpu(0).store(AT, 8, NEW, use(type));
    f.cpu(0).endNonTemporal();
    assertEquals(seen, Long.toHexString(f.memory(AT)));
    f.cpu(0).drain("sfence");
    assertEquals(NEW, f.memory(AT));
    assertEquals(NEW, f.cpu(1).load(AT, 8, use(type)));
  }

  @Test
  void uncachedAccessEmptiesTheBuffersFirst() {
    f.cpu(0).store(AT, 8, NEW, CacheUse.COMBINED);
    f.cpu(0).load(AT + 0x4000, 4, CacheUse.UNCACHED);
    assertEquals(List.of("wc-flush 1000 WC uncached-access cpu0"), f.told);
  }

  @Test
  void uncachedAccessWritesBackACachedAlias() {
    f.cpu(0).store(AT, 8, NEW, CacheUse.WRITE_BACK);
    assertEquals(NEW, f.cpu(0).load(AT, 8, CacheUse.UNCACHED));
    assertEquals(NEW, f.memory(AT));
    f.deviceWrites(AT, 5, 8, Snooping.NOTHING);
    assertEquals(5, f.cpu(0).load(AT, 8, CacheUse.WRITE_BACK), "the alias was dropped");
  }

  @Test
  void flushBringsWhatWasWrittenToMemoryAndTheDevicesWritesToTheProcessor() {
    f.cpu(0).store(AT, 8, NEW, CacheUse.WRITE_BACK);
    f.cpu(1).flush(AT + 63);
    assertEquals(NEW, f.memory(AT));
    assertEquals(List.of("writeback 1000 - clflush cpu0"), f.told);
    f.cpu(0).load(AT, 8, CacheUse.WRITE_BACK);
    f.deviceWrites(AT, 5, 8, Snooping.NOTHING);
    assertEquals(NEW, f.cpu(0).load(AT, 8, CacheUse.WRITE_BACK));
    f.cpu(0).flush(AT);
    assertEquals(5, f.cpu(0).load(AT, 8, CacheUse.WRITE_BACK));
  }

  @Test
  void writeBackOfALineKeepsIt() {
    f.cpu(0).store(AT, 8, NEW, CacheUse.WRITE_BACK);
    f.cpu(0).writeBack(AT);
    assertEquals(NEW, f.memory(AT));
    f.deviceWrites(AT, 5, 8, Snooping.NOTHING);
    assertEquals(NEW, f.cpu(0).load(AT, 8, CacheUse.WRITE_BACK));
  }

  @Test
  void invalidationLosesWhatWasNotWrittenBack() {
    f.ram.putLong(AT, OLD);
    f.cpu(0).store(AT, 8, NEW, CacheUse.WRITE_BACK);
    f.cpu(0).invalidateAll();
    assertEquals(OLD, f.cpu(0).load(AT, 8, CacheUse.WRITE_BACK));
    assertEquals(List.of("lost 1000 - invd cpu0"), f.told);
  }

  @Test
  void writeBackOfAllLosesNothing() {
    f.cpu(0).store(AT, 8, NEW, CacheUse.WRITE_BACK);
    f.cpu(0).writeBackAndInvalidateAll();
    assertEquals(NEW, f.memory(AT));
    assertEquals(List.of("writeback 1000 - wbinvd cpu0"), f.told);
    f.deviceWrites(AT, 5, 8, Snooping.NOTHING);
    assertEquals(5, f.cpu(0).load(AT, 8, CacheUse.WRITE_BACK));
  }

  @Test
  void hypervisorThatInterceptsBothMakesThemNothing() {
    var kvm = new CachedRam(new CacheRules(Effect.SKIPPED, Effect.SKIPPED));
    kvm.cpu(0).store(AT, 8, NEW, CacheUse.WRITE_BACK);
    kvm.cpu(0).invalidateAll();
    kvm.cpu(0).writeBackAndInvalidateAll();
    kvm.cpu(0).writeBackAll();
    assertEquals(NEW, kvm.cpu(0).load(AT, 8, CacheUse.WRITE_BACK));
    assertEquals(0, kvm.memory(AT));
  }

  @Test
  void noFillModeUsesAndUpdatesWhatIsCached() {
    f.cpu(0).load(AT, 8, CacheUse.WRITE_BACK);
    f.cpu(0).store(AT, 8, NEW, CacheUse.NO_FILL);
    assertEquals(0, f.memory(AT), "a hit stays in the cache");
    assertEquals(NEW, f.cpu(0).load(AT, 8, CacheUse.NO_FILL));
    f.cpu(0).store(AT + 64, 8, NEW, CacheUse.NO_FILL);
    assertEquals(NEW, f.memory(AT + 64), "a miss goes to memory");
  }

  @Test
  void noFillModeWritesSharedLinesToMemory() {
    f.cpu(0).load(AT, 8, CacheUse.WRITE_BACK);
    f.cpu(1).load(AT, 8, CacheUse.WRITE_BACK);
    f.cpu(0).store(AT, 8, NEW, CacheUse.NO_FILL);
    assertEquals(NEW, f.memory(AT));
    assertEquals(NEW, f.cpu(1).load(AT, 8, CacheUse.WRITE_BACK));
  }

  @Test
  void snoopingDeviceSeesAndIsSeen() {
    f.cpu(0).store(AT, 8, NEW, CacheUse.WRITE_BACK);
    assertEquals(NEW, f.deviceReads(AT, 8, Snooping.CACHES));
    assertEquals(0, f.deviceWrites(AT, 5, 8, Snooping.CACHES));
    assertEquals(5, f.cpu(0).load(AT, 8, CacheUse.WRITE_BACK));
  }

  @Test
  void readOfStaleDataIsToldOncePerWrite() {
    f.cpu(0).load(AT, 8, CacheUse.WRITE_BACK);
    assertEquals(2, f.deviceWrites(AT, 0x0303, 8, Snooping.NOTHING), "bytes not seen");
    f.cpu(0).load(AT + 4, 4, CacheUse.WRITE_BACK);
    assertEquals(List.of(), f.told, "these bytes are the same");
    f.cpu(0).load(AT, 4, CacheUse.WRITE_BACK);
    f.cpu(0).load(AT, 4, CacheUse.WRITE_BACK);
    assertEquals(List.of("stale-read 1000 WB device-wrote-memory cpu0"), f.told);
  }

  @Test
  void writeBackOverwritesWhatADeviceWroteBesideIt() {
    f.cpu(0).store(AT, 8, NEW, CacheUse.WRITE_BACK);
    f.deviceWrites(AT + 32, 5, 8, Snooping.NOTHING);
    f.cpu(0).flush(AT);
    assertEquals(0, f.memory(AT + 32), "false sharing");
    assertEquals(
        List.of("lost 1000 - writeback-over-dma cpu0", "writeback 1000 - clflush cpu0"), f.told);
  }

  @Test
  void ninthLineOfASetEvictsTheLeastRecentlyUsed() {
    long stride = (long) CacheLines.SETS * CacheLines.LINE_BYTES;
    for (int k = 0; k < CacheLines.WAYS; k++) {
      f.cpu(0).store(AT + k * stride, 8, NEW, CacheUse.WRITE_BACK);
    }
    f.cpu(0).load(AT, 8, CacheUse.WRITE_BACK);
    f.cpu(0).load(AT + CacheLines.WAYS * stride, 8, CacheUse.WRITE_BACK);
    assertEquals(
        List.of("writeback %x WB eviction cpu0".formatted(AT + stride)), f.told, "not the first");
  }

  @Test
  void accessAcrossLinesIsTwo() {
    f.cpu(0).store(AT + 60, 8, 0x1122_3344_5566_7788L, CacheUse.WRITE_BACK);
    assertEquals(0x1122_3344_5566_7788L, f.cpu(1).load(AT + 60, 8, CacheUse.WRITE_BACK));
    assertEquals(0x3344_5566L, f.cpu(1).load(AT + 62, 4, CacheUse.WRITE_BACK));
  }

  @Test
  void resetLosesWhatWasModifiedButNotBelowAHypervisor() {
    f.cpu(0).store(AT, 8, NEW, CacheUse.WRITE_BACK);
    f.model.reset();
    assertEquals(0, f.ram.getLong(AT));
    var kvm = new CachedRam(new CacheRules(Effect.SKIPPED, Effect.SKIPPED));
    kvm.cpu(0).store(AT, 8, NEW, CacheUse.WRITE_BACK);
    kvm.model.reset();
    assertEquals(NEW, kvm.ram.getLong(AT));
  }
}
