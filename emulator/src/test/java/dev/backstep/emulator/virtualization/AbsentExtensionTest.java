package dev.backstep.emulator.virtualization;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.backstep.emulator.platform.Platforms;
import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// VMX and SVM, which no CPU model enumerates.
class AbsentExtensionTest {
  private static final List<String> UD = List.of("#UD");
  private static final List<String> GP = List.of("#GP(0)");

  /// Memory operands are at rAX, which is not mapped: nothing may be touched before #UD.
  private static final int[][] INSTRUCTIONS = {
    {0x0F, 0x01, 0xC2}, // VMLAUNCH
    {0x0F, 0x01, 0xC3}, // VMRESUME
    {0x0F, 0x01, 0xC4}, // VMXOFF
    {0x0F, 0x01, 0xD4}, // VMFUNC
    {0x0F, 0xC7, 0x30}, // VMPTRLD
    {0x66, 0x0F, 0xC7, 0x30}, // VMCLEAR
    {0xF3, 0x0F, 0xC7, 0x30}, // VMXON
    {0x0F, 0xC7, 0x38}, // VMPTRST
    {0x0F, 0x78, 0x08}, // VMREAD
    {0x0F, 0x79, 0x08}, // VMWRITE
    {0x66, 0x0F, 0x38, 0x80, 0x08}, // INVEPT
    {0x66, 0x0F, 0x38, 0x81, 0x08}, // INVVPID
    {0x0F, 0x01, 0xD8}, // VMRUN
    {0x0F, 0x01, 0xDA}, // VMLOAD
    {0x0F, 0x01, 0xDB}, // VMSAVE
    {0x0F, 0x01, 0xDC}, // STGI
    {0x0F, 0x01, 0xDD}, // CLGI
    {0x0F, 0x01, 0xDE}, // SKINIT
    {0x0F, 0x01, 0xDF}, // INVLPGA
  };

  private static SystemBench on(String platform) {
    return new SystemBench("max", Platforms.compose(platform, Map.of()));
  }

  private static List<String> run(SystemBench b, int... code) {
    b.log.events.clear();
    b.c.gpr[Vcpu.RAX] = 0x7FFF_F000L;
    return b.code(code).step().exceptions();
  }

  @ParameterizedTest
  @ValueSource(strings = {"bare-metal-intel", "bare-metal-amd", "kvm-intel", "kvm-amd"})
  void everyInstructionIsUndefinedAtAnyPrivilege(String platform) {
    for (int[] code : INSTRUCTIONS) {
      assertEquals(UD, run(on(platform).longMode(), code));
      assertEquals(UD, run(on(platform).longMode().user(), code));
      assertEquals(UD, run(on(platform).protected32(), code));
      assertEquals(UD, run(on(platform).protected32().vm86(3), code));
      assertEquals(UD, run(on(platform).realMode(), code));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bare-metal-intel", "bare-metal-amd", "kvm-intel", "kvm-amd"})
  void theirControlBitsAreReserved(String platform) {
    SystemBench b = on(platform).longMode();
    b.c.gpr[Vcpu.RCX] = b.c.cr4 | 1 << 13; // VMXE
    b.log.events.clear();
    assertEquals(GP, b.code(0x0F, 0x22, 0xE1).step().exceptions());
    b = on(platform).longMode();
    b.c.gpr[Vcpu.RCX] = 0xC000_0080L;
    b.c.gpr[Vcpu.RAX] = b.c.efer | 1 << 12; // SVME
    b.c.gpr[Vcpu.RDX] = 0;
    b.log.events.clear();
    assertEquals(GP, b.code(0x0F, 0x30).step().exceptions());
  }

  private static List<String> rdmsr(SystemBench b, long index) {
    b.c.gpr[Vcpu.RCX] = index;
    b.log.events.clear();
    return b.code(0x0F, 0x32).step().exceptions();
  }

  @Test
  void theirRegistersDoNotExistButForThoseThatKvmGivesEverybody() {
    for (String platform : List.of("bare-metal-intel", "bare-metal-amd", "kvm-intel", "kvm-amd")) {
      for (long vmx = 0x480; vmx <= 0x492; vmx++) {
        assertEquals(GP, rdmsr(on(platform).longMode(), vmx), platform);
      }
      List<String> control = platform.equals("kvm-intel") ? List.of() : GP;
      assertEquals(control, rdmsr(on(platform).longMode(), 0x3A), platform);
      List<String> svm = platform.equals("kvm-amd") ? List.of() : GP;
      assertEquals(svm, rdmsr(on(platform).longMode(), 0xC001_0114L), platform);
      assertEquals(svm, rdmsr(on(platform).longMode(), 0xC001_0117L), platform);
    }
  }

  @Test
  void kvmsRegistersFollowItsRules() {
    Vcpu intel = on("kvm-intel").longMode().c;
    assertEquals(0, intel.msrTable.read(intel, 0x3A));
    intel.msrTable.write(intel, 0x3A, 1);
    assertThrows(GuestFault.class, () -> intel.msrTable.write(intel, 0x3A, 1));
    Vcpu amd = on("kvm-amd").longMode().c;
    amd.msrTable.write(amd, 0xC001_0114, 1 << 4); // SVMDIS: from now on it and LOCK stay.
    amd.msrTable.write(amd, 0xC001_0114, 1 << 3 | 1);
    assertEquals(1 << 4 | 1, amd.msrTable.read(amd, 0xC001_0114));
    assertThrows(GuestFault.class, () -> amd.msrTable.write(amd, 0xC001_0117, 0x1008));
  }
}
