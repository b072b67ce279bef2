package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;

/// BMI1, BMI2 and ADX: masks, bit fields, multiplications and shifts that leave flags alone, and
/// additions that carry through one flag only. SDM Vol. 2 under the instructions' names.
///
/// Of flags that the manual leaves undefined AF is cleared and PF follows the result.
public final class BitManipulation {
  private BitManipulation() {}

  /// Sets SF, ZF and PF by `result`, and CF; clears OF and AF.
  private static long flags(Vcpu c, long result, boolean carry) {
    c.flagKind = Rflags.RESULT;
    c.flagA = carry ? Rflags.CF : 0;
    c.flagResult = result;
    return result;
  }

  public static long andn(Vcpu c, long a, long b) {
    return flags(c, ~a & b, false);
  }

  public static long bextr32(Vcpu c, long a, long control) {
    return flags(c, (int) field(a & Registers.LOW_32, control), false);
  }

  public static long bextr64(Vcpu c, long a, long control) {
    return flags(c, field(a, control), false);
  }

  /// Bits of `a` from `control`'s byte 0 on, as many as its byte 1 says.
  private static long field(long a, long control) {
    int start = (int) control & 0xFF;
    int length = (int) control >> 8 & 0xFF;
    return lowest(start > 63 ? 0 : a >>> start, length);
  }

  /// The lowest `count` bits of `a`, all of them from 64 on.
  private static long lowest(long a, int count) {
    return count > 63 ? a : a & (1L << count) - 1;
  }

  public static long blsi32(Vcpu c, long a) {
    return flags(c, (int) (a & -a), a != 0);
  }

  public static long blsi64(Vcpu c, long a) {
    return flags(c, a & -a, a != 0);
  }

  public static long blsmsk32(Vcpu c, long a) {
    return mask(c, (int) (a ^ a - 1), a);
  }

  public static long blsmsk64(Vcpu c, long a) {
    return mask(c, a ^ a - 1, a);
  }

  /// The mask has at least one bit: ZF is 0.
  private static long mask(Vcpu c, long result, long a) {
    return flags(c, result, a == 0);
  }

  public static long blsr32(Vcpu c, long a) {
    return flags(c, (int) (a & a - 1), a == 0);
  }

  public static long blsr64(Vcpu c, long a) {
    return flags(c, a & a - 1, a == 0);
  }

  public static long bzhi32(Vcpu c, long a, long index) {
    int count = (int) index & 0xFF;
    return flags(c, (int) lowest(a, count), count > 31);
  }

  public static long bzhi64(Vcpu c, long a, long index) {
    int count = (int) index & 0xFF;
    return flags(c, lowest(a, count), count > 63);
  }

  /// The low half goes to operand 1 first: where both destinations are one register, the high half
  /// remains.
  public static long mulx32(Vcpu c, DecodedInstruction i, long unused, long a) {
    long product = (a & Registers.LOW_32) * (c.gpr[Vcpu.RDX] & Registers.LOW_32);
    Registers.store32(c, i.register1, product);
    return product >>> 32;
  }

  public static long mulx64(Vcpu c, DecodedInstruction i, long unused, long a) {
    long b = c.gpr[Vcpu.RDX];
    c.gpr[i.register1] = a * b;
    return Math.unsignedMultiplyHigh(a, b);
  }

  public static long pdep32(Vcpu c, long a, long mask) {
    return Long.expand(a, mask & Registers.LOW_32);
  }

  public static long pdep64(Vcpu c, long a, long mask) {
    return Long.expand(a, mask);
  }

  public static long pext32(Vcpu c, long a, long mask) {
    return Long.compress(a, mask & Registers.LOW_32);
  }

  public static long pext64(Vcpu c, long a, long mask) {
    return Long.compress(a, mask);
  }

  public static long rorx32(Vcpu c, long a, long count) {
    return Integer.rotateRight((int) a, (int) count);
  }

  public static long rorx64(Vcpu c, long a, long count) {
    return Long.rotateRight(a, (int) count);
  }

  public static long sarx32(Vcpu c, long a, long count) {
    return (int) a >> count;
  }

  public static long sarx64(Vcpu c, long a, long count) {
    return a >> count;
  }

  public static long shlx32(Vcpu c, long a, long count) {
    return a << (count & 31);
  }

  public static long shlx64(Vcpu c, long a, long count) {
    return a << count;
  }

  public static long shrx32(Vcpu c, long a, long count) {
    return (a & Registers.LOW_32) >>> (count & 31);
  }

  public static long shrx64(Vcpu c, long a, long count) {
    return a >>> count;
  }

  public static long adcx32(Vcpu c, long a, long b) {
    return add32(c, a, b, Rflags.CF);
  }

  public static long adcx64(Vcpu c, long a, long b) {
    return add64(c, a, b, Rflags.CF);
  }

  public static long adox32(Vcpu c, long a, long b) {
    return add32(c, a, b, Rflags.OF);
  }

  public static long adox64(Vcpu c, long a, long b) {
    return add64(c, a, b, Rflags.OF);
  }

  /// Adds with `flag` for carry, in and out.
  private static long add32(Vcpu c, long a, long b, int flag) {
    int flags = Rflags.arithmetic(c);
    int carry = (flags & flag) != 0 ? 1 : 0;
    long sum = (a & Registers.LOW_32) + (b & Registers.LOW_32) + carry;
    Rflags.setArithmetic(c, flags & ~flag | (sum >>> 32 != 0 ? flag : 0));
    return sum;
  }

  private static long add64(Vcpu c, long a, long b, int flag) {
    int flags = Rflags.arithmetic(c);
    int carry = (flags & flag) != 0 ? 1 : 0;
    long sum = a + b + carry;
    boolean out = ((a & b) | (a | b) & ~sum) < 0;
    Rflags.setArithmetic(c, flags & ~flag | (out ? flag : 0));
    return sum;
  }
}
