package dev.backstep.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MachineOptionsTest {
  @Test
  void memorySizesAreQemus() {
    assertEquals(512L << 20, MachineOptions.memoryBytes("512"));
    assertEquals(512L << 20, MachineOptions.memoryBytes("512M"));
    assertEquals(2L << 30, MachineOptions.memoryBytes("2G"));
    assertEquals(2L << 30, MachineOptions.memoryBytes("size=2g"));
    assertEquals(1024L << 10, MachineOptions.memoryBytes("1024K"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "M", "12Q", "99999999999999999999", "9999999999G", "1.5G"})
  void badMemorySizesAreWrongUsage(String text) {
    assertThrows(CliException.class, () -> MachineOptions.memoryBytes(text));
  }

  @Test
  void cpuCountsAreQemus() {
    assertEquals(4, MachineOptions.cpuCount("4"));
    assertEquals(2, MachineOptions.cpuCount("2,sockets=1"));
    assertEquals(3, MachineOptions.cpuCount("sockets=1,cpus=3"));
    assertThrows(CliException.class, () -> MachineOptions.cpuCount("many"));
  }
}
