package dev.backstep.proto.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.backstep.proto.v1.CpuidEvent;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.InterruptEvent;
import dev.backstep.proto.v1.TraceProto;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// The names that users search: they may be added to, not changed.
class SchemaTest {
  private static final String KINDS =
      """
      cpuid: leaf subleaf eax ebx ecx edx
      msr: op msr name value fault
      cr: op reg value
      dr: op reg value
      io: op port size value device
      mmio: op gpa size value device
      apic: op reg value mode
      ipi: vector delivery_mode dest dest_mode shorthand targets rule hardware_targets
      interrupt: vector source from
      exception: vector name has_error_code error_code cr2 origin
      injection: vector type has_error_code error_code outcome check reason
      vmexit: reason name qualification
      memory_type: gva gpa size mtrr pat nested cr0_cd effective rule
      tlb: op gva
      mode: from to
      halt: interrupts_enabled reason
      wake: source vector
      reset: source
      init: from
      sipi: vector from
      shutdown: reason value
      console: text device
      input: text device
      control: call arguments result reason
      cache: op gpa type reason holder
      dma: op gpa size device snoop stale
      """;

  @Test
  void eventsHaveTheFieldsThatUsersKnow() {
    String kinds =
        Event.getDescriptor().getOneofs().getFirst().getFields().stream()
            .map(SchemaTest::kindAndFields)
            .collect(Collectors.joining());
    assertEquals(KINDS, kinds);
    assertEquals(26, EventKinds.names().size());
  }

  private static String kindAndFields(FieldDescriptor kind) {
    return kind.getMessageType().getFields().stream()
        .map(FieldDescriptor::getName)
        .collect(Collectors.joining(" ", kind.getName() + ": ", "\n"));
  }

  @Test
  void marksTheNumbersThatTablesShowInHexadecimal() {
    assertTrue(isHex(Event.getDescriptor().findFieldByName("rip")));
    assertTrue(isHex(CpuidEvent.getDescriptor().findFieldByName("leaf")));
    assertFalse(isHex(InterruptEvent.getDescriptor().findFieldByName("vector")));
  }

  private static boolean isHex(FieldDescriptor field) {
    return field.getOptions().getExtension(TraceProto.hex);
  }

  @Test
  void namesAnEventsKind() {
    Event event = Event.newBuilder().setCpuid(CpuidEvent.newBuilder()).build();
    assertEquals("cpuid", EventKinds.nameOf(event));
    assertEquals("", EventKinds.nameOf(Event.getDefaultInstance()));
  }
}
