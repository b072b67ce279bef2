package dev.backstep.emulator.device;

import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.device.DmaPath.Snooping;
import dev.backstep.emulator.listen.EventOrigin;
import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.listen.MachineEvent;
import java.util.Arrays;

/// A device's own accesses to guest-physical memory. They reach RAM only: another device's
/// registers, ROM to be written and holes abort them (PCI Local Bus Specification 3.0,
/// "Master-Abort"): reads give all ones, writes go nowhere.
public final class BusMaster {
  /// What became of a transfer.
  public enum Outcome {
    COMPLETE,
    /// A part of it met no RAM.
    ABORTED
  }

  private final String device;
  private final PhysicalBus bus;
  private final DmaPath path;
  private final EventPort events;
  private final EventOrigin origin;

  /// @param device the name that `dma` events carry
  /// @param path how RAM is reached
  /// @param origin where and when transfers happen
  public BusMaster(
      String device, PhysicalBus bus, DmaPath path, EventPort events, EventOrigin origin) {
    this.device = device;
    this.bus = bus;
    this.path = path;
    this.events = events;
    this.origin = origin;
  }

  /// Reads `length` bytes from `gpa` on.
  public Outcome read(long gpa, byte[] into, int length, Snooping snooping) {
    Outcome outcome = Outcome.COMPLETE;
    int stale = 0;
    for (int done = 0; done < length; ) {
      int piece = pieceAt(gpa + done, length - done);
      long offset = bus.ramOffsetForRead(gpa + done);
      if (offset == PhysicalBus.NOT_RAM) {
        Arrays.fill(into, done, done + piece, (byte) 0xFF);
        outcome = Outcome.ABORTED;
      } else {
        stale += path.read(offset, into, done, piece, snooping);
      }
      done += piece;
    }
    tell(MachineEvent.Op.READ, gpa, length, snooping, stale);
    return outcome;
  }

  /// Writes `length` bytes from `gpa` on.
  public Outcome write(long gpa, byte[] from, int length, Snooping snooping) {
    Outcome outcome = Outcome.COMPLETE;
    int stale = 0;
    for (int done = 0; done < length; ) {
      int piece = pieceAt(gpa + done, length - done);
      long offset = bus.ramOffsetForWrite(gpa + done);
      if (offset == PhysicalBus.NOT_RAM) {
        outcome = Outcome.ABORTED;
      } else {
        stale += path.write(offset, from, done, piece, snooping);
      }
      done += piece;
    }
    tell(MachineEvent.Op.WRITE, gpa, length, snooping, stale);
    return outcome;
  }

  private static int pieceAt(long gpa, int left) {
    int inLine = DmaPath.LINE_BYTES - (int) (gpa & DmaPath.LINE_BYTES - 1);
    return Math.min(inLine, left);
  }

  private void tell(MachineEvent.Op op, long gpa, int length, Snooping snooping, int stale) {
    if (events.isOn()) {
      boolean snoop = snooping == Snooping.CACHES;
      events.emit(new MachineEvent.Dma(origin.at(), op, gpa, length, device, snoop, stale));
    }
  }
}
