package dev.backstep.emulator.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.machine.MachineConfig.DeviceConfig;
import dev.backstep.emulator.machine.MachineConfig.Image;
import dev.backstep.emulator.machine.MachineConfig.OnReset;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Intel 440FX PCIset data sheet, "PAM—Programmable Attribute Map Registers".
class ShadowRamTest {
  private static final int ROM_BYTES = 0x2_0000;
  private static final int RESET_VECTOR = 0x1_FFF0;
  private static final int ROUTINE = 0x1_0100;

  private static final String CALL_ROUTINE = "9a 0001 00f0";

  /// out dx, al of a value: the attributes of F0000h to FFFFFh.
  private static String attributes(String value) {
    return "b0" + value + "ee";
  }

  private static void put(byte[] image, int at, String code) {
    byte[] bytes = HexFormat.of().parseHex(code.replace(" ", ""));
    System.arraycopy(bytes, 0, image, at, bytes.length);
  }

  private static StopReason run(byte[] firmware) throws Exception {
    var config =
        new MachineConfig(
            4 << 20,
            1,
            "max",
            "bare-metal-intel",
            Map.of(),
            null,
            List.of(),
            "",
            new Image("bios", firmware),
            List.of(new DeviceConfig("isa-debug-exit", Map.of("iobase", "0xf4", "iosize", "4"))),
            true,
            false,
            OnReset.STOP,
            1_000);
    try (Machine m = TestMachines.machine(config)) {
      return m.run();
    }
  }

  @Test
  void codeComesFromRomOrRamAsTheAttributesSay() throws Exception {
    byte[] image = new byte[ROM_BYTES];
    put(image, RESET_VECTOR, "ea 0000 00e0"); // jmp e000:0
    put(image, ROUTINE, "43 cb"); // inc bx; retf
    put(
        image,
        0,
        "bc0070 b800f0 8ed8 31db" // mov sp, 7000h; mov ax, f000h; mov ds, ax; xor bx, bx
            + CALL_ROUTINE // ROM: 1
            + "66b858000080 baf80c 66ef bafd0c" // configuration register 58h; dx = that of 59h
            + attributes("20")
            + "c706 0001 4343 c606 0201 cb" // mov word [100h], 4343h; mov byte [102h], cbh
            + CALL_ROUTINE // Writes went to RAM, code still comes from ROM: 2
            + attributes("10")
            + CALL_ROUTINE // RAM, inc bx twice: 4
            + "c606 0001 cb" // mov byte [100h], cbh: swallowed
            + CALL_ROUTINE // 6
            + attributes("00")
            + CALL_ROUTINE // ROM: 7
            + "6689d8 66e7f4"); // mov eax, ebx; out f4h, eax
    assertEquals(new StopReason.DebugExit(7), run(image));
  }
}
