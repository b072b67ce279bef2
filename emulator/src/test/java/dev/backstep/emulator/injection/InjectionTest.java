package dev.backstep.emulator.injection;

import static dev.backstep.emulator.testing.SystemBench.CODE32;
import static dev.backstep.emulator.testing.SystemBench.CODE_AT;
import static dev.backstep.emulator.testing.SystemBench.gate;
import static dev.backstep.emulator.testing.SystemBench.handler;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.control.VcpuEvents;
import dev.backstep.emulator.control.VcpuEvents.NonMaskable;
import dev.backstep.emulator.control.VcpuEvents.PendingException;
import dev.backstep.emulator.control.VcpuEvents.PendingInterrupt;
import dev.backstep.emulator.injection.InjectionBench.Generation;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.Activity;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.ResetState;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What the next VM entry makes of the events that KVM's user set.
class InjectionTest {
  private static final int NOP = 0x90;
  private static final int HLT = 0xF4;

  private static InjectionBench on(Generation generation) {
    return new InjectionBench(new SystemBench().protected32().code(NOP, NOP, NOP), generation);
  }

  private static PendingException pending(int vector) {
    return new PendingException(false, true, vector, false, 0, false, 0);
  }

  private static PendingException pending(int vector, int code, long payload) {
    return new PendingException(false, true, vector, true, code, true, payload);
  }

  @Test
  void aVcpuThatNobodyTouchedHasNoEntries() {
    InjectionBench i = on(Generation.SKYLAKE);
    i.b.run(1);
    assertEquals(null, i.c.vmEntry);
    assertEquals(CODE_AT + 1, i.c.rip);
  }

  @Test
  void theExceptionFollowsTheInjection() {
    InjectionBench i = on(Generation.SKYLAKE).exception(13, 0x10).step();
    List<MachineEvent> events = i.b.log.events;
    assertEquals(MachineEvent.Injection.class, events.get(0).getClass());
    assertEquals(MachineEvent.Exception.class, events.get(1).getClass());
    assertEquals(CODE_AT, events.get(0).at().rip());
    assertEquals(CODE_AT, events.get(1).at().rip());
    assertFalse(i.c.entryDue);
  }

  @Test
  void resumeFlagOfAnInjectedExceptionIsTheGuests() {
    InjectionBench injected = on(Generation.SKYLAKE).exception(6).step();
    assertEquals(Rflags.FIXED, injected.b.stack32(2));
    assertFalse(injected.c.flag(Rflags.RF));
  }

  @Test
  void pendingFaultsSetTheResumeFlag() {
    assertEquals(
        Rflags.FIXED | Rflags.RF, on(Generation.SKYLAKE).pending(pending(6)).step().b.stack32(2));
    for (int vector : new int[] {1, 18}) {
      InjectionBench i = on(Generation.SKYLAKE).pending(pending(vector)).step();
      assertEquals(Rflags.FIXED, i.b.stack32(2), "vector " + vector);
    }
  }

  @Test
  void pendingPageFaultLoadsCr2WhenItBecomesInjected() {
    InjectionBench i = on(Generation.SKYLAKE).pending(pending(14, 2, 0xCAFE_0000L));
    assertEquals(0, i.c.cr2);
    i.step();
    assertEquals(0xCAFE_0000L, i.c.cr2);
    assertEquals(2, i.b.stack32(0));
  }

  @Test
  void injectedPageFaultLeavesCr2() {
    InjectionBench i = on(Generation.SKYLAKE);
    i.c.cr2 = 0x1234;
    i.exception(14, 2).step();
    assertEquals(0x1234, i.c.cr2);
  }

  @Test
  void pendingDebugExceptionMovesItsPayloadToDr6AndClearsGeneralDetect() {
    InjectionBench i = on(Generation.SKYLAKE);
    i.c.dr[6] = ControlBits.DR6_FIXED | 0x3 | ControlBits.DR6_BD;
    i.c.dr[7] |= ControlBits.DR7_GD;
    // Single step, breakpoint 2, "enabled breakpoint", and bit 16, which DR6 shows inverted.
    i.pending(new PendingException(false, true, 1, false, 0, true, 0x1_5004L)).step();
    assertEquals(
        (ControlBits.DR6_FIXED ^ 0x1_0000) | ControlBits.DR6_BS | ControlBits.DR6_BD | 0x4,
        i.c.dr[6]);
    assertEquals(0, i.c.dr[7] & ControlBits.DR7_GD);
  }

  @Test
  void injectedDebugExceptionLeavesTheDebugRegisters() {
    InjectionBench i = on(Generation.SKYLAKE);
    i.c.dr[6] = ControlBits.DR6_FIXED | 0x3;
    i.c.dr[7] |= ControlBits.DR7_GD;
    i.exception(1).step();
    assertEquals(ControlBits.DR6_FIXED | 0x3, i.c.dr[6]);
    assertTrue((i.c.dr[7] & ControlBits.DR7_GD) != 0);
    assertEquals(handler(1), i.c.rip);
  }

  @Test
  void softwareExceptionsNeedTheGatesPrivilegeAndHardwareOnesDoNot() {
    var user = new InjectionBench(new SystemBench().protected32().user(), Generation.SKYLAKE);
    user.b.code(NOP).idt(3, gate(Descriptor.INTERRUPT_GATE32, CODE32, handler(3), 0, 0));
    user.exception(3).step();
    // The gate's entry, and not from outside: EXT is clear.
    assertEquals(List.of("#BP", "#GP(1a)"), user.b.exceptions());
    assertEquals(CODE_AT, user.b.stack32(1));
    var fault = new InjectionBench(new SystemBench().protected32().user(), Generation.SKYLAKE);
    fault.b.code(NOP).idt(6, gate(Descriptor.INTERRUPT_GATE32, CODE32, handler(6), 0, 0));
    fault.exception(6).step();
    assertEquals(List.of("#UD"), fault.b.exceptions());
  }

  @Test
  void amdReturnsBehindWhicheverInstructionIsAtRip() {
    var i =
        new InjectionBench(new SystemBench().protected32().code(0xB8, 1, 2, 3, 4), Generation.SVM);
    i.exception(3).step();
    assertEquals(CODE_AT + 5, i.b.stack32(0));
  }

  @Test
  void amdGivesUpASoftExceptionWhoseInstructionCannotBeRead() {
    var i = new InjectionBench(new SystemBench().longMode().code(NOP), Generation.SVM);
    i.b.page(CODE_AT, 0);
    i.exception(3).step();
    assertEquals("dropped", i.injection().outcome());
    // The guest goes on, and meets the page fault itself.
    assertEquals(List.of("#PF(10)"), i.b.exceptions());
  }

  @Test
  void amdGivesUpASoftExceptionAtAnInstructionThatIsNone() {
    var i = new InjectionBench(new SystemBench().protected32().code(0x0F, 0x04), Generation.SVM);
    i.exception(3).step();
    assertEquals("dropped", i.injection().outcome());
    assertEquals(List.of("#UD"), i.b.exceptions());
  }

  @Test
  void faultsDuringDeliveryCombineWithTheInjectedException() {
    InjectionBench i = on(Generation.SKYLAKE);
    i.b.idt(13, 0);
    i.exception(13, 0).step();
    assertEquals(List.of("#GP(0)", "#DF(0)"), i.b.exceptions());
    InjectionBench benign = on(Generation.SKYLAKE);
    benign.b.idt(6, 0);
    benign.exception(6).step();
    assertEquals(List.of("#UD", "#GP(33)"), benign.b.exceptions());
  }

  @Test
  void aFaultDuringAnInjectedDoubleFaultShutsDown() {
    InjectionBench i = on(Generation.SKYLAKE);
    i.b.idt(8, 0);
    i.exception(8, 0);
    i.b.run(1);
    assertEquals(Activity.SHUTDOWN, i.c.activity);
  }

  @Test
  void nmisBlockFurtherOnes() {
    InjectionBench i = on(Generation.SKYLAKE).nmi(new NonMaskable(true, false, false), 0).step();
    assertEquals(handler(2), i.c.rip);
    assertTrue(i.c.nmiBlocked);
    assertEquals("NMI", i.injection().type());
    assertEquals(2, i.b.log.of(MachineEvent.Interrupt.class).getFirst().vector());
  }

  @Test
  void vmxRefusesAnNmiWhileNmisAreBlocked() {
    var blocked = new NonMaskable(true, false, true);
    InjectionBench vmx = on(Generation.SKYLAKE).nmi(blocked, 0).step();
    assertEquals("vm-entry-failed 80000021", vmx.outcome());
    assertEquals("interruptibility", vmx.injection().check());
    assertEquals("delivered", on(Generation.SVM).nmi(blocked, 0).step().outcome());
  }

  @Test
  void vmxRefusesAnInterruptWhileTheGuestHoldsThemOff() {
    InjectionBench vmx = on(Generation.SKYLAKE).interrupt(0x40, false).step();
    assertEquals("vm-entry-failed 80000021", vmx.outcome());
    assertEquals("rflags-if", vmx.injection().check());
    assertEquals("delivered", on(Generation.SVM).interrupt(0x40, false).step().outcome());
    InjectionBench open = on(Generation.SKYLAKE);
    open.c.setRflags(Rflags.IF);
    open.interrupt(0x40, false).step();
    assertEquals("delivered", open.outcome());
    assertEquals(handler(0x40), open.c.rip);
    assertEquals(CODE_AT, open.b.stack32(0));
    assertEquals("injected", open.b.log.of(MachineEvent.Interrupt.class).getFirst().source());
  }

  @Test
  void softwareInterruptsNeedALengthOnOldHardware() {
    assertEquals(
        "vm-entry-failed 7", on(Generation.HASWELL).interrupt(0x40, true).step().outcome());
    InjectionBench vmx = on(Generation.SKYLAKE).interrupt(0x40, true).step();
    assertEquals(CODE_AT, vmx.b.stack32(0));
    InjectionBench svm = on(Generation.SVM).interrupt(0x40, true).step();
    assertEquals(CODE_AT + 1, svm.b.stack32(0));
    assertEquals("software interrupt", svm.injection().type());
  }

  @Test
  void anEntryWithoutAnEventChecksTheStateToo() {
    InjectionBench i = on(Generation.SKYLAKE).shadow(2);
    i.b.run(1);
    assertEquals("vm-entry-failed 80000021", i.outcome());
    assertEquals("interruptibility", i.injection().check());
    assertEquals("none", i.injection().type());
    InjectionBench stepping = on(Generation.SKYLAKE);
    stepping.c.setRflags(Rflags.TF);
    stepping.shadow(1);
    stepping.b.run(1);
    assertEquals("pending-debug-exceptions", stepping.injection().check());
    InjectionBench fine = on(Generation.SKYLAKE).shadow(1);
    fine.b.run(1);
    assertEquals(0, fine.injections().size());
    assertEquals(CODE_AT + 1, fine.c.rip);
  }

  @Test
  void oneEntryInjectsOneEventAndTheRestIsForgotten() {
    InjectionBench i = on(Generation.SVM);
    i.set(
        new VcpuEvents(
            new PendingException(true, false, 6, false, 0, false, 0),
            new PendingInterrupt(true, 0x40, false, 0),
            new NonMaskable(true, false, false),
            0,
            false,
            0));
    i.b.run(3);
    assertEquals(
        List.of("hardware exception delivered", "NMI dropped", "external interrupt dropped"),
        i.injections().stream().map(e -> e.type() + " " + e.outcome()).toList());
    assertEquals(List.of("#UD"), i.b.exceptions());
    assertEquals("vcpu=0,nr=6,interrupt-nr=64,flags=0xd", i.get());
  }

  @Test
  void aPendingExceptionComesBeforeAnInjectedNmi() {
    InjectionBench i = on(Generation.SVM);
    i.payloads = true;
    i.set(
        new VcpuEvents(
            pending(6),
            PendingInterrupt.NONE,
            new NonMaskable(true, false, false),
            0,
            false,
            VcpuEvents.VALID_PAYLOAD));
    i.step();
    assertEquals(6, i.injection().vector());
    assertEquals("dropped", i.injections().getLast().outcome());
  }

  @ParameterizedTest
  @EnumSource
  void aHaltedVcpuWakesForPendingExceptionsOnly(Generation generation) {
    var i = new InjectionBench(new SystemBench().protected32().code(HLT, NOP), generation);
    i.b.run(1);
    assertEquals(Activity.HALTED, i.c.activity);
    i.exception(6);
    i.b.run(1);
    assertEquals(Activity.HALTED, i.c.activity);
    assertEquals(0, i.injections().size());
    i.pending(pending(6)).step();
    assertEquals(handler(6), i.c.rip);
    assertEquals(CODE_AT + 1, i.b.stack32(0));
    assertEquals("exception", i.b.log.of(MachineEvent.Wake.class).getFirst().reason());
  }

  @Test
  void whatWakesAHaltedVcpuComesAfterWhatWasInjected() {
    var i = new InjectionBench(new SystemBench().protected32().code(HLT), Generation.SKYLAKE);
    i.b.run(1);
    i.exception(6);
    i.c.raiseNmi();
    i.step();
    assertEquals(handler(2), i.c.rip);
    assertEquals(handler(6), i.b.stack32(0));
  }

  @Test
  void initForgetsWhatWasQueued() {
    InjectionBench i = on(Generation.SKYLAKE).exception(6);
    ResetState.init(i.c);
    assertEquals("vcpu=0,nr=6,flags=0xd", i.get());
    i.b.realMode().code(NOP);
    i.c.activity = Activity.RUNNING;
    i.b.run(1);
    assertEquals(0, i.injections().size());
  }

  private static void setTripleFault(InjectionBench i) {
    i.tripleFaults = true;
    i.set(
        new VcpuEvents(
            PendingException.NONE,
            PendingInterrupt.NONE,
            NonMaskable.NONE,
            0,
            true,
            VcpuEvents.VALID_TRIPLE_FAULT));
  }

  @Test
  void tripleFaultShutsDown() {
    InjectionBench i = on(Generation.SKYLAKE);
    setTripleFault(i);
    i.b.run(1);
    assertEquals(Activity.SHUTDOWN, i.c.activity);
    assertEquals(0, i.c.position());
  }

  /// Linux arch/x86/kvm/x86.h, kvm_is_exception_pending.
  @Test
  void tripleFaultWakesAHaltedVcpu() {
    var i = new InjectionBench(new SystemBench().protected32().code(HLT, NOP), Generation.SKYLAKE);
    i.b.run(1);
    assertEquals(Activity.HALTED, i.c.activity);
    setTripleFault(i);
    i.b.run(1);
    assertEquals(Activity.SHUTDOWN, i.c.activity);
  }

  @Test
  void aFailedEntryIsFinal() {
    InjectionBench i = on(Generation.SKYLAKE).exception(13).step();
    assertTrue(i.c.entryFailed);
    i.c.raiseNmi();
    i.exception(6).step();
    assertEquals(1, i.injections().size());
    assertEquals(CODE_AT, i.c.rip);
    assertEquals(0, i.c.gpr[Vcpu.RAX]);
  }

  @Test
  void onlyWhatTheGuestsStateForbidsIsAVmExit() {
    InjectionBench control = on(Generation.SKYLAKE).exception(13).step();
    assertEquals(0, control.b.log.of(MachineEvent.VmExit.class).size());
    InjectionBench state = on(Generation.SKYLAKE).interrupt(0x40, false).step();
    MachineEvent.VmExit exit = state.b.log.of(MachineEvent.VmExit.class).getFirst();
    assertEquals(0x8000_0021, exit.reason());
    assertEquals("INVALID_STATE", exit.name());
    var svm = new InjectionBench(new SystemBench().longMode().code(NOP), Generation.SVM);
    svm.exception(5).step();
    assertEquals(-1, svm.b.log.of(MachineEvent.VmExit.class).getFirst().reason());
    assertTrue(
        svm.injection().reason().endsWith("hardware_entry_failure_reason 0xffffffff"),
        svm.injection().reason());
  }
}
