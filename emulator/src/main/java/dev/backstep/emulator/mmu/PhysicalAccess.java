package dev.backstep.emulator.mmu;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.bus.MmioDevice;
import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.time.VirtualClock;
import dev.backstep.emulator.vcpu.Vcpu;
import dev.backstep.emulator.virtualization.Hypervisor.ApicHole;

/// What one vCPU finds at guest-physical addresses: RAM, ROM, its own xAPIC page, devices, nothing.
final class PhysicalAccess {
  private static final String NOBODY = "unassigned";

  /// What a hypervisor answers for.
  private static final String CLOSED_HOLE = "apic-hole";

  private final Vcpu c;
  private final PhysicalBus bus;
  private final GuestRam ram;

  private final RamBlocks blocks;

  PhysicalAccess(Vcpu c, PhysicalBus bus, RamBlocks blocks) {
    this.c = c;
    this.bus = bus;
    this.blocks = blocks;
    this.ram = bus.ram();
  }

  /// Whether the 4 KiB page at `gpaPage` is this vCPU's xAPIC page, which hides whatever else is
  /// there.
  boolean isApicPage(long gpaPage) {
    return gpaPage == c.apic.mmioPage();
  }

  long ramForRead(long gpaPage) {
    return isApicPage(gpaPage) ? PhysicalBus.NOT_RAM : blocks.ramForRead(gpaPage);
  }

  long ramForWrite(long gpaPage) {
    return isApicPage(gpaPage) ? PhysicalBus.NOT_RAM : blocks.ramForWrite(gpaPage);
  }

  /// Reads 1 to 8 bytes of RAM, zero-extended.
  long readRam(long ramOffset, int bytes) {
    return ram.load(ramOffset, bytes);
  }

  /// Writes 1 to 8 bytes of RAM within one page.
  void writeRam(long ramOffset, int bytes, long value) {
    ram.store(ramOffset, bytes, value);
    ram.wrote(ramOffset, bytes);
  }

  /// Reads 1 to 8 bytes that are not RAM, zero-extended. Sizes that are no power of two (parts of
  /// an access that crosses a page) are split into naturally aligned pieces.
  long readDevice(long gpa, int bytes) {
    int piece = pieceAt(gpa, bytes);
    long value = readPiece(gpa, piece);
    int done = piece;
    while (done < bytes) {
      piece = pieceAt(gpa + done, bytes - done);
      value |= readPiece(gpa + done, piece) << 8 * done;
      done += piece;
    }
    return value;
  }

  void writeDevice(long gpa, int bytes, long value) {
    int done = 0;
    while (done < bytes) {
      int piece = pieceAt(gpa + done, bytes - done);
      writePiece(gpa + done, piece, value >>> 8 * done & maskOf(piece));
      done += piece;
    }
  }

  private static int pieceAt(long gpa, int bytes) {
    if (Integer.bitCount(bytes) == 1) {
      return bytes;
    }
    int aligned = (int) Math.min(Long.lowestOneBit(gpa | 8), 8);
    return Math.min(aligned, Integer.highestOneBit(bytes));
  }

  private static long maskOf(int bytes) {
    return bytes == 8 ? -1 : (1L << 8 * bytes) - 1;
  }

  private long readPiece(long gpa, int bytes) {
    if (isApicPage(gpa & Mmu.PAGE_MASK)) {
      return c.apic.readMmio((int) (gpa & 0xFFF), bytes) & maskOf(bytes);
    }
    boolean hole = isApicHole(gpa);
    boolean closed = hole && c.hypervisor.apicHole() == ApicHole.CLOSED;
    long value = (closed ? -1 : bus.read(gpa, bytes)) & maskOf(bytes);
    emit(MachineEvent.Op.READ, gpa, bytes, value, closed ? CLOSED_HOLE : deviceAt(gpa));
    if (hole && !closed) {
      c.hypervisor.leftForMmio(c, gpa);
    }
    c.clock.charge(VirtualClock.MMIO_NS);
    return value;
  }

  private void writePiece(long gpa, int bytes, long value) {
    if (isApicPage(gpa & Mmu.PAGE_MASK)) {
      c.apic.writeMmio((int) (gpa & 0xFFF), bytes, value);
      return;
    }
    if (bus.ramOffsetForRead(gpa) != PhysicalBus.NOT_RAM) {
      return; // ROM swallows writes
    }
    boolean hole = isApicHole(gpa);
    boolean closed = hole && c.hypervisor.apicHole() == ApicHole.CLOSED;
    emit(MachineEvent.Op.WRITE, gpa, bytes, value, closed ? CLOSED_HOLE : deviceAt(gpa));
    if (hole && !closed) {
      c.hypervisor.leftForMmio(c, gpa);
    }
    if (!closed) {
      bus.write(gpa, bytes, value);
    }
    c.clock.charge(VirtualClock.MMIO_NS);
  }

  /// Whether `gpa` lies in the page that IA32_APIC_BASE names while the local APIC is off or in
  /// x2APIC mode, and so does not hear it.
  private boolean isApicHole(long gpa) {
    long page = gpa & Mmu.PAGE_MASK;
    return page == (c.apic.apicBase() & Mmu.PAGE_MASK);
  }

  private String deviceAt(long gpa) {
    MmioDevice device = bus.deviceAt(gpa);
    return device == null ? NOBODY : device.name();
  }

  private void emit(MachineEvent.Op op, long gpa, int bytes, long value, String device) {
    if (c.events.isOn()) {
      c.events.emit(new MachineEvent.Mmio(c.at(), op, gpa, bytes, value, device));
    }
  }
}
