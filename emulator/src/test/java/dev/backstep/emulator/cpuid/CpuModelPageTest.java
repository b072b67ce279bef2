package dev.backstep.emulator.cpuid;

import dev.backstep.emulator.coverage.GeneratedPage;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// Keeps the generated sections of `docs/cpu-models.md`.
class CpuModelPageTest {
  @Test
  void saysWhatTheModelsHave() throws IOException {
    GeneratedPage.check(
        "cpu-models.md", Map.of("models", models(), "features", features(), "flags", flags()));
  }

  private static String models() {
    var text = new StringBuilder("| `-cpu` | vendor | CPUID.1:EAX | brand | physical bits |\n");
    text.append("|---|---|---|---|---|\n");
    for (CpuModel model : CpuModel.values()) {
      Vendor vendor = model.vendor();
      text.append(
          "| %s | %s | %X | %s | %d |\n"
              .formatted(
                  model.modelName(),
                  vendor == null ? "the platform's" : vendor.signature(),
                  model.signature().eax(),
                  model.brand(),
                  model.physicalAddressBits()));
    }
    return text.toString();
  }

  private static String features() {
    var text = new StringBuilder();
    for (CpuModel model : CpuModel.values()) {
      text.append("\n### %s\n".formatted(model.modelName()));
      text.append(words(model.features()));
      if (!model.missing().isEmpty()) {
        text.append("\nOf the part's features these are not implemented and not enumerated:\n");
        text.append(words(model.missing()));
      }
    }
    return text.toString();
  }

  private static String flags() {
    return words(CpuModel.implemented());
  }

  private static String words(Set<CpuFeature> features) {
    String words = features.stream().map(CpuFeature::flag).collect(Collectors.joining(" "));
    return words.replaceAll("(.{1,130})( |$)", "$1\n");
  }
}
