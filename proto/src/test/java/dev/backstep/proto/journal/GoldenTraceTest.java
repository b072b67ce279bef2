package dev.backstep.proto.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/// Traces that earlier versions wrote stay readable, and mean what they meant.
class GoldenTraceTest {
  @Test
  void readsAVersion1Trace() throws IOException, URISyntaxException {
    URL golden = GoldenTraceTest.class.getResource("/golden/v1/expected.txt");
    assertNotNull(golden);
    Path expected = Path.of(golden.toURI());
    try (TraceReader reader = TraceReader.open(expected.resolveSibling("trace"))) {
      assertTrue(TraceVerifier.verify(reader).complete());
      assertEquals(Files.readString(expected), GoldenTrace.listing(reader));
    }
  }
}
