package dev.backstep.emulator.interrupt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.listen.MachineEvent;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/// SDM Vol. 3 "Local APIC", in xAPIC mode.
class LapicTest {
  private static final int ID = 0x20;
  private static final int TPR = 0x80;
  private static final int EOI = 0xB0;
  private static final int SVR = 0xF0;
  private static final int ESR = 0x280;
  private static final int ICR = 0x300;
  private static final int LINT0 = 0x350;
  private static final int LVT_ERROR = 0x370;
  private static final int SELF = 1 << 18;

  private final ApicBench bench = new ApicBench(2).enabled();
  private final Lapic apic = bench.apic(0);

  private void selfIpi(int vector) {
    bench.write(0, ICR, SELF | 1 << 14 | vector);
  }

  @Test
  void afterResetIsEnabledByBaseButNotBySoftware() {
    var fresh = new ApicBench(2);
    assertEquals(0xFEE0_0900L, fresh.apic(0).apicBase());
    assertEquals(0xFEE0_0800L, fresh.apic(1).apicBase());
    assertEquals(ApicBench.PAGE, fresh.apic(1).mmioPage());
    assertEquals(0xFF, fresh.read(0, SVR));
    assertEquals(0x1_0000, fresh.read(0, LINT0));
    assertEquals(0x0100_0000, fresh.read(1, ID));
    assertEquals(0x0005_0014, fresh.read(0, 0x30));
    assertEquals(0xFFFF_FFFF, fresh.read(0, 0xE0));
  }

  @Test
  void deliversTheHighestRequestFirstAndHoldsLowerClassesUntilEoi() {
    selfIpi(0x31);
    selfIpi(0x42);
    assertTrue(apic.hasDeliverable());
    assertEquals(0x42, apic.acknowledge());
    assertEquals(0x40, bench.read(0, 0xA0));
    assertFalse(apic.hasDeliverable());
    selfIpi(0x4F);
    assertFalse(apic.hasDeliverable(), "same class as the one in service");
    bench.write(0, EOI, 0);
    assertEquals(0x4F, apic.acknowledge());
    bench.write(0, EOI, 0);
    assertEquals(0x31, apic.acknowledge());
    assertEquals("self", apic.acknowledgedSource());
    assertEquals(0, apic.acknowledgedFrom());
  }

  @Test
  void taskPriorityMasksItsClassAndThoseBelow() {
    selfIpi(32);
    selfIpi(62);
    bench.write(0, TPR, 0xF0);
    assertFalse(apic.hasDeliverable());
    apic.setTaskPriorityClass(2);
    assertEquals(0x20, bench.read(0, TPR));
    assertEquals(62, apic.acknowledge());
    bench.write(0, EOI, 0);
    assertFalse(apic.hasDeliverable());
    bench.write(0, TPR, 0);
    assertEquals(32, apic.acknowledge());
  }

  @Test
  void requestMaskedAfterItWasSeenYieldsTheSpuriousVector() {
    selfIpi(0x41);
    assertTrue(apic.hasDeliverable());
    bench.write(0, TPR, 0xFF);
    assertEquals(0xFF, apic.acknowledge());
    assertEquals("spurious", apic.acknowledgedSource());
    bench.write(0, TPR, 0);
    assertEquals(0x41, apic.acknowledge());
  }

  @Test
  void eoiWithNothingInServiceDoesNothing() {
    bench.write(0, EOI, 0);
    assertFalse(apic.hasDeliverable());
    assertEquals(LocalInterrupts.NO_VECTOR, apic.acknowledge());
  }

  @Test
  void softwareDisablingMasksLvtAndRefusesFixedButNotNmi() {
    bench.write(0, LINT0, 0x41);
    bench.write(0, SVR, 0xFF);
    assertEquals(0x1_0041, bench.read(0, LINT0));
    bench.write(0, LINT0, 0x41);
    assertEquals(0x1_0041, bench.read(0, LINT0), "cannot be unmasked");
    selfIpi(0x50);
    assertEquals(List.of(), bench.holding(0x50));
    bench.cpus.get(0).signals.clear();
    bench.write(1, ICR, 0x4400);
    assertEquals(List.of("nmi"), bench.cpus.get(0).signals);
  }

  @Test
  void keepsWhatWasRequestedBeforeItWasSoftwareDisabled() {
    selfIpi(0x50);
    bench.write(0, SVR, 0xFF);
    assertEquals(0x50, apic.acknowledge());
  }

  @Test
  void notesIllegalRegistersAndLatchesErrorsAtTheWriteOfEsr() {
    bench.read(0, 0x2F0);
    assertEquals(0, bench.read(0, ESR));
    bench.write(0, ESR, 0);
    assertEquals(0x80, bench.read(0, ESR));
    bench.write(0, ESR, 0);
    assertEquals(0, bench.read(0, ESR));
  }

  @Test
  void sendingAnIllegalVectorIsAnErrorThatInterruptsOnce() {
    bench.write(0, LVT_ERROR, 0xFE);
    selfIpi(5);
    assertEquals("illegal vector: not sent", bench.lastIpi().rule());
    assertEquals(0xFE, apic.acknowledge());
    assertEquals("error", apic.acknowledgedSource());
    bench.write(0, EOI, 0);
    selfIpi(6);
    assertFalse(apic.hasDeliverable());
    bench.write(0, ESR, 0);
    assertEquals(0x20, bench.read(0, ESR));
  }

  @Test
  void illegalErrorVectorDoesNotRecurse() {
    bench.write(0, LVT_ERROR, 0x0);
    selfIpi(5);
    bench.write(0, ESR, 0);
    assertEquals(0x60, bench.read(0, ESR));
  }

  @Test
  void takesOnlyAlignedDoublewordWrites() {
    apic.writeMmio(TPR, 1, 0x40);
    apic.writeMmio(TPR + 4, 4, 0x40);
    apic.writeMmio(TPR, 8, 0x40);
    assertEquals(0, bench.read(0, TPR));
    bench.write(0, TPR, 0x1FF);
    assertEquals(0xFF, bench.read(0, TPR));
    assertEquals(0x14, apic.readMmio(0x30, 1));
    assertEquals(0x05, apic.readMmio(0x32, 1));
    assertEquals(0, apic.readMmio(0x33, 2));
  }

  @Test
  void baseMayNotTakeReservedBitsOrIllegalSteps() {
    long base = apic.apicBase();
    assertFalse(apic.setApicBase(base | 1));
    assertFalse(apic.setApicBase(base | 1L << 40));
    assertFalse(apic.setApicBase(base & ~ApicBench.EN | ApicBench.EXTD));
    assertTrue(apic.setApicBase(base & ~ApicBench.EN));
    assertFalse(apic.setApicBase(base | ApicBench.EXTD), "disabled to x2APIC");
    assertTrue(apic.setApicBase(base));
    assertTrue(apic.setApicBase(base | ApicBench.EXTD));
    assertFalse(apic.setApicBase(base), "x2APIC to xAPIC");
    assertTrue(apic.setApicBase(base & ~ApicBench.EN));
  }

  @Test
  void withoutTheFeatureExtdIsReserved() {
    var bare = new ApicBench(1, EnumSet.noneOf(LapicFeature.class));
    assertFalse(bare.apic(0).setApicBase(bare.apic(0).apicBase() | ApicBench.EXTD));
  }

  @Test
  void pageMovesWithItsBase() {
    assertTrue(apic.setApicBase(0xFED4_0000L | ApicBench.EN));
    assertEquals(0xFED4_0000L, apic.mmioPage());
    assertTrue(apic.setApicBase(0xFED4_0000L));
    assertEquals(-1, apic.mmioPage());
  }

  @Test
  void taskPriorityOutlivesDisablingAndIdReturnsToItsFirst() {
    bench.write(0, ID, 0x7700_0000);
    assertEquals(0x77, apic.xapicId());
    long base = apic.apicBase();
    apic.setApicBase(base & ~ApicBench.EN);
    apic.setTaskPriorityClass(5);
    assertEquals(5, apic.taskPriorityClass());
    apic.setApicBase(base);
    assertEquals(0x50, bench.read(0, TPR));
    assertEquals(0, bench.read(0, ID));
  }

  @Test
  void initKeepsIdAndBaseAndClearsTheRest() {
    bench.write(1, ID, 0x7700_0000);
    bench.write(1, TPR, 0x40);
    bench.apic(1).init();
    assertEquals(0x77, bench.apic(1).xapicId());
    assertEquals(0, bench.read(1, TPR));
    assertEquals(0xFF, bench.read(1, SVR));
    bench.apic(1).reset();
    assertEquals(1, bench.apic(1).xapicId());
  }

  @Test
  void emitsAnEventForEachAccess() {
    bench.heard.clear();
    bench.write(0, TPR, 0x10);
    bench.read(0, 0x110);
    var write = (MachineEvent.Apic) bench.heard.get(0);
    assertEquals("TPR", write.reg());
    assertEquals(MachineEvent.Op.WRITE, write.op());
    assertEquals(0x10, write.value());
    assertEquals("xapic", write.mode());
    assertEquals("ISR1", ((MachineEvent.Apic) bench.heard.get(1)).reg());
  }
}
