package dev.backstep.emulator.cpuid;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class CpuSettingTest {
  private static String refusal(String text) {
    var e = assertThrows(IllegalArgumentException.class, () -> CpuSetting.parse(text));
    return String.valueOf(e.getMessage());
  }

  @Test
  void addsAndRemovesFlagsInQemusSpelling() {
    CpuSetting s = CpuSetting.parse("QEMU64,+x2apic,+TSC-deadline,-cx16,umip=on,mtrr=off");
    assertEquals(CpuModel.QEMU64, s.model());
    assertTrue(s.features().contains(CpuFeature.X2APIC));
    assertTrue(s.features().contains(CpuFeature.TSC_DEADLINE_TIMER));
    assertTrue(s.features().contains(CpuFeature.UMIP));
    assertFalse(s.features().contains(CpuFeature.CX16));
    assertFalse(s.features().contains(CpuFeature.MTRR));
    assertNull(s.vendor());
  }

  @Test
  void knowsTheOtherNamesOfFlags() {
    assertEquals(CpuFeature.PNI, CpuFeature.byFlag("sse3"));
    assertEquals(CpuFeature.SSE4_2, CpuFeature.byFlag("sse4.2"));
    assertEquals(CpuFeature.SSE4_2, CpuFeature.byFlag("sse4_2"));
    assertEquals(CpuFeature.ABM, CpuFeature.byFlag("lzcnt"));
    assertEquals(CpuFeature.LAHF_LM, CpuFeature.byFlag("lahf-lm"));
    assertNull(CpuFeature.byFlag("warp"));
  }

  @Test
  void takesVendorAndWidth() {
    CpuSetting s = CpuSetting.parse("max,vendor=AuthenticAMD,host-phys-bits,phys-bits=40");
    assertEquals(Vendor.AMD, s.vendor());
    assertEquals(40, s.physicalAddressBits());
    assertEquals(Vendor.AMD, CpuSetting.parse("opteron_g1").vendor());
    assertEquals(52, CpuSetting.parse("Haswell,host-phys-bits").physicalAddressBits());
    assertEquals(39, CpuSetting.parse("Haswell,host-phys-bits=off").physicalAddressBits());
  }

  @Test
  void refusesInOneLineWhatItCannotDo() {
    assertEquals(
        "-cpu pentium9: no such CPU model; there are max, qemu64, Opteron_G1, Haswell,"
            + " Skylake-Server, SapphireRapids, EPYC, EPYC-Rome, EPYC-Milan",
        refusal("pentium9"));
    assertEquals(
        "-cpu +3dnow: this feature is not implemented; `backstep platforms` lists those that are",
        refusal("max,+3dnow"));
    assertEquals("-cpu avx2=maybe: a flag is set with on or off", refusal("max,avx2=maybe"));
    assertTrue(refusal("max,-warp").startsWith("-cpu warp: unknown CPU flag"));
    assertTrue(refusal("max,").startsWith("-cpu : unknown CPU flag"));
    assertTrue(refusal("max,vendor=Cyrix").startsWith("-cpu vendor=Cyrix: "));
    assertTrue(refusal("max,phys-bits=64").startsWith("-cpu phys-bits=64: a number from 36 to 52"));
  }

  @Test
  void takesAwayWhatBuildsOnAFeature() {
    CpuSetting s = CpuSetting.parse("max,-xsave,-apic");
    assertFalse(s.features().contains(CpuFeature.XSAVEOPT));
    assertFalse(s.features().contains(CpuFeature.AVX));
    assertFalse(s.features().contains(CpuFeature.AVX2));
    assertFalse(s.features().contains(CpuFeature.X2APIC));
    assertFalse(s.features().contains(CpuFeature.TSC_DEADLINE_TIMER));
  }

  @Test
  void refusesAFeatureWithoutWhatItBuildsOn() {
    assertEquals(
        "-cpu +x2apic: it needs apic, which this CPU lacks; add +apic before it",
        refusal("max,-apic,+x2apic"));
    assertTrue(CpuSetting.parse("max,-apic,+apic,+x2apic").features().contains(CpuFeature.X2APIC));
  }

  @Test
  void takesTheHostForTheEmulatorItself() {
    assertEquals(CpuModel.MAX, CpuSetting.parse("host,migratable=no,hv_passthrough").model());
  }

  @Test
  void givesNoModelWhatIsNotImplemented() {
    for (CpuModel model : CpuModel.values()) {
      assertTrue(CpuModel.implemented().containsAll(model.features()), model.modelName());
      assertTrue(model.brand().length() < 48);
      var complete = java.util.EnumSet.copyOf(model.features());
      FeatureDependencies.removeUnsupported(complete);
      assertEquals(model.features(), complete, model.modelName());
    }
  }
}
