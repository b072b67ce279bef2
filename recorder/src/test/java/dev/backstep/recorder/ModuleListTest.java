package dev.backstep.recorder;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class ModuleListTest {
  @Test
  void commasSeparateModulesAndDoubledOnesAreCommas() {
    assertEquals(List.of("a x=1 y", "b,c", "d"), ModuleList.split("a x=1 y,b,,c, d"));
    assertEquals(List.of("a,,b"), ModuleList.split("a,,,,b"));
  }

  @Test
  void joinedModulesAreTakenApartAgain() {
    List<String> modules = List.of("a b=c,d", ",e", "f");
    assertEquals(modules, ModuleList.split(ModuleList.join(modules)));
  }

  @Test
  void argumentsFollowTheFileAfterASpace() {
    assertEquals("a,b", ModuleList.file("a,b c d"));
    assertEquals("a", ModuleList.file("a"));
  }
}
