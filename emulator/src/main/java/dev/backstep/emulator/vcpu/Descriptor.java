package dev.backstep.emulator.vcpu;

/// The fields of a descriptor, given as the first 8 bytes of its table entry. SDM Vol. 3 "Segment
/// Descriptors", "Call Gates", "IDT Descriptors", "TSS Descriptor".
///
/// ```
/// segment, TSS, LDT   63..56 base 31:24 | 55 G 54 D/B 53 L 52 AVL | 51..48 limit 19:16
///                     47 P 46..45 DPL 44 S 43..40 type | 39..16 base 23:0 | 15..0 limit 15:0
/// gate                63..48 offset 31:16 | 47 P 46..45 DPL 44 0 43..40 type | 36..32 parameter
///                     count or IST | 31..16 selector | 15..0 offset 15:0
/// ```
///
/// In long mode TSS, LDT and gates have a second half whose low 32 bits are bits 63:32 of the base
/// or offset.
public final class Descriptor {
  public static final int TSS16_AVAILABLE = 1;
  public static final int LDT = 2;
  public static final int TSS16_BUSY = 3;
  public static final int CALL_GATE16 = 4;
  public static final int TASK_GATE = 5;
  public static final int INTERRUPT_GATE16 = 6;
  public static final int TRAP_GATE16 = 7;
  public static final int TSS32_AVAILABLE = 9;
  public static final int TSS32_BUSY = 11;
  public static final int CALL_GATE32 = 12;
  public static final int INTERRUPT_GATE32 = 14;
  public static final int TRAP_GATE32 = 15;

  /// Bit 1 of a TSS's type: the task is running or in the chain of nested tasks.
  public static final int TYPE_BUSY = 2;

  /// Bit 3 of a system type: the 32-bit (in long mode 64-bit) kind.
  public static final int TYPE_32BIT = 8;

  private Descriptor() {}

  /// The access rights as [SegmentRegister#access] holds them.
  public static int access(long descriptor) {
    return (int) (descriptor >>> 40) & 0xF0FF;
  }

  public static int type(long descriptor) {
    return (int) (descriptor >>> 40) & SegmentRegister.TYPE_MASK;
  }

  public static int dpl(long descriptor) {
    return (int) (descriptor >>> 45) & 3;
  }

  public static boolean isPresent(long descriptor) {
    return is(descriptor, SegmentRegister.PRESENT);
  }

  /// Whether a bit of the access rights is set.
  public static boolean is(long descriptor, int accessBit) {
    return (access(descriptor) & accessBit) != 0;
  }

  public static boolean isSystem(long descriptor) {
    return !is(descriptor, SegmentRegister.CODE_OR_DATA);
  }

  public static boolean isCode(long descriptor) {
    int both = SegmentRegister.CODE_OR_DATA | SegmentRegister.TYPE_CODE;
    return (access(descriptor) & both) == both;
  }

  public static boolean isConforming(long descriptor) {
    return isCode(descriptor) && is(descriptor, SegmentRegister.TYPE_EXPAND_DOWN);
  }

  public static boolean isWritableData(long descriptor) {
    int all =
        SegmentRegister.CODE_OR_DATA | SegmentRegister.TYPE_CODE | SegmentRegister.TYPE_WRITABLE;
    return (access(descriptor) & all)
        == (SegmentRegister.CODE_OR_DATA | SegmentRegister.TYPE_WRITABLE);
  }

  /// Bits 31:0 of the base, zero-extended.
  public static long base(long descriptor) {
    return descriptor >>> 16 & 0xFFFFFF | (descriptor >>> 56) << 24;
  }

  /// The limit in bytes, scaled by the granularity bit; unsigned.
  public static int limit(long descriptor) {
    int raw = (int) (descriptor & 0xFFFF | descriptor >>> 32 & 0xF0000);
    return is(descriptor, SegmentRegister.GRANULARITY) ? raw << 12 | 0xFFF : raw;
  }

  /// Selector of a gate.
  public static int gateSelector(long gate) {
    return (int) (gate >>> 16) & 0xFFFF;
  }

  /// Bits 31:0 of a gate's offset, zero-extended.
  public static long gateOffset(long gate) {
    return gate & 0xFFFF | gate >>> 32 & 0xFFFF0000L;
  }

  /// How many parameters a call gate copies to the inner stack.
  public static int parameterCount(long gate) {
    return (int) (gate >>> 32) & 0x1F;
  }

  /// Index in the interrupt stack table of a 64-bit interrupt or trap gate; 0 = none.
  public static int interruptStack(long gate) {
    return (int) (gate >>> 32) & 7;
  }
}
