package dev.backstep.emulator.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.listen.MachineEvent;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/// PC16550D data sheet.
class Uart16550Test {
  private static final int BASE = 0x3F8;
  private static final int IER = 1;
  private static final int IIR = 2;
  private static final int LCR = 3;
  private static final int MCR = 4;
  private static final int LSR = 5;
  private static final int MSR = 6;

  private final DeviceBench bench = new DeviceBench();
  private final Uart16550 uart = bench.uart();

  private void out(int register, int value) {
    uart.write(BASE + register, 1, value);
  }

  private int in(int register) {
    return uart.read(BASE + register, 1);
  }

  private void print(String text) {
    for (char c : text.toCharArray()) {
      out(0, c);
    }
  }

  private String consoleText(int event) {
    return new String(
        ((MachineEvent.Console) bench.heard.get(event)).text(), StandardCharsets.ISO_8859_1);
  }

  @Test
  void printsAtOnceAndTellsOfWholeLines() {
    assertEquals(0x60, in(LSR));
    print("ab\nc");
    assertEquals("ab\nc", bench.printed.toString());
    assertEquals(1, bench.heard.size());
    assertEquals("ab\n", consoleText(0));
    uart.flush();
    assertEquals("c", consoleText(1));
    uart.flush();
    assertEquals(2, bench.heard.size());
  }

  @Test
  void divisorLatchHidesDataAndInterruptEnable() {
    out(IER, 5);
    out(LCR, 0x83);
    out(0, 0x34);
    out(1, 0x12);
    assertEquals(0x34, in(0));
    assertEquals(0x12, in(1));
    out(LCR, 3);
    assertEquals(5, in(IER));
    assertEquals("", bench.printed.toString());
  }

  @Test
  void withoutFifoHoldsOneByte() {
    assertTrue(uart.canReceive());
    uart.receive('x');
    assertFalse(uart.canReceive());
    assertEquals(0x61, in(LSR));
    assertEquals('x', in(0));
    assertEquals(0x60, in(LSR));
    assertEquals("com1", ((MachineEvent.Input) bench.heard.get(0)).device());
  }

  @Test
  void fifoInterruptsAtItsTriggerLevelAndAfterATimeout() {
    out(2, 0x41);
    out(IER, 1);
    out(MCR, 8);
    assertEquals(0xC1, in(IIR));
    uart.receive('a');
    assertFalse(bench.line.high);
    bench.runTo(4 * 86_806);
    assertTrue(bench.line.high);
    assertEquals(0xCC, in(IIR));
    assertEquals('a', in(0));
    assertFalse(bench.line.high);
    for (int k = 0; k < 4; k++) {
      uart.receive('a' + k);
    }
    assertEquals(0xC4, in(IIR));
    assertEquals('a', in(0));
    assertEquals(0xC1, in(IIR));
  }

  @Test
  void fifoHoldsSixteenBytes() {
    out(2, 1);
    for (int k = 0; k < 16; k++) {
      assertTrue(uart.canReceive());
      uart.receive(k);
    }
    assertFalse(uart.canReceive());
    for (int k = 0; k < 16; k++) {
      assertEquals(k, in(0));
    }
    assertEquals(0, in(0));
  }

  @Test
  void transmitterInterruptIsClearedByReadingItsCause() {
    out(MCR, 8);
    out(IER, 2);
    assertTrue(bench.line.high);
    assertEquals(2, in(IIR));
    assertFalse(bench.line.high);
    assertEquals(1, in(IIR));
    out(0, 'x');
    assertEquals(2, in(IIR));
  }

  @Test
  void interruptNeedsOut2() {
    out(IER, 2);
    assertFalse(bench.line.high);
    out(MCR, 8);
    assertTrue(bench.line.high);
  }

  @Test
  void loopbackReturnsBytesAndModemLines() {
    assertEquals(0xB0, in(MSR));
    out(MCR, 0x1A);
    out(0, 'z');
    assertEquals("", bench.printed.toString());
    assertEquals('z', in(0));
    assertFalse(uart.canReceive());
    assertEquals(0x90, in(MSR) & 0xF0);
    out(0, 1);
    out(0, 2);
    assertEquals(0x63, in(LSR), "overrun");
    assertEquals(0x61, in(LSR), "reading clears it");
  }

  @Test
  void modemDeltasAreClearedByReading() {
    out(MCR, 0x10);
    assertEquals(0x0B, in(MSR));
    assertEquals(0x00, in(MSR));
  }

  @Test
  void scratchRegisterKeepsItsValue() {
    out(7, 0xA5);
    assertEquals(0xA5, in(7));
  }
}
