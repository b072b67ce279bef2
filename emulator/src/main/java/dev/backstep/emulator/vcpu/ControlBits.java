package dev.backstep.emulator.vcpu;

/// Bits of CR0, CR4, EFER, XCR0, DR6, DR7 and IA32_DEBUGCTL. SDM Vol. 3 "Control Registers", "Debug
/// Registers".
public final class ControlBits {
  public static final long CR0_PE = 1;
  public static final long CR0_MP = 1 << 1;
  public static final long CR0_EM = 1 << 2;
  public static final long CR0_TS = 1 << 3;
  public static final long CR0_ET = 1 << 4;
  public static final long CR0_NE = 1 << 5;
  public static final long CR0_WP = 1 << 16;
  public static final long CR0_AM = 1 << 18;
  public static final long CR0_NW = 1 << 29;
  public static final long CR0_CD = 1 << 30;
  public static final long CR0_PG = 1L << 31;

  /// Linear-address masking of user addresses. [#CR3_LAM_U57] goes before [#CR3_LAM_U48].
  public static final long CR3_LAM_U57 = 1L << 61;

  public static final long CR3_LAM_U48 = 1L << 62;

  /// MOV to CR3 with CR4.PCIDE: translations of the new PCID are kept.
  public static final long CR3_KEEP = 1L << 63;

  public static final long CR4_VME = 1;
  public static final long CR4_PVI = 1 << 1;
  public static final long CR4_TSD = 1 << 2;
  public static final long CR4_DE = 1 << 3;
  public static final long CR4_PSE = 1 << 4;
  public static final long CR4_PAE = 1 << 5;
  public static final long CR4_MCE = 1 << 6;
  public static final long CR4_PGE = 1 << 7;
  public static final long CR4_PCE = 1 << 8;
  public static final long CR4_OSFXSR = 1 << 9;
  public static final long CR4_OSXMMEXCPT = 1 << 10;
  public static final long CR4_UMIP = 1 << 11;
  public static final long CR4_LA57 = 1 << 12;
  public static final long CR4_VMXE = 1 << 13;
  public static final long CR4_FSGSBASE = 1 << 16;
  public static final long CR4_PCIDE = 1 << 17;
  public static final long CR4_OSXSAVE = 1 << 18;
  public static final long CR4_SMEP = 1 << 20;
  public static final long CR4_SMAP = 1 << 21;
  public static final long CR4_PKE = 1 << 22;
  public static final long CR4_CET = 1 << 23;
  public static final long CR4_PKS = 1 << 24;
  public static final long CR4_LAM_SUP = 1 << 28;

  public static final long EFER_SCE = 1;
  public static final long EFER_LME = 1 << 8;
  public static final long EFER_LMA = 1 << 10;
  public static final long EFER_NXE = 1 << 11;
  public static final long EFER_SVME = 1 << 12;
  public static final long EFER_FFXSR = 1 << 14;

  public static final long XCR0_X87 = 1;
  public static final long XCR0_SSE = 2;
  public static final long XCR0_AVX = 4;

  public static final long DR6_BD = 1 << 13;
  public static final long DR6_BS = 1 << 14;
  public static final long DR6_BT = 1 << 15;

  /// DR6 after reset and the bits that always read as one.
  public static final long DR6_FIXED = 0xFFFF0FF0L;

  public static final long DR7_GD = 1 << 13;

  /// L0 to L3 and LE.
  public static final long DR7_LOCAL = 0x155;

  /// DR7 after reset: bit 10 always reads as one.
  public static final long DR7_FIXED = 0x400;

  /// IA32_DEBUGCTL: last branch records.
  public static final long DEBUGCTL_LBR = 1;

  /// IA32_DEBUGCTL: RFLAGS.TF traps after branches that were taken only.
  public static final long DEBUGCTL_BTF = 1 << 1;

  private ControlBits() {}
}
