package dev.backstep.indexer;

import com.google.protobuf.ByteString;
import dev.backstep.proto.v1.ConsoleEvent;
import dev.backstep.proto.v1.CpuidEvent;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.ExceptionEvent;
import dev.backstep.proto.v1.InterruptEvent;
import dev.backstep.proto.v1.IpiEvent;
import dev.backstep.proto.v1.MemoryTypeEvent;
import dev.backstep.proto.v1.ModeEvent;
import dev.backstep.proto.v1.MsrEvent;
import dev.backstep.proto.v1.VmexitEvent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Random events, each with the row that searches of it must find.
final class SampleEvents {
  private static final List<String> TYPES = List.of("UC", "WC", "WT", "WP", "WB");

  private final Random random;

  SampleEvents(Random random) {
    this.random = random;
  }

  Event next(long position, int vcpu, List<Row> rows) {
    Map<String, List<Object>> fields = new HashMap<>();
    long rip = random.nextBoolean() ? random.nextInt(8) * 0x1000L : random.nextLong();
    Event.Builder event =
        Event.newBuilder().setPosition(position).setVcpu(vcpu).setRip(rip).setTimeNs(position * 3);
    put(fields, "position", position);
    put(fields, "vcpu", (long) vcpu);
    put(fields, "rip", rip);
    put(fields, "time_ns", position * 3);
    Event done =
        switch (random.nextInt(9)) {
          case 0 -> event.setCpuid(cpuid(fields)).build();
          case 1 -> event.setMsr(msr(fields)).build();
          case 2 -> event.setException(exception(fields)).build();
          case 3 -> event.setIpi(ipi(fields)).build();
          case 4 -> event.setInterrupt(interrupt(fields)).build();
          case 5 -> event.setMode(mode(fields)).build();
          case 6 -> event.setVmexit(vmexit(fields)).build();
          case 7 -> event.setConsole(console(fields)).build();
          default -> event.setMemoryType(memoryType(fields)).build();
        };
    rows.add(new Row(position, false, fields));
    return done;
  }

  private static void put(Map<String, List<Object>> fields, String name, Object value) {
    fields.computeIfAbsent(name, n -> new ArrayList<>()).add(value);
  }

  private CpuidEvent cpuid(Map<String, List<Object>> fields) {
    int leaf = List.of(0, 1, 7, 0x40000000, 0x80000001).get(random.nextInt(5));
    int eax = random.nextInt();
    put(fields, "kind", "cpuid");
    put(fields, "leaf", Integer.toUnsignedLong(leaf));
    put(fields, "eax", Integer.toUnsignedLong(eax));
    for (String zero : List.of("subleaf", "ebx", "ecx", "edx")) {
      put(fields, zero, 0L);
    }
    return CpuidEvent.newBuilder().setLeaf(leaf).setEax(eax).build();
  }

  private MsrEvent msr(Map<String, List<Object>> fields) {
    String op = random.nextBoolean() ? "read" : "write";
    long value = random.nextInt(4) - 2L;
    boolean fault = random.nextBoolean();
    put(fields, "kind", "msr");
    put(fields, "op", op);
    put(fields, "msr", 0xc0000080L);
    put(fields, "name", "IA32_EFER");
    put(fields, "value", value);
    put(fields, "fault", Boolean.toString(fault));
    return MsrEvent.newBuilder()
        .setOp(op)
        .setMsr(0xc0000080)
        .setName("IA32_EFER")
        .setValue(value)
        .setFault(fault)
        .build();
  }

  private ExceptionEvent exception(Map<String, List<Object>> fields) {
    int vector = random.nextBoolean() ? 14 : 13;
    ExceptionEvent.Builder event =
        ExceptionEvent.newBuilder().setVector(vector).setName(vector == 14 ? "#PF" : "#GP");
    put(fields, "kind", "exception");
    put(fields, "vector", (long) vector);
    put(fields, "name", vector == 14 ? "#PF" : "#GP");
    put(fields, "has_error_code", "false");
    put(fields, "origin", "");
    if (vector == 14) {
      long cr2 = random.nextInt(4) * 0x800L;
      event.setCr2(cr2);
      put(fields, "cr2", cr2);
    }
    return event.build();
  }

  private IpiEvent ipi(Map<String, List<Object>> fields) {
    IpiEvent.Builder event = IpiEvent.newBuilder().setVector(0x20).setDeliveryMode("fixed");
    put(fields, "kind", "ipi");
    put(fields, "vector", 0x20L);
    put(fields, "delivery_mode", "fixed");
    put(fields, "dest", 0L);
    for (String empty : List.of("dest_mode", "shorthand", "rule")) {
      put(fields, empty, "");
    }
    for (int target = 0; target < 4; target++) {
      if (random.nextBoolean()) {
        event.addTargets(target);
        put(fields, "targets", (long) target);
      }
    }
    return event.build();
  }

  private InterruptEvent interrupt(Map<String, List<Object>> fields) {
    String source = random.nextBoolean() ? "lapic-timer" : "ipi";
    InterruptEvent.Builder event = InterruptEvent.newBuilder().setVector(0x50).setSource(source);
    put(fields, "kind", "interrupt");
    put(fields, "vector", 0x50L);
    put(fields, "source", source);
    if (source.equals("ipi")) {
      event.setFrom(1);
      put(fields, "from", 1L);
    }
    return event.build();
  }

  private ModeEvent mode(Map<String, List<Object>> fields) {
    String to = random.nextBoolean() ? "protected" : "long";
    put(fields, "kind", "mode");
    put(fields, "from", "real");
    put(fields, "to", to);
    return ModeEvent.newBuilder().setFrom("real").setTo(to).build();
  }

  private VmexitEvent vmexit(Map<String, List<Object>> fields) {
    int reason = random.nextInt(3);
    put(fields, "kind", "vmexit");
    put(fields, "reason", (long) reason);
    put(fields, "name", "EXIT_" + reason);
    return VmexitEvent.newBuilder().setReason(reason).setName("EXIT_" + reason).build();
  }

  private ConsoleEvent console(Map<String, List<Object>> fields) {
    String text = List.of("login: ", "a*b?c", "panic (core)", "grün\n").get(random.nextInt(4));
    put(fields, "kind", "console");
    put(fields, "text", text);
    put(fields, "device", "com1");
    return ConsoleEvent.newBuilder()
        .setText(ByteString.copyFromUtf8(text))
        .setDevice("com1")
        .build();
  }

  private MemoryTypeEvent memoryType(Map<String, List<Object>> fields) {
    long gpa = random.nextInt(4) * 0x100000L;
    String effective = TYPES.get(random.nextInt(TYPES.size()));
    put(fields, "kind", "memory_type");
    put(fields, "gva", 0L);
    put(fields, "gpa", gpa);
    put(fields, "size", 4096L);
    put(fields, "mtrr", "WB");
    put(fields, "pat", "UC-");
    put(fields, "cr0_cd", "false");
    put(fields, "effective", effective);
    put(fields, "rule", "");
    return MemoryTypeEvent.newBuilder()
        .setGpa(gpa)
        .setSize(4096)
        .setMtrr("WB")
        .setPat("UC-")
        .setEffective(effective)
        .build();
  }
}
