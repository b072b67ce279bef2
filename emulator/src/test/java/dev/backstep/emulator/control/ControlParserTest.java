package dev.backstep.emulator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.control.ControlCall.CpuidEntry;
import dev.backstep.emulator.control.VcpuEvents.NonMaskable;
import dev.backstep.emulator.control.VcpuEvents.PendingException;
import dev.backstep.emulator.control.VcpuEvents.PendingInterrupt;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ControlParserTest {
  @Test
  void readsWhatAScenarioSays() {
    ControlCall call =
        ControlCall.parse(
            "set-vcpu-events,vcpu=0,injected=on,nr=13,has-error-code=on,error-code=0x10");
    assertEquals(
        new ControlCall.SetVcpuEvents(
            0, VcpuEvents.of(new PendingException(true, false, 13, true, 0x10, false, 0))),
        call);
    assertEquals(0, call.target());
    assertEquals(
        new ControlCall.EnableCapability("X2APIC_API", 1),
        ControlCall.parse("enable-cap,cap=kvm_cap_x2apic_api,flags=1"));
    assertEquals(
        new ControlCall.SetCpuid(
            1, List.of(new CpuidEntry(7, 0, 0, 0x40, 0, 0), new CpuidEntry(7, 1, 5, 0, 0, 0))),
        ControlCall.parse("set-cpuid,vcpu=1,leaf=7,ebx=0x40,leaf=7,subleaf=1,eax=5"));
    assertEquals(
        new ControlCall.SignalMsi(0xFFFFFFFF_FEE00000L, 0xFFFFFFFF),
        ControlCall.parse("signal-msi,address=0xfffffffffee00000,data=4294967295"));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void isTheInverseOfWriting(long seed) {
    Random random = new Random(seed);
    Set<Class<?>> seen = new HashSet<>();
    for (int k = 0; k < 2_000; k++) {
      ControlCall call = any(random);
      seen.add(call.getClass());
      assertEquals(call, ControlCall.parse(call.text()), call.text());
      assertEquals(call.name() + "," + call.arguments(), call.text());
      assertTrue(ControlCall.names().contains(call.name()));
    }
    assertEquals(Set.of(ControlCall.class.getPermittedSubclasses()), seen);
  }

  private static ControlCall any(Random r) {
    int vcpu = r.nextInt(1024);
    return switch (r.nextInt(8)) {
      case 0 -> new ControlCall.SetVcpuEvents(vcpu, events(r));
      case 1 -> new ControlCall.GetVcpuEvents(vcpu);
      case 2 -> new ControlCall.GetSupportedCpuid(r.nextInt(), r.nextInt());
      case 3 -> new ControlCall.SetCpuid(vcpu, entries(r));
      case 4 -> new ControlCall.EnableCapability("DISABLE_QUIRKS2", r.nextLong());
      case 5 -> new ControlCall.SetMsr(vcpu, r.nextInt(), r.nextLong());
      case 6 -> new ControlCall.SignalMsi(r.nextLong(), r.nextInt());
      default -> new ControlCall.CreateVcpu(r.nextInt(1 << 20));
    };
  }

  private static List<CpuidEntry> entries(Random r) {
    CpuidEntry[] entries = new CpuidEntry[1 + r.nextInt(4)];
    Arrays.setAll(
        entries,
        _ ->
            new CpuidEntry(
                r.nextInt(), r.nextInt(3), r.nextInt(), r.nextInt(), r.nextInt(), r.nextInt()));
    return List.of(entries);
  }

  private static VcpuEvents events(Random r) {
    return new VcpuEvents(
        new PendingException(
            r.nextBoolean(),
            r.nextBoolean(),
            r.nextInt(256),
            r.nextBoolean(),
            r.nextBoolean() ? 0 : r.nextInt(),
            r.nextBoolean(),
            r.nextBoolean() ? 0 : r.nextLong()),
        new PendingInterrupt(r.nextBoolean(), r.nextInt(256), r.nextBoolean(), r.nextInt(256)),
        new NonMaskable(r.nextBoolean(), r.nextBoolean(), r.nextBoolean()),
        r.nextInt(),
        r.nextBoolean(),
        r.nextInt(64));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "set-events,vcpu=0 | there is no request set-events; there are set-vcpu-events, ",
        "'' | there is no request ; there are ",
        "set-msr | set-msr: vcpu is missing",
        "set-msr,vcpu=0,msr=0x10 | set-msr: value is missing",
        "set-msr,vcpu=0,msr | set-msr: msr: write key=value",
        "set-msr,vcpu=0,=5 | set-msr: =5: write key=value",
        "set-msr,vcpu=-1 | set-msr: vcpu=-1: give a number of up to 31 bits, decimal or",
        "set-msr,vcpu=0x80000000 | set-msr: vcpu=0x80000000: give a number of up to 31 bits",
        "set-msr,vcpu=0,msr=0x1ffffffff,value=0 | msr=0x1ffffffff: give a number of up to 32 bits",
        "set-msr,vcpu=0,msr=1,value=18446744073709551616 | give a number of up to 64 bits",
        "set-msr,vcpu=0,msr=1,value=0x | value=0x: give a number",
        "set-msr,vcpu=0,msr=1,value=0x+1 | value=0x+1: give a number",
        "set-msr,vcpu=0,msr=1,value=+1 | value=+1: give a number",
        "set-msr,vcpu=0,vcpu=1 | set-msr: vcpu is given twice",
        "set-vcpu-events,vcpu=0,nr=256 | nr=256: give a number of up to 8 bits",
        "set-vcpu-events,vcpu=0,injected=yes | injected=yes: give on or off",
        "set-vcpu-events,vcpu=0,vector=13 | there is no argument vector; there are vcpu, injected",
        "enable-cap,cap=a b | cap=A B: give a name such as X2APIC_API",
        "enable-cap,cap=kvm_cap_ | cap is empty: give a name such as X2APIC_API",
        "set-cpuid,vcpu=0 | leaf is missing",
        "set-cpuid,vcpu=0,leaf=1,eax=2,eax=3 | set-cpuid: eax is given twice",
        "set-cpuid,leaf=1 | set-cpuid: vcpu is missing",
        "create-vcpu,id=eleven | create-vcpu: id=eleven: give a number of up to 31 bits",
      })
  void refusesEveryMistakeInOneLine(String text, String message) {
    ControlSyntaxException e =
        assertThrows(ControlSyntaxException.class, () -> ControlCall.parse(text));
    assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    assertFalse(String.valueOf(e.getMessage()).contains("\n"));
  }

  @Test
  void boundsWhatItReadsAndWhatItSays() {
    String endless = "create-vcpu,id=" + "9".repeat(1 << 16);
    assertThrows(ControlSyntaxException.class, () -> ControlCall.parse(endless));
    String loud = "create-vcpu,id=" + "\n!".repeat(10_000);
    String message =
        assertThrows(ControlSyntaxException.class, () -> ControlCall.parse(loud)).getMessage();
    assertTrue(message != null && message.length() < 200 && !message.contains("\n"), message);
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12})
  void survivesAnyText(long seed) {
    Random random = new Random(seed);
    String alphabet = "set-vcpu-events,msr=0x19onf\n\u0000é=,,";
    for (int k = 0; k < 20_000; k++) {
      StringBuilder text = new StringBuilder();
      text.append(ControlCall.names().get(random.nextInt(8))).append(",vcpu=0");
      for (int n = random.nextInt(30); n > 0; n--) {
        text.insert(
            random.nextInt(text.length() + 1), alphabet.charAt(random.nextInt(alphabet.length())));
      }
      try {
        ControlCall call = ControlCall.parse(text.toString());
        assertEquals(call, ControlCall.parse(call.text()));
      } catch (ControlSyntaxException e) {
        assertFalse(String.valueOf(e.getMessage()).contains("\n"), text.toString());
      }
    }
  }

  @Test
  void knowsTheKeysOfEveryRequest() {
    for (String name : ControlCall.names()) {
      List<String> keys = ControlCall.keys(name);
      assertEquals(new TreeSet<>(keys).size(), keys.size(), name);
      assertFalse(keys.isEmpty(), name);
    }
    assertEquals(List.of("vcpu", "msr", "value"), ControlCall.keys("set-msr"));
    assertEquals(
        List.of("vcpu", "leaf", "subleaf", "eax", "ebx", "ecx", "edx"),
        ControlCall.keys("set-cpuid"));
  }
}
