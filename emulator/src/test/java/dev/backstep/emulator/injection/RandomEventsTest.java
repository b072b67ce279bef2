package dev.backstep.emulator.injection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.control.ControlCall;
import dev.backstep.emulator.control.VcpuEvents;
import dev.backstep.emulator.control.VcpuEvents.NonMaskable;
import dev.backstep.emulator.control.VcpuEvents.PendingException;
import dev.backstep.emulator.control.VcpuEvents.PendingInterrupt;
import dev.backstep.emulator.injection.InjectionBench.Generation;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.Activity;
import dev.backstep.emulator.vcpu.Rflags;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Whatever a hypervisor's user asks for, in whatever state the guest is: it is refused, the entry
/// fails for a reason, or the guest goes on and nothing waits any more.
class RandomEventsTest {
  private static final int ROUNDS = 1_500;
  private static final int STEPS = 40;

  private final Random random = new Random(21);

  private boolean flip() {
    return random.nextBoolean();
  }

  private VcpuEvents events() {
    var exception =
        new PendingException(
            flip(),
            flip(),
            random.nextInt(36),
            flip(),
            random.nextInt(),
            flip(),
            random.nextLong());
    var interrupt = new PendingInterrupt(flip(), random.nextInt(256), flip(), random.nextInt(4));
    var nmi = new NonMaskable(flip(), flip(), random.nextInt(4) == 0);
    int flags = random.nextInt(64);
    return new VcpuEvents(exception, interrupt, nmi, random.nextInt(256), false, flags);
  }

  private SystemBench guest() {
    SystemBench b = new SystemBench();
    switch (random.nextInt(5)) {
      case 0 -> b.realMode();
      case 1 -> b.protected32();
      case 2 -> b.protected32().user();
      case 3 -> b.longMode();
      default -> b.longMode().user();
    }
    b.code(0x90, 0xF4, 0x90, 0x90);
    b.c.setRflags((flip() ? Rflags.IF : 0) | (random.nextInt(4) == 0 ? Rflags.TF : 0));
    return b;
  }

  @ParameterizedTest
  @EnumSource
  void endInOneOfThreeWays(Generation generation) {
    int[] refused = new int[1];
    int failed = 0;
    int delivered = 0;
    for (int round = 0; round < ROUNDS; round++) {
      var i = new InjectionBench(guest(), generation);
      i.payloads = flip();
      i.tripleFaults = flip();
      for (int step = 0; step < STEPS && !i.c.entryFailed; step++) {
        ask(i, refused);
        i.b.run(1 + random.nextInt(3));
        if (i.c.activity == Activity.RUNNING && !i.c.entryFailed && i.c.vmEntry != null) {
          nothingWaits(i);
        }
        i.c.activity = Activity.RUNNING;
      }
      failed += i.c.entryFailed ? 1 : 0;
      for (MachineEvent.Injection e : i.injections()) {
        delivered += e.outcome().equals("delivered") ? 1 : 0;
        assertEquals(e.outcome().equals("vm-entry-failed"), e.reason().contains("KVM_EXIT_FAIL"));
      }
    }
    assertTrue(delivered > ROUNDS / 4, "delivered " + delivered);
    assertTrue(refused[0] > ROUNDS / 4, "refused " + refused[0]);
    assertTrue(failed > ROUNDS / 20, "failed " + failed);
  }

  private void ask(InjectionBench i, int[] refused) {
    VcpuEvents asked = events();
    boolean isRefused = !i.set(asked).result().equals("0");
    refused[0] += isRefused ? 1 : 0;
    if (!isRefused) {
      assertTrue(i.c.entryDue);
      // What is told can be set again, by whoever may say all of it.
      String told = i.get();
      assertEquals(told, ControlCall.parse("set-vcpu-events," + told).arguments());
    }
  }

  private static void nothingWaits(InjectionBench i) {
    assertFalse(i.c.entryDue);
    String told = i.get();
    assertFalse(told.contains("injected=on"), told);
    assertFalse(told.contains("pending=on") && !told.contains("nmi-pending=on"), told);
  }
}
