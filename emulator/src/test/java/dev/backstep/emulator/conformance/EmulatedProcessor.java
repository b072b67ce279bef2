package dev.backstep.emulator.conformance;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.CpuModel;
import dev.backstep.emulator.cpuid.CpuSetting;
import dev.backstep.emulator.cpuid.CpuidTable;
import dev.backstep.emulator.cpuid.Vendor;
import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Decoder;
import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.execution.OperationFactory;
import dev.backstep.emulator.testing.BareVcpu;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.FpuState;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A vCPU that sees what a process of Linux sees on the host: CPL 3, the same pages at the same
/// addresses, the same features switched on, and the host's vendor.
final class EmulatedProcessor implements AutoCloseable {
  static final int CODE_SELECTOR = 0x33;
  static final int CODE32_SELECTOR = 0x23;
  static final int DATA_SELECTOR = 0x2B;

  private static final long GPA = 0x8000;
  private static final long MAPPED_BYTES =
      HostProcessor.READ_ONLY + 0x1000 - HostProcessor.CODE_PAGE;
  private static final long DATA_GPA = GPA + HostProcessor.DATA - HostProcessor.CODE_PAGE;
  private static final long READ_ONLY_GPA = DATA_GPA + StateRecord.MEMORY_BYTES;
  private static final long CODE_GPA = GPA + HostProcessor.CODE - HostProcessor.CODE_PAGE;
  private static final long PAGE_TABLE = BareVcpu.TABLES_END - 0x1000;
  private static final long PRESENT = 1;
  private static final long WRITABLE = 2;
  private static final long USER = 4;
  private static final long NO_EXECUTE = 1L << 63;
  private static final int DPL_3 = 3 << 5;
  private static final int MOST_STEPS = 64;

  /// What became of a case.
  enum Outcome {
    /// It ran to its end or into a fault.
    RAN,
    /// It came to something that cannot be compared; a breakpoint was put there, and it must be run
    /// again.
    CUT
  }

  final Vcpu vcpu;
  private final Arena arena = Arena.ofConfined();
  private final BareVcpu bare;
  private final Decoder decoder;
  private final OperationFactory factory = new OperationFactory();
  private final Comparability comparability;
  private final UnsettledOutcomes unsettled;

  /// What need not be the same after the last case.
  Allowance allowance = Allowance.NONE;

  /// Whether nothing of the last case was left to execute.
  boolean isEmpty;

  /// Whether the last case's first instruction was executed, or faulted, as something other than an
  /// undefined one.
  boolean firstRan;

  /// What an instruction of the last case threw other than a fault, or null.
  @Nullable Throwable failure;

  EmulatedProcessor(HostProcessor host, boolean amd) {
    EnumSet<CpuFeature> features = EnumSet.noneOf(CpuFeature.class);
    Set<String> absent = new HashSet<>();
    for (CpuFeature feature : CpuFeature.values()) {
      if (host.has(flag(feature.name()))) {
        if (CpuModel.implemented().contains(feature)) {
          features.add(feature);
        }
      } else {
        absent.add(feature.name());
      }
    }
    CpuSetting max = CpuSetting.parse("max");
    Vendor vendor = amd ? Vendor.AMD : Vendor.INTEL;
    CpuSetting setting = new CpuSetting(max.model(), vendor, features, max.physicalAddressBits());
    bare =
        new BareVcpu(
            arena, 0x10_0000, new CpuidTable(setting, vendor, CpuidTable.NO_HYPERVISOR, 1));
    vcpu = bare.vcpu;
    decoder = new Decoder(absent);
    comparability = new Comparability(vcpu);
    unsettled = new UnsettledOutcomes(vcpu);
    bare.longMode(HostProcessor.CODE_PAGE, MAPPED_BYTES, GPA);
    map();
    vcpu.cr0 |= ControlBits.CR0_AM | ControlBits.CR0_NE | ControlBits.CR0_MP;
    vcpu.cr4 |= ControlBits.CR4_OSXSAVE | ControlBits.CR4_FSGSBASE | ControlBits.CR4_UMIP;
    vcpu.efer |= ControlBits.EFER_SCE;
    vcpu.xcr0 = ControlBits.XCR0_X87 | ControlBits.XCR0_SSE;
    vcpu.xcr0 |= host.has("avx") ? ControlBits.XCR0_AVX : 0;
    vcpu.fpu.mxcsrMask |= host.has("misalignsse") ? FpuState.MXCSR_MISALIGNED : 0;
    vcpu.systemFlags = Rflags.IF;
    setMode(true);
  }

  /// The name that /proc/cpuinfo has for a feature of the table.
  static String flag(String feature) {
    return switch (feature) {
      case "PREFETCHW" -> "3dnowprefetch";
      case "CET_SS" -> "user_shstk";
      case "CET_IBT" -> "ibt";
      default -> feature.toLowerCase(Locale.ROOT);
    };
  }

  private void map() {
    for (long offset = 0; offset < MAPPED_BYTES; offset += 0x1000) {
      long gva = HostProcessor.CODE_PAGE + offset;
      long rights = 0;
      if (gva == HostProcessor.CODE_PAGE) {
        rights = PRESENT | USER;
      } else if (gva >= HostProcessor.DATA) {
        rights = PRESENT | USER | NO_EXECUTE | (gva < HostProcessor.READ_ONLY ? WRITABLE : 0);
      }
      bare.ram.putLong(
          PAGE_TABLE + (gva >>> 12 & 511) * 8, rights == 0 ? 0 : GPA + offset | rights);
    }
    bare.ram.segment().asSlice(GPA, 0x1000).fill((byte) HostProcessor.BREAKPOINT);
    bare.ram.segment().asSlice(READ_ONLY_GPA, 0x1000).fill((byte) 0);
  }

  private void setMode(boolean mode64) {
    int size = mode64 ? SegmentRegister.LONG : SegmentRegister.DEFAULT_BIG;
    int both =
        SegmentRegister.PRESENT
            | SegmentRegister.CODE_OR_DATA
            | SegmentRegister.TYPE_WRITABLE
            | SegmentRegister.TYPE_ACCESSED
            | SegmentRegister.GRANULARITY
            | DPL_3;
    for (int k = 0; k < 6; k++) {
      SegmentRegister segment = vcpu.segments[k];
      if (k == SegmentRegister.CS) {
        int selector = mode64 ? CODE_SELECTOR : CODE32_SELECTOR;
        segment.set(selector, 0, -1, both | SegmentRegister.TYPE_CODE | size, true);
      } else if (k >= SegmentRegister.FS) {
        segment.set(0, 0, 0, 0, false);
      } else {
        segment.set(DATA_SELECTOR, 0, -1, both | SegmentRegister.DEFAULT_BIG, true);
      }
    }
    vcpu.cpl = 3;
    vcpu.updateMode();
    for (int k = 0; k < 6; k++) {
      vcpu.mmu.segmentChanged(k);
    }
  }

  /// Runs a case.
  Outcome run(StateRecord before, StateRecord after) {
    load(before);
    allowance = Allowance.NONE;
    failure = null;
    isEmpty = true;
    firstRan = false;
    unsettled.begin();
    byte[] code = before.code();
    byte[] padded = Arrays.copyOf(code, code.length + 16);
    Arrays.fill(padded, code.length, padded.length, (byte) HostProcessor.BREAKPOINT);
    for (int step = 0; ; step++) {
      long at = vcpu.rip - HostProcessor.CODE;
      if (at < 0 || at >= StateRecord.CODE_BYTES) {
        outside(after);
        return Outcome.RAN;
      }
      DecodedInstruction i =
          decoder.decode(padded, (int) at, padded.length - (int) at, vcpu.mode, vcpu.rip);
      if (i == null) {
        return cut(before, at);
      }
      if (i.opcode.mnemonic().equals("INT3")) {
        vcpu.rip = i.nextRip;
        store(after, GuestFault.BP, 0, 0);
        return Outcome.RAN;
      }
      if (unsettled.isBefore(i, padded, (int) at)
          || allowance.approximate()
          || step == MOST_STEPS
          || !comparability.isComparable(i, allowance.flags())) {
        return cut(before, at);
      }
      boolean goesOn = step(i, after);
      if (!goesOn
          && failure == null
          && unsettled.isAfter(
              i, (int) after.getLong(StateRecord.VECTOR), after.getLong(StateRecord.CR2))) {
        return cut(before, at);
      }
      isEmpty = false;
      firstRan |= step == 0 && !isUndefined(i);
      if (!goesOn) {
        return Outcome.RAN;
      }
    }
  }

  /// One instruction; false if the case ended with it.
  private boolean step(DecodedInstruction i, StateRecord after) {
    boolean trap = vcpu.flag(Rflags.TF);
    long nowUndefined = comparability.undefinedFlags(i);
    long written = comparability.writtenFlags(i);
    vcpu.rip = i.nextRip;
    try {
      factory.operationFor(i).execute(vcpu, i);
    } catch (GuestFault fault) {
      vcpu.rip = i.rip;
      allowance = new Allowance(allowance.flags() | nowUndefined, false);
      store(after, fault.vector(), fault.errorCode(), fault.faultingLinearAddress());
      return false;
    } catch (Exception | LinkageError | AssertionError e) {
      failure = e;
      vcpu.rip = i.rip;
      store(after, -1, 0, 0);
      return false;
    }
    allowance =
        new Allowance(
            allowance.flags() & ~written | nowUndefined, Comparability.isTranscendental(i.opcode));
    if (trap) {
      store(after, GuestFault.DB, 0, 0);
      return false;
    }
    return true;
  }

  private static Outcome cut(StateRecord before, long at) {
    before.putByte(StateRecord.CODE + at, HostProcessor.BREAKPOINT);
    return Outcome.CUT;
  }

  /// RIP has left the code: more breakpoints in its page, and nothing that can be executed
  /// elsewhere.
  private void outside(StateRecord after) {
    if (vcpu.rip >>> 12 == HostProcessor.CODE_PAGE >>> 12) {
      vcpu.rip++;
      store(after, GuestFault.BP, 0, 0);
      return;
    }
    try {
      vcpu.mmu.fetchGpa(vcpu.rip);
      store(after, -1, 0, 0);
    } catch (GuestFault fault) {
      store(after, fault.vector(), fault.errorCode(), fault.faultingLinearAddress());
    }
  }

  private void load(StateRecord before) {
    Vcpu c = vcpu;
    for (int r = 0; r < 16; r++) {
      c.gpr[r] = before.gpr(r);
    }
    c.rip = before.getLong(StateRecord.RIP);
    boolean mode64 = before.getShort(StateRecord.SEGMENTS) == CODE_SELECTOR;
    if (mode64 != (c.mode == CpuMode.LONG64)) {
      setMode(mode64);
    }
    int flagsBefore = c.systemFlags;
    c.setRflags(before.getLong(StateRecord.FLAGS));
    if (((flagsBefore ^ c.systemFlags) & Rflags.AC) != 0) {
      c.mmu.modeChanged();
    }
    loadFpu(before);
    MemorySegment.copy(before.segment, StateRecord.CODE, bare.ram.segment(), CODE_GPA, 128);
    MemorySegment.copy(
        before.segment, StateRecord.MEMORY, bare.ram.segment(), DATA_GPA, StateRecord.MEMORY_BYTES);
  }

  private void loadFpu(StateRecord before) {
    FpuState fpu = vcpu.fpu;
    fpu.controlWord = before.getShort(StateRecord.FCW);
    int status = before.getShort(StateRecord.FSW);
    fpu.statusWord = status & ~0x3800;
    fpu.top = status >> 11 & 7;
    fpu.tagValid = before.getByte(StateRecord.FTW);
    fpu.lastOpcode = before.getShort(StateRecord.FOP);
    fpu.lastInstructionPointer = before.getLong(StateRecord.FIP);
    fpu.lastDataPointer = before.getLong(StateRecord.FDP);
    fpu.lastInstructionSelector = 0;
    fpu.lastDataSelector = 0;
    fpu.mxcsr = before.getInt(StateRecord.MXCSR);
    for (int k = 0; k < 8; k++) {
      int physical = fpu.top + k & 7;
      fpu.significand[physical] = before.getLong(StateRecord.ST + 16L * k);
      fpu.signExponent[physical] = before.getShort(StateRecord.ST + 16L * k + 8);
    }
    for (int k = 0; k < 32; k++) {
      fpu.xmm[k] = before.getLong(StateRecord.XMM + 8L * k);
      fpu.ymmHigh[k] = before.getLong(StateRecord.YMM + 8L * k);
    }
  }

  private void store(StateRecord after, int vector, int errorCode, long address) {
    Vcpu c = vcpu;
    for (int r = 0; r < 16; r++) {
      after.setGpr(r, c.gpr[r]);
    }
    after.putLong(StateRecord.RIP, c.rip);
    after.putLong(StateRecord.FLAGS, c.rflags());
    after.putLong(StateRecord.SEGMENTS, c.segments[SegmentRegister.CS].selector);
    after.putLong(StateRecord.VECTOR, vector);
    after.putLong(StateRecord.ERROR_CODE, errorCode);
    after.putLong(StateRecord.CR2, address);
    FpuState fpu = c.fpu;
    after.putShort(StateRecord.FCW, fpu.controlWord);
    after.putShort(StateRecord.FSW, fpu.statusWord | fpu.top << 11);
    after.putShort(StateRecord.FTW, fpu.tagValid);
    after.putShort(StateRecord.FOP, fpu.lastOpcode);
    after.putLong(StateRecord.FIP, fpu.lastInstructionPointer);
    after.putLong(StateRecord.FDP, fpu.lastDataPointer);
    after.putInt(StateRecord.MXCSR, fpu.mxcsr);
    for (int k = 0; k < 8; k++) {
      int physical = fpu.top + k & 7;
      after.putLong(StateRecord.ST + 16L * k, fpu.significand[physical]);
      after.putLong(StateRecord.ST + 16L * k + 8, fpu.signExponent[physical] & 0xFFFF);
    }
    for (int k = 0; k < 32; k++) {
      after.putLong(StateRecord.XMM + 8L * k, fpu.xmm[k]);
      after.putLong(StateRecord.YMM + 8L * k, fpu.ymmHigh[k]);
    }
    MemorySegment.copy(
        bare.ram.segment(), DATA_GPA, after.segment, StateRecord.MEMORY, StateRecord.MEMORY_BYTES);
  }

  @Nullable DecodedInstruction decode(byte[] code, int at, boolean mode64) {
    CpuMode mode = mode64 ? CpuMode.LONG64 : CpuMode.COMPATIBILITY32;
    return decoder.decode(code, at, code.length - at, mode, HostProcessor.CODE + at);
  }

  static boolean isUndefined(DecodedInstruction i) {
    return i.opcode == Opcode.INVALID;
  }

  @Override
  public void close() {
    arena.close();
  }
}
