package dev.backstep.emulator.execution;

import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Decoder;
import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.execution.CodeBlock.Place;
import dev.backstep.emulator.listen.ExecutionListener;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Finds or decodes the block at a vCPU's RIP.
final class BlockBuilder {
  private static final int PAGE = 4096;
  private static final int LONGEST_INSTRUCTION = 15;

  private final BlockCache cache;
  private final PhysicalBus bus;
  private final Decoder decoder;
  private final byte[] code = new byte[PAGE + LONGEST_INSTRUCTION];
  private final DecodedInstruction[] decoded = new DecodedInstruction[CodeBlock.MAX_INSTRUCTIONS];
  private @Nullable ExecutionListener listener;

  BlockBuilder(BlockCache cache, PhysicalBus bus, Decoder decoder) {
    this.cache = cache;
    this.bus = bus;
    this.decoder = decoder;
  }

  void listen(@Nullable ExecutionListener newListener) {
    listener = newListener;
  }

  /// The block at `c.rip`.
  ///
  /// @throws dev.backstep.emulator.vcpu.GuestFault #PF or #GP(0) of the instruction fetch
  CodeBlock blockAt(Vcpu c) {
    CpuMode mode = c.mode;
    long codeBase = mode == CpuMode.LONG64 ? 0 : c.segments[SegmentRegister.CS].base;
    long gva = linear(mode, codeBase, c.rip);
    long gpa = c.mmu.fetchGpa(gva);
    CodeBlock found = cache.find(mode, c.rip, codeBase, gpa);
    if (found != null
        && isWithinLimit(c, found.bytes.length)
        && (!found.place.crossesPage() || secondPage(c, gva) == found.place.secondPageGpa())) {
      return found;
    }
    return build(c, codeBase, gva, gpa);
  }

  private static long linear(CpuMode mode, long codeBase, long rip) {
    return mode == CpuMode.LONG64 ? rip : codeBase + rip & 0xFFFFFFFFL;
  }

  private static long secondPage(Vcpu c, long gva) {
    long next = (gva | PAGE - 1) + 1;
    return c.mmu.fetchGpa(c.mode == CpuMode.LONG64 ? next : next & 0xFFFFFFFFL);
  }

  private static boolean isWithinLimit(Vcpu c, int bytes) {
    return bytesWithinLimit(c) >= bytes;
  }

  /// How many bytes from RIP on the code segment's limit allows. SDM Vol. 3 "Limit Checking".
  private static long bytesWithinLimit(Vcpu c) {
    if (c.mode == CpuMode.LONG64) {
      return Long.MAX_VALUE;
    }
    return Integer.toUnsignedLong(c.segments[SegmentRegister.CS].limit) - c.rip + 1;
  }

  private CodeBlock build(Vcpu c, long codeBase, long gva, long gpa) {
    int inPage = PAGE - (int) (gpa & PAGE - 1);
    long allowed = bytesWithinLimit(c);
    if (allowed <= 0) {
      throw c.fault.generalProtection(0);
    }
    int available = (int) Math.min(inPage, allowed);
    fetch(gpa, 0, available);
    int count = decodeRun(c, available);
    if (count > 0) {
      return enter(c, new Place(c.mode, c.rip, codeBase, gpa, -1), count);
    }
    if (allowed <= inPage) {
      // The limit cuts the first instruction off.
      throw c.fault.generalProtection(0);
    }
    long second = secondPage(c, gva);
    int more = (int) Math.min(LONGEST_INSTRUCTION, allowed - inPage);
    fetch(second, inPage, more);
    DecodedInstruction crossing = decoder.decode(code, 0, inPage + more, c.mode, c.rip);
    if (crossing == null) {
      throw c.fault.generalProtection(0);
    }
    decoded[0] = crossing;
    return enter(c, new Place(c.mode, c.rip, codeBase, gpa, second), 1);
  }

  /// Decodes up to the end of the block or of the bytes; 0 = the first instruction needs more
  /// bytes.
  private int decodeRun(Vcpu c, int available) {
    int count = 0;
    int offset = 0;
    long rip = c.rip;
    while (count < CodeBlock.MAX_INSTRUCTIONS && offset < available) {
      DecodedInstruction i = decoder.decode(code, offset, available - offset, c.mode, rip);
      if (i == null) {
        break;
      }
      decoded[count++] = i;
      offset += i.length;
      rip = i.nextRip;
      if (i.opcode.is(Opcode.Attribute.END)) {
        break;
      }
    }
    return count;
  }

  private CodeBlock enter(Vcpu c, Place place, int count) {
    int length = 0;
    for (int k = 0; k < count; k++) {
      length += decoded[k].length;
    }
    byte[] bytes = Arrays.copyOf(code, length);
    CodeBlock block = cache.revive(place, bytes);
    if (block == null) {
      block = new CodeBlock(cache.nextNumber(), place, bytes, Arrays.copyOf(decoded, count));
      cache.add(block);
      if (listener != null) {
        listener.blockBuilt(block);
        c.events.countForBatch();
      }
    } else if (!block.valid) {
      cache.add(block);
    }
    return block;
  }

  /// Copies code bytes that lie in one page. What is not RAM reads as all ones: code is never
  /// fetched from device registers.
  private void fetch(long gpa, int at, int bytes) {
    long ramOffset = bus.ramOffsetForRead(gpa);
    if (ramOffset == PhysicalBus.NOT_RAM) {
      Arrays.fill(code, at, at + bytes, (byte) 0xFF);
      return;
    }
    MemorySegment ram = bus.ram().segment();
    MemorySegment.copy(ram, ValueLayout.JAVA_BYTE, ramOffset, code, at, bytes);
  }
}
