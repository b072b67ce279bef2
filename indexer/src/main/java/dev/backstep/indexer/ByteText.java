package dev.backstep.indexer;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/// What a console printed, as text that nothing is lost in: valid UTF-8 stands for itself, a
/// backslash is doubled, and each byte that is no part of valid UTF-8 is a backslash, `x` and two
/// hexadecimal digits. This is the form that is searched, and printed in JSON and CSV.
final class ByteText {
  private ByteText() {}

  static String of(ByteString bytes) {
    if (bytes.isValidUtf8()) {
      return bytes.toStringUtf8().replace("\\", "\\\\");
    }
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    StringBuilder text = new StringBuilder();
    ByteBuffer in = bytes.asReadOnlyByteBuffer();
    CharBuffer valid = CharBuffer.allocate(bytes.size());
    while (true) {
      CoderResult result = decoder.decode(in, valid, true);
      text.append(valid.flip().toString().replace("\\", "\\\\"));
      valid.clear();
      if (!result.isError()) {
        return text.toString();
      }
      for (int k = 0; k < result.length(); k++) {
        text.append("\\x%02x".formatted(in.get() & 0xFF));
      }
    }
  }
}
