package dev.backstep.replay;

import dev.backstep.emulator.machine.MachineConfig;
import dev.backstep.proto.v1.Configuration;
import dev.backstep.proto.v1.Image;
import dev.backstep.proto.v1.Manifest;
import dev.backstep.recorder.ConfigurationTranslation;
import dev.backstep.recorder.ModuleList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/// Finds the images that a trace names, and checks that they are still the same.
final class ImageFiles {
  private ImageFiles() {}

  /// The images of a trace by role.
  ///
  /// @throws ReplayException if one is missing or has changed
  static Map<String, MachineConfig.Image> load(Manifest manifest) throws ReplayException {
    Map<String, String> names = namesInGuest(manifest.getConfiguration());
    Map<String, MachineConfig.Image> images = new HashMap<>();
    for (Image image : manifest.getImagesList()) {
      String name = names.getOrDefault(image.getRole(), image.getPath());
      images.put(image.getRole(), load(image, name));
    }
    return images;
  }

  /// The names that the guest sees, by role: as the user wrote them, not the absolute paths.
  private static Map<String, String> namesInGuest(Configuration configuration) {
    Map<String, String> names = new HashMap<>();
    names.put(ConfigurationTranslation.KERNEL, configuration.getKernel());
    names.put(ConfigurationTranslation.BIOS, configuration.getBios());
    List<String> modules = ModuleList.split(configuration.getInitrd());
    for (int k = 0; k < modules.size(); k++) {
      names.put(ModuleList.role(k), modules.get(k));
    }
    return names;
  }

  private static MachineConfig.Image load(Image image, String name) throws ReplayException {
    byte[] bytes = read(image);
    byte[] digest = sha256(bytes);
    if (!Arrays.equals(digest, image.getSha256().toByteArray())) {
      throw new ReplayException(
          "%s: the %s image has changed since the recording (%d bytes, sha256 %s; recorded: %d"
                  .formatted(
                      image.getPath(), image.getRole(), bytes.length, hex(digest), image.getSize())
              + " bytes, sha256 %s); put the recorded file back"
                  .formatted(hex(image.getSha256().toByteArray())));
    }
    return new MachineConfig.Image(name, bytes);
  }

  private static byte[] read(Image image) throws ReplayException {
    Path path = Path.of(image.getPath());
    try {
      if (Files.exists(path) && !Files.isRegularFile(path)) {
        throw new ReplayException(
            "%s: the %s image of the recording is not a file any more; put it back"
                .formatted(path, image.getRole()));
      }
      if (Files.size(path) != image.getSize()) {
        throw new ReplayException(
            "%s: the %s image has changed since the recording (%d bytes, recorded: %d); put the"
                    .formatted(path, image.getRole(), Files.size(path), image.getSize())
                + " recorded file back");
      }
      return Files.readAllBytes(path);
    } catch (NoSuchFileException e) {
      throw new ReplayException(
          "%s: the %s image of the recording is gone; put it back".formatted(path, image.getRole()),
          e);
    } catch (IOException e) {
      throw new ReplayException(
          "%s: cannot read the %s image: %s".formatted(path, image.getRole(), e), e);
    } catch (OutOfMemoryError e) {
      throw new ReplayException(
          "%s: the %s image of %d bytes does not fit into this program's memory"
              .formatted(path, image.getRole(), image.getSize()),
          e);
    }
  }

  private static String hex(byte[] digest) {
    return HexFormat.of().formatHex(digest, 0, Math.min(8, digest.length)) + "…";
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
