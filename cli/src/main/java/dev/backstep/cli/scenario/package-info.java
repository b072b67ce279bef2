/// Scenarios: which requests to the hypervisor a run makes, and when. Read from `--inject` and from
/// YAML files; docs/scenarios.md describes both. What is read is nobody's to trust: every mistake
/// is one line that names the place, and files are bounded in size and depth.
@NullMarked
package dev.backstep.cli.scenario;

import org.jspecify.annotations.NullMarked;
