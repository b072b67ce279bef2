package dev.backstep.emulator.decode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.vcpu.CpuMode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DisassemblerTest {
  private final Decoder decoder = new Decoder(Set.of());

  private DecodedInstruction decode(CpuMode mode, String hex) {
    byte[] code = HexFormat.of().parseHex(hex.replace(" ", ""));
    DecodedInstruction instruction = decoder.decode(code, 0, code.length, mode, 0x1000);
    assertNotNull(instruction, hex);
    return instruction;
  }

  private String text(String hex) {
    return Disassembler.text(decode(CpuMode.LONG64, hex));
  }

  @Test
  void spellsPrefixesThatMatter() {
    assertEquals("lock add DWORD PTR [rax],ecx", text("F0 01 08"));
    assertEquals("rep movs QWORD PTR es:[rdi],QWORD PTR ds:[rsi]", text("F3 48 A5"));
    assertEquals("repnz scas al,BYTE PTR es:[rdi]", text("F2 AE"));
    assertEquals("repz cmps BYTE PTR ds:[rsi],BYTE PTR es:[rdi]", text("F3 A6"));
  }

  @Test
  void spellsMemoryOperands() {
    assertEquals("mov    rax,QWORD PTR [rip+0x10]        # 0x1017", text("48 8B 05 10 00 00 00"));
    assertEquals("mov    eax,DWORD PTR fs:0x28", text("64 8B 04 25 28 00 00 00"));
    assertEquals("lea    ecx,[r8+r9*4-0x8]", text("43 8D 4C 88 F8"));
    assertEquals("fld    TBYTE PTR [rsp]", text("DB 2C 24"));
  }

  @Test
  void mnemonicShowsTheOperandSizeWhereThePrefixChangesIt() {
    assertEquals("iretq", Disassembler.mnemonic(decode(CpuMode.LONG64, "48 CF")));
    assertEquals("iret", Disassembler.mnemonic(decode(CpuMode.LONG64, "CF")));
    assertEquals("iretw", Disassembler.mnemonic(decode(CpuMode.PROTECTED32, "66 CF")));
    assertEquals("pushfd", Disassembler.mnemonic(decode(CpuMode.REAL, "66 9C")));
    assertEquals("pushf", Disassembler.mnemonic(decode(CpuMode.LONG64, "9C")));
  }

  @Test
  void undefinedBytesAreBad() {
    assertEquals("(bad)", text("06"));
    assertEquals("(bad)", text("66".repeat(15) + "90"));
  }

  /// A vector is a line `mode bytes text`: an instruction at address 0 in one mode.
  @Test
  void vectorsOfEveryFormAreSpelledAsObjdumpSpellsThem() throws IOException {
    List<String> wrong = new ArrayList<>();
    int count = 0;
    for (String line : OpcodeForm.split(vectors(), '\n')) {
      if (line.startsWith("#")) {
        continue;
      }
      List<String> columns = OpcodeForm.split(line, '|');
      CpuMode mode = CpuMode.valueOf(columns.get(0));
      byte[] code = HexFormat.of().parseHex(columns.get(1));
      DecodedInstruction i = decoder.decode(code, 0, code.length, mode, 0);
      String found =
          i == null ? "cut off" : i.length + " " + ObjdumpListing.plain(Disassembler.text(i));
      if (!found.equals(code.length + " " + columns.get(2))) {
        wrong.add(line + " but " + found);
      }
      count++;
    }
    assertEquals(List.of(), wrong);
    assertTrue(count > 1500, "vectors: " + count);
  }

  private static String vectors() throws IOException {
    try (InputStream in = DisassemblerTest.class.getResourceAsStream("vectors.txt")) {
      assertNotNull(in);
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
