package dev.backstep.indexer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.ByteString;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ByteTextTest {
  @ParameterizedTest
  @CsvSource({
    "68690a, 'hi\n'",
    "6772c3bc6e, grün",
    "5c78, \\\\x",
    "61ff62, a\\xff" + "b",
    "e28261, \\xe2\\x82a",
    "f09f9880, \ud83d\ude00",
    "eda080, \\xed\\xa0\\x80",
  })
  void keepsTextAndEscapesTheRest(String hex, String text) {
    assertEquals(text, ByteText.of(ByteString.copyFrom(HexFormat.of().parseHex(hex))));
  }

  @Test
  void losesNothing() {
    Random random = new Random(4);
    for (int k = 0; k < 2_000; k++) {
      byte[] bytes = new byte[random.nextInt(12)];
      random.nextBytes(bytes);
      if (random.nextBoolean()) {
        bytes = new String(bytes, StandardCharsets.UTF_8).getBytes(StandardCharsets.UTF_8);
      }
      String text = ByteText.of(ByteString.copyFrom(bytes));
      assertEquals(HexFormat.of().formatHex(bytes), HexFormat.of().formatHex(back(text)), text);
    }
  }

  private static byte[] back(String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int k = 0; k < text.length(); ) {
      int codePoint = text.codePointAt(k);
      if (codePoint == '\\' && text.charAt(k + 1) == 'x') {
        bytes.write(Integer.parseInt(text.substring(k + 2, k + 4), 16));
        k += 4;
      } else {
        bytes.writeBytes(Character.toString(codePoint).getBytes(StandardCharsets.UTF_8));
        k += codePoint == '\\' ? 2 : Character.charCount(codePoint);
      }
    }
    return bytes.toByteArray();
  }
}
