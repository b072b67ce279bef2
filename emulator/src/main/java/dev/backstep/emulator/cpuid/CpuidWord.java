package dev.backstep.emulator.cpuid;

/// A register of a leaf that holds feature bits. SDM Vol. 2 "CPUID"; APM Vol. 3 "Obtaining
/// Processor Information Via the CPUID Instruction".
public enum CpuidWord {
  BASIC_EDX(1, 0, CpuidRegister.EDX),
  BASIC_ECX(1, 0, CpuidRegister.ECX),
  POWER_EAX(6, 0, CpuidRegister.EAX),
  POWER_ECX(6, 0, CpuidRegister.ECX),
  STRUCTURED_EBX(7, 0, CpuidRegister.EBX),
  STRUCTURED_ECX(7, 0, CpuidRegister.ECX),
  STRUCTURED_EDX(7, 0, CpuidRegister.EDX),
  STRUCTURED_1_EAX(7, 1, CpuidRegister.EAX),
  STRUCTURED_2_EDX(7, 2, CpuidRegister.EDX),
  STATE_EAX(0xD, 1, CpuidRegister.EAX),
  EXTENDED_EDX(0x8000_0001, 0, CpuidRegister.EDX),
  EXTENDED_ECX(0x8000_0001, 0, CpuidRegister.ECX),
  ADVANCED_POWER_EDX(0x8000_0007, 0, CpuidRegister.EDX),
  SIZES_EBX(0x8000_0008, 0, CpuidRegister.EBX),
  FEATURE_2_EAX(0x8000_0021, 0, CpuidRegister.EAX);

  private final int leaf;
  private final int subleaf;
  private final CpuidRegister register;

  CpuidWord(int leaf, int subleaf, CpuidRegister register) {
    this.leaf = leaf;
    this.subleaf = subleaf;
    this.register = register;
  }

  public int leaf() {
    return leaf;
  }

  public int subleaf() {
    return subleaf;
  }

  public CpuidRegister register() {
    return register;
  }
}
