package dev.backstep.emulator.injection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.control.ControlAnswer;
import dev.backstep.emulator.control.VcpuEvents;
import dev.backstep.emulator.control.VcpuEvents.NonMaskable;
import dev.backstep.emulator.control.VcpuEvents.PendingException;
import dev.backstep.emulator.control.VcpuEvents.PendingInterrupt;
import dev.backstep.emulator.injection.InjectionBench.Generation;
import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.Vcpu;
import org.junit.jupiter.api.Test;

/// Linux arch/x86/kvm/x86.c, kvm_vcpu_ioctl_x86_set_vcpu_events and
/// kvm_vcpu_ioctl_x86_get_vcpu_events.
class VcpuEventRequestsTest {
  private static final PendingException NONE = PendingException.NONE;

  private final InjectionBench i =
      new InjectionBench(new SystemBench().protected32().code(0x90), Generation.SKYLAKE);

  private static VcpuEvents events(PendingException x, int flags) {
    return new VcpuEvents(x, PendingInterrupt.NONE, NonMaskable.NONE, 0, false, flags);
  }

  private static PendingException injected(int vector) {
    return new PendingException(true, false, vector, false, 0, false, 0);
  }

  private static PendingException pending(int vector) {
    return new PendingException(false, true, vector, false, 0, false, 0);
  }

  private void refuses(VcpuEvents asked, String check) {
    ControlAnswer answer = i.set(asked);
    assertEquals("-EINVAL", answer.result());
    assertEquals("rejected", i.injections().getLast().outcome());
    assertEquals(check, i.injections().getLast().check());
    assertEquals(answer.reason(), i.injections().getLast().reason());
    assertFalse(i.c.entryDue);
  }

  @Test
  void refusesVectorsThatAreNoExceptions() {
    for (int vector : new int[] {2, 32, 33, 255}) {
      refuses(events(injected(vector), 0), "exception-vector");
    }
    i.payloads = true;
    refuses(events(pending(2), VcpuEvents.VALID_PAYLOAD), "exception-vector");
    i.step();
    assertEquals(0, i.b.exceptions().size());
  }

  @Test
  void acceptsAnyVectorThatIsNeitherInjectedNorPending() {
    assertEquals(
        "0", i.set(events(new PendingException(false, false, 99, false, 0, false, 0), 0)).result());
    // Without VALID_PAYLOAD nothing is pending.
    assertEquals("0", i.set(events(pending(32), 0)).result());
  }

  @Test
  void refusesFlagsItDoesNotKnow() {
    refuses(events(NONE, 1 << 6), "flags");
    refuses(events(NONE, 1 << 31), "flags");
  }

  /// The ioctl looks at the triple fault when everything else is set, and then does not ask for an
  /// entry that injects.
  @Test
  void aTripleFaultIsRefusedWhenTheRestIsSet() {
    int flags = VcpuEvents.VALID_TRIPLE_FAULT | VcpuEvents.VALID_SHADOW;
    var shadow = new PendingInterrupt(false, 0, false, EntryPolicy.SHADOW_MOV_SS);
    var masked = new NonMaskable(false, false, true);
    ControlAnswer answer = i.set(new VcpuEvents(injected(6), shadow, masked, 0, true, flags));
    assertEquals("-EINVAL", answer.result());
    assertTrue(i.c.nmiBlocked);
    assertTrue(i.c.stackSwitchShadow);
    i.step();
    assertEquals(0, i.b.exceptions().size());
    assertEquals(1, i.injections().size(), "the refusal");
  }

  @Test
  void anNmiHasTheNextEntryInjectInSpiteOfTheRefusal() {
    int flags = VcpuEvents.VALID_TRIPLE_FAULT | VcpuEvents.VALID_NMI_PENDING;
    var nmi = new NonMaskable(false, true, false);
    i.set(new VcpuEvents(injected(6), PendingInterrupt.NONE, nmi, 0, true, flags));
    i.step();
    assertEquals(6, i.injections().getLast().vector());
    assertEquals("delivered", i.injections().getLast().outcome());
  }

  @Test
  void refusesPayloadsAndTripleFaultsWithoutTheirCapabilities() {
    refuses(events(NONE, VcpuEvents.VALID_PAYLOAD), "payload");
    assertEquals("-EINVAL", i.set(events(NONE, VcpuEvents.VALID_TRIPLE_FAULT)).result());
    assertEquals("triple-fault", i.injections().getLast().check());
    i.payloads = true;
    i.tripleFaults = true;
    int both = VcpuEvents.VALID_PAYLOAD | VcpuEvents.VALID_TRIPLE_FAULT;
    assertEquals("0", i.set(events(NONE, both)).result());
  }

  @Test
  void checksNoVectorAgainstItsErrorCode() {
    for (int vector = 0; vector < 32; vector++) {
      var withCode = new PendingException(true, false, vector, true, -1, false, 0);
      assertEquals(vector == 2 ? "-EINVAL" : "0", i.set(events(withCode, 0)).result());
    }
  }

  @Test
  void reportsWhatWaitsAndCanBeSetAgain() {
    i.set(
        new VcpuEvents(
            new PendingException(true, false, 13, true, 0x10, false, 0),
            new PendingInterrupt(true, 0x40, false, 0),
            new NonMaskable(true, true, true),
            0,
            false,
            VcpuEvents.VALID_NMI_PENDING));
    assertEquals(
        "vcpu=0,injected=on,nr=13,has-error-code=on,error-code=0x10,interrupt-injected=on,"
            + "interrupt-nr=64,nmi-injected=on,nmi-pending=on,nmi-masked=on,flags=0xd",
        i.get());
  }

  @Test
  void reportsSoftExceptionsAsNeitherInjectedNorPending() {
    for (int vector : new int[] {3, 4}) {
      i.set(events(injected(vector), 0));
      assertEquals("vcpu=0,nr=%d,flags=0xd".formatted(vector), i.get());
    }
    i.payloads = true;
    i.set(events(pending(3), VcpuEvents.VALID_PAYLOAD));
    assertEquals("vcpu=0,nr=3,flags=0x1d", i.get());
    assertTrue(i.c.vmEntry != null && i.c.vmEntry.wakes(), "it waits all the same");
  }

  @Test
  void reportsPendingAsInjectedToWhoHasNoPayloads() {
    i.pending(pending(6));
    assertEquals("vcpu=0,pending=on,nr=6,flags=0x1d", i.get());
    i.payloads = false;
    assertEquals("vcpu=0,injected=on,pending=on,nr=6,flags=0xd", i.get());
  }

  @Test
  void deliversThePayloadWhenAskedByWhoHasNone() {
    i.pending(new PendingException(false, true, 14, true, 2, true, 0x7777_0000L));
    assertEquals(0, i.c.cr2);
    i.payloads = false;
    i.get();
    assertEquals(0x7777_0000L, i.c.cr2);
  }

  @Test
  void pendingExcludesInjectedAndOnlyItHasAPayload() {
    i.pending(new PendingException(true, true, 14, true, 2, true, 0x1000));
    assertEquals(
        "vcpu=0,pending=on,nr=14,has-error-code=on,error-code=0x2,has-payload=on,payload=0x1000,"
            + "flags=0x1d",
        i.get());
    i.pending(new PendingException(true, false, 14, true, 2, true, 0x2000));
    i.step();
    assertEquals(0, i.c.cr2);
  }

  @Test
  void shadowsAreAsTheVendorKeepsThem() {
    i.shadow(3);
    assertTrue(i.c.interruptShadow && i.c.stackSwitchShadow);
    assertEquals("vcpu=0,shadow=1,flags=0xd", i.get());
    i.shadow(2);
    assertFalse(i.c.stackSwitchShadow);
    assertEquals("vcpu=0,shadow=2,flags=0xd", i.get());
    i.shadow(0);
    assertFalse(i.c.interruptShadow);
    var svm = new InjectionBench(new SystemBench().protected32(), Generation.SVM);
    svm.shadow(2);
    assertEquals("vcpu=0,shadow=3,flags=0xd", svm.get());
  }

  @Test
  void nmisPendOnlyIfTheFlagSaysSo() {
    i.nmi(new NonMaskable(false, true, true), 0);
    assertFalse(i.c.nmiPending);
    assertTrue(i.c.nmiBlocked);
    i.nmi(new NonMaskable(false, true, true), VcpuEvents.VALID_NMI_PENDING);
    assertTrue(i.c.nmiPending);
    i.nmi(NonMaskable.NONE, VcpuEvents.VALID_NMI_PENDING);
    assertFalse(i.c.nmiPending || i.c.nmiBlocked);
  }

  @Test
  void replacesTheVectorOfAStartupThatPendsAndMakesNone() {
    var asked =
        new VcpuEvents(
            NONE,
            PendingInterrupt.NONE,
            NonMaskable.NONE,
            0x12,
            false,
            VcpuEvents.VALID_SIPI_VECTOR);
    i.set(asked);
    assertEquals(Vcpu.NO_SIPI, i.c.sipiVector);
    i.c.sipiVector = 0x9F;
    i.set(asked);
    assertEquals(0x12, i.c.sipiVector);
  }

  @Test
  void outsideOfSystemManagementModeNoInitIsLatched() {
    i.c.initPending = true;
    i.set(events(NONE, 0));
    assertTrue(i.c.initPending);
    i.set(events(NONE, VcpuEvents.VALID_SMM));
    assertFalse(i.c.initPending);
  }
}
