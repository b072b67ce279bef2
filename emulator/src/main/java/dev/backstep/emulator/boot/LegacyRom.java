package dev.backstep.emulator.boot;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/// The system ROM of a machine that boots a kernel without firmware: no BIOS, but what a kernel may
/// find or run of one: configuration tables, a GDT, interrupt service routines.
///
/// ```
/// E0000h ACPI tables   F0000h MP tables   FE000h GDT   FE100h service routines   FFFF0h reset vector
/// ```
final class LegacyRom {
  static final int CODE_SELECTOR = 0x08;
  static final int DATA_SELECTOR = 0x10;
  static final long GDT_GPA = 0xF_E000;
  static final int GDT_LIMIT = 0x17;

  /// Segment and offsets of the service routines.
  static final int SEGMENT = 0xF000;

  static final int TIMER_ROUTINE = 0xE100;
  static final int FIRST_PIC_ROUTINE = 0xE120;
  static final int SECOND_PIC_ROUTINE = 0xE130;
  static final int EMPTY_ROUTINE = 0xE140;

  private static final int RESET_ROUTINE = 0xE150;
  private static final long ACPI_GPA = 0xE_0000;
  private static final long MP_GPA = 0xF_0000;

  /// `push ds; push ax; xor ax,ax; mov ds,ax; inc dword [46Ch]; mov al,20h; out 20h,al; pop ax; pop
  /// ds; iret`: INT 8 counts ticks and ends the interrupt.
  private static final String TIMER_CODE = "1E5031C08ED866FF066C04B020E620581FCF";

  /// `push ax; mov al,20h; out 20h,al; pop ax; iret`.
  private static final String FIRST_PIC_CODE = "50B020E62058CF";

  /// `push ax; mov al,20h; out A0h,al; out 20h,al; pop ax; iret`.
  private static final String SECOND_PIC_CODE = "50B020E6A0E62058CF";

  /// `iret`.
  private static final String EMPTY_CODE = "CF";

  /// `cli; hlt; jmp $-1`: there is no BIOS to start.
  private static final String RESET_CODE = "FAF4EBFD";

  /// `jmp F000:E150`, and the date and model byte of a PC/AT.
  private static final String RESET_VECTOR = "EA50E100F0";

  /// Null, flat 32-bit code, flat data, accessed bits set: nothing has to write to ROM.
  private static final String GDT = "0000000000000000FFFF0000009BCF00FFFF00000093CF00";

  private final byte[] content = new byte[MemoryLayout.ROM_BYTES];

  private LegacyRom() {}

  /// The content of the ROM of a machine with `cpuCount` vCPUs.
  static byte[] build(int cpuCount) {
    var rom = new LegacyRom();
    rom.put(ACPI_GPA, AcpiTables.build(ACPI_GPA, cpuCount));
    rom.put(MP_GPA, MpTables.build(MP_GPA, cpuCount));
    rom.put(GDT_GPA, hex(GDT));
    rom.putCode(TIMER_ROUTINE, TIMER_CODE);
    rom.putCode(FIRST_PIC_ROUTINE, FIRST_PIC_CODE);
    rom.putCode(SECOND_PIC_ROUTINE, SECOND_PIC_CODE);
    rom.putCode(EMPTY_ROUTINE, EMPTY_CODE);
    rom.putCode(RESET_ROUTINE, RESET_CODE);
    rom.putCode(0xFFF0, RESET_VECTOR);
    rom.put(0xF_FFF5, "06/23/99".getBytes(StandardCharsets.US_ASCII));
    rom.put(0xF_FFFE, hex("FC"));
    return rom.content;
  }

  private void putCode(int offset, String code) {
    put(((long) SEGMENT << 4) + offset, hex(code));
  }

  private void put(long gpa, byte[] bytes) {
    System.arraycopy(bytes, 0, content, (int) (gpa - MemoryLayout.ROM_GPA), bytes.length);
  }

  private static byte[] hex(String digits) {
    return HexFormat.of().parseHex(digits);
  }
}
