package dev.backstep.emulator.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.msr.MsrPolicy.BranchSteps;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BranchStepsTest {
  /// KVM's vmx_set_msr and svm_set_msr drop IA32_DEBUGCTL.BTF.
  @ParameterizedTest
  @CsvSource({
    "bare-metal-intel, WORK",
    "bare-metal-amd, WORK",
    "kvm-intel, IGNORED",
    "kvm-amd, IGNORED"
  })
  void kvmDropsTheBitThatHardwareObeys(String platform, BranchSteps expected) {
    assertEquals(expected, Platforms.compose(platform, Map.of()).msrs().branchSteps());
  }
}
