package dev.backstep.recorder;

import com.google.protobuf.ByteString;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.listen.MachineEvent.Op;
import dev.backstep.proto.v1.ApicEvent;
import dev.backstep.proto.v1.CacheEvent;
import dev.backstep.proto.v1.ConsoleEvent;
import dev.backstep.proto.v1.ControlEvent;
import dev.backstep.proto.v1.CpuidEvent;
import dev.backstep.proto.v1.CrEvent;
import dev.backstep.proto.v1.DmaEvent;
import dev.backstep.proto.v1.DrEvent;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.ExceptionEvent;
import dev.backstep.proto.v1.HaltEvent;
import dev.backstep.proto.v1.InitEvent;
import dev.backstep.proto.v1.InjectionEvent;
import dev.backstep.proto.v1.InputEvent;
import dev.backstep.proto.v1.InterruptEvent;
import dev.backstep.proto.v1.IoEvent;
import dev.backstep.proto.v1.IpiEvent;
import dev.backstep.proto.v1.MemoryTypeEvent;
import dev.backstep.proto.v1.MmioEvent;
import dev.backstep.proto.v1.ModeEvent;
import dev.backstep.proto.v1.MsrEvent;
import dev.backstep.proto.v1.ResetEvent;
import dev.backstep.proto.v1.ShutdownEvent;
import dev.backstep.proto.v1.SipiEvent;
import dev.backstep.proto.v1.TlbEvent;
import dev.backstep.proto.v1.VmexitEvent;
import dev.backstep.proto.v1.WakeEvent;

/// How each event of the machine is written into the journal.
public final class EventTranslation {
  private static final int PAGE_FAULT = 14;

  private EventTranslation() {}

  public static Event toProto(MachineEvent event) {
    MachineEvent.At at = event.at();
    Event.Builder b =
        Event.newBuilder()
            .setPosition(at.position())
            .setVcpu(at.vcpu())
            .setRip(at.rip())
            .setTimeNs(at.timeNs());
    switch (event) {
      case MachineEvent.Cpuid e -> b.setCpuid(cpuid(e));
      case MachineEvent.Msr e -> b.setMsr(msr(e));
      case MachineEvent.ControlRegister e ->
          b.setCr(CrEvent.newBuilder().setOp(op(e.op())).setReg(e.reg()).setValue(e.value()));
      case MachineEvent.DebugRegister e ->
          b.setDr(DrEvent.newBuilder().setOp(op(e.op())).setReg(e.reg()).setValue(e.value()));
      case MachineEvent.Io e -> b.setIo(io(e));
      case MachineEvent.Mmio e -> b.setMmio(mmio(e));
      case MachineEvent.Apic e -> b.setApic(apic(e));
      case MachineEvent.Ipi e -> b.setIpi(ipi(e));
      case MachineEvent.Interrupt e -> b.setInterrupt(interrupt(e));
      case MachineEvent.Exception e -> b.setException(exception(e));
      case MachineEvent.Injection e -> b.setInjection(injection(e));
      case MachineEvent.Control e -> b.setControl(control(e));
      case MachineEvent.VmExit e ->
          b.setVmexit(
              VmexitEvent.newBuilder()
                  .setReason(e.reason())
                  .setName(e.name())
                  .setQualification(e.qualification()));
      case MachineEvent.MemoryTypeChosen e -> b.setMemoryType(memoryType(e));
      case MachineEvent.Cache e -> b.setCache(cache(e));
      case MachineEvent.Dma e -> b.setDma(dma(e));
      case MachineEvent.TlbFlush e -> b.setTlb(TlbEvent.newBuilder().setOp(e.op()).setGva(e.gva()));
      case MachineEvent.Mode e -> b.setMode(ModeEvent.newBuilder().setFrom(e.from()).setTo(e.to()));
      case MachineEvent.Halt e ->
          b.setHalt(HaltEvent.newBuilder().setInterruptsEnabled(e.interruptsEnabled()));
      case MachineEvent.Wake e -> b.setWake(WakeEvent.newBuilder().setSource(e.reason()));
      case MachineEvent.Reset e -> b.setReset(ResetEvent.newBuilder().setSource(e.source()));
      case MachineEvent.Init _ -> b.setInit(InitEvent.getDefaultInstance());
      case MachineEvent.Sipi e -> b.setSipi(SipiEvent.newBuilder().setVector(e.vector()));
      case MachineEvent.Shutdown e ->
          b.setShutdown(ShutdownEvent.newBuilder().setReason(e.reason()).setValue(e.value()));
      case MachineEvent.Console e ->
          b.setConsole(
              ConsoleEvent.newBuilder()
                  .setText(ByteString.copyFrom(e.text()))
                  .setDevice(e.device()));
      case MachineEvent.Input e ->
          b.setInput(
              InputEvent.newBuilder().setText(ByteString.copyFrom(e.text())).setDevice(e.device()));
    }
    return b.build();
  }

  private static String op(Op op) {
    return switch (op) {
      case READ -> "read";
      case WRITE -> "write";
    };
  }

  private static CpuidEvent.Builder cpuid(MachineEvent.Cpuid e) {
    return CpuidEvent.newBuilder()
        .setLeaf(e.leaf())
        .setSubleaf(e.subleaf())
        .setEax(e.eax())
        .setEbx(e.ebx())
        .setEcx(e.ecx())
        .setEdx(e.edx());
  }

  private static MsrEvent.Builder msr(MachineEvent.Msr e) {
    return MsrEvent.newBuilder()
        .setOp(op(e.op()))
        .setMsr(e.msr())
        .setName(e.name())
        .setValue(e.value())
        .setFault(e.fault());
  }

  private static IoEvent.Builder io(MachineEvent.Io e) {
    return IoEvent.newBuilder()
        .setOp(op(e.op()))
        .setPort(e.port())
        .setSize(e.size())
        .setValue(e.value())
        .setDevice(e.device());
  }

  private static MmioEvent.Builder mmio(MachineEvent.Mmio e) {
    return MmioEvent.newBuilder()
        .setOp(op(e.op()))
        .setGpa(e.gpa())
        .setSize(e.size())
        .setValue(e.value())
        .setDevice(e.device());
  }

  private static ApicEvent.Builder apic(MachineEvent.Apic e) {
    return ApicEvent.newBuilder()
        .setOp(op(e.op()))
        .setReg(e.reg())
        .setValue(e.value())
        .setMode(e.mode());
  }

  private static IpiEvent.Builder ipi(MachineEvent.Ipi e) {
    IpiEvent.Builder b =
        IpiEvent.newBuilder()
            .setVector(e.vector())
            .setDeliveryMode(e.deliveryMode())
            .setDest((int) e.dest())
            .setDestMode(e.destMode())
            .setShorthand(e.shorthand())
            .setRule(e.rule());
    for (int target : e.targets()) {
      b.addTargets(target);
    }
    for (int target : e.hardwareTargets()) {
      b.addHardwareTargets(target);
    }
    return b;
  }

  private static InterruptEvent.Builder interrupt(MachineEvent.Interrupt e) {
    InterruptEvent.Builder b =
        InterruptEvent.newBuilder().setVector(e.vector()).setSource(e.source());
    if (e.from() >= 0) {
      b.setFrom(e.from());
    }
    return b;
  }

  private static ExceptionEvent.Builder exception(MachineEvent.Exception e) {
    ExceptionEvent.Builder b =
        ExceptionEvent.newBuilder()
            .setVector(e.vector())
            .setName(e.name())
            .setHasErrorCode(e.hasErrorCode())
            .setOrigin(e.origin());
    if (e.hasErrorCode()) {
      b.setErrorCode(e.errorCode());
    }
    if (e.vector() == PAGE_FAULT) {
      b.setCr2(e.cr2());
    }
    return b;
  }

  private static InjectionEvent.Builder injection(MachineEvent.Injection e) {
    InjectionEvent.Builder b =
        InjectionEvent.newBuilder()
            .setVector(e.vector())
            .setType(e.type())
            .setHasErrorCode(e.hasErrorCode())
            .setOutcome(e.outcome());
    if (e.hasErrorCode()) {
      b.setErrorCode(e.errorCode());
    }
    if (!e.check().isEmpty()) {
      b.setCheck(e.check());
    }
    if (!e.reason().isEmpty()) {
      b.setReason(e.reason());
    }
    return b;
  }

  private static ControlEvent.Builder control(MachineEvent.Control e) {
    ControlEvent.Builder b =
        ControlEvent.newBuilder()
            .setCall(e.call())
            .setArguments(e.arguments())
            .setResult(e.result());
    if (!e.reason().isEmpty()) {
      b.setReason(e.reason());
    }
    return b;
  }

  private static CacheEvent.Builder cache(MachineEvent.Cache e) {
    CacheEvent.Builder b =
        CacheEvent.newBuilder()
            .setOp(e.op())
            .setGpa(e.gpa())
            .setReason(e.reason())
            .setHolder(e.holder());
    if (!e.type().isEmpty()) {
      b.setType(e.type());
    }
    return b;
  }

  private static DmaEvent.Builder dma(MachineEvent.Dma e) {
    return DmaEvent.newBuilder()
        .setOp(op(e.op()))
        .setGpa(e.gpa())
        .setSize(e.size())
        .setDevice(e.device())
        .setSnoop(e.snoop())
        .setStale(e.stale());
  }

  private static MemoryTypeEvent.Builder memoryType(MachineEvent.MemoryTypeChosen e) {
    MemoryTypeEvent.Builder b =
        MemoryTypeEvent.newBuilder()
            .setGva(e.gva())
            .setGpa(e.gpa())
            .setSize(e.size())
            .setMtrr(e.mtrr())
            .setPat(e.pat())
            .setCr0Cd(e.cr0Cd())
            .setEffective(e.effective())
            .setRule(e.rule());
    String nested = e.nested();
    if (nested != null) {
      b.setNested(nested);
    }
    return b;
  }
}
