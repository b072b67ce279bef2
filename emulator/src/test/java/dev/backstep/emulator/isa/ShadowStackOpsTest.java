package dev.backstep.emulator.isa;

import static dev.backstep.emulator.isa.ControlFlowBench.KERNEL_TOKEN;
import static dev.backstep.emulator.isa.ControlFlowBench.STACKS;
import static dev.backstep.emulator.isa.ControlFlowBench.USER_TOP;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.ControlFlowState;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The instructions on shadow stacks, and their MSRs. SDM Vol. 2 under their names, Vol. 1 "CET
/// MSRs".
class ShadowStackOpsTest {
  private static final List<String> NONE = List.of();
  private static final long WRITES = ControlFlowState.WRITE_ENABLE;

  private final ControlFlowBench f = new ControlFlowBench();
  private final SystemBench b = f.b;
  private final Vcpu c = f.c;

  private void run(String hex) {
    String[] parts = hex.split(" ", -1);
    int[] bytes = new int[parts.length];
    for (int k = 0; k < bytes.length; k++) {
      bytes[k] = Integer.parseInt(parts[k], 16);
    }
    b.code(bytes).step();
  }

  @Test
  void rdsspReadsThePointerAndIsANopWithoutShadowStack() {
    f.user(STACKS, 0);
    run("F3 48 0F 1E C8");
    assertEquals(USER_TOP, c.gpr[Vcpu.RAX]);
    f.user(0, 0);
    c.gpr[Vcpu.RAX] = 7;
    run("F3 48 0F 1E C8");
    assertEquals(NONE, b.exceptions());
    assertEquals(7, c.gpr[Vcpu.RAX]);
  }

  @Test
  void incsspDropsEntriesByTheLowByte() {
    f.user(STACKS, 0);
    c.cet.ssp = USER_TOP - 0x40;
    c.gpr[Vcpu.RAX] = 0x103;
    run("F3 48 0F AE E8");
    assertEquals(USER_TOP - 0x40 + 24, c.cet.ssp);
    c.gpr[Vcpu.RAX] = 3;
    run("F3 0F AE E8");
    assertEquals(USER_TOP - 0x40 + 36, c.cet.ssp);
  }

  @Test
  void incsspTouchesTheLastEntryItDrops() {
    f.user(STACKS, 0);
    b.page(ControlFlowBench.USER_STACK + 0x1000, 0);
    c.cet.ssp = USER_TOP - 8;
    c.gpr[Vcpu.RAX] = 2;
    run("F3 48 0F AE E8");
    assertEquals(List.of("#PF(44)"), b.exceptions());
    assertEquals(USER_TOP - 8, c.cet.ssp);
  }

  @Test
  void rstorsspAndSaveprevsspSwitchThereAndBack() {
    f.user(STACKS, 0);
    long other = USER_TOP - 0x800;
    b.ram.putLong(other - 8, other | 1);
    c.gpr[Vcpu.RBX] = other - 8;
    c.cet.ssp = USER_TOP - 0x10;
    run("F3 0F 01 2B");
    assertEquals(NONE, b.exceptions());
    assertEquals(other - 8, c.cet.ssp);
    assertEquals(USER_TOP - 0x10 | 3, b.get64(other - 8));
    assertFalse(Rflags.cf(c));
    run("F3 0F 01 EA");
    assertEquals(NONE, b.exceptions());
    assertEquals(other, c.cet.ssp);
    assertEquals(USER_TOP - 0x10 | 1, b.get64(USER_TOP - 0x18));
    c.gpr[Vcpu.RBX] = USER_TOP - 0x18;
    run("F3 0F 01 2B");
    assertEquals(NONE, b.exceptions());
    assertEquals(USER_TOP - 0x18, c.cet.ssp);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 2, 3, -7, 9})
  void rstorsspRefusesOtherTokens(long difference) {
    f.user(STACKS, 0);
    long at = USER_TOP - 0x808;
    // Right is the address behind the token, with the mode bit.
    b.ram.putLong(at, at + 8 + difference);
    c.gpr[Vcpu.RBX] = at;
    run("F3 0F 01 2B");
    assertEquals(List.of("#CP(4)"), b.exceptions());
    assertEquals(at + 8 + difference, b.get64(at));
    assertEquals(USER_TOP, c.cet.ssp);
  }

  @Test
  void misalignedTokensAreGp() {
    f.user(STACKS, 0);
    c.gpr[Vcpu.RBX] = USER_TOP - 0x804;
    run("F3 0F 01 2B");
    assertEquals(List.of("#GP(0)"), b.exceptions());
    f.user(STACKS, 0);
    c.cet.ssp = USER_TOP - 4;
    run("F3 0F 01 EA");
    assertEquals(List.of("#GP(0)"), b.exceptions());
  }

  @Test
  void saveprevsspNeedsAPreviousToken() {
    f.user(STACKS, 0);
    c.cet.ssp = USER_TOP - 8;
    b.ram.putLong(USER_TOP - 8, USER_TOP - 0x100 | 1);
    run("F3 0F 01 EA");
    assertEquals(List.of("#GP(0)"), b.exceptions());
  }

  @Test
  void wrssWritesWhereItIsAllowed() {
    f.user(STACKS | WRITES, 0);
    c.gpr[Vcpu.RBX] = USER_TOP - 0x100;
    c.gpr[Vcpu.RAX] = 0x1234_5678_9ABC_DEF0L;
    run("48 0F 38 F6 03");
    assertEquals(NONE, b.exceptions());
    assertEquals(0x1234_5678_9ABC_DEF0L, b.get64(USER_TOP - 0x100));
    f.user(STACKS, 0);
    run("48 0F 38 F6 03");
    assertEquals(List.of("#UD"), b.exceptions());
    f.user(STACKS | WRITES, 0);
    c.gpr[Vcpu.RBX] = SystemBench.SCRATCH;
    run("0F 38 F6 03");
    assertEquals(List.of("#PF(47)"), b.exceptions());
  }

  @Test
  void wrussWritesTheUsersStackFromCplZero() {
    f.start(STACKS, 0);
    c.gpr[Vcpu.RBX] = USER_TOP - 0x100;
    c.gpr[Vcpu.RAX] = 0x1234;
    run("66 48 0F 38 F5 03");
    assertEquals(NONE, b.exceptions());
    assertEquals(0x1234, b.get64(USER_TOP - 0x100));
    c.gpr[Vcpu.RBX] = KERNEL_TOKEN;
    run("66 48 0F 38 F5 03");
    assertEquals(List.of("#PF(47)"), b.exceptions());
    f.user(STACKS, 0);
    run("66 48 0F 38 F5 03");
    assertEquals(List.of("#GP(0)"), b.exceptions());
  }

  @Test
  void setssbsyAndClrssbsyTakeAndFreeTheToken() {
    f.start(0, STACKS);
    c.cet.ssp = 0;
    run("F3 0F 01 E8");
    assertEquals(NONE, b.exceptions());
    assertEquals(KERNEL_TOKEN, c.cet.ssp);
    assertEquals(KERNEL_TOKEN | 1, b.get64(KERNEL_TOKEN));
    c.gpr[Vcpu.RBX] = KERNEL_TOKEN;
    run("F3 0F AE 33");
    assertEquals(NONE, b.exceptions());
    assertEquals(0, c.cet.ssp);
    assertEquals(KERNEL_TOKEN, b.get64(KERNEL_TOKEN));
    assertFalse(Rflags.cf(c));
    run("F3 0F AE 33");
    assertTrue(Rflags.cf(c));
  }

  @Test
  void setssbsyOfABusyStackIsCp() {
    f.start(0, STACKS);
    c.cet.ssp = KERNEL_TOKEN - 0x100;
    b.ram.putLong(KERNEL_TOKEN, KERNEL_TOKEN | 1);
    run("F3 0F 01 E8");
    assertEquals(List.of("#CP(5)"), b.exceptions());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"F3 48 0F AE E8", "F3 0F 01 2B", "F3 0F 01 EA", "48 0F 38 F6 03", "F3 0F 01 E8"})
  void undefinedWithoutAShadowStack(String hex) {
    f.start(0, 0);
    run(hex);
    assertEquals(List.of("#UD"), b.exceptions());
  }

  @Test
  void supervisorInstructionsAreGpInUserMode() {
    f.user(STACKS, STACKS);
    run("F3 0F 01 E8");
    assertEquals(List.of("#GP(0)"), b.exceptions());
    f.user(STACKS, STACKS);
    run("F3 0F AE 33");
    assertEquals(List.of("#GP(0)"), b.exceptions());
  }

  /// WRMSR: reserved bits, alignment, canonical addresses.
  @Test
  void msrsCheckWhatIsWritten() {
    assertWrites(0x6A0, 0x3F, true);
    assertWrites(0x6A0, 0x40, false);
    assertWrites(0x6A2, 0x200, false);
    assertWrites(0x6A2, 0x400, true);
    assertWrites(0x6A2, 0x800, true);
    assertWrites(0x6A2, 0xC00, false);
    assertWrites(0x6A0, 0x4000_0000_0000_1000L, false);
    assertWrites(0x6A4, 0x1004, true);
    assertWrites(0x6A5, 0x1002, false);
    assertWrites(0x6A6, 0x1001, false);
    assertWrites(0x6A7, 0x4000_0000_0000_0000L, false);
    assertWrites(0x6A8, 0x1001, true);
    assertWrites(0x6A8, 0x4000_0000_0000_0000L, false);
    assertWrites(0x6A1, 0, false);
    assertWrites(0x6A3, 0, false);
  }

  private void assertWrites(int msr, long value, boolean allowed) {
    f.start(0, 0);
    c.cr4 &= ~(1L << 23);
    c.updateMode();
    c.gpr[Vcpu.RCX] = msr;
    c.gpr[Vcpu.RAX] = value & 0xFFFF_FFFFL;
    c.gpr[Vcpu.RDX] = value >>> 32;
    run("0F 30");
    assertEquals(allowed ? NONE : List.of("#GP(0)"), b.exceptions(), Long.toHexString(value));
    if (allowed) {
      run("0F 32");
      assertEquals(value, c.gpr[Vcpu.RDX] << 32 | c.gpr[Vcpu.RAX], Integer.toHexString(msr));
    }
  }

  /// XSAVES and XRSTORS keep IA32_U_CET and the pointers: components 11 and 12 of IA32_XSS. SDM
  /// Vol. 1 "CET State".
  @Test
  void xsavesAndXrstorsKeepTheState() {
    f.start(0, 0);
    c.cr4 |= ControlBits.CR4_OSXSAVE | ControlBits.CR4_OSFXSR;
    c.msr.xss = 3 << 11;
    c.cet.user = ControlFlowState.NO_TRACK_ENABLE;
    c.cet.privilegeSsp[1] = 0x1110;
    c.cet.privilegeSsp[2] = 0x2220;
    c.gpr[Vcpu.RBX] = SystemBench.SCRATCH;
    c.gpr[Vcpu.RAX] = 3 << 11;
    c.gpr[Vcpu.RDX] = 0;
    run("48 0F C7 2B");
    assertEquals(NONE, b.exceptions());
    assertEquals(3 << 11, b.get64(SystemBench.SCRATCH + 512));
    assertEquals(ControlFlowState.NO_TRACK_ENABLE, b.get64(SystemBench.SCRATCH + 576));
    assertEquals(USER_TOP, b.get64(SystemBench.SCRATCH + 584));
    assertEquals(0x2220, b.get64(SystemBench.SCRATCH + 608));
    c.cet.user = 0;
    Arrays.fill(c.cet.privilegeSsp, 0);
    run("48 0F C7 1B");
    assertEquals(NONE, b.exceptions());
    assertEquals(ControlFlowState.NO_TRACK_ENABLE, c.cet.user);
    assertEquals(USER_TOP, c.cet.privilegeSsp[3]);
    assertEquals(0x1110, c.cet.privilegeSsp[1]);
    b.ram.putLong(SystemBench.SCRATCH + 576, 0x40);
    run("48 0F C7 1B");
    assertEquals(List.of("#GP(0)"), b.exceptions());
  }
}
