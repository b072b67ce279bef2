package dev.backstep.emulator.execution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Decoder;
import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.decode.OpcodeTable;
import dev.backstep.emulator.testing.BareVcpu;
import dev.backstep.emulator.testing.TableEncodings;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Vcpu;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OperationFactoryTest {
  private final Arena arena = Arena.ofConfined();
  private final OperationFactory factory = new OperationFactory();
  private final Decoder decoder = new Decoder(Set.of());

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void bindsEveryLineOfTheTableInEveryMode() {
    Set<String> unbound = new TreeSet<>();
    List<String> unreached = new ArrayList<>();
    for (Opcode opcode : OpcodeTable.opcodes()) {
      int bound = 0;
      for (byte[] code : TableEncodings.of(opcode)) {
        for (CpuMode mode : CpuMode.values()) {
          DecodedInstruction i = decoder.decode(code, 0, code.length, mode, 0x1000);
          if (i != null && i.opcode.equals(opcode)) {
            bound++;
            bind(i, unbound);
          }
        }
      }
      if (bound == 0) {
        unreached.add(opcode.encoding());
      }
    }
    assertEquals(List.of(), unreached, "lines that no encoding tried here decodes to");
    assertEquals(Set.of(), unbound);
  }

  private void bind(DecodedInstruction i, Set<String> unbound) {
    try {
      factory.operationFor(i);
    } catch (AssertionError e) {
      unbound.add(i.opcode.mnemonic() + " " + i.opcode.operands() + ": " + e.getMessage());
    }
  }

  @Test
  void sharesOneOperationAmongInstructionsOfOneShape() {
    Operation add = factory.operationFor(decode("48 01 D8"));
    assertSame(add, factory.operationFor(decode("4D 01 FE")));
    Set<Operation> distinct = new HashSet<>(List.of(add));
    for (String other : List.of("01 D8", "48 03 03", "48 01 03", "48 03 04 83", "67 48 03 03")) {
      assertTrue(distinct.add(factory.operationFor(decode(other))), other);
    }
  }

  @Test
  void storesNarrowResultsAsTheWidthWants() {
    Vcpu c = new BareVcpu(arena, 0x1_0000).longMode(0x8000, 0x1000, 0x8000).vcpu;
    execute(c, "48 B8 EF CD AB 89 67 45 23 01", 0x0123_4567_89AB_CDEFL); // mov rax, imm64
    execute(c, "B0 11", 0x0123_4567_89AB_CD11L); // mov al, 11H
    execute(c, "B4 22", 0x0123_4567_89AB_2211L); // mov ah, 22H
    execute(c, "66 B8 44 33", 0x0123_4567_89AB_3344L); // mov ax, 3344H
    execute(c, "B8 FF FF FF FF", 0xFFFF_FFFFL); // mov eax, -1
    execute(c, "48 C7 C0 FF FF FF FF", -1); // mov rax, -1
  }

  private void execute(Vcpu c, String hex, long expectedRax) {
    DecodedInstruction i = decode(hex);
    factory.operationFor(i).execute(c, i);
    assertEquals(Long.toHexString(expectedRax), Long.toHexString(c.gpr[Vcpu.RAX]), hex);
  }

  private DecodedInstruction decode(String hex) {
    byte[] code = HexFormat.ofDelimiter(" ").parseHex(hex);
    DecodedInstruction i = decoder.decode(code, 0, code.length, CpuMode.LONG64, 0x1000);
    if (i == null || i.length != code.length) {
      throw new AssertionError(hex + " does not decode");
    }
    return i;
  }
}
