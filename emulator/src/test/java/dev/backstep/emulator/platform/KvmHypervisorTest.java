package dev.backstep.emulator.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.mmu.VcpuFixture;
import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// KVM's quirks at the instructions and registers where a guest meets them, each on and off.
class KvmHypervisorTest {
  private static final int[] VMCALL = {0x0F, 0x01, 0xC1};
  private static final int[] VMMCALL = {0x0F, 0x01, 0xD9};
  private static final int[] MONITOR = {0x0F, 0x01, 0xC8};
  private static final int[] MWAIT = {0x0F, 0x01, 0xC9};
  private static final int[] OUT_7E = {0xE6, 0x7E};
  private static final int[] CPUID = {0x0F, 0xA2};
  private static final List<String> NONE = List.of();
  private static final List<String> UD = List.of("#UD");
  private static final List<String> GP = List.of("#GP(0)");
  private static final int MISC_ENABLE = 0x1A0;
  private static final long ENABLE_MONITOR = 1 << 18;
  private static final long PATCHED_PAGE = SystemBench.CODE_AT & -4096L;

  /// What KVM does not know: the result is -1000.
  private static final int NO_CALL = 0x77;

  private static SystemBench on(String platform, String cpu, Quirk... off) {
    var quirks = new TreeMap<String, Boolean>();
    for (Quirk quirk : off) {
      quirks.put(quirk.name(), false);
    }
    return new SystemBench(cpu, Platforms.compose(platform, quirks));
  }

  private static SystemBench on(String platform, Quirk... off) {
    return on(platform, "max", off);
  }

  private static List<String> run(SystemBench b, int... code) {
    b.log.events.clear();
    b.c.gpr[Vcpu.RAX] = NO_CALL;
    return b.code(code).step().exceptions();
  }

  private static String exits(SystemBench b) {
    var text = new StringBuilder();
    for (MachineEvent.VmExit e : b.log.of(MachineEvent.VmExit.class)) {
      text.append(text.isEmpty() ? "" : " ").append(e.name());
    }
    return text.toString();
  }

  private static int codeBytes(SystemBench b) {
    return (int) b.get32(SystemBench.CODE_AT) & 0xFF_FFFF;
  }

  @Test
  void theProcessorsOwnHypercallIsAnswered() {
    SystemBench b = on("kvm-intel").longMode();
    assertEquals(NONE, run(b, VMCALL));
    assertEquals(-1000, b.c.gpr[Vcpu.RAX]);
    assertEquals("VMCALL", exits(b));
    b = on("kvm-amd").longMode();
    assertEquals(NONE, run(b, VMMCALL));
    assertEquals(-1000, b.c.gpr[Vcpu.RAX]);
    assertEquals("vmmcall", exits(b));
  }

  @Test
  void theOthersIsPatchedInMemoryAndRunAgain() {
    SystemBench b = on("kvm-intel").longMode();
    assertEquals(NONE, run(b, VMMCALL));
    assertEquals(0xC1_01_0F, codeBytes(b));
    assertEquals(SystemBench.CODE_AT, b.c.rip);
    assertEquals(NO_CALL, b.c.gpr[Vcpu.RAX]);
    assertEquals("EXCEPTION_NMI", exits(b));
    b.step();
    assertEquals(-1000, b.c.gpr[Vcpu.RAX]);
    assertEquals(SystemBench.CODE_AT + 3, b.c.rip);
    b = on("kvm-amd").longMode();
    assertEquals(NONE, run(b, VMCALL));
    assertEquals(0xD9_01_0F, codeBytes(b));
    assertEquals("UD excp", exits(b));
    b.step();
    assertEquals(-1000, b.c.gpr[Vcpu.RAX]);
  }

  @Test
  void withTheQuirkOffTheOthersIsUndefinedAndStays() {
    SystemBench b = on("kvm-intel", Quirk.FIX_HYPERCALL_INSN).longMode();
    assertEquals(UD, run(b, VMMCALL));
    assertEquals(0xD9_01_0F, codeBytes(b));
    b = on("kvm-amd", Quirk.FIX_HYPERCALL_INSN).longMode();
    assertEquals(UD, run(b, VMCALL));
    assertEquals(0xC1_01_0F, codeBytes(b));
  }

  @Test
  void aPageThatTheGuestMustNotWriteIsNotPatched() {
    SystemBench b = on("kvm-intel").longMode().page(PATCHED_PAGE, 5);
    assertEquals(List.of("#PF(3)"), run(b, VMMCALL));
    assertEquals(SystemBench.CODE_AT, b.c.cr2);
    assertEquals(0xD9_01_0F, codeBytes(b));
    b = on("kvm-intel").longMode().page(PATCHED_PAGE, 5);
    b.c.cr0 &= ~ControlBits.CR0_WP;
    b.c.updateMode();
    assertEquals(NONE, run(b, VMMCALL));
    assertEquals(0xC1_01_0F, codeBytes(b));
    b = on("kvm-intel").longMode().user().page(PATCHED_PAGE, 5);
    assertEquals(List.of("#PF(7)"), run(b, VMMCALL));
  }

  @Test
  void kvmsEmulatorAsksForPrivilegeOfVmcallAndForProtectedModeOfVmmcall() {
    assertEquals(GP, run(on("kvm-amd").longMode().user(), VMCALL));
    assertEquals(UD, run(on("kvm-intel").realMode(), VMMCALL));
    assertEquals(UD, run(on("kvm-intel").protected32().vm86(3), VMMCALL));
  }

  private static SystemBench watching(SystemBench b) {
    b.c.gpr[Vcpu.RCX] = 0;
    return b;
  }

  @Test
  void monitorAndMwaitDoNothingWhateverCpuidSays() {
    for (int[] code : new int[][] {MONITOR, MWAIT}) {
      for (String platform : List.of("kvm-intel", "kvm-amd")) {
        assertEquals(NONE, run(watching(on(platform).longMode()), code));
        assertEquals(UD, run(watching(on(platform).longMode().user()), code));
        SystemBench b = on(platform, Quirk.MWAIT_NEVER_UD_FAULTS);
        assertEquals(UD, run(watching(b.longMode()), code));
        b = on(platform, "max,+monitor", Quirk.MWAIT_NEVER_UD_FAULTS);
        assertEquals(NONE, run(watching(b.longMode()), code));
      }
      assertEquals(UD, run(watching(on("bare-metal-intel").longMode()), code));
    }
  }

  @Test
  void whatIsUndefinedToTheProcessorExitsOnce() {
    SystemBench b = on("kvm-intel");
    assertEquals(UD, run(watching(b.longMode().user()), MWAIT));
    assertEquals("EXCEPTION_NMI HLT", exits(b)); // The handler halts.
    b = on("kvm-intel");
    assertEquals(UD, run(b.realMode(), VMMCALL));
    assertEquals("EXCEPTION_NMI HLT", exits(b));
  }

  @Test
  void vmxInterceptsMonitorBeforeItsOperandsAndSvmAfter() {
    SystemBench b = on("kvm-intel").longMode();
    b.c.gpr[Vcpu.RCX] = 8;
    assertEquals(NONE, run(b, MONITOR));
    assertEquals("MONITOR_INSTRUCTION", exits(b));
    b = on("kvm-amd").longMode();
    b.c.gpr[Vcpu.RCX] = 8;
    assertEquals(GP, run(b, MONITOR));
  }

  private static boolean showsMonitor(Vcpu c) {
    return (c.cpuid.query(c, 1, 0).ecx() & CpuFeature.MONITOR.mask()) != 0;
  }

  @Test
  void cpuidFollowsMiscEnableOnlyWithTheQuirkOff() {
    for (String platform : List.of("kvm-intel", "kvm-amd")) {
      Vcpu c = on(platform, "max,+monitor").longMode().c;
      long value = c.msrTable.read(c, MISC_ENABLE);
      assertTrue(showsMonitor(c));
      c.msrTable.write(c, MISC_ENABLE, value & ~ENABLE_MONITOR);
      assertTrue(showsMonitor(c));
      Vcpu off = on(platform, "max", Quirk.MISC_ENABLE_NO_MWAIT).longMode().c;
      value = off.msrTable.read(off, MISC_ENABLE);
      assertEquals(false, showsMonitor(off));
      off.msrTable.write(off, MISC_ENABLE, value | ENABLE_MONITOR);
      assertTrue(showsMonitor(off));
      off.msrTable.write(off, MISC_ENABLE, value & ~ENABLE_MONITOR);
      assertEquals(false, showsMonitor(off));
    }
  }

  @Test
  void hardwareWithMonitorLetsItBeTurnedOff() {
    SystemBench b = watching(on("bare-metal-intel", "max,+monitor").longMode());
    Vcpu c = b.c;
    c.msrTable.write(c, MISC_ENABLE, c.msrTable.read(c, MISC_ENABLE) & ~ENABLE_MONITOR);
    assertEquals(false, showsMonitor(c));
    assertEquals(UD, run(b, MONITOR));
    Vcpu without = on("bare-metal-intel").longMode().c;
    long value = without.msrTable.read(without, MISC_ENABLE);
    assertThrows(
        GuestFault.class,
        () -> without.msrTable.write(without, MISC_ENABLE, value | ENABLE_MONITOR));
  }

  @Test
  void miscEnableKeepsItsPmuBits() {
    Vcpu c = on("kvm-intel").longMode().c;
    long value = c.msrTable.read(c, MISC_ENABLE);
    assertThrows(GuestFault.class, () -> c.msrTable.write(c, MISC_ENABLE, value & ~(1 << 11)));
    c.msrTable.write(c, MISC_ENABLE, value | 1 << 7);
    assertEquals(value, c.msrTable.read(c, MISC_ENABLE));
  }

  private static long ripAtExit(SystemBench b) {
    run(b, OUT_7E);
    MachineEvent.VmExit exit =
        b.log.of(MachineEvent.VmExit.class).stream()
            .filter(e -> e.name().equals("KVM_EXIT_IO"))
            .findFirst()
            .orElseThrow();
    assertEquals(0x7E_0001, exit.qualification());
    return exit.at().rip();
  }

  @Test
  void outToPort7eHasPassedItsInstructionAtTheExit() {
    assertEquals(SystemBench.CODE_AT + 2, ripAtExit(on("kvm-intel").longMode()));
    assertEquals(SystemBench.CODE_AT, ripAtExit(on("kvm-intel", Quirk.OUT_7E_INC_RIP).longMode()));
    SystemBench other = on("kvm-intel").longMode();
    run(other, 0xE6, 0x7F);
    assertEquals("IO_INSTRUCTION", exits(other));
    SystemBench metal = on("bare-metal-intel").longMode();
    run(metal, OUT_7E);
    assertEquals("", exits(metal));
  }

  @Test
  void cpuidFaultsOutsideCplZeroIfAskedTo() {
    SystemBench b = on("kvm-intel").longMode();
    b.c.msrTable.write(b.c, 0x140, 1);
    assertEquals(NONE, run(b, CPUID));
    b = on("kvm-intel").longMode().user();
    b.c.msrTable.write(b.c, 0x140, 1);
    assertEquals(GP, run(b, CPUID));
    Vcpu without = on("kvm-intel", Quirk.STUFF_FEATURE_MSRS).longMode().c;
    assertThrows(GuestFault.class, () -> without.msrTable.write(without, 0x140, 1));
  }

  @Test
  void featureRegistersAreFilledOrZero() {
    Vcpu c = on("kvm-intel").longMode().c;
    assertEquals(1L << 31, c.msrTable.read(c, 0xCE));
    assertEquals(1L << 32, c.msrTable.read(c, 0x8B));
    assertTrue(c.msrTable.read(c, 0x10A) != 0);
    Vcpu amd = on("kvm-amd").longMode().c;
    assertEquals(1L << 31, amd.msrTable.read(amd, 0xCE));
    assertEquals(0x0100_0065, amd.msrTable.read(amd, 0x8B));
    Vcpu zero = on("kvm-intel", Quirk.STUFF_FEATURE_MSRS).longMode().c;
    for (int index : new int[] {0xCE, 0x8B, 0x10A}) {
      assertEquals(0, zero.msrTable.read(zero, index));
    }
    assertThrows(GuestFault.class, () -> c.msrTable.read(c, 0x345)); // No PDCM in CPUID.
  }

  @Test
  void theHypervisorsUserWritesWhatTheGuestCannot() {
    Vcpu c = on("kvm-intel").longMode().c;
    assertTrue(c.msrTable.writeByUser(c, 0xCE, 5));
    assertEquals(5, c.msrTable.read(c, 0xCE));
    assertThrows(GuestFault.class, () -> c.msrTable.write(c, 0xCE, 5));
    assertTrue(c.msrTable.writeByUser(c, 0x10A, 3));
    assertTrue(c.msrTable.writeByUser(c, 0x345, 0));
    assertEquals(false, c.msrTable.writeByUser(c, 0x345, 1));
    assertEquals(false, c.msrTable.writeByUser(c, 0x480, 0));
    assertEquals(false, c.msrTable.writeByUser(c, 0x277, 2));
  }

  private static String hole(String platform, Map<String, Boolean> quirks) {
    var f = new VcpuFixture("max", platform, quirks).flat32(0);
    f.lapic.base = 0xFEE0_0100L; // Disabled: no xAPIC page.
    long read = f.c.mmu.load32(3, 0xFEE0_0020L) & 0xFFFFFFFFL;
    f.c.mmu.store32(3, 0xFEE0_0020L, 1);
    var text = new StringBuilder(Long.toHexString(read));
    for (MachineEvent event : f.events) {
      switch (event) {
        case MachineEvent.Mmio e -> text.append(' ').append(e.op()).append(':').append(e.device());
        case MachineEvent.VmExit e -> text.append(' ').append(e.name());
        default -> {
          // Not of interest.
        }
      }
    }
    return text.toString();
  }

  @Test
  void theApicsPageIsAHoleWhileTheApicIsOff() {
    String closed = "ffffffff READ:apic-hole WRITE:apic-hole";
    String open = "ffffffff READ:unassigned KVM_EXIT_MMIO WRITE:unassigned KVM_EXIT_MMIO";
    for (String platform : List.of("kvm-intel", "kvm-amd")) {
      assertEquals(closed, hole(platform, Map.of()));
      assertEquals(open, hole(platform, Map.of("LAPIC_MMIO_HOLE", false)));
    }
    assertEquals("ffffffff READ:unassigned WRITE:unassigned", hole("bare-metal-intel", Map.of()));
  }
}
