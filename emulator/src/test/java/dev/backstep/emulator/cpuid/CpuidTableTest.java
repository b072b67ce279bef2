package dev.backstep.emulator.cpuid;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.mmu.VcpuFixture;
import dev.backstep.emulator.vcpu.ControlBits;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CpuidTableTest {
  private final VcpuFixture f = new VcpuFixture();

  private CpuidValues query(int leaf, int subleaf) {
    return f.cpuid.query(f.c, leaf, subleaf);
  }

  private static CpuidTable of(int vcpus) {
    return new CpuidTable(CpuSetting.parse("max"), Vendor.INTEL, CpuidTable.NO_HYPERVISOR, vcpus);
  }

  private static String text(int... words) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * words.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int word : words) {
      bytes.putInt(word);
    }
    return new String(bytes.array(), StandardCharsets.US_ASCII).replace("\0", "");
  }

  private static int register(CpuidValues v, CpuidRegister r) {
    return switch (r) {
      case EAX -> v.eax();
      case EBX -> v.ebx();
      case ECX -> v.ecx();
      case EDX -> v.edx();
    };
  }

  @Test
  void namesTheVendorOfThePlatform() {
    CpuidValues v = query(0, 0);
    assertEquals("GenuineIntel", text(v.ebx(), v.edx(), v.ecx()));
    assertEquals(0x1F, v.eax());
    var amd = new VcpuFixture("qemu64", "bare-metal-amd", Map.of());
    CpuidValues a = amd.cpuid.query(amd.c, 0x8000_0000, 0);
    assertEquals("AuthenticAMD", text(a.ebx(), a.edx(), a.ecx()));
  }

  @Test
  void showsEveryFeatureBitWhereTheManualPutsIt() {
    for (CpuFeature feature : CpuFeature.values()) {
      CpuidValues v = query(feature.leaf(), feature.subleaf());
      boolean shown = (register(v, feature.register()) & feature.mask()) != 0;
      assertEquals(f.cpuid.has(feature), shown, feature.name());
    }
    assertEquals(1 << 21, CpuFeature.X2APIC.mask());
    assertEquals(CpuidRegister.ECX, CpuFeature.X2APIC.register());
    assertEquals(1 << 20, CpuFeature.SMAP.mask());
    assertEquals(0x8000_0001, CpuFeature.NX.leaf());
  }

  @Test
  void followsTheGuestsSettings() {
    assertEquals(0, query(1, 0).ecx() & CpuFeature.OSXSAVE.mask());
    f.c.cr4 |= ControlBits.CR4_OSXSAVE;
    assertTrue((query(1, 0).ecx() & CpuFeature.OSXSAVE.mask()) != 0);
    assertTrue((query(1, 0).edx() & CpuFeature.APIC.mask()) != 0);
    f.lapic.base = 0xFEE0_0100L;
    assertEquals(0, query(1, 0).edx() & CpuFeature.APIC.mask());
  }

  @Test
  void answersBeyondTheHighestLeafAsIntelDoes() {
    assertEquals(query(0x1F, 1), query(0x1234, 1));
    assertEquals(query(0x1F, 1), query(0x4000_0000, 1));
    assertEquals(query(0x1F, 0), query(0x8000_0009, 0));
    var amd = new VcpuFixture("max", "bare-metal-amd", Map.of());
    assertEquals(new CpuidValues(0, 0, 0, 0), amd.cpuid.query(amd.c, 0x1234, 0));
  }

  @Test
  void namesKvmOnlyUnderKvm() {
    var kvm = new VcpuFixture("max", "kvm-intel", Map.of());
    CpuidValues v = kvm.cpuid.query(kvm.c, 0x4000_0000, 0);
    assertEquals(0x4000_0001, v.eax());
    assertEquals("KVMKVMKVM", text(v.ebx(), v.ecx(), v.edx()));
    assertEquals(new CpuidValues(0, 0, 0, 0), kvm.cpuid.query(kvm.c, 0x4000_0001, 0));
    assertTrue((kvm.cpuid.query(kvm.c, 1, 0).ecx() & CpuFeature.HYPERVISOR.mask()) != 0);
  }

  @Test
  void describesTheTopology() {
    int[][] cases = {{1, 0}, {2, 1}, {3, 2}, {4, 2}, {255, 8}, {256, 8}, {1024, 10}};
    for (int[] k : cases) {
      CpuidTable t = of(k[0]);
      assertEquals(new CpuidValues(0, 1, 0x100, 0), t.query(f.c, 0xB, 0));
      assertEquals(new CpuidValues(k[1], k[0], 0x201, 0), t.query(f.c, 0xB, 1));
      assertEquals(new CpuidValues(0, 0, 2, 0), t.query(f.c, 0xB, 2));
      assertEquals(t.query(f.c, 0xB, 1), t.query(f.c, 0x1F, 1));
      int addressable = t.query(f.c, 1, 0).ebx() >>> 16 & 0xFF;
      assertEquals(Math.min(1 << k[1], 128), addressable);
      assertEquals(k[0] > 1, t.has(CpuFeature.HT));
    }
  }

  @Test
  void tellsTheFrequencyOfTheTsc() {
    CpuidValues v = query(0x15, 0);
    assertEquals(2_000_000_000L, (long) v.ecx() * v.ebx() / v.eax());
    assertEquals(2000, query(0x16, 0).eax());
  }

  @Test
  void describesExtendedState() {
    long user = f.cpuid.userStates();
    CpuidValues v = query(0xD, 0);
    assertEquals((int) user, v.eax());
    assertEquals(576, v.ebx());
    int end = 576;
    for (int k = 2; k < 32; k++) {
      CpuidValues state = query(0xD, k);
      assertEquals((user >>> k & 1) != 0, state.ebx() != 0, "component " + k);
      assertEquals(f.cpuid.stateBytes(k) * (user >>> k & 1), state.ecx() == 0 ? state.eax() : 0);
      end = Math.max(end, state.ebx() + (state.ecx() == 0 ? state.eax() : 0));
    }
    assertEquals(end, v.ecx());
  }

  @Test
  void sizesTheXsaveAreaByWhatIsEnabled() {
    var amd = new VcpuFixture("EPYC-Milan", "bare-metal-amd", Map.of());
    if (amd.cpuid.has(CpuFeature.AVX) && amd.cpuid.has(CpuFeature.PKU)) {
      assertEquals(new CpuidValues(256, 576, 0, 0), amd.cpuid.query(amd.c, 0xD, 2));
      assertEquals(new CpuidValues(8, 832, 0, 0), amd.cpuid.query(amd.c, 0xD, 9));
      amd.c.xcr0 = 7;
      assertEquals(new CpuidValues(0x207, 832, 840, 0), amd.cpuid.query(amd.c, 0xD, 0));
    }
  }

  /// XSAVEC has the compacted format without XSAVES, too.
  @Test
  void sizesTheCompactedAreaByWhatIsEnabled() {
    long avx = 7;
    for (String cpu : new String[] {"max,+shstk", "max,-xsaves"}) {
      var part = new VcpuFixture(cpu, "bare-metal-intel", Map.of());
      part.c.xcr0 = avx;
      part.c.msr.xss = part.cpuid.supervisorStates();
      int supervisor = part.cpuid.has(CpuFeature.XSAVES) ? 16 + 24 : 0;
      assertEquals(832 + supervisor, part.cpuid.query(part.c, 0xD, 1).ebx(), cpu);
    }
    var neither = new VcpuFixture("max,-xsaves,-xsavec", "bare-metal-intel", Map.of());
    neither.c.xcr0 = avx;
    assertEquals(0, neither.cpuid.query(neither.c, 0xD, 1).ebx());
  }

  @Test
  void describesPartsAsTheirMakersDo() {
    var haswell = new VcpuFixture("Haswell", "bare-metal-intel", Map.of());
    assertEquals(0xD, haswell.cpuid.query(haswell.c, 0, 0).eax());
    assertEquals(0x306C3, haswell.cpuid.query(haswell.c, 1, 0).eax());
    assertEquals(39 | 48 << 8, haswell.cpuid.query(haswell.c, 0x8000_0008, 0).eax());
    CpuidValues third = haswell.cpuid.query(haswell.c, 4, 3);
    assertEquals(new CpuidValues(0x163, 15 << 22 | 63, 8191, 6), third);
    var xeon = new VcpuFixture("SapphireRapids", "bare-metal-amd", Map.of());
    assertEquals(0x806F8, xeon.cpuid.query(xeon.c, 1, 0).eax());
    assertEquals(Vendor.INTEL, xeon.cpuid.vendor());
    var rome = new VcpuFixture("EPYC-Rome", "bare-metal-amd", Map.of());
    assertEquals(0x830F10, rome.cpuid.query(rome.c, 1, 0).eax());
    assertEquals(0x830F10, rome.cpuid.query(rome.c, 0x8000_0001, 0).eax());
    assertEquals(0x2008_0140, rome.cpuid.query(rome.c, 0x8000_0005, 0).ecx());
    assertEquals(0x0200_6140, rome.cpuid.query(rome.c, 0x8000_0006, 0).ecx());
    CpuidValues shared = rome.cpuid.query(rome.c, 0x8000_001D, 3);
    assertEquals(new CpuidValues(0x163 | 3 << 14, 15 << 22 | 63, 16383, 1), shared);
    assertEquals(new CpuidValues(0, 0, 0, 0), rome.cpuid.query(rome.c, 0x8000_001E, 0));
  }

  @Test
  void describesAddressesAndBrand() {
    assertEquals(
        f.cpuid.physicalAddressBits() | (f.cpuid.has(CpuFeature.LA57) ? 57 : 48) << 8,
        query(0x8000_0008, 0).eax());
    var brand = new StringBuilder();
    for (int leaf = 0x8000_0002; leaf <= 0x8000_0004; leaf++) {
      CpuidValues v = query(leaf, 0);
      brand.append(text(v.eax(), v.ebx(), v.ecx(), v.edx()));
    }
    assertEquals("Backstep Virtual CPU", brand.toString());
  }

  @Test
  void describesCaches() {
    CpuidValues l1 = query(4, 0);
    assertEquals(1 | 1 << 5 | 1 << 8, l1.eax());
    int ways = (l1.ebx() >>> 22) + 1;
    int line = (l1.ebx() & 0xFFF) + 1;
    assertEquals(32 << 10, ways * line * (l1.ecx() + 1));
    assertEquals(0, query(4, 4).eax());
  }

  @Test
  void encodesFamilyModelAndStepping() {
    assertEquals(0x6FB, query(1, 0).eax());
    var qemu = new VcpuFixture("qemu64", "bare-metal-intel", Map.of());
    assertEquals(0x60FB1, qemu.cpuid.query(qemu.c, 1, 0).eax());
  }

  private static CpuidTable under(X87Pointers pointers, String cpu, Vendor vendor) {
    return new CpuidTable(CpuSetting.parse(cpu), vendor, "KVMKVMKVM", 1, pointers);
  }

  @Test
  void pointersOfTheX87AreTheModelsUnderAHypervisor() {
    String cleared = "Skylake-Server,-fdp-excptn-only,-zero-fcs-fds";
    var metal = under(X87Pointers.AS_ENUMERATED, cleared, Vendor.INTEL);
    assertFalse(metal.keepsDataPointerForExceptions());
    assertFalse(metal.zeroesPointerSelectors());
    var kvm = under(X87Pointers.OF_MODEL, cleared, Vendor.INTEL);
    assertTrue(kvm.keepsDataPointerForExceptions());
    assertTrue(kvm.zeroesPointerSelectors());
    assertFalse(kvm.has(CpuFeature.FDP_EXCPTN_ONLY));
    var haswell = under(X87Pointers.OF_MODEL, "Haswell,+fdp-excptn-only", Vendor.INTEL);
    assertFalse(haswell.keepsDataPointerForExceptions());
    assertTrue(haswell.has(CpuFeature.FDP_EXCPTN_ONLY));
  }

  @Test
  void bothBitsCanAlwaysBeShown() {
    for (String cpu : new String[] {"Haswell", "EPYC"}) {
      var shown = under(X87Pointers.OF_MODEL_AND_SHOWN_AS_GONE, cpu, Vendor.INTEL);
      assertTrue(shown.has(CpuFeature.FDP_EXCPTN_ONLY), cpu);
      assertTrue(shown.has(CpuFeature.ZERO_FCS_FDS), cpu);
      assertFalse(shown.keepsDataPointerForExceptions(), cpu);
    }
  }

  @Test
  void writtenLeavesAnswerButForWhatFollowsTheGuest() {
    f.cpuid.write(0, 1, 0, new CpuidValues(1, 2, -1, -1));
    assertEquals(1, query(1, 0).eax());
    assertEquals(1, query(1, 9).eax()); // Leaf 1 has no subleaves.
    assertEquals(0, query(1, 0).ecx() & CpuFeature.OSXSAVE.mask());
    f.c.cr4 |= ControlBits.CR4_OSXSAVE;
    assertTrue((query(1, 0).ecx() & CpuFeature.OSXSAVE.mask()) != 0);
    f.lapic.base = 0xFEE0_0100L;
    assertEquals(0, query(1, 0).edx() & CpuFeature.APIC.mask());
    f.cpuid.write(0, 7, 1, new CpuidValues(3, 3, 3, 3));
    assertEquals(new CpuidValues(3, 3, 3, 3), query(7, 1));
    assertEquals(of(1).query(f.c, 7, 0), query(7, 0));
    int enabled = query(0xD, 0).ebx();
    f.cpuid.write(0, 0xD, 0, new CpuidValues(7, 1, 1, 0));
    assertEquals(new CpuidValues(7, enabled, 1, 0), query(0xD, 0));
    f.cpuid.write(1, 0, 0, new CpuidValues(0, 0, 0, 0)); // Another vCPU's.
    assertEquals(0x1F, query(0, 0).eax());
  }
}
