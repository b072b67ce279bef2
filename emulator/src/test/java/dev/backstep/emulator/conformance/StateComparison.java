package dev.backstep.emulator.conformance;

import dev.backstep.emulator.vcpu.GuestFault;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/// What two processors left of the same case, compared.
final class StateComparison {
  private static final String[] REGISTERS = {
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
    "r14", "r15"
  };

  /// Arithmetic flags, TF, DF, NT, AC and ID. IF and IOPL are the kernel's; RF is set by faults in
  /// the image that they push.
  private static final long COMPARED_FLAGS = 0x24_4DD5;

  /// First address that is the kernel's; it hides from processes what is mapped there.
  private static final long KERNEL = 0x7FFF_FFFF_F000L;

  private static final int ERROR_SUMMARY = 0x80;

  /// PE, C1, and what an unmasked PE brings about: ES and B.
  private static final int EXACTNESS = 0x82A0;

  private static final int LAST_PLACES = 2;

  private StateComparison() {}

  /// The differences but for what `allowance` says, a line each.
  static String text(
      StateRecord host, StateRecord emulated, Allowance allowance, @Nullable StateRecord before) {
    StringBuilder out = new StringBuilder();
    events(out, host, emulated);
    for (int r = 0; r < 16; r++) {
      value(out, REGISTERS[r], host.gpr(r), emulated.gpr(r), before == null ? 0 : before.gpr(r));
    }
    value(out, "rip", host.getLong(StateRecord.RIP), emulated.getLong(StateRecord.RIP), 0);
    long mask = COMPARED_FLAGS & ~allowance.flags();
    long hostFlags = host.getLong(StateRecord.FLAGS) & mask;
    long flags = emulated.getLong(StateRecord.FLAGS) & mask;
    if (hostFlags != flags) {
      out.append("  rflags ").append(flags(flags)).append(", host ").append(flags(hostFlags));
      out.append(" (of ").append(flags(mask)).append(")\n");
    }
    x87(out, host, emulated, allowance.approximate());
    vectors(out, host, emulated);
    memory(out, host, emulated, before);
    return out.toString();
  }

  private static void events(StringBuilder out, StateRecord host, StateRecord emulated) {
    long hostVector = host.getLong(StateRecord.VECTOR);
    long vector = emulated.getLong(StateRecord.VECTOR);
    if (hostVector != vector) {
      out.append("  ended by ").append(vector(emulated)).append(", host ").append(vector(host));
      out.append('\n');
      return;
    }
    if (vector != GuestFault.PF) {
      long hostCode = host.getLong(StateRecord.ERROR_CODE);
      long code = emulated.getLong(StateRecord.ERROR_CODE);
      value(out, "error code", hostCode, code, 0);
      return;
    }
    long hostAddress = host.getLong(StateRecord.CR2);
    value(out, "cr2", hostAddress, emulated.getLong(StateRecord.CR2), 0);
    // Linux reports P = 1 for all addresses that are not the process's.
    long ignored = Long.compareUnsigned(hostAddress, KERNEL) >= 0 ? 1 : 0;
    long hostCode = host.getLong(StateRecord.ERROR_CODE) | ignored;
    value(out, "error code", hostCode, emulated.getLong(StateRecord.ERROR_CODE) | ignored, 0);
  }

  static String vector(StateRecord state) {
    long vector = state.getLong(StateRecord.VECTOR);
    return switch ((int) vector) {
      case -1 -> "nothing (it was lost)";
      case GuestFault.BP -> "its last instruction";
      case GuestFault.DE -> "#DE";
      case GuestFault.DB -> "#DB";
      case GuestFault.UD -> "#UD";
      case GuestFault.NM -> "#NM";
      case GuestFault.SS -> "#SS";
      case GuestFault.GP -> "#GP";
      case GuestFault.PF ->
          "#PF(%x) at %x"
              .formatted(state.getLong(StateRecord.ERROR_CODE), state.getLong(StateRecord.CR2));
      case GuestFault.MF -> "#MF";
      case GuestFault.AC -> "#AC";
      case GuestFault.XM -> "#XM";
      default -> "vector " + vector;
    };
  }

  private static void value(StringBuilder out, String name, long host, long ours, long before) {
    if (host != ours) {
      out.append("  ").append(name).append(' ').append(Long.toHexString(ours));
      out.append(", host ").append(Long.toHexString(host));
      if (before != 0) {
        out.append(", was ").append(Long.toHexString(before));
      }
      out.append('\n');
    }
  }

  static String flags(long flags) {
    StringBuilder out = new StringBuilder();
    String names = "C P A ZSTIDO  N   AVF I";
    for (int k = 0; k < 22; k++) {
      if ((flags >> k & 1) != 0) {
        out.append(k == 18 ? "[AC]" : k == 21 ? "[ID]" : k == 14 ? "[NT]" : names.charAt(k));
      }
    }
    return out.isEmpty() ? "none" : out.toString();
  }

  private static void x87(
      StringBuilder out, StateRecord host, StateRecord emulated, boolean approximate) {
    boolean initial = (host.getLong(StateRecord.XSTATE_BV) & 1) == 0;
    int ignored = approximate ? EXACTNESS : 0;
    int control = initial ? 0x37F : host.getShort(StateRecord.FCW);
    int status = initial ? 0 : host.getShort(StateRecord.FSW);
    int tags = initial ? 0 : host.getByte(StateRecord.FTW);
    value(out, "fcw", control, emulated.getShort(StateRecord.FCW), 0);
    value(out, "fsw", status | ignored, emulated.getShort(StateRecord.FSW) | ignored, 0);
    value(out, "ftw", tags, emulated.getByte(StateRecord.FTW), 0);
    if ((status & ERROR_SUMMARY & ~ignored) != 0) {
      pointers(out, host, emulated);
    }
    for (int k = 0; k < 8; k++) {
      long at = StateRecord.ST + 16L * k;
      long hostLow = initial ? 0 : host.getLong(at);
      int hostHigh = initial ? 0 : host.getShort(at + 8);
      long low = emulated.getLong(at);
      int high = emulated.getShort(at + 8);
      boolean same = low == hostLow && high == hostHigh;
      if (!same && !(approximate && k < 2 && areClose(hostHigh, hostLow, high, low))) {
        out.append(
            "  st%d %04x.%016x, host %04x.%016x\n".formatted(k, high, low, hostHigh, hostLow));
      }
    }
  }

  /// Whether two numbers of 80 bits are at most [#LAST_PLACES] units in the last place apart.
  private static boolean areClose(int highA, long lowA, int highB, long lowB) {
    BigInteger distance = ordinal(highA, lowA).subtract(ordinal(highB, lowB)).abs();
    return (highA ^ highB) >> 15 == 0
        && distance.bitLength() <= 2
        && distance.intValue() <= LAST_PLACES;
  }

  private static BigInteger ordinal(int signExponent, long significand) {
    BigInteger fraction = BigInteger.valueOf(significand & Long.MAX_VALUE);
    return BigInteger.valueOf(signExponent & 0x7FFF).shiftLeft(63).add(fraction);
  }

  /// APM Vol. 2 "Saving Media and x87 State": XSAVE, by which the kernel saves the host's state,
  /// saves zeroes unless an exception is pending.
  private static void pointers(StringBuilder out, StateRecord host, StateRecord emulated) {
    value(out, "fop", host.getShort(StateRecord.FOP), emulated.getShort(StateRecord.FOP), 0);
    value(out, "fip", host.getLong(StateRecord.FIP), emulated.getLong(StateRecord.FIP), 0);
    value(out, "fdp", host.getLong(StateRecord.FDP), emulated.getLong(StateRecord.FDP), 0);
  }

  private static void vectors(StringBuilder out, StateRecord host, StateRecord emulated) {
    value(out, "mxcsr", host.getInt(StateRecord.MXCSR), emulated.getInt(StateRecord.MXCSR), 0);
    long inUse = host.getLong(StateRecord.XSTATE_BV);
    for (int part = 0; part < 2; part++) {
      long area = part == 0 ? StateRecord.XMM : StateRecord.YMM;
      boolean initial = (inUse & (part == 0 ? 2 : 4)) == 0;
      for (int k = 0; k < 16; k++) {
        long at = area + 16L * k;
        long low = initial ? 0 : host.getLong(at);
        long high = initial ? 0 : host.getLong(at + 8);
        if (low != emulated.getLong(at) || high != emulated.getLong(at + 8)) {
          out.append(
              "  %s%d %016x_%016x, host %016x_%016x\n"
                  .formatted(
                      part == 0 ? "xmm" : "ymm high ",
                      k,
                      emulated.getLong(at + 8),
                      emulated.getLong(at),
                      high,
                      low));
        }
      }
    }
  }

  private static void memory(
      StringBuilder out, StateRecord host, StateRecord emulated, @Nullable StateRecord before) {
    long at =
        host.segment
            .asSlice(StateRecord.MEMORY)
            .mismatch(emulated.segment.asSlice(StateRecord.MEMORY));
    if (at < 0) {
      return;
    }
    long from = StateRecord.MEMORY + (at & -16);
    out.append("  memory at ").append(Long.toHexString(HostProcessor.DATA + (at & -16)));
    out.append(" %016x_%016x".formatted(emulated.getLong(from + 8), emulated.getLong(from)));
    out.append(", host %016x_%016x".formatted(host.getLong(from + 8), host.getLong(from)));
    if (before != null) {
      out.append(", was %016x_%016x".formatted(before.getLong(from + 8), before.getLong(from)));
    }
    out.append('\n');
  }
}
