package dev.backstep.emulator.isa;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.decode.OpcodeTable;
import dev.backstep.emulator.isa.HostSideBySide.Sequence;
import dev.backstep.emulator.testing.VexPrefix;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Legacy SSE and MMX moves and integer operations, as the host does them. Each case loads its registers
/// from memory, executes one instruction, and stores what it left.
class VectorHostComparisonTest {
  private static final long SEED = Long.getLong("backstep.test.seed", 20_261_123L);
  private static final int PER_FORM = Integer.getInteger("backstep.test.hostCasesPerForm", 40);
  private static final Set<String> FAMILIES =
      Set.of("SseInteger", "SseShuffles", "SseMoves", "MmxInteger", "MmxMoves");
  private static final int RBX = 3;
  private static final int RSP = 4;
  private static final int RSI = 6;
  private static final int RDI = 7;

  private final SplittableRandom random = new SplittableRandom(SEED);
  private final ByteArrayOutputStream code = new ByteArrayOutputStream();

  @Test
  void executesVectorInstructionsAsTheHostDoes() throws Throwable {
    List<Sequence> sequences = new ArrayList<>();
    int forms = 0;
    for (Opcode opcode : OpcodeTable.opcodes()) {
      String semantics = opcode.semantics();
      if (FAMILIES.contains(semantics.substring(0, semantics.indexOf('.')))
          && !VexPrefix.isVex(opcode.encoding())
          && HostSideBySide.hostHas(opcode.feature())) {
        forms++;
        for (int k = 0; k < PER_FORM; k++) {
          sequences.add(vector(opcode));
        }
      }
    }
    assertTrue(forms > 150, "forms tried: " + forms);
    try (HostSideBySide both = HostSideBySide.open(SEED)) {
      both.compare(sequences);
    }
  }

  /// `movups xmmA,[rbx]; movups xmmB,[rbx+10H]; movq mmA,[rbx+40H]; movq mmB,[rbx+48H]`, the
  /// instruction, and the same registers stored 20H and 10H further on.
  private Sequence vector(Opcode opcode) {
    code.reset();
    boolean memory = isMemory(opcode);
    int a = random.nextInt(16);
    int b = random.nextInt(16);
    if (hasGeneral(opcode)) {
      a &= 7;
      b = memory ? b : b & 7;
      a = a == RBX || a == RSP ? 0 : a;
      b = b == RBX || b == RSP ? 1 : b;
    }
    wide("0F 10", a, 0x00);
    wide("0F 10", b, 0x10);
    narrow("0F 6F", a, 0x40);
    narrow("0F 6F", b, 0x48);
    instruction(opcode, a, b, memory);
    wide("0F 11", a, 0x20);
    wide("0F 11", b, 0x30);
    narrow("0F 7F", a, 0x50);
    narrow("0F 7F", b, 0x58);
    put("0F 77");
    Sequence one =
        HostSideBySide.sequence(opcode.mnemonic() + opcode.operands(), code.toByteArray(), random);
    one.registers()[RBX] = HostSideBySide.MEMORY;
    boolean anyAddress =
        opcode.semantics().equals("SseMoves.movups") || opcode.semantics().endsWith(".movd");
    one.registers()[RSI] =
        HostSideBySide.MEMORY + 0x100 + (anyAddress ? random.nextInt(64) : 16 * random.nextInt(4));
    one.registers()[RDI] = HostSideBySide.MEMORY + 0x180 + random.nextInt(64);
    favourEdges(one.memory());
    return one;
  }

  /// Shift counts, saturation and equality need small and extreme elements.
  private void favourEdges(byte[] memory) {
    for (int k = 0; k < 0x160; k++) {
      switch (random.nextInt(5)) {
        case 0 -> memory[k] = 0;
        case 1 -> memory[k] = (byte) (random.nextBoolean() ? 0x7F : 0x80);
        case 2 -> memory[k] = -1;
        default -> {}
      }
    }
    if (random.nextInt(3) == 0) {
      System.arraycopy(memory, 0, memory, 0x10, 0x10);
      memory[random.nextInt(0x10)] ^= 1;
    }
    if (random.nextInt(3) == 0) {
      for (int at : new int[] {0x10, 0x48, 0x100, 0x110, 0x120, 0x130}) {
        for (int k = 0; k < 8; k++) {
          memory[at + k] = (byte) (k == 0 ? random.nextInt(70) : 0);
        }
      }
    }
  }

  private boolean isMemory(Opcode opcode) {
    boolean any = false;
    for (String operand : opcode.operands()) {
      switch (operand.charAt(0)) {
        case 'M' -> {
          return true;
        }
        case 'W', 'Q', 'E' -> any = true;
        default -> {}
      }
    }
    return any && random.nextBoolean();
  }

  private static boolean hasGeneral(Opcode opcode) {
    return opcode.operands().stream().anyMatch(o -> "GER".indexOf(o.charAt(0)) >= 0);
  }

  /// A move between xmm`register` and [rbx+offset].
  private void wide(String opcode, int register, int offset) {
    if (register > 7) {
      code.write(0x44);
    }
    put(opcode);
    code.write(0x43 | (register & 7) << 3);
    code.write(offset);
  }

  /// A move between mm`register` and [rbx+offset].
  private void narrow(String opcode, int register, int offset) {
    put(opcode);
    code.write(0x43 | (register & 7) << 3);
    code.write(offset);
  }

  private void instruction(Opcode opcode, int a, int b, boolean memory) {
    int rex = 0x40 | (a >> 3) << 2 | (memory ? 0 : b >> 3);
    int reg = a & 7;
    boolean immediate = false;
    boolean modrm = false;
    boolean prefixes = true;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (String token : opcode.encoding().split(" ", -1)) {
      if (token.equals("REX.W")) {
        rex |= 8;
      } else if (token.equals("ib")) {
        immediate = true;
      } else if (token.startsWith("/")) {
        modrm = true;
        reg = token.equals("/r") ? reg : Integer.parseInt(token.substring(1));
        rex = token.equals("/r") ? rex : rex & ~4;
      } else if (!token.startsWith("N") && !token.startsWith("o")) {
        int value = Integer.parseInt(token, 16);
        prefixes &= value == 0x66 || value == 0xF2 || value == 0xF3;
        (prefixes ? code : bytes).write(value);
      }
    }
    if (rex != 0x40) {
      code.write(rex);
    }
    code.writeBytes(bytes.toByteArray());
    if (modrm) {
      code.write(memory ? 0x06 | reg << 3 : 0xC0 | reg << 3 | b & 7);
    }
    if (immediate) {
      code.write(random.nextInt(3) == 0 ? random.nextInt(256) : random.nextInt(40));
    }
  }

  private void put(String hex) {
    code.writeBytes(HostCpu.bytes(hex));
  }
}
